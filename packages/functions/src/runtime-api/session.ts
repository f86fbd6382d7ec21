import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import type { Clock, Ids } from "@cumulet/core";
import { RESPONSE_LIMIT, type FunctionFault, type Invocation, type RuntimeResponse } from "../invoke/invocation.ts";
import { Extensions } from "./extensions.ts";
import { readBody, refuse } from "./http.ts";
import { Telemetry, type TelemetryEvent } from "./telemetry.ts";

/** What happens in a sandbox, told to the environment that owns it. */
export interface SessionHooks {
  /** The runtime and every extension have asked for their first event: the init phase is over. */
  initialized(): void;
  /** `POST /runtime/init/error`, or an extension's init error: the sandbox is of no use. */
  initFailed(fault: FunctionFault): void;
  /** The runtime answered the invocation that is under way. */
  responded(requestId: string, response: RuntimeResponse): void;
  /** The runtime reported an error for the invocation that is under way. */
  failed(requestId: string, fault: FunctionFault): void;
  /** The runtime has finished with an invocation (it asked for the next one). */
  runtimeDone(): void;
  /** The runtime and all extensions have asked for the next event: the environment may be frozen. */
  idle(): void;
}

/** Names of the function for `extension/register`. */
export interface SessionIdentity {
  functionName: string;
  functionVersion: string;
  handler: string;
  accountId: string;
}

/** Where a runtime stands, in the words of Lambda's own error messages. */
type RuntimeState = "Started" | "Ready" | "Running" | "InvocationResponse" | "InvocationErrorResponse" | "InitError";

const RUNTIME = "/2018-06-01/runtime/";
const STREAMING = "streaming";
const INIT_ERROR_LIMIT = 262_144;

/**
 * The Runtime API of one sandbox: `2018-06-01` for its runtime, `2020-01-01` for its extensions, `2022-07-01` and
 * `2020-08-15` for their telemetry and logs. It knows the protocol; what an invocation means is the environment's business.
 */
export class Session {
  readonly extensions: Extensions;
  readonly telemetry: Telemetry;
  readonly #hooks: SessionHooks;
  #state: RuntimeState = "Started";
  #waiting: ServerResponse | undefined;
  #current: Invocation | undefined;
  #initialized = false;
  /** The answer's body is still being read. */
  #reading = false;
  /** A `next` that was pipelined behind the answer: it waits for the answer's last byte. */
  #deferred: { request: IncomingMessage; response: ServerResponse } | undefined;

  constructor(identity: SessionIdentity, ids: Ids, clock: Clock, hooks: SessionHooks) {
    this.#hooks = hooks;
    this.extensions = new Extensions(identity, ids, {
      ready: () => this.#settle(),
      initFailed: (fault) => hooks.initFailed(fault),
    });
    this.telemetry = new Telemetry(clock);
  }

  /** The invocation that the runtime is working on. */
  get current(): Invocation | undefined {
    return this.#current;
  }

  /** Hands an event to the runtime and to the extensions that asked for `INVOKE`. Only while idle. */
  invoke(invocation: Invocation): void {
    this.#current = invocation;
    this.extensions.invoke(invocation);
    this.#deliver();
  }

  /** The end of the sandbox: extensions that asked for it get `SHUTDOWN`. */
  shutdown(reason: "SPINDOWN" | "TIMEOUT" | "FAILURE", deadlineMs: number): void {
    this.extensions.shutdown(reason, deadlineMs);
  }

  /** Publishes a log line or a platform event to the extensions that subscribed. */
  publish(event: TelemetryEvent): void {
    this.telemetry.publish(event);
  }

