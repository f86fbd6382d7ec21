/** REST XML: S3, S3 Control and CloudFront. */
import type { Readable } from "node:stream";
import { AwsError } from "../error.ts";
import { malformedXml } from "../errors.ts";
import type { ResolvedError } from "../errors.ts";
import { compileEventStream } from "../event-stream.ts";
import type { WireRequest, WireResponse } from "../http.ts";
import type { OperationModel, ServiceModel } from "../model.ts";
import { bytes, ScalarError } from "../shapes/scalars.ts";
import { elementName, isStreaming, payloadMember, resolve } from "../shapes/traits.ts";
import type { Resolved } from "../shapes/traits.ts";
import { SchemaError, XmlReaders } from "../shapes/xml-read.ts";
import { XmlWriters } from "../shapes/xml-write.ts";
import { escapeXml, XML_DECLARATION } from "../xml/escape.ts";
import { parseXml, XmlError } from "../xml/parse.ts";
import type { XmlElement } from "../xml/parse.ts";
import { bodyBytes, respond, structure, withHeaders } from "./protocol.ts";
import type { OperationCodec, ProtocolCodec } from "./protocol.ts";
import { compileRequestBindings, compileResponseBindings } from "./rest.ts";
import type { BadValue } from "./rest.ts";
import { hasHeader, streamOf } from "./rest-json.ts";
import { rootName, S3_UNWRAPPED } from "./s3-names.ts";
import { s3BadValue } from "../validation-s3.ts";

type Struct = Record<string, unknown>;

/** `x-amz-id-2`: as long as S3's own, and the same for the same request. */
function hostId(requestId: string): string {
  return Buffer.alloc(57, requestId).toString("base64");
}

