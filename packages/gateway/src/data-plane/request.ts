import type { IncomingMessage } from "node:http";
import { parseQuery } from "../domain/http-message.ts";
import type { GatewayRequest, HeaderList } from "../domain/http-message.ts";

/** AWS's quota on the payload of REST and HTTP APIs. */
export const MAX_PAYLOAD = 10 * 1024 * 1024;

/** The body was larger than the quota. */
export class PayloadTooLarge extends Error {}
/** The client went away before its body was complete. */
export class ClientGone extends Error {}

/** Reads a body up to a limit: what is larger is refused without being kept. */
export function readBody(request: IncomingMessage, limit = MAX_PAYLOAD): Promise<Buffer> {
  const declared = Number(request.headers["content-length"] ?? "0");
  if (declared > limit) return Promise.reject(new PayloadTooLarge());
  if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined) return Promise.resolve(EMPTY);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (finish: () => void): void => {
      request.off("data", data).off("end", end).off("error", gone).off("aborted", gone).off("close", gone);
      finish();
    };
    const data = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) done(() => reject(new PayloadTooLarge()));
      else chunks.push(chunk);
    };
    const end = (): void => done(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    const gone = (): void => done(() => reject(new ClientGone()));
    request.on("data", data).on("end", end).on("error", gone).on("aborted", gone).on("close", gone);
  });
}

const EMPTY = Buffer.alloc(0);

/** Headers that end at the gateway: they speak of the connection to it. */
const CONNECTION_HEADERS = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "trailer", "http2-settings", "expect"]);

/** Headers as received, pair by pair, without those of the connection. */
export function headerPairs(raw: readonly string[]): HeaderList {
  const pairs: HeaderList = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!;
    if (!CONNECTION_HEADERS.has(name.toLowerCase())) pairs.push([name, raw[i + 1]!]);
  }
  return pairs;
}

export interface RequestParts {
  /** Path below the stage. */
  path: string;
  /** Path with the stage, as the API's own address would have it. */
  fullPath: string;
  /** Where it differs from `path`. */
  eventPath?: string;
  host: string;
  rawQuery: string;
  startedMs: number;
}

/** The request as the gateway works with it. */
export function gatewayRequest(request: IncomingMessage, parts: RequestParts, body: Buffer): GatewayRequest {
  return {
    method: request.method ?? "GET",
    path: parts.path,
    fullPath: parts.fullPath,
    eventPath: parts.eventPath ?? parts.path,
    rawQuery: parts.rawQuery,
    query: parseQuery(parts.rawQuery),
    headers: headerPairs(request.rawHeaders),
    body,
    host: parts.host,
    protocol: `HTTP/${request.httpVersion}`,
    sourceIp: sourceIp(request),
    startedMs: parts.startedMs,
  };
}

/** The address of the connection; IPv4 in its own form when it came over IPv6. */
export function sourceIp(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? "127.0.0.1";
  return address.startsWith("::ffff:") ? address.slice(7) : address === "::1" ? "127.0.0.1" : address;
}

/** Adds what the gateway tells every integration: where the client is and how it came. */
export function withForwarded(headers: HeaderList, request: IncomingMessage, ip: string, trace: string, lower: boolean): HeaderList {
  const result: HeaderList = [];
  let forwarded = ip;
  let traced = false;
  for (const pair of headers) {
    const name = pair[0].toLowerCase();
    if (name === "x-forwarded-for") forwarded = `${pair[1]}, ${ip}`;
    else if (name === "x-forwarded-port" || name === "x-forwarded-proto") continue;
    else {
      if (name === "x-amzn-trace-id") traced = true;
      result.push(pair);
    }
  }
  const encrypted = (request.socket as { encrypted?: boolean }).encrypted === true;
  const add = (name: string, value: string): void => void result.push([lower ? name.toLowerCase() : name, value]);
  if (!traced) add("X-Amzn-Trace-Id", trace);
  add("X-Forwarded-For", forwarded);
  add("X-Forwarded-Port", String(request.socket.localPort ?? (encrypted ? 443 : 80)));
  add("X-Forwarded-Proto", encrypted ? "https" : "http");
  return result;
}
