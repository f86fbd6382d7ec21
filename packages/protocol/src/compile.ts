/** A service model made runnable: requests to typed inputs, typed outputs and errors to responses. */
import { gunzipSync } from "node:zlib";
import { AwsError } from "./error.ts";
import { ErrorShapes, malformedInput, serializationError } from "./errors.ts";
import type { WireRequest, WireResponse } from "./http.ts";
import type { OperationModel, ProtocolName, ServiceModel } from "./model.ts";
import { CborProtocol } from "./protocols/cbor.ts";
import { JsonProtocol } from "./protocols/json.ts";
import type { OperationCodec, ProtocolCodec, RouteFacts } from "./protocols/protocol.ts";
import { QueryProtocol } from "./protocols/query.ts";
import { RestJsonProtocol } from "./protocols/rest-json.ts";
import { RestXmlProtocol } from "./protocols/rest-xml.ts";
import { PathError, RestRouter } from "./route.ts";
import { forEachParameter, parseForm } from "./shapes/form.ts";
import type { FormNode } from "./shapes/form.ts";
import { bytes } from "./shapes/scalars.ts";
import { eventStreamMember, isStreaming, payloadMember, resolve } from "./shapes/traits.ts";
import { Validators } from "./validate.ts";

/** What a request turned out to be for. */
export interface Route extends RouteFacts {
  operation: CompiledOperation;
}

/** One operation, compiled on first use. */
export interface CompiledOperation {
  readonly name: string;
  readonly model: OperationModel;
  /** The request body stays a Readable. */
  readonly streamingInput: boolean;
  /** The response body may be a Readable, or is an event stream. */
  readonly streamingOutput: boolean;
  /** Reads the typed input: timestamps are milliseconds, blobs Uint8Array. Malformed bytes are an AwsError. */
  decode(route: Route, request: WireRequest): unknown;
  /** Throws AwsError, in the service's words, when the input violates a constraint of the model. */
  validate(input: unknown): void;
  /** Writes the typed output. */
  encode(protocol: ProtocolName, output: unknown, requestId: string): WireResponse;
}

/** One service, compiled. */
export interface CompiledService {
  readonly id: string;
  readonly model: ServiceModel;
  operation(name: string): CompiledOperation | undefined;
  /**
   * Which operation a request is for, and in which protocol. A POST with a form body must have been read into bytes
   * (`Action` may be in it). Throws the protocol's own unknown-operation AwsError.
   */
  route(request: WireRequest): Route;
  /** The protocol a request is in, decided from headers alone, for errors that come before routing. */
  protocol(request: WireRequest): ProtocolName;
  encodeError(error: AwsError, protocol: ProtocolName, requestId: string, request?: { method: string }): WireResponse;
}

const PROTOCOLS: Record<ProtocolName, new (model: ServiceModel) => ProtocolCodec> = {
  json: JsonProtocol,
  "rest-json": RestJsonProtocol,
  "rest-xml": RestXmlProtocol,
  query: QueryProtocol,
  "smithy-rpc-v2-cbor": CborProtocol,
};

/** Bound on a gzip request body (`requestcompression`), after expansion. */
const MAX_EXPANDED = 16 * 1024 * 1024;

const NO_LABELS: Record<string, string> = Object.freeze({});
const NO_QUERY: Map<string, string[]> = new Map();

class Operation implements CompiledOperation {
  readonly name: string;
  readonly model: OperationModel;
  readonly streamingInput: boolean;
  readonly streamingOutput: boolean;
  readonly #service: Service;
  readonly #codecs: Partial<Record<ProtocolName, OperationCodec>> = {};
  #validate: ((input: unknown) => void) | undefined;

  constructor(service: Service, model: OperationModel) {
    this.#service = service;
    this.name = model.name;
    this.model = model;
    const shape = (ref: OperationModel["input"]) => (ref === undefined ? undefined : resolve(service.model, ref).shape);
    const input = payloadMember(service.model, shape(model.input));
    const output = payloadMember(service.model, shape(model.output));
    this.streamingInput = input !== undefined && isStreaming(input[1]);
    this.streamingOutput = (output !== undefined && isStreaming(output[1])) || eventStreamMember(service.model, shape(model.output)) !== undefined;
  }

