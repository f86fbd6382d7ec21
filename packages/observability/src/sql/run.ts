import { AGGREGATES, compareValues, distinctly, member, numberOf, SCALARS, textOf, timeOf, writeTime, type Gathering, type SqlValue } from "./functions.ts";
import { SqlError, type Expression, type Select } from "./parse.ts";

/** A row of the table that is asked. */
export type Row = { readonly [column: string]: unknown };

/** What a statement came to. */
export interface Result {
  columns: string[];
  rows: SqlValue[][];
  /** Rows that the condition let through. */
  matched: number;
}

/** Rows and groups that a statement may hold at once. */
const HELD_MAX = 200_000;

/** An expression ready to run on a row; `group` gives the results of aggregates. */
type Compiled = (row: Row, group?: ReadonlyMap<Expression, SqlValue>) => SqlValue;

/**
 * Runs a `SELECT` row by row: give it rows with `add`, then take the `result`.
 *
 * @param columns of the table, for `*`
 * @throws SqlError
 */
export class SelectRun {
  readonly #select: Select;
  readonly #now: number;
  readonly #columns: readonly string[];
  readonly #where: Compiled | undefined;
  readonly #items: { name: string; compute: Compiled }[] = [];
  readonly #groupBy: Compiled[];
  readonly #having: Compiled | undefined;
  readonly #orderBy: { compute: Compiled | number; descending: boolean; nullsFirst: boolean }[];
  readonly #aggregates: (Expression & { kind: "call" })[] = [];
  readonly #grouped: boolean;
  readonly #groups = new Map<string, { row: Row; gatherings: Gathering[] }>();
  #kept: { values: SqlValue[]; order: SqlValue[] }[] = [];
  #matched = 0;

