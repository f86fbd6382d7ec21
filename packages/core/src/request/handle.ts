import type { IncomingHttpHeaders } from "node:http";
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
    get signal() {
      return call.signal;
    },
    http: call.http === undefined ? undefined : new RequestView(call),
    names: call.names,
    touched: call.touched,
    facts: () => call.accessFacts(),
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

/** What a handler sees of HTTP; read lazily, since most never look. */
class RequestView implements HttpView {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  get method(): string { return this.#call.http!.request.method ?? "GET"; }
  get path(): string { return this.#call.http!.path; }
  get query(): string { return this.#call.http!.query; }
  get headers(): IncomingHttpHeaders { return this.#call.http!.request.headers; }

  get endpoint(): string {
    const { request, host } = this.#call.http!;
    if (request.headers.host === undefined) return this.#call.runtime.config.endpoint;
    const scheme = (request.socket as { encrypted?: boolean }).encrypted ? "https" : "http";
    return `${scheme}://${authorityOf(host, request.headers.host)}`;
  }

  get sourceIp(): string {
    return (this.#call.http!.request.socket.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/, "");
  }

  setHeader(name: string, value: string): void {
    const { extraHeaders } = this.#call.http!;
    const lower = name.toLowerCase();
    const at = extraHeaders.findIndex((one, i) => i % 2 === 0 && one.toLowerCase() === lower);
    if (at < 0) extraHeaders.push(name, value);
    else extraHeaders[at + 1] = value;
  }
}

/** The base domain and port that the caller used, without a bucket or an API id in front. */
function authorityOf(host: { base: string | undefined; port: number | undefined; aws: boolean }, received: string): string {
  if (host.base === undefined || host.aws) return received;
  const base = host.base.includes(":") ? `[${host.base}]` : host.base;
  return host.port === undefined ? base : `${base}:${host.port}`;
}