  #codec(protocol: ProtocolName): OperationCodec {
    return (this.#codecs[protocol] ??= this.#service.codec(protocol).operation(this.model));
  }

  decode(route: Route, request: WireRequest): unknown {
    const codec = this.#codec(route.protocol);
    try {
      return codec.decode(route, this.model.requestcompression === undefined ? request : expand(request));
    } catch (error) {
      // Only a value nested thousands deep runs out of stack here: the readers recurse as the shapes do.
      if (error instanceof RangeError) throw serializationError("The request is nested too deeply");
      throw error;
    }
  }

  validate(input: unknown): void {
    this.#validate ??= this.#service.validators.compile(this.model);
    this.#validate(input);
  }

  encode(protocol: ProtocolName, output: unknown, requestId: string): WireResponse {
    return this.#codec(protocol).encode(output, requestId);
  }
}

/** Undoes the compression that clients may apply to large requests of some operations. */
function expand(request: WireRequest): WireRequest {
  if (request.headers["content-encoding"] !== "gzip" || !(request.body instanceof Uint8Array)) return request;
  try {
    return { ...request, body: gunzipSync(request.body, { maxOutputLength: MAX_EXPANDED }) };
  } catch {
    throw malformedInput("The compressed request body cannot be read");
  }
}

class Service implements CompiledService {
  readonly id: string;
  readonly model: ServiceModel;
  readonly validators: Validators;
  readonly #operations = new Map<string, Operation>();
  readonly #codecs: Partial<Record<ProtocolName, ProtocolCodec>> = {};
  readonly #rest: ProtocolName | undefined;
  #router: RestRouter | undefined;
  #errors: ErrorShapes | undefined;

  constructor(model: ServiceModel) {
    this.id = model.id;
    this.model = model;
    this.validators = new Validators(model);
    this.#rest = model.metadata.protocols.find((name) => name === "rest-json" || name === "rest-xml");
  }

  operation(name: string): Operation | undefined {
    const known = this.#operations.get(name);
    if (known !== undefined || !Object.hasOwn(this.model.operations, name)) return known;
    const operation = new Operation(this, this.model.operations[name]!);
    this.#operations.set(name, operation);
    return operation;
  }

  codec(protocol: ProtocolName): ProtocolCodec {
    return (this.#codecs[protocol] ??= new PROTOCOLS[protocol](this.model));
  }

  #speaks(protocol: ProtocolName): boolean {
    return this.model.metadata.protocols.includes(protocol);
  }

