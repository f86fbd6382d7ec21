import { AwsError, serviceIndex, withHoistedHeaders } from "@cumulet/protocol";
import type { ServiceId } from "@cumulet/protocol";
import { bodyStream, readRequest } from "./body.ts";
import type { Call } from "./call.ts";
import { payloadBytes, payloadPlan, payloadStream } from "./payload.ts";

/** Bound of a body that is collected, bytes, where a service names none. */
const DEFAULT_BODY_LIMIT = 16 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/** Stage: which service, from method, target, host and headers alone. */
export function identifyService(call: Call): void | Promise<void> {
  const identity = call.runtime.identify(call.wireHead());
  if (identity.kind !== "form") {
    settle(call, identity);
    return undefined;
  }
  // An unsigned form: its service stands in its body.
  return readRequest(call.http!.request, DEFAULT_BODY_LIMIT).then((body) => {
    call.bytesIn = body.length;
    call.formBody = body;
    const again = call.runtime.identify(call.wireHead(), body.toString("latin1"));
    if (again.kind === "form") throw new AwsError("MissingAction", "Could not find an action in the request.", { status: 400 });
    settle(call, again);
  });
}

function settle(call: Call, identity: Exclude<ReturnType<Call["runtime"]["identify"]>, { kind: "form" }>): void {
  const { method, headers } = call.http!.request;
  if (identity.signature.kind !== "anonymous") call.signature = identity.signature;
  if (identity.kind === "unknown") {
    call.serviceName = identity.service === "" ? "unknown" : identity.service;
    call.operationName = identity.operation ?? "unknown";
    call.protocol = identity.protocol;
    call.jsonVersion = identity.jsonVersion;
    throw unknownService(call, identity.service, identity.operation);
  }
  call.serviceName = identity.service;
  const service = call.runtime.service(identity.service as ServiceId);
  if (service === undefined) {
    const { protocols, jsonVersion } = serviceIndex[identity.service as ServiceId];
    call.protocol = protocols[0];
    call.jsonVersion = jsonVersion;
    throw new AwsError("NotImplemented", `The service ${identity.service} is not part of Cumulet yet.`, { status: 501 });
  }
  call.service = service;
  call.bucketFromHost = identity.bucketFromHost;
  // A presigned URL carries headers in its query, which S3 reads as if they had been sent.
  const presigned = call.signature?.source === "query" && service.compiled.model.metadata.signingName === "s3";
  const sent = presigned ? withHoistedHeaders(headers, identity.query) : headers;
  call.wire = { method: method ?? "GET", path: identity.path, query: identity.query, headers: sent, body: NOTHING };
}

/** An API that AWS has, or nobody; not an S3 error for somebody else's call. */
function unknownService(call: Call, service: string, operation: string | undefined): AwsError {
  const what = operation === undefined ? service : `${service}.${operation}`;
  const message = service === ""
    ? `Cumulet cannot tell which service ${call.http!.request.method} ${call.http!.path} is for.`
    : `Cumulet does not know ${what}: the service is unknown or not part of this cloud.`;
  return call.protocol === "query"
    ? new AwsError("InvalidAction", message, { status: 400 })
    : new AwsError("UnknownOperationException", message, { status: call.protocol === "json" ? 400 : 404 });
}

/** Stage: a form of the query protocol is read before its operation can be known. */
export function readForm(call: Call): void | Promise<void> {
  const wire = call.wire!;
  if (call.formBody !== undefined) {
    wire.body = call.formBody;
    call.bodyRead = true;
    return undefined;
  }
  const type = wire.headers["content-type"];
  if (wire.method !== "POST" || type === undefined || !type.startsWith("application/x-www-form-urlencoded")) return undefined;
  if (!call.service!.compiled.model.metadata.protocols.includes("query")) return undefined;
  return readRequest(call.http!.request, limitOf(call)).then((body) => {
    wire.body = body;
    call.bytesIn = body.length;
    call.bodyRead = true;
  });
}

/** Stage: which operation, in which protocol. */
export function routeOperation(call: Call): void {
  const route = call.service!.compiled.route(call.wire!);
  call.route = route;
  call.protocol = route.protocol;
  call.operation = route.operation;
  call.operationName = route.operation.name;
  if (call.unsignedRefusal !== undefined && !open(route.operation.model)) throw call.unsignedRefusal;
}

/** Operations that AWS lets anybody call. */
function open(model: { authtype?: string; auth?: string[] }): boolean {
  return model.authtype === "none" || (model.auth?.includes("smithy.api#noAuth") ?? false);
}

/** Stage: all of a small body, or the stream of a large one, its transfer coding undone and its checksums checked on the way. */
export function readBody(call: Call): void | Promise<void> {
  if (call.bodyRead) return undefined;
  const wire = call.wire!;
  const { request } = call.http!;
  const length = request.headers["content-length"];
  const plan = payloadPlan(call);
  if (call.operation!.streamingInput) {
    call.bytesIn = Number(length ?? 0) || 0;
    const stream = plan === undefined ? bodyStream(request) : payloadStream(plan, bodyStream(request));
    if (stream instanceof Promise) return stream.then((ready) => void (wire.body = ready));
    wire.body = stream;
    return undefined;
  }
  if (length === "0" || (length === undefined && request.headers["transfer-encoding"] === undefined)) return undefined;
  return readRequest(request, limitOf(call)).then(async (body) => {
    call.bytesIn = body.length;
    wire.body = plan === undefined ? body : await payloadBytes(plan, body);
  });
}

/** Stage: from bytes to the operation's typed input. */
export function decodeInput(call: Call): void {
  call.input = call.operation!.decode(call.route!, call.wire!);
}

/** Stage: the model's constraints, in the service's own words. */
export function validateInput(call: Call): void {
  call.operation!.validate(call.input);
}

function limitOf(call: Call): number {
  return call.service!.definition.maxBodyBytes ?? DEFAULT_BODY_LIMIT;
}
