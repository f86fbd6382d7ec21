import { validationError } from "../errors.ts";
import { ExpressionError } from "./parser.ts";
import type { Path } from "./paths.ts";
import type { Resolver } from "./resolver.ts";
import type { ComparisonNode, Condition, FunctionNode } from "./syntax.ts";

export type KeyOperator = "=" | "<" | "<=" | ">" | ">=" | "BETWEEN" | "begins_with";

/** One condition of a query on one key attribute; `placeholders` name its one or two values. */
export interface KeyCondition {
  attribute: string;
  operator: KeyOperator;
  placeholders: string[];
}

const mirrored: { [operator: string]: KeyOperator } = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/**
 * Takes a (compiled, hence valid) condition apart into conditions on key attributes joined by AND. Which attributes are
 * keys is the query's business. Faults here are not prefixed with the parameter's name: AWS finds them later.
 */
export function compileKeyCondition(tree: Condition, resolver: Resolver): KeyCondition[] {
  const conditions: KeyCondition[] = [];
  collect(tree, resolver, conditions);
  const seen = new Set<string>();
  for (const { attribute } of conditions) {
    if (seen.has(attribute)) throw validationError("KeyConditionExpressions must only contain one condition per key");
    seen.add(attribute);
  }
  return conditions;
}

function collect(node: Condition, resolver: Resolver, conditions: KeyCondition[]): void {
  if (node.kind === "logical") {
    if (node.operator !== "AND") throw unusable(node.operator);
    for (const operand of node.operands) collect(operand, resolver, conditions);
    return;
  }
  const operator = node.kind === "function" ? node.name : node.operator;
  if (operator === "IN" || operator === "<>" || (node.kind === "function" && operator !== "begins_with")) throw unusable(operator);
  if (node.operands.some(({ kind }) => kind === "function")) throw validationError("KeyConditionExpressions cannot contain nested operations");
  conditions.push(keyCondition(node, operator, resolver));
}

function unusable(operator: string): Error {
  return validationError(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function invalid(reason: string): Error {
  return validationError(`Invalid condition in KeyConditionExpression: ${reason}`);
}

function keyCondition(node: ComparisonNode | FunctionNode, operator: string, resolver: Resolver): KeyCondition {
  let path: Path | undefined;
  for (const operand of node.operands) {
    if (operand.kind !== "path") continue;
    if (path !== undefined) throw invalid("Multiple attribute names used in one condition");
    path = resolver.path(operand);
    if (path.length > 1) throw new ExpressionError("KeyConditionExpressions cannot have conditions on nested attributes");
  }
  const first = node.operands[0]!;
  if (first.kind !== "path" && (operator === "BETWEEN" || operator === "begins_with")) {
    throw invalid(`${operator} operator must have the key attribute as its first operand`);
  }
  if (path === undefined) throw invalid("No key attribute specified");
  return {
    attribute: path[0] as string,
    operator: first.kind === "path" ? (operator as KeyOperator) : mirrored[operator]!,
    placeholders: node.operands.filter((operand) => operand.kind === "value").map(({ name }) => name),
  };
}