export class RestXmlProtocol implements ProtocolCodec {
  readonly #model: ServiceModel;
  readonly #s3: boolean;
  readonly #readers: XmlReaders;
  readonly #writers: XmlWriters;
  readonly #contentType: string;
  readonly #namespace: string;
  readonly #declaration: string;

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#s3 = model.id === "s3";
    this.#readers = new XmlReaders(model, { strict: this.#s3 });
    this.#writers = new XmlWriters(model, { milliseconds: true });
    // Seen from CloudFront: no encoding, a line feed.
    this.#declaration = this.#s3 ? XML_DECLARATION : '<?xml version="1.0"?>\n';
    this.#contentType = this.#s3 ? "application/xml" : "text/xml";
    this.#namespace = model.metadata.xmlNamespace === undefined ? "" : ` xmlns="${escapeXml(model.metadata.xmlNamespace)}"`;
  }

  #requestHeaders(requestId: string): string[] {
    return this.#s3 ? ["x-amz-id-2", hostId(requestId), "x-amz-request-id", requestId] : ["x-amzn-RequestId", requestId];
  }

  operation(model: OperationModel): OperationCodec {
    return { decode: this.#decoder(model), encode: this.#encoder(model) };
  }

  #decoder(model: OperationModel): OperationCodec["decode"] {
    const bad: BadValue = this.#s3 ? s3BadValue : (where, text) => new AwsError("InvalidArgument", `Invalid value for ${where}: ${text}`, { status: 400 });
    const bindings = compileRequestBindings(this.#model, model, bad);
    const input = model.input === undefined ? undefined : resolve(this.#model, model.input);
    const payload = payloadMember(this.#model, input?.shape);
    let readBody: (request: WireRequest, into: Struct) => void = () => {};
    if (payload !== undefined) readBody = this.#payloadReader(...payload);
    else if (input !== undefined && bindings.body.length > 0) {
      const read = this.#readers.structureReader(bindings.body);
      const root = elementName(input) ?? input.ref.shape;
      readBody = (request, into) => {
        const body = bodyBytes(request);
        if (body.byteLength > 0) Object.assign(into, this.#readDocument(body, root, read));
      };
    }
    return (facts, request) => {
      const result: Struct = {};
      readBody(request, result);
      bindings.read(facts, request, result);
      return result;
    };
  }

  #payloadReader(name: string, target: Resolved): (request: WireRequest, into: Struct) => void {
    if (isStreaming(target)) return (request, into) => { into[name] = streamOf(request); };
    switch (target.shape.type) {
      case "blob": return (request, into) => {
        const body = bodyBytes(request);
        if (body.byteLength > 0) into[name] = body;
      };
      case "string": return (request, into) => {
        const body = bodyBytes(request);
        if (body.byteLength > 0) into[name] = bytes(body).toString("utf8");
      };
      default: {
        const read = this.#readers.reader(target);
        const root = elementName(target) ?? target.ref.shape;
        return (request, into) => {
          const body = bodyBytes(request);
          if (body.byteLength > 0) into[name] = this.#readDocument(body, root, read);
        };
      }
    }
  }

  #readDocument(body: Uint8Array, root: string, read: (element: XmlElement) => unknown): unknown {
    try {
      const document = parseXml(body);
      if (document.name !== root) throw new SchemaError(`${root} expected`);
      return read(document);
    } catch (error) {
      if (error instanceof XmlError || error instanceof SchemaError || error instanceof ScalarError) {
        throw this.#s3 ? malformedXml() : new AwsError("MalformedXML", "1 validation error detected: Malformed XML in the request body", { status: 400, cause: error });
      }
      throw error;
    }
  }

  #encoder(model: OperationModel): OperationCodec["encode"] {
    const output = model.output === undefined ? undefined : resolve(this.#model, model.output);
    const bindings = compileResponseBindings(this.#model, output?.shape);
    const payload = payloadMember(this.#model, output?.shape);
    const status = model.http.responseCode ?? 200;
    const head = model.http.method === "HEAD";
    const start = (value: Struct, requestId: string): { headers: string[]; status: number } => {
      const headers = this.#requestHeaders(requestId);
      return { status: bindings.write(value, headers) ?? status, headers };
    };
    const document = (headers: string[], code: number, text: string): WireResponse => {
      headers.push("Content-Type", this.#contentType);
      return respond(code, headers, this.#declaration + text);
    };
    const nothing = (headers: string[], code: number): WireResponse => {
      // A response without a body still says so, except where HTTP forbids it (204) or a member says more (HEAD).
      if (code !== 204 && !head && !hasHeader(headers, "content-length")) headers.push("Content-Length", "0");
      return { status: code, headers, body: undefined };
    };
    if (payload === undefined) {
      if (bindings.body.length === 0 || output === undefined || head) {
        return (value, requestId) => {
          const { headers, status: code } = start(structure(value), requestId);
          return nothing(headers, code);
        };
      }
      const unwrapped = this.#s3 && S3_UNWRAPPED.has(model.name);
      const [, only] = bindings.body[0]!;
      const root = unwrapped ? (elementName(only) ?? bindings.body[0]![0]) : rootName(this.#model, model, output);
      const write = unwrapped ? this.#writers.content(only) : this.#writers.structureContent(bindings.body);
      return (value, requestId) => {
        const source = structure(value);
        const { headers, status: code } = start(source, requestId);
        const inside = unwrapped ? (source[bindings.body[0]![0]] ?? undefined) : source;
        const text = inside === undefined ? "" : write(inside);
        return document(headers, code, text === "" ? `<${root}${this.#namespace}/>` : `<${root}${this.#namespace}>${text}</${root}>`);
      };
    }
    const [name, target] = payload;
    if (target.shape.eventstream === true) {
      const events = compileEventStream(this.#model, target, {
        contentType: "text/xml",
        document: (documentName, list) => {
          const write = this.#writers.structureContent(list);
          return (value) => `<${documentName} xmlns="">${write(value)}</${documentName}>`;
        },
      });
      return (value, requestId) => {
        const { headers, status: code } = start(structure(value), requestId);
        headers.push("Content-Type", "application/vnd.amazon.eventstream");
        return { status: code, headers, body: events(structure(value)[name] as AsyncIterable<unknown> | undefined) };
      };
    }
    if (target.shape.type === "blob" || target.shape.type === "string") {
      const fallback = target.shape.type === "blob" ? "binary/octet-stream" : "application/json";
      return (value, requestId) => {
        const { headers, status: code } = start(structure(value), requestId);
        const body = structure(value)[name];
        if (!hasHeader(headers, "content-type")) headers.push("Content-Type", fallback);
        if (body === undefined || body === null) return nothing(headers, code);
        if (typeof body !== "string" && !(body instanceof Uint8Array)) return { status: code, headers, body: body as Readable };
        if (hasHeader(headers, "content-length")) return { status: code, headers, body };
        return respond(code, headers, body);
      };
    }
    const write = this.#writers.element(elementName(target) ?? rootName(this.#model, model, target), target, this.#namespace);
    return (value, requestId) => {
      const { headers, status: code } = start(structure(value), requestId);
      const body = structure(value)[name];
      return body === undefined || body === null ? nothing(headers, code) : document(headers, code, write(body));
    };
  }

  encodeError(found: ResolvedError, error: AwsError, requestId: string): WireResponse {
    // A fault of ours in S3's words, which its clients retry.
    const resolved = this.#s3 && found.code === "InternalFailure" ? { ...found, code: "InternalError", message: "We encountered an internal error. Please try again." } : found;
    const headers = this.#requestHeaders(requestId);
    headers.push("Content-Type", this.#contentType);
    const extra = Object.entries(error.fields)
      .filter(([name, value]) => value !== undefined && value !== null && name.toLowerCase() !== "message")
      .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`).join("");
    const message = `<Message>${escapeXml(resolved.message)}</Message>`;
    const text = this.#s3
      ? `<Error><Code>${escapeXml(resolved.code)}</Code>${message}${extra}<RequestId>${escapeXml(requestId)}</RequestId><HostId>${hostId(requestId)}</HostId></Error>`
      : `<ErrorResponse${this.#namespace}><Error><Type>${resolved.sender ? "Sender" : "Receiver"}</Type><Code>${escapeXml(resolved.code)}</Code>${message}${extra}</Error><RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`;
    return respond(resolved.status, withHeaders(headers, error.headers), this.#declaration + text);
  }
}
