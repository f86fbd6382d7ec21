import { AwsError } from "@cumulet/protocol";
import type { AttributeValue } from "../domain/attribute-values.ts";
import { attribute, checkItem, checkValue, setAttribute } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { validationError } from "../domain/errors.ts";
import { compileCondition } from "../domain/expressions/conditions.ts";
import type { KeyOperator } from "../domain/expressions/key-conditions.ts";
import { ExpressionError } from "../domain/expressions/parser.ts";
import { valueAt } from "../domain/expressions/paths.ts";
import type { Path } from "../domain/expressions/paths.ts";
import { checkClashes, Resolver } from "../domain/expressions/resolver.ts";
import type { Names, Values } from "../domain/expressions/resolver.ts";
import type { Condition } from "../domain/expressions/syntax.ts";
import { compileUpdate } from "../domain/expressions/updates.ts";
import type { KeyRestriction } from "../domain/key-ranges.ts";
import type { KeySchema } from "../domain/keys.ts";
import { parseStatement } from "../domain/partiql/parser.ts";
import { conjuncts } from "../domain/partiql/statements.ts";
import type { Column, DeleteStatement, ExistsStatement, InsertStatement, Returning, SelectStatement, Statement, UpdateStatement } from "../domain/partiql/statements.ts";
import type { Table } from "../domain/table.ts";
import { checkKey, maxItemSize } from "../domain/validation.ts";
import type { ItemTest } from "./parameters.ts";
import { expressionChange, returned } from "./update-item.ts";
import type { Outcome, WriteAction } from "./write-actions.ts";

/** PartiQL's statements as the operations that they stand for. */

/** A statement as a request holds it. */
export interface StatementInput {
  Statement: string;
  Parameters?: AttributeValue[];
}

/** Parses a statement with its parameters. */
export function parse(input: StatementInput): Statement {
  for (const parameter of input.Parameters ?? []) checkValue(parameter);
  return parseStatement(input.Statement, input.Parameters ?? []);
}

/** Faults of expressions, without the prefix that names a parameter: there is none. */
function plainly<T>(compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (error instanceof ExpressionError) throw validationError(error.message);
    throw error;
  }
}

/** Compiles a condition; gives its test and the paths in it. */
export function compileWhere(where: Condition, names: Names, values: Values): { test: ItemTest; paths: readonly Path[] } {
  const resolver = new Resolver(names, values);
  const test = plainly(() => compileCondition(where, resolver, []));
  return { test: (item) => test(item, values), paths: resolver.paths };
}

/** The columns of a SELECT: nested ones become attributes of their own. */
export class ColumnProjection {
  readonly paths: readonly Path[];
  readonly #columns: readonly Column[];

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.paths = columns.map(({ path }) => path).sort((a, b) => a.length - b.length);
    plainly(() => checkClashes(this.paths));
  }

  of(item: Item): Item {
    const picked: Item = {};
    for (const { path, name } of this.#columns) {
      const value = valueAt(item, path);
      if (value !== undefined) setAttribute(picked, name, value);
    }
    return picked;
  }
}

const keyOperators = new Set<string>(["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"]);

/** How a SELECT finds its rows: by key conditions when its WHERE has the whole partition key, else by looking at all. */
export function keyRestrictions(statement: SelectStatement, schema: KeySchema): KeyRestriction[] | undefined {
  const parts = conjuncts(statement.where, statement.names, statement.values);
  const restrictions: KeyRestriction[] = [];
  for (const { name, type } of schema.hash) {
    const equality = parts.find((part) => part.attribute === name && part.operator === "=");
    if (equality === undefined || equality.values[0]![type] === undefined || equality.values[0]![type] === "") return undefined;
    restrictions.push({ attribute: name, operator: "=", values: equality.values });
  }
  for (const { name, type } of schema.range) {
    const part = parts.find((candidate) => candidate.attribute === name && keyOperators.has(candidate.operator) && candidate.values.every((value) => value[type] !== undefined && value[type] !== ""));
    if (part === undefined || (part.operator === "begins_with" && type === "N")) break;
    restrictions.push({ attribute: name, operator: part.operator as KeyOperator, values: part.values });
    if (part.operator !== "=") break;
  }
  return restrictions;
}

/** Refuses an ORDER BY that the key that is read cannot give; true when it is descending. */
export function readsBackward(statement: SelectStatement, schema: KeySchema): boolean {
  const keys = [...schema.hash, ...schema.range].map(({ name }) => name);
  for (const { attribute: name } of statement.orderBy) {
    if (!keys.includes(name)) throw validationError(`Variable reference ${name} in ORDER BY clause must be part of the primary key`);
  }
  const range = schema.range.map(({ name }) => name);
  return statement.orderBy.some(({ attribute: name, descending }) => descending && range.includes(name));
}

const noKey = "Where clause does not contain a mandatory equality on all key attributes";