  protocol(request: WireRequest): ProtocolName {
    if (this.#rest !== undefined) return this.#rest;
    const { headers } = request;
    if (headers["smithy-protocol"] === "rpc-v2-cbor" && this.#speaks("smithy-rpc-v2-cbor")) return "smithy-rpc-v2-cbor";
    if (headers["x-amz-target"] !== undefined && this.#speaks("json")) return "json";
    const type = headers["content-type"] ?? "";
    if (this.#speaks("query") && (!this.#speaks("json") || !type.includes("json"))) return "query";
    return this.#speaks("json") ? "json" : this.model.metadata.protocols[0]!;
  }

  route(request: WireRequest): Route {
    const protocol = this.protocol(request);
    switch (protocol) {
      case "rest-json": case "rest-xml": return this.#routeRest(protocol, request);
      case "json": return this.#routeJson(request);
      case "query": return this.#routeQuery(request);
      case "smithy-rpc-v2-cbor": return this.#routeCbor(request);
    }
  }

  #routeJson(request: WireRequest): Route {
    const target = String(request.headers["x-amz-target"] ?? "");
    const dot = target.lastIndexOf(".");
    const given = target.slice(0, dot);
    const prefix = this.model.metadata.targetPrefix ?? "";
    // CloudTrail's name comes with its package from some SDKs and without from others; AWS takes both.
    const known = given === prefix || given === prefix.slice(prefix.lastIndexOf(".") + 1);
    const operation = dot > 0 && known ? this.operation(target.slice(dot + 1)) : undefined;
    if (operation === undefined) throw new AwsError("UnknownOperationException", "", { status: 400 });
    return { operation, protocol: "json", labels: NO_LABELS, query: NO_QUERY, form: undefined };
  }

  #routeCbor(request: WireRequest): Route {
    const match = /\/service\/([^/]+)\/operation\/([^/]+)\/?$/.exec(request.path);
    const operation = match === null ? undefined : this.operation(match[2]!);
    if (operation === undefined) throw new AwsError("UnknownOperationException", "", { status: 404 });
    return { operation, protocol: "smithy-rpc-v2-cbor", labels: NO_LABELS, query: NO_QUERY, form: undefined };
  }

  #routeQuery(request: WireRequest): Route {
    const body = request.body instanceof Uint8Array ? bytes(request.body).toString("utf8") : "";
    const form = parseForm(request.query, body);
    const action = form.children?.get("Action")?.value;
    if (action === undefined) {
      throw new AwsError("MissingAction", "Missing Action", { status: 400 });
    }
    const operation = this.operation(action);
    const version = form.children?.get("Version")?.value;
    if (operation === undefined) {
      throw new AwsError("InvalidAction", `Could not find operation ${action} for version ${version ?? "NO_VERSION_SPECIFIED"}`, { status: 400 });
    }
    if (this.id === "sqs") addressQueue(form, request.path);
    return { operation, protocol: "query", labels: NO_LABELS, query: NO_QUERY, form };
  }

  #routeRest(protocol: ProtocolName, request: WireRequest): Route {
    const query = new Map<string, string[]>();
    try {
      forEachParameter(request.query, (name, value) => {
        const values = query.get(name);
        if (values === undefined) query.set(name, [value]);
        else values.push(value);
      });
      this.#router ??= new RestRouter(this.model);
      const match = this.#router.match(request.method, request.path, query, request.headers);
      if (match !== undefined) {
        return { operation: this.operation(match.operation.name)!, protocol, labels: match.labels, query, form: undefined };
      }
    } catch (error) {
      if (!(error instanceof PathError) && !(error instanceof AwsError)) throw error;
      throw this.id === "s3" ? new AwsError("InvalidURI", "Couldn't parse the specified URI.", { status: 400 }) : serializationError("The request URI cannot be read");
    }
    throw this.#unknownRest(request);
  }

  #unknownRest(request: WireRequest): AwsError {
    if (this.id === "s3") {
      return new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", {
        status: 405, fields: { Method: request.method, ResourceType: /^\/?$/.test(request.path) ? "SERVICE" : /^\/[^/]+\/?$/.test(request.path) ? "BUCKET" : "OBJECT" },
      });
    }
    // API Gateway's own control plane answers as its APIs do: a path it does not know looks like a missing token.
    if (this.id === "apigateway" || this.id === "apigatewayv2") {
      return new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", { status: 403 });
    }
    return new AwsError("UnknownOperationException", "", { status: 404 });
  }

  encodeError(error: AwsError, protocol: ProtocolName, requestId: string, request?: { method: string }): WireResponse {
    this.#errors ??= new ErrorShapes(this.model);
    const response = this.codec(protocol).encodeError(this.#errors.resolve(error), error, requestId);
    // An answer to HEAD has no body: the status is all that the caller learns.
    if (request?.method === "HEAD") return { ...response, headers: withoutBodyHeaders(response.headers), body: undefined };
    return response;
  }
}

/** SQS's query protocol is spoken to the queue's own URL: what the path names is the queue, unless a parameter does. */
function addressQueue(form: FormNode, path: string): void {
  if (path === "/" || path === "" || form.children!.has("QueueUrl")) return;
  form.children!.set("QueueUrl", { value: path, children: undefined });
}

function withoutBodyHeaders(headers: string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== "Content-Length") kept.push(headers[index]!, headers[index + 1]!);
  }
  return kept;
}

/** Compiles a service model. Cheap: routes, codecs and validators are each built when first needed, then kept. */
export function compileService(model: ServiceModel): CompiledService {
  return new Service(model);
}
