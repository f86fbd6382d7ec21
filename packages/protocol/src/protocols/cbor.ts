/** Smithy RPC v2 CBOR. */
import type { AwsError } from "../error.ts";
import { messageMember, serializationError } from "../errors.ts";
import type { ResolvedError } from "../errors.ts";
import type { WireResponse } from "../http.ts";
import type { OperationModel, ServiceModel } from "../model.ts";
import { CborTimestamp, decodeCbor, encodeCbor } from "../shapes/cbor.ts";
import { INTEGER_BOUNDS } from "../shapes/scalars.ts";
import { Memo, members, resolve, setEntry } from "../shapes/traits.ts";
import type { Resolved } from "../shapes/traits.ts";
import { errorType } from "./json.ts";
import { bodyBytes, respond, structure, withHeaders } from "./protocol.ts";
import type { OperationCodec, ProtocolCodec } from "./protocol.ts";

type Convert = (value: unknown) => unknown;

export class CborProtocol implements ProtocolCodec {
  readonly #model: ServiceModel;
  readonly #readers = new Memo<Convert>();
  readonly #writers = new Memo<Convert>();

  constructor(model: ServiceModel) {
    this.#model = model;
  }

  operation(model: OperationModel): OperationCodec {
    const read = model.input === undefined ? () => ({}) : this.#reader(resolve(this.#model, model.input));
    const write = model.output === undefined ? undefined : this.#writer(resolve(this.#model, model.output));
    return {
      decode: (_facts, request) => {
        const body = bodyBytes(request);
        return read(body.byteLength === 0 ? {} : decodeCbor(body));
      },
      encode: (value, requestId) => {
        const headers = ["x-amzn-RequestId", requestId, "smithy-protocol", "rpc-v2-cbor"];
        if (write === undefined) return respond(200, headers, "");
        headers.push("Content-Type", "application/cbor");
        return respond(200, headers, encodeCbor(write(structure(value))));
      },
    };
  }

  encodeError(resolved: ResolvedError, error: AwsError, requestId: string): WireResponse {
    const { shape, message } = resolved;
    const name = messageMember(shape);
    const body: Record<string, unknown> = name === undefined && message !== "" ? { message } : {};
    if (shape !== undefined) {
      const fields = name === undefined ? error.fields : { [name]: message, ...error.fields };
      Object.assign(body, this.#structureWriter(shape)(fields));
    }
    const headers = ["x-amzn-RequestId", requestId, "smithy-protocol", "rpc-v2-cbor", "Content-Type", "application/cbor"];
    if (this.#model.metadata.awsQueryCompatible === true) {
      headers.push("x-amzn-query-error", `${resolved.code};${resolved.sender ? "Sender" : "Receiver"}`);
    }
    return respond(resolved.status, withHeaders(headers, error.headers), encodeCbor({ __type: errorType(this.#model.id, resolved), ...body }));
  }

  #reader(target: Resolved): Convert {
    return this.#readers.get(target.ref.shape, () => this.#compileReader(target));
  }

  #compileReader({ shape }: Resolved): Convert {
    const model = this.#model;
    switch (shape.type) {
      case "structure": {
        const entries = members(model, shape).map(([name, target]) => [name, this.#reader(target)] as const);
        return (value) => {
          const source = object(value);
          const result: Record<string, unknown> = {};
          for (const [name, read] of entries) {
            const item = Object.hasOwn(source, name) ? source[name] : null;
            if (item !== null) result[name] = read(item);
          }
          return result;
        };
      }
      case "list": {
        const read = this.#reader(resolve(model, shape.member!));
        return (value) => (Array.isArray(value) ? value.map((item: unknown) => (item === null ? null : read(item))) : unexpected(value, "list"));
      }
      case "map": {
        const read = this.#reader(resolve(model, shape.value!));
        return (value) => {
          const result: Record<string, unknown> = {};
          for (const [key, item] of Object.entries(object(value))) setEntry(result, key, item === null ? null : read(item));
          return result;
        };
      }
      case "string": case "character": return (value) => (typeof value === "string" ? value : unexpected(value, "string"));
      case "boolean": return (value) => (typeof value === "boolean" ? value : unexpected(value, "boolean"));
      case "blob": return (value) => (value instanceof Uint8Array ? value : unexpected(value, "blob"));
      // Some encoders leave the tag out; epoch seconds are what is meant then too.
      case "timestamp": return (value) => {
        if (value instanceof CborTimestamp) return value.milliseconds;
        return typeof value === "number" && Number.isFinite(value) ? Math.round(value * 1000) : unexpected(value, "timestamp");
      };
      case "float": case "double": case "bigdecimal": return (value) => (typeof value === "number" ? value : unexpected(value, shape.type));
      default: {
        const [low, high] = INTEGER_BOUNDS[shape.type]!;
        return (value) => (Number.isInteger(value) && (value as number) >= low && (value as number) <= high ? value : unexpected(value, shape.type));
      }
    }
  }

  #writer(target: Resolved): Convert {
    return this.#writers.get(target.ref.shape, () => this.#compileWriter(target));
  }

  #structureWriter(shape: Resolved["shape"]): Convert {
    const entries = members(this.#model, shape).map(([name, target]) => [name, this.#writer(target)] as const);
    return (value) => {
      const source = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const [name, write] of entries) {
        const item = source[name];
        if (item !== undefined && item !== null) result[name] = write(item);
      }
      return result;
    };
  }

  #compileWriter({ shape }: Resolved): Convert {
    const model = this.#model;
    switch (shape.type) {
      case "structure": return this.#structureWriter(shape);
      case "list": {
        const write = this.#writer(resolve(model, shape.member!));
        return (value) => (value as unknown[]).map((item) => (item === null || item === undefined ? null : write(item)));
      }
      case "map": {
        const write = this.#writer(resolve(model, shape.value!));
        return (value) => {
          const result: Record<string, unknown> = {};
          for (const [key, item] of Object.entries(value as object)) if (item !== undefined) setEntry(result, key, item === null ? null : write(item));
          return result;
        };
      }
      case "timestamp": return (value) => new CborTimestamp(value as number);
      default: return (value) => value;
    }
  }
}

function object(value: unknown): Record<string, unknown> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof CborTimestamp);
  return isMap ? (value as Record<string, unknown>) : unexpected(value, "structure");
}

function unexpected(value: unknown, expected: string): never {
  const kind = Array.isArray(value) ? "list" : value instanceof Uint8Array ? "blob" : value instanceof CborTimestamp ? "timestamp" : typeof value === "object" ? "structure" : typeof value;
  throw serializationError(`Unexpected ${kind} where ${expected} is expected`);
}
