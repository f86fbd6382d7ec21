/** JSON values to typed values and back, one closure per shape. */
import type { ServiceModel } from "../model.ts";
import { serializationError, SERVICE_PACKAGES } from "../errors.ts";
import { formatBase64, formatTimestamp, INTEGER_BOUNDS, parseBase64, parseTimestamp, ScalarError, secondsToMilliseconds } from "./scalars.ts";
import { Memo, members, resolve, setEntry, timestampFormat } from "./traits.ts";
import type { Resolved } from "./traits.ts";

/** Reads a JSON value that is neither null nor undefined. */
export type JsonReader = (value: unknown) => unknown;
/** Writes a typed value that is neither null nor undefined to a JSON value. */
export type JsonWriter = (value: unknown) => unknown;

/** How a member is called in the body: awsJson always uses the member's name, REST JSON the model's `locationName`. */
export type JsonNames = "member" | "location";

/** AWS's word for the type of a JSON token, as its parser's error texts have it. */
function token(value: unknown): string {
  switch (typeof value) {
    case "string": return "STRING_VALUE";
    case "number": return Number.isInteger(value) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
    default: return value === true ? "TRUE_VALUE" : "FALSE_VALUE";
  }
}

const JAVA_TYPE: Record<string, string> = {
  string: "java.lang.String", character: "java.lang.String", boolean: "java.lang.Boolean", byte: "java.lang.Byte", short: "java.lang.Short",
  integer: "java.lang.Integer", long: "java.lang.Long", float: "java.lang.Float", double: "java.lang.Double",
  bigdecimal: "java.math.BigDecimal", blob: "java.nio.ByteBuffer", timestamp: "java.util.Date",
};

/** The error for a scalar where the JSON holds something else (texts seen from DynamoDB). */
function mismatch(value: unknown, type: string): never {
  const java = JAVA_TYPE[type]!;
  if (Array.isArray(value)) throw serializationError(`Unrecognized collection type class ${java}`);
  if (typeof value === "object") throw serializationError("Start of structure or map found where not expected");
  throw serializationError(`${token(value)} cannot be converted to ${java.slice(java.lastIndexOf(".") + 1)}`);
}

function scalar(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof ScalarError) throw serializationError(error.message);
    throw error;
  }
}

/** For shapes that stay wire JSON: collections of them are not even copied. */
const raw = (value: unknown): unknown => value;

const SPECIAL_FLOATS: Record<string, number> = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/** Compiles readers and writers for the shapes of one service. */
export class JsonShapes {
  readonly #model: ServiceModel;
  readonly #names: JsonNames;
  readonly #readers = new Memo<JsonReader>();
  readonly #writers = new Memo<JsonWriter>();

  constructor(model: ServiceModel, names: JsonNames) {
    this.#model = model;
    this.#names = names;
  }

