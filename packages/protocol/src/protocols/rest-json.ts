/** REST JSON. */
import { Readable } from "node:stream";
import { AwsError } from "../error.ts";
import { serializationError } from "../errors.ts";
import type { ResolvedError } from "../errors.ts";
import { compileEventStream } from "../event-stream.ts";
import type { WireRequest, WireResponse } from "../http.ts";
import type { OperationModel, ServiceModel } from "../model.ts";
import { JsonShapes } from "../shapes/json.ts";
import { bytes } from "../shapes/scalars.ts";
import { isStreaming, members, payloadMember, resolve } from "../shapes/traits.ts";
import type { Resolved } from "../shapes/traits.ts";
import { errorMembers, jsonEvents, parseJson } from "./json.ts";
import { bodyBytes, respond, structure, withHeaders } from "./protocol.ts";
import type { OperationCodec, ProtocolCodec } from "./protocol.ts";
import { compileRequestBindings, compileResponseBindings } from "./rest.ts";
import type { BadValue } from "./rest.ts";

type Struct = Record<string, unknown>;

const JAVA_NAMES: Record<string, string> = { integer: "Integer", long: "Long", short: "Short", byte: "Byte", float: "Float", double: "Double", boolean: "Boolean", timestamp: "Date", blob: "ByteBuffer" };

const badValue: BadValue = (_where, text, type) => serializationError(`STRING_VALUE cannot be converted to ${JAVA_NAMES[type] ?? "String"}${text === "" ? "" : `: ${text.slice(0, 256)}`}`);

/** A streaming input always arrives as a Readable, whatever the pipeline holds. */
export function streamOf(request: WireRequest): Readable {
  return request.body instanceof Uint8Array ? Readable.from(request.body.byteLength === 0 ? [] : [request.body]) : request.body;
}

export class RestJsonProtocol implements ProtocolCodec {
  readonly #model: ServiceModel;
  readonly #shapes: JsonShapes;

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#shapes = new JsonShapes(model, "location");
  }

  operation(model: OperationModel): OperationCodec {
    return { decode: this.#decoder(model), encode: this.#encoder(model) };
  }

  #decoder(model: OperationModel): OperationCodec["decode"] {
    const bindings = compileRequestBindings(this.#model, model, badValue);
    const payload = payloadMember(this.#model, model.input === undefined ? undefined : resolve(this.#model, model.input).shape);
    const readBody = payload === undefined ? this.#bodyReader(bindings.body) : this.#payloadReader(...payload);
    return (facts, request) => {
      const input: Struct = {};
      readBody(request, input);
      bindings.read(facts, request, input);
      return input;
    };
  }

  #bodyReader(list: [string, Resolved][]): (request: WireRequest, into: Struct) => void {
    if (list.length === 0) return () => {};
    const read = this.#shapes.structureReader(list);
    return (request, into) => {
      const value = parseJson(bodyBytes(request));
      if (value === null || typeof value !== "object") throw serializationError();
      Object.assign(into, read(value));
    };
  }

  #payloadReader(name: string, target: Resolved): (request: WireRequest, into: Struct) => void {
    if (isStreaming(target)) return (request, into) => { into[name] = streamOf(request); };
    if (target.shape.type === "blob") return (request, into) => {
      const body = bodyBytes(request);
      if (body.byteLength > 0) into[name] = body;
    };
    if (target.shape.type === "string") return (request, into) => {
      const body = bodyBytes(request);
      if (body.byteLength > 0) into[name] = bytes(body).toString("utf8");
    };
    const read = this.#shapes.reader(target);
    return (request, into) => {
      const body = bodyBytes(request);
      if (body.byteLength === 0) return;
      const value = parseJson(body);
      if (value !== null) into[name] = read(value);
    };
  }

  #encoder(model: OperationModel): OperationCodec["encode"] {
    const output = model.output === undefined ? undefined : resolve(this.#model, model.output).shape;
    const bindings = compileResponseBindings(this.#model, output);
    const payload = payloadMember(this.#model, output);
    const status = model.http.responseCode ?? 200;
    const start = (value: Struct, requestId: string): { headers: string[]; status: number } => {
      const headers = ["x-amzn-RequestId", requestId];
      return { status: bindings.write(value, headers) ?? status, headers };
    };
    if (payload === undefined) {
      const write = this.#shapes.structureWriter(bindings.body);
      const empty = bindings.body.length === 0;
      return (value, requestId) => {
        const { headers, status: code } = start(structure(value), requestId);
        if (code === 204) return { status: code, headers, body: undefined };
        headers.push("Content-Type", "application/json");
        return respond(code, headers, empty && output === undefined ? "" : JSON.stringify(write(structure(value))));
      };
    }
    const [name, target] = payload;
    if (target.shape.eventstream === true) {
      const events = compileEventStream(this.#model, target, jsonEvents(this.#shapes));
      return (value, requestId) => {
        const { headers, status: code } = start(structure(value), requestId);
        // Lambda binds Content-Type to a member of its output; left out, it is the framing's.
        if (!hasHeader(headers, "content-type")) headers.push("Content-Type", "application/vnd.amazon.eventstream");
        return { status: code, headers, body: events(structure(value)[name] as AsyncIterable<unknown> | undefined) };
      };
    }
    if (target.shape.type === "blob" || target.shape.type === "string") {
      return (value, requestId) => {
        const { headers, status: code } = start(structure(value), requestId);
        const body = structure(value)[name];
        if (!hasHeader(headers, "content-type")) headers.push("Content-Type", "application/json");
        if (body === undefined || body === null) return respond(code, headers, "");
        return typeof body === "string" || body instanceof Uint8Array ? respond(code, headers, body) : { status: code, headers, body: body as Readable };
      };
    }
    const write = this.#shapes.writer(target);
    return (value, requestId) => {
      const { headers, status: code } = start(structure(value), requestId);
      headers.push("Content-Type", "application/json");
      const body = structure(value)[name];
      return respond(code, headers, body === undefined || body === null ? "" : JSON.stringify(write(body)));
    };
  }

  encodeError(resolved: ResolvedError, error: AwsError, requestId: string): WireResponse {
    const { shape } = resolved;
    const headers = ["x-amzn-RequestId", requestId, "x-amzn-ErrorType", resolved.shapeName];
    let members_ = error;
    if (shape?.members?.["Type"] !== undefined && error.fields["Type"] === undefined) {
      // Lambda says whose fault it was in every modelled error.
      members_ = new AwsError(error.code, error.message, { fields: { ...error.fields, Type: resolved.sender ? "User" : "Service" } });
    }
    const body: Struct = {};
    if (shape !== undefined) {
      const bindings = compileResponseBindings(this.#model, shape);
      bindings.write(members_.fields, headers);
      const inBody = new Set(bindings.body.map(([name]) => name));
      const all = errorMembers(this.#shapes, this.#model, resolved, members_);
      for (const [name, target] of members(this.#model, shape)) {
        const key = target.ref.locationName ?? name;
        if (inBody.has(name) && Object.hasOwn(all, key)) body[key] = all[key];
      }
      if (Object.hasOwn(all, "message")) body["message"] ??= all["message"];
    } else {
      Object.assign(body, errorMembers(this.#shapes, this.#model, resolved, error));
    }
    headers.push("Content-Type", "application/json");
    return respond(resolved.status, withHeaders(headers, error.headers), JSON.stringify(body));
  }
}

/** Whether a flat header list has a header. */
export function hasHeader(headers: string[], name: string): boolean {
  for (let index = 0; index < headers.length; index += 2) if (headers[index]!.toLowerCase() === name) return true;
  return false;
}
