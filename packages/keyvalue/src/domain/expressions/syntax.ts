/**
 * What the parser makes of an expression: names and values still as written, nothing looked up, nothing checked beyond
 * the grammar. A tree depends on the text alone.
 */

/** One step of a document path: an attribute as written (`price`, `#p`) or a list index. */
export type Step = { name: string } | { index: string };

export interface PathNode {
  kind: "path";
  steps: Step[];
}

/** `:placeholder` */
export interface ValueNode {
  kind: "value";
  name: string;
}

export interface FunctionNode {
  kind: "function";
  name: string;
  operands: Operand[];
}

/** `a + b`, `a - b`: only on the right side of SET. */
export interface ArithmeticNode {
  kind: "arithmetic";
  operator: "+" | "-";
  operands: [Operand, Operand];
}

export type Operand = PathNode | ValueNode | FunctionNode | ArithmeticNode;

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

export interface ComparisonNode {
  kind: "comparison";
  operator: Comparator | "BETWEEN" | "IN";
  operands: Operand[];
}

export interface LogicalNode {
  kind: "logical";
  operator: "AND" | "OR" | "NOT";
  operands: Condition[];
}

export type Condition = ComparisonNode | LogicalNode | FunctionNode;

/** One action of an update: `value` for SET, ADD and DELETE; a placeholder for the latter two. */
export type UpdateAction =
  | { section: "SET"; path: PathNode; value: Operand }
  | { section: "REMOVE"; path: PathNode }
  | { section: "ADD" | "DELETE"; path: PathNode; value: ValueNode };

export interface Update {
  /** As written. */
  actions: UpdateAction[];
  /** A section that was opened a second time: a fault, found after those of names and functions. */
  repeated: string | undefined;
}