  /** One request of the sandbox. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? "/";
    if (url.startsWith(RUNTIME)) this.#runtime(url.slice(RUNTIME.length), request, response);
    else if (url.startsWith("/2020-01-01/extension/")) this.extensions.handle(url.slice("/2020-01-01/extension/".length), request, response);
    else if (url.startsWith("/2022-07-01/telemetry") || url.startsWith("/2020-08-15/logs")) this.telemetry.handle(url, request, response, this.extensions);
    else notFound(request, response);
  }

  #runtime(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === "invocation/next" && request.method === "GET") return this.#next(request, response);
    if (request.method === "POST" && path.startsWith("invocation/")) {
      const end = path.indexOf("/", 11);
      const id = path.slice(11, end);
      const verb = path.slice(end + 1);
      if (verb === "response") return this.#response(id, request, response);
      if (verb === "error") return this.#error(id, request, response);
    }
    if (path === "init/error" && request.method === "POST") return this.#initError(request, response);
    notFound(request, response);
  }

  #next(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    if (this.#reading) {
      // Our own runtimes send `response` and `next` in one write, and the parser announces both before the body is read.
      this.#deferred = { request, response };
      return;
    }
    if (this.#waiting !== undefined && !this.#waiting.destroyed) {
      return refuse(response, 403, "InvalidStateTransition", "State transition from Ready to Ready failed for runtime. Error: State transition is not allowed");
    }
    if (this.#state === "Running") {
      // A runtime that skips its answer: AWS refuses, and the invocation goes on until it times out.
      return refuse(response, 403, "InvalidStateTransition", "State transition from Running to Ready failed for runtime. Error: State transition is not allowed");
    }
    const worked = this.#state === "InvocationResponse" || this.#state === "InvocationErrorResponse";
    this.#state = "Ready";
    this.#waiting = response;
    response.once("close", () => {
      if (this.#waiting === response) this.#waiting = undefined;
    });
    if (worked) {
      this.#current = undefined;
      this.#hooks.runtimeDone();
    }
    this.#settle();
  }

  /** Init is over, or an invocation is, once the runtime and every extension wait for their next event. */
  #settle(): void {
    if (this.#state !== "Ready" || this.#waiting === undefined) return;
    if (!this.extensions.waiting) return;
    if (!this.#initialized) {
      this.#initialized = true;
      this.extensions.closeRegistration();
      this.#hooks.initialized();
    } else if (this.#current === undefined) {
      this.#hooks.idle();
    }
    this.#deliver();
  }

  #deliver(): void {
    const invocation = this.#current;
    const response = this.#waiting;
    if (invocation === undefined || response === undefined || this.#state !== "Ready") return;
    this.#waiting = undefined;
    this.#state = "Running";
    const headers = [
      "Content-Type", "application/json",
      "Lambda-Runtime-Aws-Request-Id", invocation.requestId,
      "Lambda-Runtime-Deadline-Ms", String(invocation.deadlineMs),
      "Lambda-Runtime-Invoked-Function-Arn", invocation.invokedFunctionArn,
      "Lambda-Runtime-Trace-Id", invocation.traceHeader,
      // Platform time may be shifted against the sandbox's clock: our own runtimes count from here instead.
      "Cumulet-Remaining-Ms", String(invocation.remainingMs),
      "Content-Length", String(invocation.payload.length),
    ];
    if (invocation.clientContext !== undefined) headers.push("Lambda-Runtime-Client-Context", invocation.clientContext);
    if (invocation.cognitoIdentity !== undefined) headers.push("Lambda-Runtime-Cognito-Identity", invocation.cognitoIdentity);
    if (invocation.tenantId !== undefined) headers.push("Lambda-Runtime-Aws-Tenant-Id", invocation.tenantId);
    response.writeHead(200, headers);
    response.end(invocation.payload);
  }

