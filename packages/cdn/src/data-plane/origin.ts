import { Agent, type Dispatcher } from "undici";
import type { OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { HeaderList } from "../domain/headers.ts";

/** A request to an origin, ready to leave. */
export interface OriginRequest {
  method: string;
  /** `http://host:port` to connect to. */
  authority: string;
  /** Path and query. */
  target: string;
  /** Flat; `Host` included. */
  headers: string[];
  body: Readable | Buffer | undefined;
  /** Seconds. */
  connectTimeout: number;
  connectAttempts: number;
  readTimeout: number;
  signal: AbortSignal | undefined;
  /** Interim answers (1xx), names in lower case. */
  onInformation(status: number, headers: OutgoingHttpHeaders): void;
}

/** An origin's answer: its head, and its body to be read. */
export interface OriginResponse {
  status: number;
  headers: HeaderList;
  body: Readable;
}

/** Why an origin gave no answer; CloudFront's own status for it. */
export class OriginFailure extends Error {
  override name = "OriginFailure";
  readonly status: 502 | 504;

  constructor(status: 502 | 504, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Errors that happen before anything was sent, so that another attempt cannot do harm. */
const BEFORE_SENDING: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
const TIMEOUTS: ReadonlySet<string> = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);

/** Connections to origins, kept alive and shared by all edges of a platform. */
export class Origins {
  readonly #agents = new Map<number, Agent>();

  /** @throws OriginFailure when no head of an answer came. */
  async fetch(request: OriginRequest): Promise<OriginResponse> {
    const agent = this.#agent(request.connectTimeout);
    for (let attempt = 1; ; attempt++) {
      try {
        const { statusCode, headers, body } = await agent.request({
          origin: request.authority,
          path: request.target,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers,
          body: request.body ?? null,
          headersTimeout: request.readTimeout * 1000,
          bodyTimeout: request.readTimeout * 1000,
          responseHeaders: "raw",
          onInfo: ({ statusCode: status, headers: fields }) => request.onInformation(status, objectOf(fields as unknown as string[])),
          ...(request.signal === undefined ? {} : { signal: request.signal }),
        });
        // A body that is given up emits an error; whoever reads it sees it all the same.
        body.on("error", () => undefined);
        return { status: statusCode, headers: headers as unknown as HeaderList, body };
      } catch (error) {
        const code = (error as { code?: string }).code ?? "";
        if (request.signal?.aborted !== true && attempt < request.connectAttempts && BEFORE_SENDING.has(code) && !isStream(request.body)) continue;
        throw new OriginFailure(TIMEOUTS.has(code) ? 504 : 502, `The origin ${request.authority} did not answer: ${(error as Error).message}`, error);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
    this.#agents.clear();
  }

  #agent(connectTimeout: number): Agent {
    let agent = this.#agents.get(connectTimeout);
    if (agent === undefined) {
      agent = new Agent({ connect: { timeout: connectTimeout * 1000 }, keepAliveTimeout: 5_000, maxHeaderSize: 64 * 1024, pipelining: 1, connections: 256 });
      this.#agents.set(connectTimeout, agent);
    }
    return agent;
  }
}

function isStream(body: OriginRequest["body"]): boolean {
  return body !== undefined && !Buffer.isBuffer(body);
}

/** A flat list as an object, names in lower case, repeated fields as lists. */
function objectOf(list: readonly string[]): OutgoingHttpHeaders {
  const fields: { [name: string]: string | string[] } = {};
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase();
    const before = fields[name];
    fields[name] = before === undefined ? list[i + 1]! : [...(Array.isArray(before) ? before : [before]), list[i + 1]!];
  }
  return fields;
}
