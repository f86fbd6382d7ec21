import { expect, it } from "vitest";
import { testContext } from "@cumulet/core/testing";
import { AwsError, jsonText } from "@cumulet/protocol";
import type { DynamoDB } from "@cumulet/protocol/models/dynamodb.d.ts";
import { services } from "../../src/index.ts";
import { changed, holds, order, Placeholders, same, updateOf, written } from "../support/model.ts";
import type { Change, Condition, Item, Value } from "../support/model.ts";
import { random } from "../support/random.ts";

/** Random operations, thousands of them, on the package and on the model; every answer and every index agree. */

const [dynamodb] = services;
const TableName = "things";
const runs = 60;
const operationsPerRun = 120;

/** What a request came to: an output, or the code of its error. */
type Outcome = { output: Record<string, unknown> } | { fault: string };

async function platform(): Promise<{ call(operation: keyof DynamoDB, input: object): Outcome } & AsyncDisposable> {
  const ctx = await testContext(dynamodb as never);
  const call = (operation: keyof DynamoDB, input: object): Outcome => {
    const handler = (dynamodb.operations as Record<string, (ctx: unknown, input: object) => Record<string, unknown>>)[operation]!;
    try {
      const output = ctx.transaction(() => handler(ctx, structuredClone(input)));
      const text = (output as { [jsonText]?: string })[jsonText];
      return { output: text === undefined ? output : (JSON.parse(text) as Record<string, unknown>) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { fault: error.code };
    }
  };
  call("CreateTable", {
    TableName, BillingMode: "PAY_PER_REQUEST", KeySchema: [{ AttributeName: "p", KeyType: "HASH" }, { AttributeName: "r", KeyType: "RANGE" }],
    AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }, { AttributeName: "r", AttributeType: "N" }, { AttributeName: "g", AttributeType: "S" }, { AttributeName: "n", AttributeType: "N" }],
    GlobalSecondaryIndexes: [{ IndexName: "by-g", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }, { AttributeName: "n", KeyType: "RANGE" }], Projection: { ProjectionType: "KEYS_ONLY" } }],
    LocalSecondaryIndexes: [{ IndexName: "by-n", KeySchema: [{ AttributeName: "p", KeyType: "HASH" }, { AttributeName: "n", KeyType: "RANGE" }], Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["s"] } }],
  });
  return Object.assign({ call }, { [Symbol.asyncDispose]: () => ctx[Symbol.asyncDispose]() });
}

/** Choices of one run. */
class Chooser {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  number(): { N: string } {
    return { N: String(this.below(40) - 20) };
  }

  text(): { S: string } {
    return { S: this.of(["", "a", "b", "ab", "é", "z", "😀"]) };
  }

  set(): { SS: string[] } {
    const members = ["u", "v", "w", "x"].filter(() => this.chance(0.5));
    return { SS: members.length === 0 ? ["u"] : members };
  }

  key(): Item {
    return { p: { S: this.of(["A", "B"]) }, r: { N: String(this.below(8) - 4) } };
  }

  item(): Item {
    const item: Item = this.key();
    if (this.chance(0.6)) item.n = this.number();
    if (this.chance(0.6)) item.g = { S: this.of(["x", "y", "z"]) };
    if (this.chance(0.5)) item.s = this.text();
    if (this.chance(0.4)) item.t = this.set();
    if (this.chance(0.3)) item.k = { L: [this.number(), this.text()] };
    return item;
  }

  condition(depth = 2): Condition {
    const kind = this.below(depth === 0 ? 3 : 6);
    if (kind === 0) return { exists: this.of(["p", "n", "s", "t", "k"]) };
    if (kind === 1) return { missing: this.of(["p", "n", "s", "t", "k"]) };
    if (kind === 2) return { name: this.of(["n", "s", "g"]), is: this.of(["=", "<>", "<", "<=", ">", ">="]), value: this.chance(0.7) ? this.number() : this.text() };
    if (kind === 3) return { both: [this.condition(depth - 1), this.condition(depth - 1)] };
    if (kind === 4) return { either: [this.condition(depth - 1), this.condition(depth - 1)] };
    return { not: this.condition(depth - 1) };
  }

  changes(): Change[] {
    const names = ["n", "g", "s", "t", "k"].filter(() => this.chance(0.4));
    return names.map((name): Change => {
      const kind = this.below(6);
      if (kind === 0) return { remove: name };
      if (name === "n") return kind < 3 ? { set: name, value: this.number() } : kind === 3 ? { plus: name, by: this.number().N } : { add: name, value: this.number() };
      if (name === "g") return { set: name, value: { S: this.of(["x", "y", "z"]) } };
      if (name === "s") return { set: name, value: this.text() };
      if (name === "t") return kind < 3 ? { add: name, value: this.set() } : kind < 5 ? { take: name, members: this.set().SS } : { set: name, value: this.set() };
      return kind < 4 ? { append: name, values: [this.number()] } : { set: name, value: { L: [] } };
    });
  }
}

