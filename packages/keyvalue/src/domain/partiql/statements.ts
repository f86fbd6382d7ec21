import type { AttributeValue } from "../attribute-values.ts";
import type { Names, Values } from "../expressions/resolver.ts";
import type { Condition, Operand, PathNode, UpdateAction } from "../expressions/syntax.ts";

/**
 * What a PartiQL statement says, in the terms of expressions: conditions and updates are trees of the expression grammar
 * whose names and values stand under placeholders that the parser gave them.
 */

interface Bound {
  names: Names;
  values: Values;
}

export interface TableReference {
  tableName: string;
  indexName: string | undefined;
}

/** One column of a SELECT: where it comes from and what it is called in the answer. */
export interface Column {
  path: (string | number)[];
  name: string;
}

export interface SelectStatement extends Bound {
  kind: "SELECT";
  from: TableReference;
  /** Undefined for `*`. */
  columns: Column[] | undefined;
  where: Condition | undefined;
  orderBy: { attribute: string; descending: boolean }[];
}

export interface InsertStatement extends Bound {
  kind: "INSERT";
  into: TableReference;
  item: { [name: string]: AttributeValue };
}

export interface Returning {
  scope: "ALL" | "MODIFIED";
  state: "OLD" | "NEW";
}

export interface UpdateStatement extends Bound {
  kind: "UPDATE";
  table: TableReference;
  actions: UpdateAction[];
  where: Condition | undefined;
  returning: Returning | undefined;
}

export interface DeleteStatement extends Bound {
  kind: "DELETE";
  from: TableReference;
  where: Condition | undefined;
  returning: Returning | undefined;
}

/** `EXISTS(SELECT ...)`: a condition of a transaction. */
export interface ExistsStatement extends Bound {
  kind: "EXISTS";
  select: SelectStatement;
}

export type Statement = SelectStatement | InsertStatement | UpdateStatement | DeleteStatement | ExistsStatement;

/** An equality or other comparison of one attribute with values, found at the top of a WHERE clause. */
export interface Conjunct {
  condition: Condition;
  attribute: string | undefined;
  operator: string;
  values: AttributeValue[];
}

/** The parts of a WHERE clause that are joined by AND at its top. */
export function conjuncts(where: Condition | undefined, names: Names, values: Values): Conjunct[] {
  if (where === undefined) return [];
  if (where.kind === "logical" && where.operator === "AND") return where.operands.flatMap((operand) => conjuncts(operand, names, values));
  return [conjunct(where, names, values)];
}

const mirrored: { [operator: string]: string } = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "<>": "<>" };

function conjunct(condition: Condition, names: Names, values: Values): Conjunct {
  const nothing = { condition, attribute: undefined, operator: "", values: [] };
  if (condition.kind === "logical") return nothing;
  const operator = condition.kind === "function" ? condition.name : condition.operator;
  let [first, ...rest] = condition.operands as [Operand, ...Operand[]];
  let seen = operator;
  if (first.kind === "value" && rest.length === 1 && rest[0]!.kind === "path" && mirrored[operator] !== undefined) {
    [first, rest] = [rest[0]!, [first]];
    seen = mirrored[operator];
  }
  if (first.kind !== "path" || first.steps.length !== 1 || rest.some(({ kind }) => kind !== "value")) return nothing;
  return { condition, attribute: nameOf(first, names), operator: seen, values: rest.map((operand) => values[(operand as { name: string }).name]!) };
}

/** The attribute that a path of one step names. */
export function nameOf(path: PathNode, names: Names): string {
  const [step] = path.steps;
  return "name" in step! ? names[step.name]! : "";
}