  constructor(select: Select, columns: readonly string[], now: number) {
    this.#select = select;
    this.#now = now;
    this.#columns = columns;
    this.#where = select.where && this.#compile(select.where, false);
    for (const { expression, alias } of select.items) {
      if (expression.kind === "star") for (const column of columns) this.#items.push({ name: column, compute: (row) => (row[column] ?? null) as SqlValue });
      else this.#items.push({ name: alias ?? nameOf(expression, this.#items.length), compute: this.#compile(expression, true) });
    }
    const byPlace = (expression: Expression): Expression => {
      if (expression.kind === "literal" && typeof expression.value === "number") {
        const item = select.items[expression.value - 1];
        if (item === undefined) throw new SqlError(`GROUP BY position ${expression.value} is not in select list`);
        return item.expression;
      }
      return this.#aliased(expression);
    };
    this.#groupBy = select.groupBy.map((expression) => this.#compile(byPlace(expression), false));
    this.#having = select.having && this.#compile(select.having, true);
    this.#orderBy = select.orderBy.map(({ expression, descending, nullsFirst }) => {
      const place = expression.kind === "literal" && typeof expression.value === "number" ? expression.value - 1 : undefined;
      if (place !== undefined && this.#items[place] === undefined) throw new SqlError(`ORDER BY position ${place + 1} is not in select list`);
      return { compute: place ?? this.#compile(this.#aliased(expression), true), descending, nullsFirst: nullsFirst ?? false };
    });
    this.#grouped = select.groupBy.length > 0 || this.#aggregates.length > 0;
    if (!this.#grouped && select.having !== undefined) throw new SqlError("HAVING needs GROUP BY or an aggregate");
  }

  /** Takes a row; false when no more are needed. */
  add(row: Row): boolean {
    if (this.#where !== undefined && this.#where(row) !== true) return true;
    this.#matched += 1;
    if (this.#grouped) {
      const key = JSON.stringify(this.#groupBy.map((compute) => compute(row)));
      let group = this.#groups.get(key);
      if (group === undefined) {
        if (this.#groups.size >= HELD_MAX) throw new SqlError("The statement has too many groups");
        this.#groups.set(key, (group = { row, gatherings: this.#aggregates.map(gatheringOf) }));
      }
      group.gatherings.forEach((gathering, i) => gathering.add(this.#argumentsOf(this.#aggregates[i]!, row)));
      return true;
    }
    this.#keep(row, undefined);
    const { limit, offset, orderBy, distinct } = this.#select;
    if (orderBy.length === 0 && !distinct && limit !== undefined && this.#kept.length >= limit + offset) return false;
    if (this.#kept.length > HELD_MAX) throw new SqlError("The statement has too many rows; use LIMIT or a narrower condition");
    return true;
  }

  result(): Result {
    if (this.#grouped) {
      if (this.#groups.size === 0 && this.#groupBy.length === 0) this.#groups.set("", { row: {}, gatherings: this.#aggregates.map(gatheringOf) });
      for (const { row, gatherings } of this.#groups.values()) {
        const group = new Map<Expression, SqlValue>(this.#aggregates.map((aggregate, i) => [aggregate, gatherings[i]!.result()]));
        if (this.#having === undefined || this.#having(row, group) === true) this.#keep(row, group);
      }
    }
    let kept = this.#kept;
    if (this.#select.distinct) {
      const seen = new Set<string>();
      kept = kept.filter(({ values }) => {
        const key = JSON.stringify(values);
        return seen.has(key) ? false : (seen.add(key), true);
      });
    }
    if (this.#orderBy.length > 0) kept = [...kept].sort((a, b) => this.#order(a.order, b.order));
    const { limit, offset } = this.#select;
    return {
      columns: this.#items.map(({ name }) => name),
      rows: kept.slice(offset, limit === undefined ? undefined : offset + limit).map(({ values }) => values),
      matched: this.#matched,
    };
  }

  #keep(row: Row, group: ReadonlyMap<Expression, SqlValue> | undefined): void {
    const values = this.#items.map(({ compute }) => compute(row, group));
    this.#kept.push({ values, order: this.#orderBy.map(({ compute }) => (typeof compute === "number" ? values[compute]! : compute(row, group))) });
  }

  #order(a: readonly SqlValue[], b: readonly SqlValue[]): number {
    for (const [i, { descending, nullsFirst }] of this.#orderBy.entries()) {
      const [x, y] = [a[i]!, b[i]!];
      if (x === null || y === null) {
        if (x !== y) return (x === null) === nullsFirst ? -1 : 1;
        continue;
      }
      const order = compareValues(x, y) ?? 0;
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  }

  /** What an alias of the select list stands for. */
  #aliased(expression: Expression): Expression {
    if (expression.kind !== "column" || expression.path.length !== 1) return expression;
    const name = expression.path[0]!.toLowerCase();
    return this.#select.items.find(({ alias }) => alias?.toLowerCase() === name)?.expression ?? expression;
  }

  readonly #arguments = new Map<Expression, Compiled[]>();

  #argumentsOf(aggregate: Expression & { kind: "call" }, row: Row): SqlValue[] {
    return this.#arguments.get(aggregate)!.map((compute) => compute(row));
  }

  #compile(expression: Expression, aggregates: boolean): Compiled {
    const compile = (one: Expression): Compiled => this.#compile(one, aggregates);
    switch (expression.kind) {
      case "literal": {
        const { value } = expression;
        return () => value;
      }
      case "star":
        return () => true;
      case "column":
        return this.#column(expression.path);
      case "index": {
        const [of, key] = [compile(expression.of), compile(expression.key)];
        return (row, group) => {
          const at = key(row, group);
          return (member(of(row, group), typeof at === "number" ? at - 1 : textOf(at)) ?? null) as SqlValue;
        };
      }
      case "not": {
        const of = compile(expression.of);
        return (row, group) => negated(of(row, group));
      }
      case "negate": {
        const of = compile(expression.of);
        return (row, group) => {
          const value = numberOf(of(row, group));
          return value === null ? null : -value;
        };
      }
      case "null": {
        const of = compile(expression.of);
        return (row, group) => (of(row, group) === null) !== expression.negated;
      }
      case "between": {
        const [of, from, to] = [compile(expression.of), compile(expression.from), compile(expression.to)];
        return (row, group) => {
          const value = of(row, group);
          const [low, high] = [compareValues(value, from(row, group)), compareValues(value, to(row, group))];
          return low === undefined || high === undefined ? null : (low >= 0 && high <= 0) !== expression.negated;
        };
      }
      case "in": {
        const [of, list] = [compile(expression.of), expression.list.map(compile)];
        return (row, group) => {
          const value = of(row, group);
          return value === null ? null : list.some((one) => compareValues(value, one(row, group)) === 0) !== expression.negated;
        };
      }
      case "like": {
        const [of, pattern] = [compile(expression.of), compile(expression.pattern)];
        return (row, group) => {
          const [value, like] = [of(row, group), pattern(row, group)];
          return value === null || like === null ? null : isLike(textOf(value), textOf(like)) !== expression.negated;
        };
      }
      case "case": {
        const of = expression.of && compile(expression.of);
        const branches = expression.branches.map(({ when, then }) => ({ when: compile(when), then: compile(then) }));
        const otherwise = expression.otherwise && compile(expression.otherwise);
        return (row, group) => {
          const value = of?.(row, group);
          for (const { when, then } of branches) {
            const test = when(row, group);
            if (value === undefined ? test === true : compareValues(value, test) === 0) return then(row, group);
          }
          return otherwise?.(row, group) ?? null;
        };
      }
      case "cast": {
        const of = compile(expression.of);
        return (row, group) => cast(of(row, group), expression.type);
      }
      case "binary":
        return binary(expression.operator, compile(expression.left), compile(expression.right));
      case "call":
        return this.#call(expression, aggregates);
    }
  }

  #call(expression: Expression & { kind: "call" }, aggregates: boolean): Compiled {
    const { name, args } = expression;
    if (Object.hasOwn(AGGREGATES, name)) {
      if (!aggregates) throw new SqlError(`Aggregate functions cannot stand here: ${name}`);
      this.#aggregates.push(expression);
      this.#arguments.set(expression, args.map((arg) => this.#compile(arg, false)));
      return (_row, group) => group?.get(expression) ?? null;
    }
    const compute = Object.hasOwn(SCALARS, name) ? SCALARS[name] : undefined;
    if (compute === undefined) throw new SqlError(`Function ${name} not registered`);
    const compiled = args.map((arg) => this.#compile(arg, aggregates));
    return (row, group) => compute(compiled.map((one) => one(row, group)), this.#now);
  }

  #column(path: readonly string[]): Compiled {
    const alias = this.#select.fromAlias?.toLowerCase();
    const [first, ...rest] = path.length > 1 && path[0]!.toLowerCase() === alias ? path.slice(1) : path;
    const column = this.#columns.find((name) => name === first) ?? this.#columns.find((name) => name.toLowerCase() === first!.toLowerCase());
    if (column === undefined) {
      if (/^current_timestamp$/i.test(first!)) return () => writeTime(this.#now);
      throw new SqlError(`Column '${path.join(".")}' cannot be resolved`);
    }
    return (row) => {
      let value: unknown = row[column];
      for (const key of rest) value = member(value, key);
      return (value ?? null) as SqlValue;
    };
  }
}

function gatheringOf({ name, distinct }: Expression & { kind: "call" }): Gathering {
  const gathering = AGGREGATES[name]!();
  return distinct ? distinctly(gathering) : gathering;
}

function nameOf(expression: Expression, at: number): string {
  if (expression.kind === "column") return expression.path[expression.path.length - 1]!;
  return `_col${at}`;
}

function negated(value: SqlValue): SqlValue {
  return value === null ? null : value !== true;
}

function binary(operator: string, left: Compiled, right: Compiled): Compiled {
  switch (operator) {
    case "AND":
      return (row, group) => {
        const a = left(row, group);
        if (a === false) return false;
        const b = right(row, group);
        return b === false ? false : a === null || b === null ? null : true;
      };
    case "OR":
      return (row, group) => {
        const a = left(row, group);
        if (a === true) return true;
        const b = right(row, group);
        return b === true ? true : a === null || b === null ? null : false;
      };
    case "||":
      return (row, group) => {
        const [a, b] = [left(row, group), right(row, group)];
        return a === null || b === null ? null : textOf(a) + textOf(b);
      };
    case "+": case "-": case "*": case "/": case "%":
      return (row, group) => {
        const [a, b] = [numberOf(left(row, group)), numberOf(right(row, group))];
        if (a === null || b === null) return null;
        if ((operator === "/" || operator === "%") && b === 0) throw new SqlError("Division by zero");
        return { "+": a + b, "-": a - b, "*": a * b, "/": a / b, "%": a % b }[operator]!;
      };
    default: {
      const test = COMPARISONS[operator]!;
      return (row, group) => {
        const order = compareValues(left(row, group), right(row, group));
        return order === undefined ? null : test(order);
      };
    }
  }
}

const COMPARISONS: { [operator: string]: (order: number) => boolean } = {
  "=": (order) => order === 0,
  "<>": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

function cast(value: SqlValue, type: string): SqlValue {
  if (value === null) return null;
  if (/^(varchar|char|json)/.test(type)) return textOf(value);
  if (/^(bigint|integer|int|smallint|tinyint)/.test(type)) {
    const number = numberOf(value);
    return number === null ? null : Math.round(number);
  }
  if (/^(double|real|decimal|float)/.test(type)) return numberOf(value);
  if (/^boolean/.test(type)) return typeof value === "boolean" ? value : /^(true|t|1)$/i.test(textOf(value));
  const ms = timeOf(value);
  if (/^timestamp/.test(type)) return ms === undefined ? null : writeTime(ms);
  if (/^date/.test(type)) return ms === undefined ? null : new Date(ms).toISOString().slice(0, 10);
  throw new SqlError(`Unknown type: ${type}`);
}

/** `LIKE`, with `%` and `_`, in time linear in the text for each `%`. */
export function isLike(text: string, pattern: string): boolean {
  let [t, p, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "%") {
      star = p;
      mark = t;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === "_" || pattern[p] === text[t])) {
      t += 1;
      p += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      t = mark;
    } else return false;
  }
  while (pattern[p] === "%") p += 1;
  return p === pattern.length;
}
