import { parseJson } from "./json.ts";
import type { Node, Place } from "./json.ts";
import { compileOperator, PatternError } from "./operators.ts";
import type { Scalar, Test } from "./operators.ts";

export { JsonError } from "./json.ts";
export { PatternError } from "./operators.ts";

/** Whether an event (any JSON) fits a pattern. */
export type Matcher = (event: unknown) => boolean;

/** A compiled pattern, and what limits look at. */
export interface Pattern {
  matches: Matcher;
  /** Leaves of the pattern: how many fields it looks at. */
  fields: number;
  /** Product of the numbers of alternatives, each multiplied by its depth, as SNS counts complexity. */
  combinations: number;
}

/** Alternatives of one field. */
interface Leaf {
  texts: Set<string>;
  others: Set<Scalar>;
  tests: Test[];
  /** Fits a field that is not there. */
  absent: boolean;
  /** Fits any value that is there. */
  present: boolean;
}

type Condition = (node: { [key: string]: unknown } | undefined) => boolean;

/**
 * Compiles an event pattern: the language of EventBridge rules, SNS filter policies and event source mappings.
 *
 * @param flat no nested objects: SNS's policies on message attributes.
 * @throws JsonError for what is no JSON, PatternError for what is no pattern; both tell where.
 */
export function compilePattern(text: string, flat = false): Pattern {
  const root = parseJson(text);
  if (root.kind !== "object") throw new PatternError("Filter is not an object", root.at);
  const count = { fields: 0, combinations: 1 };
  if (root.members.length === 0) throw new PatternError("Empty objects are not allowed", root.end);
  const condition = compileObject(root.members, 1, flat, count);
  return { ...count, matches: (event) => condition(isObject(event) ? event : undefined) };
}

function compileObject(members: readonly [string, Node][], depth: number, flat: boolean, count: { fields: number; combinations: number }): Condition {
  const conditions = members.map(([name, node]) => {
    if (name === "$or" && node.kind === "array" && node.items.length > 1 && node.items.every(isAlternative)) {
      const branches = node.items.map((item) => compileObject(item.members, depth, flat, count));
      return (value: { [key: string]: unknown } | undefined): boolean => branches.some((branch) => branch(value));
    }
    if (node.kind === "object") {
      if (flat) throw new PatternError("Filter policy scope MessageAttributes does not support nested filter policy", undefined);
      if (node.members.length === 0) throw new PatternError("Empty objects are not allowed", node.end);
      return nested(name, compileObject(node.members, depth + 1, flat, count));
    }
    if (node.kind !== "array") throw new PatternError(`"${name}" must be an object or an array`, node.at);
    if (node.items.length === 0) throw new PatternError("Empty arrays are not allowed", node.end);
    count.fields++;
    count.combinations *= node.items.length * depth;
    return field(name, compileLeaf(node.items));
  });
  const [first] = conditions;
  return conditions.length === 1 ? first! : (value) => conditions.every((condition) => condition(value));
}

/** A branch of `$or` holds patterns of fields; without any it is a field's value of that name. */
function isAlternative(node: Node): node is Extract<Node, { kind: "object" }> {
  return node.kind === "object" && node.members.length > 0 && node.members.every(([, { kind }]) => kind === "object" || kind === "array")
    && !node.members.every(([name]) => ["numeric", "anything-but", "prefix", "suffix", "exists", "cidr", "wildcard", "equals-ignore-case"].includes(name));
}

/** An array of objects fits when one of them does. A field that is absent has absent fields. */
function nested(name: string, condition: Condition): Condition {
  return (parent) => {
    const value = own(parent, name);
    if (Array.isArray(value)) return value.length === 0 ? condition(undefined) : value.some((item) => condition(isObject(item) ? item : undefined));
    return condition(isObject(value) ? value : undefined);
  };
}

function field(name: string, leaf: Leaf): Condition {
  return (parent) => {
    const value = own(parent, name);
    if (typeof value === "string") return leaf.present || leaf.texts.has(value) || passes(leaf, value);
    if (Array.isArray(value)) {
      const items = flattened(value);
      // An empty list, or one of objects, is no value at all.
      return items.length === 0 ? leaf.absent : items.some((item) => fits(leaf, item));
    }
    // Objects are no leaves: to `exists` they are not there.
    if (value === undefined || (typeof value === "object" && value !== null)) return leaf.absent;
    return fits(leaf, value as Scalar);
  };
}

function fits(leaf: Leaf, value: Scalar): boolean {
  return leaf.present || (typeof value === "string" ? leaf.texts.has(value) : leaf.others.has(value)) || passes(leaf, value);
}

function passes(leaf: Leaf, value: Scalar): boolean {
  for (const test of leaf.tests) if (test(value)) return true;
  return false;
}

function flattened(values: readonly unknown[]): Scalar[] {
  const items: Scalar[] = [];
  for (const value of values) {
    if (Array.isArray(value)) items.push(...flattened(value));
    else if (typeof value !== "object" || value === null) items.push(value as Scalar);
  }
  return items;
}

function compileLeaf(items: readonly Node[]): Leaf {
  const leaf: Leaf = { texts: new Set(), others: new Set(), tests: [], absent: false, present: false };
  for (const item of items) {
    if (item.kind === "string") leaf.texts.add(item.value);
    else if (item.kind === "object") {
      const operator = compileOperator(item);
      if (operator === "absent") leaf.absent = true;
      else if (operator === "present") leaf.present = true;
      else leaf.tests.push(operator);
    } else if (item.kind === "array") throw new PatternError("Match value must be String, number, true, false, or null", item.at);
    else leaf.others.add(item.value);
  }
  return leaf;
}

function own(parent: { [key: string]: unknown } | undefined, name: string): unknown {
  return parent !== undefined && Object.hasOwn(parent, name) ? parent[name] : undefined;
}

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Words a place as AWS's parser does, behind an error's message. */
export function sourceOf(text: string, place: Place): string {
  return `\n at [Source: (String)"${text}"; line: ${place.line}, column: ${place.column}]`;
}