class Comparison {
  readonly items = new Map<string, Item>();
  readonly #call: (operation: keyof DynamoDB, input: object) => Outcome;
  readonly #choose: Chooser;

  constructor(call: (operation: keyof DynamoDB, input: object) => Outcome, choose: Chooser) {
    this.#call = call;
    this.#choose = choose;
  }

  static id({ p, r }: Item): string {
    return JSON.stringify([p, r]);
  }

  static equal(a: Item | undefined, b: Item | undefined): void {
    expect(Object.keys(a ?? {}).sort()).toEqual(Object.keys(b ?? {}).sort());
    for (const name of Object.keys(a ?? {})) if (!same(a![name], b![name])) expect(a![name]).toEqual(b![name]);
  }

  step(): void {
    const kinds = [this.put, this.put, this.update, this.update, this.update, this.remove, this.get, this.query, this.queryIndex, this.scan, this.transact];
    this.#choose.of(kinds).call(this);
  }

  /** A random condition now and then, its expression, and whether it holds for an item. */
  #guard(given: Placeholders, item: Item | undefined): { ConditionExpression?: string; passes: boolean } {
    if (!this.#choose.chance(0.4)) return { passes: true };
    const condition = this.#choose.condition();
    return { ConditionExpression: written(condition, given), passes: holds(condition, item ?? {}) };
  }

  put(): void {
    const Item = this.#choose.item();
    const old = this.items.get(Comparison.id(Item));
    const given = new Placeholders();
    const { passes, ...guard } = this.#guard(given, old);
    const outcome = this.#call("PutItem", { TableName, Item, ReturnValues: "ALL_OLD", ...guard, ...given.members });
    if (!passes) expect(outcome).toEqual({ fault: "ConditionalCheckFailedException" });
    else {
      Comparison.equal((outcome as { output: { Attributes?: Item } }).output.Attributes, old);
      this.items.set(Comparison.id(Item), Item);
    }
  }

  update(): void {
    const Key = this.#choose.key();
    const old = this.items.get(Comparison.id(Key));
    const changes = this.#choose.changes();
    const given = new Placeholders();
    const UpdateExpression = changes.length === 0 ? undefined : updateOf(changes, given);
    const { passes, ...guard } = this.#guard(given, old);
    const after = changed(old ?? Key, changes);
    const ReturnValues = this.#choose.of(["ALL_NEW", "ALL_OLD"]);
    const outcome = this.#call("UpdateItem", { TableName, Key, ...(UpdateExpression === undefined ? {} : { UpdateExpression }), ReturnValues, ...guard, ...given.members });
    if (!passes) expect(outcome).toEqual({ fault: "ConditionalCheckFailedException" });
    else if (after === undefined) expect(outcome).toEqual({ fault: "ValidationException" });
    else {
      // Taking away from an item that is not there makes none.
      const nothing = old === undefined && changes.length > 0 && changes.every((change) => "remove" in change || "take" in change);
      if (!nothing) this.items.set(Comparison.id(Key), after);
      const { Attributes } = (outcome as { output: { Attributes?: Item } }).output;
      if (ReturnValues === "ALL_OLD") Comparison.equal(Attributes, old);
      else if (!nothing) Comparison.equal(Attributes, after);
    }
  }

  remove(): void {
    const Key = this.#choose.key();
    const old = this.items.get(Comparison.id(Key));
    const given = new Placeholders();
    const { passes, ...guard } = this.#guard(given, old);
    const outcome = this.#call("DeleteItem", { TableName, Key, ReturnValues: "ALL_OLD", ...guard, ...given.members });
    if (!passes) expect(outcome).toEqual({ fault: "ConditionalCheckFailedException" });
    else {
      Comparison.equal((outcome as { output: { Attributes?: Item } }).output.Attributes, old);
      this.items.delete(Comparison.id(Key));
    }
  }

  get(): void {
    const Key = this.#choose.key();
    const { output } = this.#call("GetItem", { TableName, Key, ProjectionExpression: "n, g, t" }) as { output: { Item?: Item } };
    const item = this.items.get(Comparison.id(Key));
    Comparison.equal(output.Item, item === undefined ? undefined : Object.fromEntries(Object.entries(item).filter(([name]) => ["n", "g", "t"].includes(name))));
    expect(output.Item === undefined).toBe(item === undefined);
  }