/** The key that a WHERE clause names, and what is left of it as a condition. */
function keyOf(where: Condition | undefined, names: Names, values: Values, table: Table, fault: string): { key: Item; rest: Condition | undefined } {
  const parts = conjuncts(where, names, values);
  const key: Item = {};
  let left = parts;
  for (const { name } of table.keys) {
    const equality = left.find((part) => part.attribute === name && part.operator === "=");
    if (equality === undefined) throw validationError(fault);
    setAttribute(key, name, equality.values[0]!);
    left = left.filter((part) => part !== equality);
  }
  const [first, ...others] = left.map(({ condition }) => condition);
  return { key, rest: first === undefined ? undefined : others.reduce((all, next) => ({ kind: "logical", operator: "AND", operands: [all, next] }) as Condition, first) };
}

/** The single item that a SELECT of a batch or transaction names. */
export function singleKey(statement: SelectStatement, table: Table, fault: string): { key: Item; rest: Condition | undefined } {
  if (statement.from.indexName !== undefined) throw validationError(fault);
  return keyOf(statement.where, statement.names, statement.values, table, fault);
}

/** A statement that writes (or checks), as an action on a table. */
export function writeAction(statement: InsertStatement | UpdateStatement | DeleteStatement | ExistsStatement, table: Table): WriteAction {
  const common = { size: 0, paths: [] as readonly Path[], condition: undefined, returnsOld: false, change: undefined };
  switch (statement.kind) {
    case "INSERT": {
      const size = checkItem(statement.item);
      for (const { name, type } of table.keys) {
        const value = attribute(statement.item, name);
        if (value === undefined) throw validationError(`Key attribute should be present in the item: Key ${name}`);
        if (value[type] === undefined) throw validationError(`Key attribute's data type should match its data type in table's schema: Key ${name}`);
      }
      if (size > maxItemSize) throw validationError("Item size has exceeded the maximum allowed size");
      return { ...common, kind: "Insert", tableName: statement.into.tableName, keyed: statement.item, size, check: (of) => checkPut(statement.item, of) };
    }
    case "UPDATE": {
      const { names, values } = statement;
      const { key, rest } = keyOf(statement.where, names, values, table, noKey);
      const resolver = new Resolver(names, values);
      const actions = plainly(() => compileUpdate({ actions: statement.actions, repeated: undefined }, resolver));
      const where = rest === undefined ? undefined : compileWhere(rest, names, values);
      const hash = table.keys[0]!.name;
      return {
        ...common, kind: "Update", tableName: statement.table.tableName, keyed: key,
        paths: [...resolver.paths, ...(where?.paths ?? [])],
        // An update makes no item.
        condition: (item) => attribute(item, hash) !== undefined && (where === undefined || where.test(item)),
        change: expressionChange(actions, values),
        check: (of) => checkKey(key, of.schema),
      };
    }
    case "DELETE": {
      const { key, rest } = keyOf(statement.where, statement.names, statement.values, table, noKey);
      const where = rest === undefined ? undefined : compileWhere(rest, statement.names, statement.values);
      const hash = table.keys[0]!.name;
      return {
        ...common, kind: "Delete", tableName: statement.from.tableName, keyed: key, paths: where?.paths ?? [],
        // Deleting nothing succeeds, whatever the condition.
        condition: where === undefined ? undefined : (item) => attribute(item, hash) === undefined || where.test(item),
        check: (of) => checkKey(key, of.schema),
      };
    }
    case "EXISTS": {
      const { select } = statement;
      const { key, rest } = singleKey(select, table, noKey);
      const where = rest === undefined ? undefined : compileWhere(rest, select.names, select.values);
      const hash = table.keys[0]!.name;
      return {
        ...common, kind: "ConditionCheck", tableName: select.from.tableName, keyed: key, paths: where?.paths ?? [],
        condition: (item) => attribute(item, hash) !== undefined && (where === undefined || where.test(item)),
        check: (of) => checkKey(key, of.schema),
      };
    }
  }
}

function checkPut(item: Item, table: Table): void {
  checkKey(Object.fromEntries(table.keys.map(({ name }) => [name, item[name]!])), table.schema);
}

/** The table that a statement is about. */
export function tableOf(statement: Statement): string {
  switch (statement.kind) {
    case "SELECT":
    case "DELETE": return statement.from.tableName;
    case "INSERT": return statement.into.tableName;
    case "UPDATE": return statement.table.tableName;
    case "EXISTS": return statement.select.from.tableName;
  }
}

/** What a RETURNING clause gives; undefined without one, empty when there is nothing to give. */
export function returning(clause: Returning | undefined, { action, before, after, table }: Outcome): Item[] | undefined {
  if (clause === undefined) return undefined;
  const wanted = `${clause.scope === "ALL" ? "ALL" : "UPDATED"}_${clause.state}`;
  const item = returned(wanted, action.change?.paths ?? table.keys.map(({ name }) => [name]), before?.item, after?.item);
  return item === undefined ? [] : [item];
}

/** A condition that failed, or an item that was there already, as the answer to a single statement. */
export function duplicateItem(): AwsError {
  return new AwsError("DuplicateItemException", "Duplicate primary key exists in table");
}
