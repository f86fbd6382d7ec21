/** Random typed values that a model allows, reproducible from a seed. */
import { random } from "../random.ts";
import type { ServiceModel, ShapeRef } from "../../src/index.ts";

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
  readonly #random: ReturnType<typeof random>;
  readonly #options: ValueOptions;

  constructor(model: ServiceModel, seed: number, options: ValueOptions) {
    this.#model = model;
    this.#random = random(seed);
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
      const wanted = must || this.#chance(depth > 4 ? 0 : this.#options.density);
      if (!wanted || (depth > 7 && !must)) continue;
      result[member] = this.value(ref, depth + 1, this.#where(ref, depth, response));
    }
    if (this.#options.noEmpty && entries.length > 0 && Object.keys(result).length === 0) {
      const simple = entries.find(([, ref]) => !["structure", "list", "map"].includes(this.#model.shapes[ref.shape]!.type)) ?? entries[0]!;
      result[simple[0]] = this.value(simple[1], depth + 1, this.#where(simple[1], depth, response));
    }
    return result;
  }

  #integer(low: number, high: number): number {
    return low + this.#random.below(high - low + 1);
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability;
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
    const source = this.#random;
    const shape = this.#model.shapes[ref.shape]!;
    if (shape.passthrough === true) return source.pick([{ S: this.#text("body", 0, 12) }, { N: String(this.#integer(-9999, 9999)) }, { M: { a: { BOOL: true } } }, { L: [{ NULL: true }] }, { SS: ["a", "b"] }]);
    if (shape.document === true) return { a: [1, "two", { three: null }] };
    switch (shape.type) {
      case "structure": return this.structure(ref.shape, depth);
      case "list": {
        const low = this.#options.noEmpty || where !== "body" ? 1 : 0;
        return Array.from({ length: this.#integer(low, depth > 5 ? low : 3) }, () => this.value(shape.member!, depth + 1, where));
      }
      case "map": {
        const low = this.#options.noEmpty || where !== "body" ? 1 : 0;
        const result: Record<string, unknown> = {};
        const keyShape = this.#model.shapes[shape.key!.shape]!;
        for (let count = this.#integer(low, depth > 5 ? low : 3); count > 0; count--) {
          const key = keyShape.enum !== undefined ? source.pick(keyShape.enum) : where === "body" ? this.#text("body", 1, 10) : this.#text("uri", 3, 10).toLowerCase();
          result[key] = this.value(shape.value!, depth + 1, where);
        }
        return result;
      }
      case "string": case "character": {
        if (shape.enum !== undefined && shape.enum.length > 0) return source.pick(shape.enum);
        const low = Math.max(shape.min ?? 0, where === "body" ? 0 : 1);
        return this.#text(where, Math.min(low, 2000), Math.min(shape.max ?? low + 12, low + 12));
      }
      case "boolean": return this.#chance(0.5);
      case "byte": case "short": case "integer": case "long": {
        const low = Math.max(shape.min ?? -100, -1e9);
        return this.#integer(low, Math.min(shape.max ?? low + 1_000_000, low + 1_000_000));
      }
      case "float": return Math.fround(this.#integer(0, 1000) / 8);
      case "double": case "bigdecimal": return Math.round(source.next() * 1e6) / 1e3 + (shape.min ?? 0);
      case "blob": return Buffer.from(Array.from({ length: this.#integer(1, 20) }, () => this.#integer(0, 255)));
      case "timestamp": {
        const seconds = this.#integer(1_000_000_000, 1_900_000_000) * 1000;
        const format = ref.timestampFormat ?? shape.timestampFormat ?? (where === "header" ? "rfc822" : undefined);
        return format === "rfc822" || this.#options.wholeSeconds || where !== "body" ? seconds : seconds + this.#integer(0, 999);
      }
    }
  }

  #text(where: Where, low: number, high: number): string {
    const alphabet = where === "body" ? this.#options.text : where === "header" || where === "prefix" ? HEADER_TEXT : where === "uri" ? PLAIN : [...HEADER_TEXT, " ", "&", "é"];
    let result = "";
    const length = this.#integer(low, Math.max(low, high));
    while (result.length < length) result += this.#random.pick(alphabet);
    // Edge characters that a transport trims would blame the wrong layer.
    if (result.trim() === "" && result !== "" && this.#options.noEmpty) result = `x${result.slice(1)}`;
    if (where !== "body") result = result.replace(/^ | $/g, "x");
    // A character of two UTF-16 units may have gone one over the longest.
    return result.length > high && high >= low && length <= high ? `${PLAIN[0]!.repeat(Math.max(length - 1, 0))}b`.slice(0, length) : result;
  }
}