  /** All pages of a query or scan. */
  #pages(operation: "Query" | "Scan", input: object, limit: number | undefined): Item[] {
    const found: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const { output } = this.#call(operation, { TableName, ...input, ...(limit === undefined ? {} : { Limit: limit }), ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }) }) as { output: { Items: Item[]; LastEvaluatedKey?: Item } };
      if (limit !== undefined) expect(output.Items.length).toBeLessThanOrEqual(limit);
      found.push(...output.Items);
      ExclusiveStartKey = output.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return found;
  }

  query(): void {
    const p: Value = { S: this.#choose.of(["A", "B", "C"]) };
    const bound = this.#choose.number();
    const is = this.#choose.of(["=", "<", "<=", ">", ">="] as const);
    const forward = this.#choose.chance(0.5);
    const found = this.#pages("Query", {
      KeyConditionExpression: `p = :p AND r ${is} :r`, ExpressionAttributeValues: { ":p": p, ":r": bound }, ScanIndexForward: forward,
    }, this.#choose.chance(0.5) ? 1 + this.#choose.below(4) : undefined);
    const wanted = [...this.items.values()].filter((item) => same(item.p, p) && holds({ name: "r", is, value: bound }, item)).sort((a, b) => order(a.r!, b.r!)!);
    if (!forward) wanted.reverse();
    expect(found.map(Comparison.id)).toEqual(wanted.map(Comparison.id));
    found.forEach((item, i) => Comparison.equal(item, wanted[i]));
  }

  queryIndex(): void {
    const [IndexName, hash] = this.#choose.of([["by-g", "g"], ["by-n", "p"]] as const);
    const value: Value = { S: IndexName === "by-g" ? this.#choose.of(["x", "y", "z"]) : this.#choose.of(["A", "B"]) };
    const low = this.#choose.number();
    const high = { N: String(Number(low.N) + this.#choose.below(20)) };
    const found = this.#pages("Query", {
      IndexName, KeyConditionExpression: "#h = :h AND n BETWEEN :low AND :high", ExpressionAttributeNames: { "#h": hash }, ExpressionAttributeValues: { ":h": value, ":low": low, ":high": high },
    }, this.#choose.chance(0.5) ? 1 + this.#choose.below(4) : undefined);
    const wanted = [...this.items.values()].filter((item) => same(item[hash], value) && item.n !== undefined && order(item.n, low)! >= 0 && order(item.n, high)! <= 0);
    expect(found.map(Comparison.id).sort()).toEqual(wanted.map(Comparison.id).sort());
    const projected = IndexName === "by-g" ? ["p", "r", "g", "n"] : ["p", "r", "n", "s"];
    for (const item of found) Comparison.equal(item, Object.fromEntries(Object.entries(this.items.get(Comparison.id(item))!).filter(([name]) => projected.includes(name))));
    for (let i = 1; i < found.length; i++) expect(order(found[i - 1]!.n!, found[i]!.n!)).toBeLessThanOrEqual(0);
  }

  scan(): void {
    const given = new Placeholders();
    const condition = this.#choose.condition();
    const FilterExpression = written(condition, given);
    // The parts of a parallel scan make the whole.
    const TotalSegments = 1 + this.#choose.below(3);
    const limit = this.#choose.chance(0.5) ? 1 + this.#choose.below(5) : undefined;
    const found = Array.from({ length: TotalSegments }, (_, Segment) => this.#pages("Scan", { FilterExpression, Segment, TotalSegments, ...given.members }, limit)).flat();
    expect(found.map(Comparison.id).sort()).toEqual([...this.items.values()].filter((item) => holds(condition, item)).map(Comparison.id).sort());
  }

  transact(): void {
    const puts = new Map(Array.from({ length: 3 }, () => this.#choose.item()).map((item) => [Comparison.id(item), item]));
    const guarded = [...puts.values()].map((Item) => {
      const given = new Placeholders();
      const { passes, ...guard } = this.#guard(given, this.items.get(Comparison.id(Item)));
      return { passes, write: { Put: { TableName, Item, ...guard, ...given.members } } };
    });
    const outcome = this.#call("TransactWriteItems", { TransactItems: guarded.map(({ write }) => write) });
    if (guarded.some(({ passes }) => !passes)) expect(outcome).toEqual({ fault: "TransactionCanceledException" });
    else {
      expect(outcome).toHaveProperty("output");
      for (const [id, item] of puts) this.items.set(id, item);
    }
  }
}

it(`agrees with the model in ${runs * operationsPerRun} random operations`, async () => {
  for (let seed = 1; seed <= runs; seed++) {
    await using tables = await platform();
    const comparison = new Comparison(tables.call, new Chooser(seed));
    for (let n = 0; n < operationsPerRun; n++) {
      try {
        comparison.step();
      } catch (error) {
        throw new Error(`Run ${seed}, operation ${n} differs`, { cause: error });
      }
    }
    const { output } = tables.call("Scan", { TableName, Select: "COUNT" }) as { output: { Count: number } };
    expect(output.Count).toBe(comparison.items.size);
  }
}, 120_000);
