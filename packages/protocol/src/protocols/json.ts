/** awsJson 1.0 and 1.1. */
import { crc32 } from "node:zlib";
import type { AwsError } from "../error.ts";
import { messageMember, serializationError, SERVICE_PACKAGES, UNMODELLED_NAMES } from "../errors.ts";
import type { ResolvedError } from "../errors.ts";
import { compileEventStream } from "../event-stream.ts";
import type { EventPayloads } from "../event-stream.ts";
import type { OperationModel, ServiceModel } from "../model.ts";
import { JsonShapes } from "../shapes/json.ts";
import { bytes } from "../shapes/scalars.ts";
import { eventStreamMember, members, resolve } from "../shapes/traits.ts";
import { bodyBytes, jsonText, respond, structure, withHeaders } from "./protocol.ts";
import type { OperationCodec, ProtocolCodec } from "./protocol.ts";

/** Parses a JSON body. An empty body reads as `{}`. The error has no text, as AWS's has none here. */
export function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {};
  try {
    return JSON.parse(bytes(body).toString("utf8")) as unknown;
  } catch {
    throw serializationError();
  }
}

/** Errors of AWS's front end, which it names after its own package in the services that name packages at all. */
const FRAMEWORK_ERRORS = new Set([
  "SerializationException", "UnknownOperationException", "MissingAuthenticationTokenException", "IncompleteSignatureException",
  "InvalidSignatureException", "UnrecognizedClientException", "AccessDeniedException", "ExpiredTokenException", "InternalFailure",
]);

/** The `__type` of an error. */
export function errorType(service: string, resolved: ResolvedError): string {
  const prefix = SERVICE_PACKAGES[service];
  if (prefix === undefined) return resolved.shapeName;
  if (resolved.shape !== undefined) return `${prefix}#${resolved.shapeName}`;
  if (resolved.code === "ValidationException") return "com.amazon.coral.validate#ValidationException";
  const unmodelled = UNMODELLED_NAMES[service]?.[resolved.code];
  if (unmodelled !== undefined) return `com.amazon.coral.service#${unmodelled}`;
  return FRAMEWORK_ERRORS.has(resolved.code) ? `com.amazon.coral.service#${resolved.code}` : resolved.shapeName;
}

/** The body of an error without its type: the modelled members, else the text under AWS's usual name for it. */
export function errorMembers(shapes: JsonShapes, model: ServiceModel, resolved: ResolvedError, error: AwsError): Record<string, unknown> {
  const { shape } = resolved;
  if (shape === undefined) {
    // The front end writes its refusals with a capital M, validation and everything later without; no text, no member.
    const key = resolved.code === "SerializationException" || resolved.code === "AccessDeniedException" ? "Message" : "message";
    return resolved.message === "" ? {} : { [key]: resolved.message };
  }
  const values = { ...error.fields };
  const name = messageMember(shape);
  if (name !== undefined) values[name] ??= resolved.message;
  const body = shapes.structureWriter(members(model, shape))(values) as Record<string, unknown>;
  return name === undefined && resolved.message !== "" ? { message: resolved.message, ...body } : body;
}

/** Events with JSON payloads. */
export function jsonEvents(shapes: JsonShapes): EventPayloads {
  return {
    contentType: "application/json",
    document: (_name, list) => {
      const write = shapes.structureWriter(list);
      return (value) => JSON.stringify(write(value));
    },
  };
}

export class JsonProtocol implements ProtocolCodec {
  readonly #model: ServiceModel;
  readonly #shapes: JsonShapes;
  readonly #contentType: string;
  /** DynamoDB's clients verify `x-amz-crc32`; no other service sends it. */
  readonly #crc: boolean;

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#shapes = new JsonShapes(model, "member");
    this.#contentType = `application/x-amz-json-${model.metadata.jsonVersion ?? "1.0"}`;
    this.#crc = model.id === "dynamodb" || model.id === "streams.dynamodb";
  }

  #headers(requestId: string, body: string | undefined): string[] {
    const headers = ["x-amzn-RequestId", requestId];
    if (body !== undefined) {
      headers.push("Content-Type", this.#contentType);
      if (this.#crc) headers.push("x-amz-crc32", String(crc32(body)));
    }
    return headers;
  }

  operation(model: OperationModel): OperationCodec {
    const read = model.input === undefined ? () => ({}) : this.#shapes.reader(resolve(this.#model, model.input));
    const decode: OperationCodec["decode"] = (_facts, request) => {
      const value = parseJson(bodyBytes(request));
      if (value === null || typeof value !== "object") throw serializationError();
      return read(value);
    };
    const output = model.output === undefined ? undefined : resolve(this.#model, model.output);
    const stream = eventStreamMember(this.#model, output?.shape);
    if (output !== undefined && stream !== undefined) {
      const [name, target] = stream;
      const events = compileEventStream(this.#model, target, jsonEvents(this.#shapes));
      const writeInitial = this.#shapes.structureWriter(members(this.#model, output.shape).filter(([member]) => member !== name));
      return {
        decode,
        encode: (value, requestId) => {
          const initial = JSON.stringify(writeInitial(structure(value)));
          const headers = ["x-amzn-RequestId", requestId, "Content-Type", "application/vnd.amazon.eventstream"];
          return { status: 200, headers, body: events(structure(value)[name] as AsyncIterable<unknown>, { body: initial, contentType: this.#contentType }) };
        },
      };
    }
    if (output === undefined) {
      // AWS answers an operation without output with no bytes at all in most services; DynamoDB always has one.
      return { decode, encode: (_value, requestId) => ({ status: 200, headers: [...this.#headers(requestId, undefined), "Content-Type", this.#contentType, "Content-Length", "0"], body: undefined }) };
    }
    const write = this.#shapes.writer(output);
    return {
      decode,
      encode: (value, requestId) => {
        const body = (value as { [jsonText]?: string } | undefined)?.[jsonText] ?? JSON.stringify(write(structure(value)));
        return respond(200, this.#headers(requestId, body), body);
      },
    };
  }

  encodeError(resolved: ResolvedError, error: AwsError, requestId: string): ReturnType<ProtocolCodec["encodeError"]> {
    const body = JSON.stringify({ __type: errorType(this.#model.id, resolved), ...errorMembers(this.#shapes, this.#model, resolved, error) });
    const headers = this.#headers(requestId, body);
    if (this.#model.metadata.awsQueryCompatible === true) {
      headers.push("x-amzn-query-error", `${resolved.code};${resolved.sender ? "Sender" : "Receiver"}`);
    }
    return respond(resolved.status, withHeaders(headers, error.headers), body);
  }
}
