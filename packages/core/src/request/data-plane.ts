import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { AwsError } from "@cumulet/protocol";
import type { ParsedHost } from "@cumulet/protocol";
import { traceOf } from "../observe/tracer.ts";
import type { LoadedService, Runtime } from "../runtime.ts";
import type { Address, Claim, DataPlane } from "../service.ts";
import { Call, type HttpSide } from "./call.ts";
import { anonymousPrincipal } from "./credentials.ts";
import { openContext } from "./handle.ts";
import { observe } from "./observe.ts";
import { internalFailure } from "../pipeline.ts";

interface Plane {
  service: LoadedService;
  plane: DataPlane<unknown, never>;
}

/** Finds and runs data planes: traffic that is not an AWS API call. */
export class DataPlaneRunner {
  readonly #runtime: Runtime;
  readonly #planes: readonly Plane[];
  /** Sockets that HTTP gave away. */
  readonly #upgraded = new Set<Duplex>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#planes = [...runtime.services.values()].flatMap((service) =>
      ((service.definition.dataPlanes ?? []) as DataPlane<unknown, never>[]).map((plane) => ({ service, plane })));
  }

  /** True when a plane took the request. */
  async handle(side: HttpSide): Promise<boolean> {
    const { request, response } = side;
    // An RPC call to one of our plain endpoints is never a plane's: the hot path asks nobody.
    if (request.headers["x-amz-target"] !== undefined && side.host.labels.length === 0) return false;
    const address = addressOf(request, side.host, side.path, side.query);
    const found = this.#find(address);
    if (found === undefined) return false;
    const call = this.#call(found, side);
    try {
      await found.plane.handle(call.context!, { request, response, address }, found.claim.match as never);
      await call.context!.committed();
    } catch (failure) {
      const error = failure instanceof AwsError ? failure : internalFailure(call, failure);
      call.error = error;
      if (!response.headersSent && !response.destroyed) {
        const body = JSON.stringify({ message: error.message });
        response.writeHead(error.status ?? 500, ["Content-Type", "application/json", "Content-Length", String(Buffer.byteLength(body)), "x-amzn-RequestId", call.requestId]);
        response.end(body);
      } else response.destroy();
    }
    call.answer = { status: response.statusCode, headers: [], body: undefined };
    const length = Number(response.getHeader("content-length") ?? 0);
    call.bytesOut = Number.isFinite(length) ? length : 0;
    nameRoute(call);
    observe(call);
    return true;
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, host: ParsedHost, path: string, query: string): Promise<void> {
    const address = addressOf(request, host, path, query);
    const found = this.#find(address);
    if (found?.plane.upgrade === undefined) {
      refuse(socket, 404);
      return;
    }
    const call = this.#call(found, { request, response: undefined as never, host, path, query, extraHeaders: [] });
    this.#upgraded.add(socket);
    socket.once("close", () => {
      this.#upgraded.delete(socket);
      call.abort(new Error("The connection closed."));
    });
    try {
      await found.plane.upgrade(call.context!, { request, socket, head, address }, found.claim.match as never);
    } catch (failure) {
      call.error = failure instanceof AwsError ? failure : internalFailure(call, failure);
      refuse(socket, call.error.status ?? 500);
    }
    call.answer = { status: call.error === undefined ? 101 : (call.error.status ?? 500), headers: [], body: undefined };
    nameRoute(call);
    observe(call);
  }

  /** Ends what HTTP servers no longer know of, and would wait for when they close. */
  hangUp(): void {
    for (const socket of this.#upgraded) socket.destroy();
  }

  #find(address: Address): (Plane & { claim: Claim }) | undefined {
    for (const { service, plane } of this.#planes) {
      const claim = plane.claim(address, this.#runtime.storage.directory.session(service.definition.store.name));
      if (claim !== undefined) return { service, plane, claim };
    }
    return undefined;
  }

  #call(found: Plane & { claim: Claim }, side: HttpSide): Call {
    const runtime = this.#runtime;
    const call = new Call(runtime, runtime.ids.uuid(), traceOf(side.request.headers, runtime.spans), side);
    call.service = found.service;
    call.serviceName = found.plane.name;
    call.operationName = side.request.method ?? "GET";
    call.account = found.claim.account;
    call.region = found.claim.region;
    call.principal = anonymousPrincipal(found.claim.account);
    call.bytesIn = Number(side.request.headers["content-length"] ?? 0) || 0;
    openContext(call);
    return call;
  }
}

/** A plane knows the route only when it has handled the request. */
function nameRoute(call: Call): void {
  const { route } = call.notes;
  if (typeof route === "string") call.operationName = route;
}

function addressOf(request: IncomingMessage, host: ParsedHost, path: string, query: string): Address {
  return {
    method: request.method ?? "GET",
    host: host.host,
    labels: host.base === undefined ? undefined : host.labels,
    service: host.service,
    resource: host.resource,
    region: host.region,
    path,
    query,
    headers: request.headers,
  };
}

function refuse(socket: Duplex, status: number): void {
  if (socket.destroyed) return;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