  #name(member: string, target: Resolved): string {
    return this.#names === "member" ? member : (target.ref.locationName ?? member);
  }

  reader(target: Resolved): JsonReader {
    return this.#readers.get(this.#key(target), () => this.#compileReader(target));
  }

  writer(target: Resolved): JsonWriter {
    return this.#writers.get(this.#key(target), () => this.#compileWriter(target));
  }

  #key({ ref, shape }: Resolved): string {
    return shape.type === "timestamp" ? `${ref.shape} ${ref.timestampFormat}` : ref.shape;
  }

  /** A reader of a structure's listed members, for a REST body that leaves some of them to headers and path. */
  structureReader(list: [string, Resolved][], shapeName = ""): JsonReader {
    // By what is there, not by what could be: a request names a few of the many members its shape has.
    const entries = new Map(list.map(([name, target]) => [this.#name(name, target), { name, read: this.reader(target) }]));
    return (value) => {
      if (typeof value !== "object") throw serializationError("Unexpected field type");
      if (Array.isArray(value)) throw serializationError(`Unrecognized collection type class ${this.#java(shapeName)}`);
      const source = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const key of Object.keys(source)) {
        const entry = entries.get(key);
        const item = source[key];
        if (entry !== undefined && item !== null) result[entry.name] = entry.read(item);
      }
      return result;
    };
  }

  /** A writer of a structure's listed members. */
  structureWriter(list: [string, Resolved][]): JsonWriter {
    const entries = list.map(([name, target]) => ({ name, key: this.#name(name, target), write: this.writer(target) }));
    return (value) => {
      const source = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const { name, key, write } of entries) {
        const item = source[name];
        if (item !== undefined && item !== null) result[key] = write(item);
      }
      return result;
    };
  }

  /** The Java class of a shape, for the parser's error texts. */
  #java(shapeName: string): string {
    const type = this.#model.shapes[shapeName]?.type;
    return JAVA_TYPE[type ?? ""] ?? `${SERVICE_PACKAGES[this.#model.id] ?? `com.amazonaws.${this.#model.id}`}.${shapeName}`;
  }

  /** A reader for the elements of a collection, where a structure that is none has a text of its own. */
  #elementReader(target: Resolved): JsonReader {
    const read = this.reader(target);
    if (target.shape.type !== "structure" || read === raw) return read;
    return (value) => {
      if (typeof value !== "object") throw serializationError("Unexpected value type in payload");
      return read(value);
    };
  }

  #compileReader(target: Resolved): JsonReader {
    const { shape } = target;
    if (shape.passthrough === true || shape.document === true) return raw;
    switch (shape.type) {
      case "structure": return this.structureReader(members(this.#model, shape), target.ref.shape);
      case "list": {
        const read = this.#elementReader(resolve(this.#model, shape.member!));
        return (value) => {
          if (!Array.isArray(value)) {
            throw serializationError(typeof value === "object" ? "Start of structure or map found where not expected" : "Unexpected field type");
          }
          if (read === raw) return value;
          const result: unknown[] = [];
          // A null element is kept: whether the list may hold one is validation's question ("Member must not be null").
          for (const item of value) result.push(item === null ? null : read(item));
          return result;
        };
      }
      case "map": {
        const read = this.#elementReader(resolve(this.#model, shape.value!));
        return (value) => {
          if (typeof value !== "object") throw serializationError("Unexpected field type");
          if (Array.isArray(value)) throw serializationError(`Unrecognized collection type java.util.Map<java.lang.String, ${this.#java(shape.value!.shape)}>`);
          if (read === raw) return value;
          const result: Record<string, unknown> = {};
          for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
            setEntry(result, key, item === null ? null : read(item));
          }
          return result;
        };
      }
      case "string": case "character": return (value) => (typeof value === "string" ? value : mismatch(value, "string"));
      case "boolean": return (value) => {
        if (typeof value === "boolean") return value;
        // Seen from DynamoDB: a string in a boolean's place breaks the parser before any conversion.
        if (typeof value === "string") throw serializationError("Unexpected token received from parser");
        return mismatch(value, "boolean");
      };
      case "byte": case "short": case "integer": case "long": {
        const { type } = shape;
        const [low, high] = INTEGER_BOUNDS[type]!;
        return (value) => {
          if (typeof value !== "number") return mismatch(value, type);
          const whole = Math.trunc(value);
          return whole >= low && whole <= high ? whole : mismatch(value, type);
        };
      }
      case "float": case "double": case "bigdecimal": {
        const { type } = shape;
        return (value) => {
          if (typeof value === "number") return value;
          return (typeof value === "string" && Object.hasOwn(SPECIAL_FLOATS, value)) ? SPECIAL_FLOATS[value] : mismatch(value, type);
        };
      }
      case "blob": return (value) => {
        if (typeof value === "string") return scalar(() => parseBase64(value));
        if (typeof value === "object") return mismatch(value, "blob");
        throw serializationError("only base-64-encoded strings are convertible to bytes");
      };
      case "timestamp": return (value) => {
        if (typeof value === "number") return scalar(() => secondsToMilliseconds(value));
        return typeof value === "string" ? scalar(() => parseTimestamp(value)) : mismatch(value, "timestamp");
      };
    }
  }

  #compileWriter(target: Resolved): JsonWriter {
    const { shape } = target;
    if (shape.passthrough === true || shape.document === true) return raw;
    switch (shape.type) {
      case "structure": return this.structureWriter(members(this.#model, shape));
      case "list": {
        const write = this.writer(resolve(this.#model, shape.member!));
        if (write === raw) return raw;
        return (value) => (value as unknown[]).map((item) => (item === null || item === undefined ? null : write(item)));
      }
      case "map": {
        const write = this.writer(resolve(this.#model, shape.value!));
        if (write === raw) return raw;
        return (value) => {
          const result: Record<string, unknown> = {};
          for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
            if (item !== undefined) setEntry(result, key, item === null ? null : write(item));
          }
          return result;
        };
      }
      case "float": case "double": case "bigdecimal":
        return (value) => (Number.isFinite(value) ? value : String(value));
      case "blob": return formatBase64;
      case "timestamp": {
        const format = timestampFormat(target, "unixTimestamp");
        return format === "unixTimestamp" ? (value) => (value as number) / 1000 : (value) => formatTimestamp(value as number, format);
      }
      default: return raw;
    }
  }
}
