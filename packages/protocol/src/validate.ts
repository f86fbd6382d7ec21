/**
 * Model constraints, in two steps: a compiled check that only says yes or no (every request pays for it), and a walk that
 * words the violations (only refused requests do).
 */
import { AwsError } from "./error.ts";
import type { OperationModel, ServiceModel, Shape, ShapeRef } from "./model.ts";
import { Memo, members, resolve } from "./shapes/traits.ts";
import type { Resolved } from "./shapes/traits.ts";
import { MAX_VIOLATIONS, printedEnum, validationStyle } from "./validation-style.ts";
import type { ValidationStyle } from "./validation-style.ts";
import { S3_UNCHECKED, s3Violation } from "./validation-s3.ts";

type Check = (value: unknown) => boolean;

/** One constraint of a shape on a value of its own. */
interface Constraint {
  holds: Check;
  text: string;
  kind: "enum" | "pattern" | "min" | "max";
}

type Struct = Record<string, unknown>;

function size(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  if (value instanceof Uint8Array) return value.byteLength;
  return typeof value === "object" && value !== null ? Object.keys(value).length : Number.NaN;
}

const NUMERIC = new Set(["byte", "short", "integer", "long", "float", "double", "bigdecimal"]);
const FLOATS = new Set(["float", "double", "bigdecimal"]);

