/** Random typed values that a model allows, reproducible from a seed. */
import type { ServiceModel, ShapeRef } from "../../src/index.ts";

/** A small seeded generator (mulberry32): the same seed gives the same values on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

/** A seed from a name, so that each operation has values of its own. */
export function seedOf(name: string): number {
  let hash = 2166136261;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 16777619);
  return hash >>> 0;
}

export interface ValueOptions {
  /** Probability that an optional member is there. */
  density: number;
  /** The wire cannot tell an empty collection or structure from a missing one. */
  noEmpty: boolean;
  /** The wire drops milliseconds of timestamps in the body. */
  wholeSeconds: boolean;
  /** The body is XML: the text of a list item or map key may hold only what XML can. */
  text: readonly string[];
}

const PLAIN = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
const HEADER_TEXT = [...PLAIN, ..."-_.:/=+@"];
export const BODY_TEXT = [...PLAIN, ..." -_.:/=+@&<>\"'%#?,;\\{}[]\t\n", "é", "ß", "中", "😀", "\u2028"];

type Where = "body" | "header" | "uri" | "query" | "prefix";

/** Builds values for one service. */
export class Values {
  readonly #model: ServiceModel;
  readonly #random: Random;
  readonly #options: ValueOptions;

  constructor(model: ServiceModel, random: Random, options: ValueOptions) {
    this.#model = model;
    this.#random = random;
    this.#options = options;
  }

  structure(name: string, depth = 0, skip: ReadonlySet<string> = new Set(), response = false): Record<string, unknown> {
    const shape = this.#model.shapes[name]!;
    const result: Record<string, unknown> = {};
    const entries = Object.entries(shape.members ?? {}).filter(([member]) => !skip.has(member));
    const required = new Set(shape.required);
    if (shape.union === true) {
      const [member, ref] = this.#random.pick(entries);
      result[member] = this.value(ref, depth + 1, "body");
      return result;
    }
    for (const [member, ref] of entries) {
      if (depth === 0 && shape.payload === member && this.#model.shapes[ref.shape]!.type === "string") {
        // An empty payload is no payload.
        result[member] = this.#text("body", 1, 20);
        continue;
      }
      const must = required.has(member) || ref.idempotencyToken === true || (depth === 0 && ref.location === "uri") || (depth === 0 && shape.payload === member);
      const wanted = must || this.#random.chance(depth > 4 ? 0 : this.#options.density);
      if (!wanted || (depth > 7 && !must)) continue;
      result[member] = this.value(ref, depth + 1, this.#where(ref, depth, response));
    }
    if (this.#options.noEmpty && entries.length > 0 && Object.keys(result).length === 0) {
      const simple = entries.find(([, ref]) => !["structure", "list", "map"].includes(this.#model.shapes[ref.shape]!.type)) ?? entries[0]!;
      result[simple[0]] = this.value(simple[1], depth + 1, this.#where(simple[1], depth, response));
    }
    return result;
  }

  #where(ref: ShapeRef, depth: number, response: boolean): Where {
    if (depth > 0) return "body";
    switch (ref.location) {
      case "header": return "header";
      case "headers": return "prefix";
      case "uri": return response ? "body" : "uri";
      case "querystring": return response ? "body" : "query";
      default: return "body";
    }
  }

  value(ref: ShapeRef, depth: number, where: Where): unknown {
    const random = this.#random;
    const shape = this.#model.shapes[ref.shape]!;
    if (shape.passthrough === true) return random.pick([{ S: this.#text("body", 0, 12) }, { N: String(random.integer(-9999, 9999)) }, { M: { a: { BOOL: true } } }, { L: [{ NULL: true }] }, { SS: ["a", "b"] }]);
    if (shape.document === true) return { a: [1, "two", { three: null }] };
    switch (shape.type) {
      case "structure": return this.structure(ref.shape, depth);
      case "list": {
        const low = this.#options.noEmpty || where !== "body" ? 1 : 0;
        return Array.from({ length: random.integer(low, depth > 5 ? low : 3) }, () => this.value(shape.member!, depth + 1, where));
      }
      case "map": {
        const low = this.#options.noEmpty || where !== "body" ? 1 : 0;
        const result: Record<string, unknown> = {};
        const keyShape = this.#model.shapes[shape.key!.shape]!;
        for (let count = random.integer(low, depth > 5 ? low : 3); count > 0; count--) {
          const key = keyShape.enum !== undefined ? random.pick(keyShape.enum) : where === "body" ? this.#text("body", 1, 10) : this.#text("uri", 3, 10).toLowerCase();
          result[key] = this.value(shape.value!, depth + 1, where);
        }
        return result;
      }
      case "string": case "character": {
        if (shape.enum !== undefined && shape.enum.length > 0) return random.pick(shape.enum);
        const low = Math.max(shape.min ?? 0, where === "body" ? 0 : 1);
        return this.#text(where, Math.min(low, 2000), Math.min(shape.max ?? low + 12, low + 12));
      }
      case "boolean": return random.chance(0.5);
      case "byte": case "short": case "integer": case "long": {
        const low = Math.max(shape.min ?? -100, -1e9);
        return random.integer(low, Math.min(shape.max ?? low + 1_000_000, low + 1_000_000));
      }
      case "float": return Math.fround(random.integer(0, 1000) / 8);
      case "double": case "bigdecimal": return Math.round(random.next() * 1e6) / 1e3 + (shape.min ?? 0);
      case "blob": return Buffer.from(Array.from({ length: random.integer(1, 20) }, () => random.integer(0, 255)));
      case "timestamp": {
        const seconds = random.integer(1_000_000_000, 1_900_000_000) * 1000;
        const format = ref.timestampFormat ?? shape.timestampFormat ?? (where === "header" ? "rfc822" : undefined);
        return format === "rfc822" || this.#options.wholeSeconds || where !== "body" ? seconds : seconds + random.integer(0, 999);
      }
    }
  }

  #text(where: Where, low: number, high: number): string {
    const alphabet = where === "body" ? this.#options.text : where === "header" || where === "prefix" ? HEADER_TEXT : where === "uri" ? PLAIN : [...HEADER_TEXT, " ", "&", "é"];
    let result = "";
    const length = this.#random.integer(low, Math.max(low, high));
    while (result.length < length) result += this.#random.pick(alphabet);
    // Edge characters that a transport trims would blame the wrong layer.
    if (result.trim() === "" && result !== "" && this.#options.noEmpty) result = `x${result.slice(1)}`;
    if (where !== "body") result = result.replace(/^ | $/g, "x");
    // A character of two UTF-16 units may have gone one over the longest.
    return result.length > high && high >= low && length <= high ? `${PLAIN[0]!.repeat(Math.max(length - 1, 0))}b`.slice(0, length) : result;
  }
}
