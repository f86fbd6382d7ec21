import type { ExpectedAttributeValue } from "@cumulet/protocol/models/dynamodb.d.ts";
import { AwsError } from "@cumulet/protocol";
import { checkValue } from "../domain/attribute-values.ts";
import type { AttributeValue, Item } from "../domain/attribute-values.ts";
import { validationError } from "../domain/errors.ts";
import { Compiler } from "../domain/expressions/compiler.ts";
import type { Compiled, Expression, ExpressionKind } from "../domain/expressions/compiler.ts";
import { Projection } from "../domain/expressions/paths.ts";
import type { Path } from "../domain/expressions/paths.ts";
import type { Names, Values } from "../domain/expressions/resolver.ts";
import { checkConditionalOperator, checkExpected, compileExpected } from "../domain/legacy.ts";

/** What every operation with expressions may carry. */
export interface ExpressionInput {
  ExpressionAttributeNames?: { [placeholder: string]: string };
  ExpressionAttributeValues?: { [placeholder: string]: AttributeValue };
}

/** A client sends the same few expressions for ever; they are compiled once for all accounts. */
const compiler = new Compiler();

const namePlaceholder = /^#[0-9a-zA-Z_]+$/;
const valuePlaceholder = /^:[0-9a-zA-Z_]+$/;
const maxPlaceholderLength = 255;

/**
 * The expressions of one request: compiles them in the order in which they are asked for, and in the end refuses
 * placeholders that none of them used.
 */
export class Expressions {
  readonly #names: Names | undefined;
  readonly #values: Values | undefined;
  readonly #compiled: Expression<unknown>[] = [];
  /** Paths of all expressions. */
  readonly paths: Path[] = [];