function javaDouble(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Streams have no length to check before they are read. */
const isStream = (value: unknown): boolean => typeof value === "object" && value !== null && "pipe" in value;

/** The constraints on a shape's own value, in the order AWS reports them: enum, pattern, length (pattern before length: recorded from EventBridge). */
function constraintsOf(shape: Shape): Constraint[] {
  const result: Constraint[] = [];
  const allowed = shape.enum;
  if (allowed !== undefined && allowed.length > 0) {
    const values = new Set(allowed);
    result.push({ kind: "enum", holds: (value) => values.has(value as string), text: `Member must satisfy enum value set: [${printedEnum(allowed).join(", ")}]` });
  }
  if (shape.pattern !== undefined && shape.type === "string") {
    const pattern = new RegExp(`^(?:${shape.pattern})$`, "u");
    result.push({ kind: "pattern", holds: (value) => pattern.test(value as string), text: `Member must satisfy regular expression pattern: ${shape.patternSource ?? shape.pattern}` });
  }
  const numeric = NUMERIC.has(shape.type);
  const noun = numeric ? "value" : "length";
  const measure = numeric ? (value: unknown) => value as number : size;
  const { min, max } = shape;
  const bound = (value: number): string => (FLOATS.has(shape.type) ? javaDouble(value) : String(value));
  if (max !== undefined) result.push({ kind: "max", holds: (value) => isStream(value) || measure(value) <= max, text: `Member must have ${noun} less than or equal to ${bound(max)}` });
  if (min !== undefined) result.push({ kind: "min", holds: (value) => isStream(value) || measure(value) >= min, text: `Member must have ${noun} greater than or equal to ${bound(min)}` });
  return result;
}

const CHEAPEST: Record<Constraint["kind"], number> = { max: 0, min: 1, enum: 2, pattern: 3 };
/** AWS's order inside "Member must satisfy constraint: [...]" (recorded from Lambda and DynamoDB). */
const WITHIN_ELEMENTS: Record<Constraint["kind"], number> = { max: 0, min: 1, pattern: 2, enum: 3 };

const NOT_NULL = "Member must not be null";
const pass: Check = () => true;

/** A violation as it will be worded. */
export interface Violation {
  /** From the input down, first letters in lower case, elements as `items.1.member`. */
  path: string;
  /** Undefined for a missing member. */
  value: unknown;
  text: string;
  kind: Constraint["kind"] | "required" | "elements";
  target: Resolved;
  /** Where the member of the input travels; undefined in the body. */
  location: string | undefined;
}

/** Compiles validation for one service. */
export class Validators {
  readonly #model: ServiceModel;
  readonly #style: ValidationStyle;
  readonly #checks = new Memo<Check>();

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#style = validationStyle(model.id);
  }

  /** A function that throws the service's AwsError when the input violates a constraint. */
  compile(operation: OperationModel): (input: unknown) => void {
    if (operation.input === undefined) return () => {};
    const target = resolve(this.#model, operation.input);
    const check = this.#check(target);
    return (input) => {
      if (check(input)) return;
      const violations: Violation[] = [];
      this.#walkStructure(input as Struct, target.shape, this.#rootPath(operation), violations);
      if (violations.length > 0) throw this.#error(operation, violations);
    };
  }

  #constraints(ref: ShapeRef, shape: Shape): Constraint[] {
    return this.#style.s3 === true && S3_UNCHECKED.has(ref.shape) ? [] : constraintsOf(shape);
  }

  #check(target: Resolved): Check {
    return this.#checks.get(target.ref.shape, () => this.#compileCheck(target));
  }

  #compileCheck({ ref, shape }: Resolved): Check {
    if (shape.passthrough === true || shape.document === true) return pass;
    // Lengths first: a text that is too long is never run through a pattern.
    const own = this.#constraints(ref, shape).sort((a, b) => CHEAPEST[a.kind] - CHEAPEST[b.kind]).map((constraint) => constraint.holds);
    switch (shape.type) {
      case "structure": {
        const required = new Set(shape.required);
        const entries = members(this.#model, shape).map(([name, target]) => ({ name, check: this.#check(target), needed: required.has(name) }))
          .filter(({ check, needed }) => needed || check !== pass);
        if (entries.length === 0) return pass;
        return (value) => {
          for (const { name, check, needed } of entries) {
            const item = (value as Struct)[name];
            if (item === undefined || item === null ? needed : !check(item)) return false;
          }
          return true;
        };
      }
      case "list": {
        const check = this.#check(resolve(this.#model, shape.member!));
        return (value) => own.every((holds) => holds(value)) && (value as unknown[]).every((item) => item !== null && check(item));
      }
      case "map": {
        const checkKey = this.#check(resolve(this.#model, shape.key!));
        const checkValue = this.#check(resolve(this.#model, shape.value!));
        return (value) => {
          if (!own.every((holds) => holds(value))) return false;
          for (const key of Object.keys(value as Struct)) {
            const item = (value as Struct)[key];
            if (item === null || !checkKey(key) || !checkValue(item)) return false;
          }
          return true;
        };
      }
      default: {
        if (own.length === 0) return pass;
        const [only] = own;
        return own.length === 1 ? only! : (value) => own.every((holds) => holds(value));
      }
    }
  }

  /** Where members of the body begin, for services that say so. */
  #rootPath(operation: OperationModel): string {
    return this.#style.bodyPrefix === true ? `${lowerFirst(operation.name)}Input.` : "";
  }

  #walkStructure(value: Struct, shape: Shape, prefix: string, out: Violation[], top = true): void {
    for (const [name, target] of members(this.#model, shape)) {
      const location = top ? target.ref.location : undefined;
      const base = top && this.#style.bodyPrefix === true && location !== undefined ? "" : prefix;
      const path = base + lowerFirst(name);
      const item = value[name];
      if (item === undefined || item === null) {
        if (shape.required?.includes(name) === true) out.push({ path, value: undefined, text: NOT_NULL, kind: "required", target, location });
      } else {
        this.#walk(item, target, path, out, location);
      }
      if (out.length >= MAX_VIOLATIONS) return;
    }
  }

  #walk(value: unknown, target: Resolved, path: string, out: Violation[], location: string | undefined): void {
    const { shape } = target;
    if (shape.passthrough === true || shape.document === true) return;
    for (const { holds, text, kind } of this.#constraints(target.ref, shape)) {
      if (!holds(value)) out.push({ path, value, text, kind, target, location });
    }
    this.#walkInside(value, target, path, out, location);
  }

  /** What is wrong within a value, not with it. */
  #walkInside(value: unknown, target: Resolved, path: string, out: Violation[], location: string | undefined): void {
    const { shape } = target;
    switch (shape.type) {
      case "structure": this.#walkStructure(value as Struct, shape, `${path}.`, out, false); break;
      case "list": this.#walkElements("Member", (value as unknown[]).map((item, index) => [String(index + 1), item]), value, target, resolve(this.#model, shape.member!), path, out, location); break;
      case "map": {
        const entries = Object.entries(value as Struct);
        const key = resolve(this.#model, shape.key!);
        const keyConstraints = this.#elementConstraints(key);
        if (entries.some(([name]) => !this.#check(key)(name))) {
          out.push({ path, value, text: `Map keys must satisfy constraint: [${keyConstraints}]`, kind: "elements", target, location });
        }
        this.#walkElements("Map value", entries, value, target, resolve(this.#model, shape.value!), path, out, location);
        break;
      }
      default:
    }
    out.splice(MAX_VIOLATIONS);
  }

  /** What elements must satisfy themselves is reported once, on the whole collection; what is wrong within one, by its path. */
  #walkElements(noun: string, entries: [string, unknown][], whole: unknown, holder: Resolved, element: Resolved, path: string, out: Violation[], location: string | undefined): void {
    if (element.shape.passthrough === true || element.shape.document === true) return;
    const own = this.#constraints(element.ref, element.shape);
    const hasNull = entries.some(([, item]) => item === null);
    if (hasNull || entries.some(([, item]) => !own.every(({ holds }) => holds(item)))) {
      out.push({ path, value: whole, text: `${noun} must satisfy constraint: [${this.#elementConstraints(element, hasNull)}]`, kind: "elements", target: holder, location });
    }
    for (const [name, item] of entries) {
      if (item !== null) this.#walkInside(item, element, `${path}.${name}.member`, out, location);
      if (out.length >= MAX_VIOLATIONS) return;
    }
  }

  #elementConstraints(element: Resolved, hasNull = false): string {
    const texts = this.#constraints(element.ref, element.shape).sort((a, b) => WITHIN_ELEMENTS[a.kind] - WITHIN_ELEMENTS[b.kind]).map((constraint) => constraint.text);
    if (hasNull || this.#style.elementsNotNull === true) texts.push(NOT_NULL);
    return texts.join(", ");
  }

  #error(operation: OperationModel, violations: Violation[]): AwsError {
    const first = violations[0]!;
    if (this.#style.s3 === true) return s3Violation(first);
    if (this.#style.missing !== undefined) {
      const missing = violations.find((violation) => violation.kind === "required");
      if (missing !== undefined) {
        const { code, message } = this.#style.missing(wirePath(missing.path), operation.name);
        return new AwsError(code, message, { status: 400 });
      }
    }
    const list = violations.map((violation) => `Value${this.#print(violation)} at '${violation.path}' failed to satisfy constraint: ${violation.text}`);
    const count = `${list.length} validation error${list.length === 1 ? "" : "s"} detected: `;
    return new AwsError(this.#style.code, count + list.join("; "), { status: 400 });
  }

  /** A value as AWS's error quotes it: nothing at all when it is secret. */
  #print({ value, target }: Violation): string {
    const secret = target.shape.sensitive === true || (target.shape.member !== undefined && resolve(this.#model, target.shape.member).shape.sensitive === true);
    if (secret || this.#style.hiddenShapes?.has(target.ref.shape) === true) return "";
    return value === undefined || value === null ? " null" : ` '${javaText(this.#model, value, target)}'`;
  }
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function wirePath(path: string): string {
  return path.split(".").map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(".");
}

/** A value as Java's `toString` prints it, which is what AWS's messages quote. */
function javaText(model: ServiceModel, value: unknown, { ref, shape }: Resolved): string {
  if (value === undefined || value === null) return "null";
  switch (shape.type) {
    case "structure": {
      if (shape.passthrough === true || shape.document === true) return JSON.stringify(value);
      const inside = members(model, shape).map(([name, target]) => `${lowerFirst(name)}=${target.shape.sensitive === true ? "***" : javaText(model, (value as Struct)[name], target)}`);
      return `${ref.shape}(${inside.join(", ")})`;
    }
    case "list": {
      const member = resolve(model, shape.member!);
      return `[${(value as unknown[]).map((item) => javaText(model, item, member)).join(", ")}]`;
    }
    case "map": {
      const target = resolve(model, shape.value!);
      return `{${Object.entries(value as Struct).map(([key, item]) => `${key}=${javaText(model, item, target)}`).join(", ")}}`;
    }
    case "blob": return `java.nio.HeapByteBuffer[pos=0 lim=${size(value)} cap=${size(value)}]`;
    case "double": case "float": return javaDouble(value as number);
    default: return String(value);
  }
}
