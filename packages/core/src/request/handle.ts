import { AwsError } from "@cumulet/protocol";
import type { HttpView } from "../context.ts";
import { partitionOf } from "../storage/storage.ts";
import type { Call } from "./call.ts";
import { RequestContext, commitsOf } from "./request-context.ts";

const AsyncFunction = (async () => undefined).constructor;

/** Builds what the handler may know of the world. */
export function openContext(call: Call): void {
  const service = call.service!;
  const { store } = service.definition;
  call.names = call.runtime.storage.directory.session(store.name);
  call.context = new RequestContext(call.runtime, service, {
    account: call.account,
    region: store.scope === "global" ? globalRegion(call.region) : call.region,
    principal: call.principal,
    requestId: call.requestId,
    operation: call.operationName,
    trace: call.trace,
    signal: call.abort.signal,
    http: call.http === undefined ? undefined : viewOf(call),
    names: call.names,
    touched: call.touched,
  });
}

/** Runs the service's function. A synchronous one gets one transaction; see `Handler`. */
export function handle(call: Call): void | Promise<void> {
  const handler = call.service!.handler(call.operationName);
  if (handler === undefined) throw notImplemented(call);
  const context = call.context!;
  const output: unknown =
    handler instanceof AsyncFunction ? handler(context, call.input) : context.transaction(() => handler(context, call.input));
  if (output instanceof Promise) {
    return output.then((value) => {
      call.output = value;
    });
  }
  call.output = output;
  return undefined;
}

/** The answer leaves only when all that the request wrote is committed. */
export function commit(call: Call): void | Promise<void> {
  return commitsOf(call.touched, call.names);
}

/** An operation that the model has and we do not: said by name, never an empty success. */
function notImplemented(call: Call): AwsError {
  return new AwsError("NotImplemented", `The operation ${call.operationName} of ${call.serviceName} is not implemented by Cumulet.`, { status: 501 });
}

/** IAM, CloudFront and their like live once per partition; ARNs and stores say so. */
export function globalRegion(region: string): string {
  const partition = partitionOf(region);
  return partition === "aws" ? "us-east-1" : partition === "aws-cn" ? "cn-north-1" : "us-gov-west-1";
}

function viewOf(call: Call): HttpView {
  const { request, host, path, query, extraHeaders } = call.http!;
  const scheme = (request.socket as { encrypted?: boolean }).encrypted ? "https" : "http";
  return {
    method: request.method ?? "GET",
    path,
    query,
    headers: request.headers,
    get endpoint(): string {
      return request.headers.host === undefined ? call.runtime.config.endpoint : `${scheme}://${authorityOf(host, request.headers.host)}`;
    },
    get sourceIp(): string {
      return (request.socket.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/, "");
    },
    setHeader: (name, value) => void extraHeaders.push(name, value),
  };
}

/** The base domain and port that the caller used, without a bucket or an API id in front. */
function authorityOf(host: { base: string | undefined; port: number | undefined; aws: boolean }, received: string): string {
  if (host.base === undefined || host.aws) return received;
  const base = host.base.includes(":") ? `[${host.base}]` : host.base;
  return host.port === undefined ? base : `${base}:${host.port}`;
}
