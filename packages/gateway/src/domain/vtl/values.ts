import { TemplateError } from "./ast.ts";

/**
 * The values of a template, as Java's: integers are numbers (bigint past 2^53), floating point numbers a `Double` (so
 * that `1.0` stays `1.0`), maps keep insertion order whatever their keys look like.
 */
export type Value = string | number | bigint | boolean | null | undefined | Double | Value[] | ValueMap | Opaque;

export type ValueMap = Map<string, Value>;

/** A floating point number with Java's text form. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A list from `$input.path` or `$util.parseJson`: its text form is JSON, where a list made in the template prints as Java does. */
export class JsonList extends Array<Value> {}

/** An object of the gateway (`$input`, `$util`) or a helper of Java's (an entry, an iterator): only its own methods are reachable. */
export interface Opaque {
  readonly opaque: true;
  /** Property without parentheses; undefined when there is none. */
  get(name: string): Value;
  /** A method call; undefined when there is no such method. */
  call(name: string, args: Value[], budget: Budget): Value;
  text(): string;
}

/** What bounds a rendering: work done and text made. Both run out with a `TemplateError`, never with the process. */
export class Budget {
  private steps: number;
  private characters: number;

  constructor(steps = 2_000_000, characters = 10 * 1024 * 1024) {
    this.steps = steps;
    this.characters = characters;
  }

  step(count = 1): void {
    this.steps -= count;
    if (this.steps < 0) throw new TemplateError("Template exceeded its evaluation limit");
  }

  text(length: number): void {
    this.characters -= length;
    if (this.characters < 0) throw new TemplateError("Template exceeded its output limit");
  }
}

export const isMap = (value: Value): value is ValueMap => value instanceof Map;
export const isOpaque = (value: Value): value is Opaque => typeof value === "object" && value !== null && (value as Opaque).opaque === true;
export const isNumber = (value: Value): value is number | bigint | Double => typeof value === "number" || typeof value === "bigint" || value instanceof Double;

/** `Double.toString` of Java: a decimal point always, exponent form from 10^7 and below 10^-3. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    const text = String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** What `toString` gives; null is the empty string at the top and `null` inside a collection. */
export function toText(value: Value, budget: Budget, depth = 0): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return depth === 0 ? "" : "null";
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Double) return doubleText(value.value);
  if (depth > 100) throw new TemplateError("A value is nested too deeply");
  budget.step();
  let text: string;
  if (value instanceof JsonList) return toJson(value, budget, depth);
  if (Array.isArray(value)) {
    text = "[";
    for (let i = 0; i < value.length; i++) {
      if (i > 0) text += ", ";
      text += toText(value[i], budget, depth + 1);
    }
    text += "]";
  } else if (isMap(value)) {
    text = "{";
    let first = true;
    for (const [key, item] of value) {
      if (!first) text += ", ";
      first = false;
      text += `${key}=${toText(item, budget, depth + 1)}`;
    }
    text += "}";
  } else return value.text();
  budget.text(text.length);
  return text;
}

/** Compact JSON of a value, keys in their order. */
export function toJson(value: Value, budget: Budget, depth = 0): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Double) return doubleText(value.value);
  if (depth > 100) throw new TemplateError("A value is nested too deeply");
  budget.step();
  let text: string;
  if (Array.isArray(value)) {
    text = "[";
    for (let i = 0; i < value.length; i++) text += (i > 0 ? "," : "") + toJson(value[i], budget, depth + 1);
    text += "]";
  } else if (isMap(value)) {
    text = "{";
    for (const [key, item] of value) text += `${text.length > 1 ? "," : ""}${JSON.stringify(key)}:${toJson(item, budget, depth + 1)}`;
    text += "}";
  } else text = JSON.stringify(value.text());
  budget.text(text.length);
  return text;
}

/** Plain JSON data as template values, for `$context` and `$stageVariables`. */
export function fromPlain(value: unknown): Value {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return value;
    case "number":
      return Number.isInteger(value) ? value : new Double(value);
    case "object": {
      if (Array.isArray(value)) return value.map(fromPlain);
      const map: ValueMap = new Map();
      for (const [key, item] of Object.entries(value)) map.set(key, fromPlain(item));
      return map;
    }
    default:
      return null;
  }
}

/** The other way: a template value as plain JSON data. */
export function toPlain(value: Value): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof Double) return value.value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (isMap(value)) return Object.fromEntries([...value].map(([key, item]) => [key, toPlain(item)]));
  if (typeof value === "bigint") return Number(value);
  if (isOpaque(value)) return value.text();
  return value;
}
