/**
 * DynamoDB's documented behaviour in as few words as possible: a map of items, no indexes, no encodings. What the package
 * does is compared with what this says.
 */

/** Wire form of a value; the model knows strings, numbers, sets of strings, and lists. */
export type Value = { S: string } | { N: string } | { SS: string[] } | { L: Value[] };
export type Item = Record<string, Value>;

/** One thing a condition may ask. */
export type Condition =
  | { exists: string } | { missing: string }
  | { name: string; is: "=" | "<>" | "<" | "<=" | ">" | ">="; value: Value }
  | { both: [Condition, Condition] } | { either: [Condition, Condition] } | { not: Condition };

/** One clause of an update. */
export type Change =
  | { set: string; value: Value } | { plus: string; by: string } | { append: string; values: Value[] } | { remove: string }
  | { add: string; value: { N: string } | { SS: string[] } } | { take: string; members: string[] };

const typeOf = (value: Value): string => Object.keys(value)[0]!;
const payload = (value: Value): unknown => Object.values(value)[0];

export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (typeOf(a) !== typeOf(b)) return false;
  if ("SS" in a && "SS" in b) return JSON.stringify(a.SS.toSorted()) === JSON.stringify(b.SS.toSorted());
  if ("L" in a && "L" in b) return a.L.length === b.L.length && a.L.every((value, i) => same(value, b.L[i]));
  return payload(a) === payload(b);
}

/** Order of two values of one type; undefined for types that have none. */
export function order(a: Value, b: Value): number | undefined {
  if ("N" in a && "N" in b) return Number(a.N) - Number(b.N);
  if ("S" in a && "S" in b) return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S));
  return undefined;
}

export function holds(condition: Condition, item: Item): boolean {
  if ("exists" in condition) return item[condition.exists] !== undefined;
  if ("missing" in condition) return item[condition.missing] === undefined;
  if ("both" in condition) return condition.both.every((part) => holds(part, item));
  if ("either" in condition) return condition.either.some((part) => holds(part, item));
  if ("not" in condition) return !holds(condition.not, item);
  const value = item[condition.name];
  if (condition.is === "=") return value !== undefined && same(value, condition.value);
  // Another type, and none at all, is something else.
  if (condition.is === "<>") return value === undefined || !same(value, condition.value);
  const difference = value === undefined ? undefined : order(value, condition.value);
  if (difference === undefined) return false;
  return { "<": difference < 0, "<=": difference <= 0, ">": difference > 0, ">=": difference >= 0 }[condition.is];
}

/** The item after an update, all clauses seeing it as it was before; undefined when a clause does not suit what is there. */
export function changed(item: Item, changes: readonly Change[]): Item | undefined {
  const after = { ...item };
  for (const change of changes) {
    if ("set" in change) after[change.set] = change.value;
    else if ("remove" in change) delete after[change.remove];
    else if ("plus" in change) {
      const old = item[change.plus];
      if (old === undefined || !("N" in old)) return undefined;
      after[change.plus] = { N: String(Number(old.N) + Number(change.by)) };
    } else if ("append" in change) {
      const old = item[change.append] ?? { L: [] };
      if (!("L" in old)) return undefined;
      after[change.append] = { L: [...old.L, ...change.values] };
    } else if ("add" in change) {
      const sum = added(item[change.add], change.value);
      if (sum === undefined) return undefined;
      after[change.add] = sum;
    } else {
      const old = item[change.take];
      if (old === undefined) continue;
      if (!("SS" in old)) return undefined;
      const left = old.SS.filter((member) => !change.members.includes(member));
      if (left.length === 0) delete after[change.take];
      else after[change.take] = { SS: left };
    }
  }
  return after;
}

function added(old: Value | undefined, value: { N: string } | { SS: string[] }): Value | undefined {
  if (old === undefined) return value;
  if ("N" in value) return "N" in old ? { N: String(Number(old.N) + Number(value.N)) } : undefined;
  return "SS" in old ? { SS: [...new Set([...old.SS, ...value.SS])] } : undefined;
}

/** Names and values of an expression, numbered as they come. */
export class Placeholders {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, Value> = {};

  name(name: string): string {
    const key = `#${name}`;
    this.names[key] = name;
    return key;
  }

  value(value: Value): string {
    const key = `:v${Object.keys(this.values).length}`;
    this.values[key] = value;
    return key;
  }

  /** Members of a request; those that are empty are left out. */
  get members(): { ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Record<string, Value> } {
    return {
      ...(Object.keys(this.names).length > 0 && { ExpressionAttributeNames: this.names }),
      ...(Object.keys(this.values).length > 0 && { ExpressionAttributeValues: this.values }),
    };
  }
}

/** A condition as an expression. */
export function written(condition: Condition, given: Placeholders): string {
  if ("exists" in condition) return `attribute_exists(${given.name(condition.exists)})`;
  if ("missing" in condition) return `attribute_not_exists(${given.name(condition.missing)})`;
  if ("both" in condition) return condition.both.map((part) => `(${written(part, given)})`).join(" AND ");
  if ("either" in condition) return condition.either.map((part) => `(${written(part, given)})`).join(" OR ");
  if ("not" in condition) return `NOT (${written(condition.not, given)})`;
  return `${given.name(condition.name)} ${condition.is} ${given.value(condition.value)}`;
}

/** An update as an expression. */
export function updateOf(changes: readonly Change[], given: Placeholders): string {
  const clauses: Record<string, string[]> = {};
  const into = (clause: string, text: string): void => void (clauses[clause] ??= []).push(text);
  for (const change of changes) {
    if ("set" in change) into("SET", `${given.name(change.set)} = ${given.value(change.value)}`);
    else if ("plus" in change) into("SET", `${given.name(change.plus)} = ${given.name(change.plus)} + ${given.value({ N: change.by })}`);
    else if ("append" in change) into("SET", `${given.name(change.append)} = list_append(if_not_exists(${given.name(change.append)}, ${given.value({ L: [] })}), ${given.value({ L: change.values })})`);
    else if ("remove" in change) into("REMOVE", given.name(change.remove));
    else if ("add" in change) into("ADD", `${given.name(change.add)} ${given.value(change.value)}`);
    else into("DELETE", `${given.name(change.take)} ${given.value({ SS: change.members })}`);
  }
  return Object.entries(clauses).map(([clause, texts]) => `${clause} ${texts.join(", ")}`).join(" ");
}