  /**
   * `given` are the expression parameters that the operation knows, in AWS's order, each undefined when absent; `legacy`
   * the older ones that must not be used beside them. Of `given`, all but the projection may use values.
   */
  constructor(input: ExpressionInput, given: { [K in ExpressionKind]?: string | undefined }, legacy: { [parameter: string]: unknown }) {
    const present = Object.keys(given).filter((kind) => given[kind as ExpressionKind] !== undefined);
    const others = Object.keys(legacy).filter((parameter) => legacy[parameter] !== undefined);
    if (present.length > 0 && others.length > 0) {
      throw enveloped(
        "Can not use both expression and non-expression parameters in the same request: " +
        `Non-expression parameters: {${others.join(", ")}} Expression parameters: {${present.join(", ")}}`,
      );
    }
    this.#names = input.ExpressionAttributeNames;
    this.#values = input.ExpressionAttributeValues;
    if (this.#names !== undefined && present.length === 0) {
      throw validationError("ExpressionAttributeNames can only be specified when using expressions");
    }
    const withValues = Object.keys(given).filter((kind) => kind !== "ProjectionExpression");
    if (this.#values !== undefined && withValues.length > 0 && withValues.every((kind) => given[kind as ExpressionKind] === undefined)) {
      throw enveloped(
        `ExpressionAttributeValues can only be specified when using expressions: ${withValues.join(" and ")} ${withValues.length > 1 ? "are" : "is"} null`,
      );
    }
    if (this.#names !== undefined) checkNames(this.#names);
    if (this.#values !== undefined) checkValues(this.#values);
  }

  get values(): Values {
    return this.#values ?? noValues;
  }

  compile<K extends ExpressionKind>(kind: K, source: string | undefined): Compiled[K] | undefined {
    if (source === undefined) return undefined;
    let expression: Expression<unknown>;
    try {
      expression = compiler.compile(kind, source, this.#names, this.#values);
    } catch (error) {
      if (source !== "" && error instanceof AwsError) throw enveloped(error.message);
      throw error;
    }
    this.#compiled.push(expression);
    this.paths.push(...expression.paths);
    return expression.run as Compiled[K];
  }

  /** Refuses names and values that no expression used. */
  finish(): void {
    if (this.#names !== undefined) this.#checkUsed("ExpressionAttributeNames", this.#names, "usedNames");
    if (this.#values !== undefined) this.#checkUsed("ExpressionAttributeValues", this.#values, "usedValues");
  }

  #checkUsed(parameter: string, given: object, used: "usedNames" | "usedValues"): void {
    let unused: string[] | undefined;
    for (const placeholder in given) {
      if (!this.#compiled.some((expression) => expression[used].has(placeholder))) (unused ??= []).push(placeholder);
    }
    if (unused !== undefined) throw validationError(`Value provided in ${parameter} unused in expressions: keys: {${unused.join(", ")}}`);
  }
}

const noValues: Values = {};

function checkNames(names: Names): void {
  let any = false;
  for (const placeholder in names) {
    any = true;
    checkPlaceholder("ExpressionAttributeNames", placeholder, namePlaceholder);
    if (names[placeholder] === "") throw validationError(`ExpressionAttributeNames contains invalid value: Empty attribute name for key ${placeholder}`);
  }
  if (!any) throw validationError("ExpressionAttributeNames must not be empty");
}

function checkValues(values: Values): void {
  let any = false;
  for (const placeholder in values) {
    any = true;
    checkPlaceholder("ExpressionAttributeValues", placeholder, valuePlaceholder);
  }
  if (!any) throw validationError("ExpressionAttributeValues must not be empty");
  for (const placeholder in values) {
    try {
      checkValue(values[placeholder]);
    } catch (error) {
      // Too deep a value is reported as it is in an item.
      if (!(error instanceof AwsError) || error.code !== "ValidationException" || error.message.startsWith("Nesting")) throw error;
      const message = `ExpressionAttributeValues contains invalid value: ${error.message} for key ${placeholder}`;
      throw isSetFault(error.message) ? enveloped(message) : validationError(message);
    }
  }
}

function checkPlaceholder(parameter: string, placeholder: string, form: RegExp): void {
  if (!form.test(placeholder)) throw validationError(`${parameter} contains invalid key: Syntax error; key: "${placeholder}"`);
  if (placeholder.length > maxPlaceholderLength) {
    throw validationError(`${parameter} contains invalid key: The expression attribute map contains a key that is too long; size of key: ${placeholder.length}`);
  }
}

/** Faults of an item or value that PutItem and UpdateItem report as request validation. */
function isSetFault(message: string): boolean {
  return message.startsWith("One or more parameter values were invalid: ") || message === "Input collection contains duplicates";
}

/**
 * PutItem and UpdateItem report a family of faults as the framework reports those of the model, with a count in front
 * (seen on AWS in 2026; other operations report the same faults bare). Such faults are marked where they are found.
 */
const marked = new WeakSet<AwsError>();

function enveloped(message: string): AwsError {
  const error = validationError(message);
  marked.add(error);
  return error;
}

/** Runs the checks of a PutItem or UpdateItem, putting the count in front of the faults that have one there. */
export function withEnvelope<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof AwsError && error.code === "ValidationException" && (marked.has(error) || isSetFault(error.message))) {
      throw validationError(`1 validation error detected: ${error.message}`);
    }
    throw error;
  }
}

/** Marks a fault as one that `withEnvelope` counts. */
export function countedError(message: string): AwsError {
  return enveloped(message);
}

/** A condition of a write, however it was given. */
export type ItemTest = (item: Item) => boolean;

/** What a conditional write may carry. */
export interface ConditionInput extends ExpressionInput {
  ConditionExpression?: string;
  Expected?: { [attribute: string]: ExpectedAttributeValue };
  ConditionalOperator?: string;
}

/** Checks `Expected` and its operator; gives its test. */
export function legacyCondition(input: ConditionInput): ItemTest | undefined {
  const expected = input.Expected;
  checkConditionalOperator(input.ConditionalOperator, expected);
  if (expected === undefined) return undefined;
  checkExpected(expected);
  return Object.keys(expected).length === 0 ? undefined : compileExpected(expected, input.ConditionalOperator);
}

/** A projection from `AttributesToGet`: whole attributes. */
export function attributesProjection(names: readonly string[]): Projection {
  return new Projection(names.map((name) => [name]));
}
