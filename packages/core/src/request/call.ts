import type { IncomingMessage, ServerResponse } from "node:http";
import type { AwsError, CompiledOperation, ParsedHost, ProtocolName, RequestSignature, Route, WireRequest, WireResponse } from "@cumulet/protocol";
import type { Principal } from "../context.ts";
import type { Trace } from "../observe/trace.ts";
import type { LoadedService, Runtime } from "../runtime.ts";
import type { NamesSession } from "../storage/names.ts";
import type { AccessFacts } from "./access.ts";
import type { Credential } from "./credentials.ts";
import type { RequestContext, Touched } from "./request-context.ts";

/** The HTTP side of a request under way. */
export interface HttpSide {
  request: IncomingMessage;
  response: ServerResponse;
  host: ParsedHost;
  /** Path and query as received, which signatures cover. */
  path: string;
  query: string;
  /** Headers that the answer gets beside the modelled ones: CORS, `setHeader`. Flat. */
  extraHeaders: string[];
}

/**
 * A request under way. Stages of the pipeline fill it from top to bottom; nothing reads a part before the stage that
 * sets it.
 */
export class Call {
  readonly runtime: Runtime;
  readonly requestId: string;
  readonly trace: Trace;
  readonly startedMs: number;
  readonly startedAt: number;
  /** Undefined for a call in process. */
  readonly http: HttpSide | undefined;
  #abort: AbortController | undefined;
  #abortReason: unknown;

  /** The body of an unsigned form, read early because it names the service. */
  formBody: Buffer | undefined;
  /** What an unsigned call gets under enforcement, unless its operation is open to anybody. */
  unsignedRefusal: AwsError | undefined;
  /** The access key that signed, resolved. */
  credential: Credential | undefined;
  /** S3: the bucket that the host named. */
  bucketFromHost: string | undefined;
  signature: RequestSignature | undefined;
  principal!: Principal;
  account!: string;
  region!: string;
  /** The resource on whose behalf a service calls. */
  sourceArn: string | undefined;

  service: LoadedService | undefined;
  /** A service that is named but not here. */
  serviceName = "unknown";
  wire: WireRequest | undefined;
  bodyRead = false;
  route: Route | undefined;
  protocol: ProtocolName | undefined;
  jsonVersion: "1.0" | "1.1" | undefined;
  operation: CompiledOperation | undefined;
  operationName = "unknown";
  context: RequestContext<unknown> | undefined;

  input: unknown;
  output: unknown;
  error: AwsError | undefined;
  answer: WireResponse | undefined;
  /** True once the answer needs no more stages (a preflight, say). */
  done = false;
  /** A web page of another site is behind the request. */
  foreignPage = false;
  /** The directory of names, remembering what this request claimed; set with the context. */
  names: NamesSession | undefined;
  /** Every scope that the request opened: its answer waits for their commits. */
  readonly touched: Touched[] = [];
  bytesIn = 0;
  bytesOut = 0;
  notes: { [key: string]: unknown } = {};

  constructor(runtime: Runtime, requestId: string, trace: Trace, http: HttpSide | undefined) {
    this.runtime = runtime;
    this.requestId = requestId;
    this.trace = trace;
    this.http = http;
    this.startedMs = runtime.clock.now();
    this.startedAt = performance.now();
  }

  /** Aborted when the client goes away or the caller gives up. Made on first use: most requests never look. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = (this.#abort = new AbortController());
      const response = this.http?.response;
      if (this.#abortReason !== undefined || response?.destroyed === true) abort.abort(this.#abortReason ?? new Error("The client went away."));
      else {
        response?.once("close", () => {
          if (!response.writableFinished) abort.abort(new Error("The client went away."));
        });
      }
    }
    return this.#abort.signal;
  }

  /** Gives the request up. */
  abort(reason: unknown): void {
    this.#abortReason = reason ?? new Error("The caller gave up.");
    this.#abort?.abort(this.#abortReason);
  }

  /** Who asks and from where, as policies see it. */
  accessFacts(): AccessFacts {
    const { http } = this;
    return {
      principal: this.principal,
      region: this.region,
      http: http === undefined ? undefined : {
        headers: http.request.headers,
        sourceIp: (http.request.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
        secure: (http.request.socket as { encrypted?: boolean }).encrypted === true,
      },
      sourceArn: this.sourceArn,
      notes: this.notes,
    };
  }

  /** What identification and signatures look at: the head as received. */
  wireHead(): Omit<WireRequest, "body"> {
    const { request, path, query } = this.http!;
    return { method: request.method ?? "GET", path, query, headers: request.headers };
  }
}
