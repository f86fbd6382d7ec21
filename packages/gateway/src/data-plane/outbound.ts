import http from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import { lookup } from "node:dns";
import type { HeaderList } from "../domain/http-message.ts";

/** A call that brought no response. */
export class OutboundFailure extends Error {
  readonly kind: "timeout" | "unreachable" | "too-large" | "invalid";

  constructor(kind: OutboundFailure["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface OutboundRequest {
  method: string;
  url: URL;
  headers: HeaderList;
  body: Buffer | string;
  /** Leaves the certificate of the other side unchecked (`tlsConfig.insecureSkipVerification`). */
  insecure?: boolean;
  /** Name that the other side's certificate must bear in place of the host. */
  serverName?: string | undefined;
  /** A client certificate (PEM) for backends that check who calls. */
  clientCertificate?: { cert: string; key: string } | undefined;
  signal: AbortSignal;
}

export interface OutboundResponse {
  status: number;
  headers: HeaderList;
  body: Buffer;
}

/** `*.localhost` is this machine, whatever the resolver thinks of it. */
const resolve: LookupFunction = (host, options, done) => {
  if (host === "localhost" || host.endsWith(".localhost")) {
    if (options.all === true) return done(null, [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }]);
    return done(null, "127.0.0.1", 4);
  }
  lookup(host, options, done as never);
};

const agentOptions = { keepAlive: true, maxSockets: 256, maxFreeSockets: 64, scheduling: "lifo" as const, lookup: resolve, autoSelectFamily: true };
const plain = new http.Agent(agentOptions);
const secure = new https.Agent(agentOptions);

/** AWS's limit on what an integration may answer. */
const MAX_RESPONSE = 10 * 1024 * 1024;

const HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection", "content-length", "host"]);

/** Sends one request over a kept connection and reads the answer, up to 10 MB. Throws `OutboundFailure`. */
export function outbound(request: OutboundRequest): Promise<OutboundResponse> {
  const { url, method, body, signal } = request;
  if (url.protocol !== "http:" && url.protocol !== "https:") return Promise.reject(new OutboundFailure("invalid", `Invalid endpoint address: ${url.protocol}`));
  const flat: string[] = ["Host", url.host];
  for (const [name, value] of request.headers) if (!HOP.has(name.toLowerCase())) flat.push(name, value);
  const size = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  if (size > 0 || (method !== "GET" && method !== "HEAD" && method !== "OPTIONS" && method !== "DELETE")) flat.push("Content-Length", String(size));

  return new Promise((resolvePromise, reject) => {
    const options: https.RequestOptions = { method, headers: flat, signal, agent: url.protocol === "https:" ? secure : plain };
    if (request.insecure === true) options.rejectUnauthorized = false;
    if (request.serverName !== undefined) options.servername = request.serverName;
    if (request.clientCertificate !== undefined) Object.assign(options, request.clientCertificate);
    let outgoing: http.ClientRequest;
    try {
      outgoing = (url.protocol === "https:" ? https : http).request(url, options);
    } catch (error) {
      reject(new OutboundFailure("invalid", (error as Error).message));
      return;
    }
    const fail = (error: Error): void => reject(signal.aborted ? new OutboundFailure("timeout", "Network error communicating with endpoint") : new OutboundFailure("unreachable", error.message));
    outgoing.on("error", fail);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      let total = 0;
      incoming.on("data", (chunk: Buffer) => {
        total += chunk.length;
        if (total > MAX_RESPONSE) {
          outgoing.destroy();
          reject(new OutboundFailure("too-large", "Integration response is larger than 10485760 bytes"));
        } else chunks.push(chunk);
      });
      incoming.on("error", fail);
      incoming.on("end", () => {
        const headers: HeaderList = [];
        for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) headers.push([incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!]);
        resolvePromise({ status: incoming.statusCode ?? 502, headers, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
      });
    });
    outgoing.end(body);
  });
}