  #response(id: string, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#expect(id, "InvocationResponse", request, response)) return;
    this.#state = "InvocationResponse";
    const contentType = request.headers["content-type"] ?? "application/json";
    if (request.headers["lambda-runtime-function-response-mode"]?.toString().toLowerCase() === STREAMING) {
      return this.#stream(id, contentType, request, response);
    }
    this.#reading = true;
    readBody(request, RESPONSE_LIMIT, (body) => {
      if (body === undefined) {
        refuse(response, 413, "RequestEntityTooLarge", `Exceeded maximum allowed payload size (${RESPONSE_LIMIT} bytes).`);
        this.#hooks.failed(id, responseTooLarge());
      } else {
        accept(response);
        this.#hooks.responded(id, { streamed: false, contentType, body });
      }
      this.#read();
    });
  }

  #stream(id: string, contentType: string, request: IncomingMessage, response: ServerResponse): void {
    const body = new PassThrough();
    let broken: FunctionFault | undefined;
    let bytes = 0;
    request.on("data", (chunk: Buffer) => (bytes += chunk.length));
    this.#reading = true;
    request.once("end", () => {
      broken = trailerFault(request);
      accept(response);
    });
    request.once("close", () => this.#read());
    // A reader that goes away must not stop the function: what is left is dropped.
    body.on("error", () => request.resume());
    body.once("close", () => request.resume());
    request.on("error", (error) => body.destroy(error));
    request.pipe(body);
    this.#hooks.responded(id, { streamed: true, contentType, body, bytes: () => bytes, fault: () => broken });
  }

  #error(id: string, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#expect(id, "InvocationErrorResponse", request, response)) return;
    this.#state = "InvocationErrorResponse";
    this.#reading = true;
    readBody(request, RESPONSE_LIMIT, (body) => {
      if (body === undefined) {
        refuse(response, 413, "RequestEntityTooLarge", `Exceeded maximum allowed payload size (${RESPONSE_LIMIT} bytes).`);
        this.#hooks.failed(id, responseTooLarge());
      } else {
        accept(response);
        this.#hooks.failed(id, { errorType: header(request, "lambda-runtime-function-error-type") ?? errorTypeOf(body), body });
      }
      this.#read();
    });
  }

  /** The answer is in: a `next` that came with it may go on. */
  #read(): void {
    this.#reading = false;
    const deferred = this.#deferred;
    this.#deferred = undefined;
    if (deferred !== undefined) this.#next(deferred.request, deferred.response);
  }

  #initError(request: IncomingMessage, response: ServerResponse): void {
    if (this.#initialized) {
      request.resume();
      return refuse(response, 403, "InvalidStateTransition", `State transition from ${this.#state} to InitError failed for runtime. Error: State transition is not allowed`);
    }
    this.#state = "InitError";
    readBody(request, INIT_ERROR_LIMIT, (body) => {
      accept(response);
      const payload = body ?? Buffer.from("{}");
      this.#hooks.initFailed({ errorType: header(request, "lambda-runtime-function-error-type") ?? errorTypeOf(payload), body: payload });
    });
  }

  /** Only the invocation under way may be answered, and only once: AWS's refusals otherwise. */
  #expect(id: string, to: "InvocationResponse" | "InvocationErrorResponse", request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#state === "Running" && this.#current?.requestId === id) return true;
    request.resume();
    if (this.#state === "Running") refuse(response, 400, "InvalidRequestID", "Invalid request ID");
    else refuse(response, 403, "InvalidStateTransition", `State transition from ${this.#state} to ${to} failed for runtime. Error: State transition is not allowed`);
    return false;
  }
}

const ACCEPTED = '{"status":"OK"}\n';

/** 202, as the Runtime API answers every answer that it takes. */
function accept(response: ServerResponse): void {
  response.writeHead(202, ["Content-Type", "application/json", "Content-Length", "16"]);
  response.end(ACCEPTED, "latin1");
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(404, ["Content-Type", "text/plain", "Content-Length", "19"]);
  response.end("404 page not found\n");
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Runtimes that do not send the header name the error in the payload. */
function errorTypeOf(body: Buffer): string {
  try {
    const parsed = JSON.parse(body.toString("utf8")) as { errorType?: unknown };
    return typeof parsed?.errorType === "string" ? parsed.errorType : "Runtime.Unknown";
  } catch {
    return "Runtime.Unknown";
  }
}

function responseTooLarge(): FunctionFault {
  const errorType = "Function.ResponseSizeTooLarge";
  return { errorType, body: Buffer.from(JSON.stringify({ errorType, errorMessage: `Response payload size exceeded maximum allowed payload size (${RESPONSE_LIMIT} bytes).` })) };
}

/** A streamed answer that breaks says so in trailers; the body of the error is base64. */
function trailerFault(request: IncomingMessage): FunctionFault | undefined {
  const errorType = request.trailers["lambda-runtime-function-error-type"];
  if (errorType === undefined) return undefined;
  const body = request.trailers["lambda-runtime-function-error-body"];
  return { errorType, body: body === undefined ? Buffer.from("{}") : Buffer.from(body, "base64") };
}
