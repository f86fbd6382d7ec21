import { validationError } from "../errors.ts";
import { typeOf } from "../attribute-values.ts";
import { compileCondition } from "./conditions.ts";
import type { Test } from "./conditions.ts";
import { compileKeyCondition } from "./key-conditions.ts";
import type { KeyCondition } from "./key-conditions.ts";
import { ExpressionError, parseCondition, parseProjection, parseUpdate } from "./parser.ts";
import { Projection } from "./paths.ts";
import type { Path } from "./paths.ts";
import { checkClashes, Resolver, screenPath } from "./resolver.ts";
import type { Names, Values } from "./resolver.ts";
import { compileUpdate } from "./updates.ts";
import type { Action } from "./updates.ts";

/** A compiled expression with what a request must know of it. */
export interface Expression<T> {
  run: T;
  /** Every document path in it, in order. */
  paths: readonly Path[];
  usedNames: ReadonlySet<string>;
  usedValues: ReadonlySet<string>;
  /** Checks that depend on the content of values, not only on their types. */
  dynamic: readonly ((values: Values) => void)[];
}

/** The parameters of a request that hold expressions, as messages name them. */
export type ExpressionKind = "ConditionExpression" | "FilterExpression" | "KeyConditionExpression" | "ProjectionExpression" | "UpdateExpression";

/** What each kind is compiled to. */
export interface Compiled {
  ConditionExpression: Test;
  FilterExpression: Test;
  KeyConditionExpression: KeyCondition[];
  ProjectionExpression: Projection;
  UpdateExpression: Action[];
}

type Compile<T> = (source: string, resolver: Resolver, dynamic: ((values: Values) => void)[]) => T;

const condition: Compile<Test> = (source, resolver, dynamic) => compileCondition(parseCondition(source), resolver, dynamic);

const compilers: { [K in ExpressionKind]: Compile<Compiled[K]> } = {
  ConditionExpression: condition,
  FilterExpression: condition,
  KeyConditionExpression: (source, resolver, dynamic) => {
    const tree = parseCondition(source);
    compileCondition(tree, resolver, dynamic);
    return compileKeyCondition(tree, resolver);
  },
  ProjectionExpression: (source, resolver) => {
    const nodes = parseProjection(source);
    nodes.forEach(screenPath);
    const paths = nodes.map((node) => resolver.path(node));
    checkClashes(paths);
    return new Projection(paths);
  },
  UpdateExpression: (source, resolver) => compileUpdate(parseUpdate(source), resolver),
};

/**
 * Compiled expressions by kind, text, names and types of values: an application sends the same few expressions for ever.
 * Bounded, oldest first out; only what compiled is kept.
 */
export class Compiler {
  readonly #cache = new Map<string, Expression<unknown>>();
  readonly #capacity: number;

  constructor(capacity = 2000) {
    this.#capacity = capacity;
  }

  /** Throws a ValidationException `Invalid <kind>: ...` for a faulty expression. */
  compile<K extends ExpressionKind>(kind: K, source: string, names: Names | undefined, values: Values | undefined): Expression<Compiled[K]> {
    const key = cacheKey(kind, source, names, values);
    const known = this.#cache.get(key) as Expression<Compiled[K]> | undefined;
    try {
      if (known !== undefined) {
        for (const check of known.dynamic) check(values!);
        return known;
      }
      const resolver = new Resolver(names, values);
      const dynamic: ((values: Values) => void)[] = [];
      const run = compilers[kind](source, resolver, dynamic) as Compiled[K];
      const expression = { run, paths: resolver.paths, usedNames: resolver.usedNames, usedValues: resolver.usedValues, dynamic };
      if (key.length <= maxKeyLength) {
        if (this.#cache.size >= this.#capacity) this.#cache.delete(this.#cache.keys().next().value!);
        this.#cache.set(key, expression);
      }
      return expression;
    } catch (error) {
      if (error instanceof ExpressionError) throw validationError(`Invalid ${kind}: ${error.message}`);
      throw error;
    }
  }
}

/** Longer ones, made by programs for one use, would only push the others out. */
const maxKeyLength = 8192;

function cacheKey(kind: string, source: string, names: Names | undefined, values: Values | undefined): string {
  let key = `${kind}\0${source}`;
  if (names !== undefined) for (const name in names) key += `\0${name}\0${names[name]}`;
  if (values !== undefined) for (const name in values) key += `\0${name}\0${typeOf(values[name]!)}`;
  return key;
}
