import type { IncomingMessage, ServerResponse } from "node:http";
import type { Ids } from "@cumulet/core";
import type { FunctionFault, Invocation } from "../invoke/invocation.ts";
import { readBody, refuse, reply } from "./http.ts";
import type { SessionIdentity } from "./session.ts";

const IDENTIFIER = "lambda-extension-identifier";
/** AWS allows ten extensions a function. */
const EXTENSIONS_MAX = 10;

/** One registered extension. */
interface Extension {
  id: string;
  name: string;
  events: ReadonlySet<string>;
  /** Its pending `event/next`. */
  waiting: ServerResponse | undefined;
  /** Events that came while it was working. */
  queue: object[];
  /** It has been handed an event (or has just registered) and has not asked for the next one yet. */
  busy: boolean;
  exited: boolean;
}

/**
 * The Extensions API (2020-01-01) of one sandbox. An extension is ready at its first `event/next`, not when it
 * registers; an invocation is over when each of those that got it has asked for the next event.
 */
export class Extensions {
  readonly #identity: SessionIdentity;
  readonly #ids: Ids;
  readonly #hooks: { ready(): void; initFailed(fault: FunctionFault): void };
  readonly #all = new Map<string, Extension>();
  /** Names of the executables in `/opt/extensions` that were started and must register before the runtime starts. */
  #expected = new Set<string>();
  #open = true;

  constructor(identity: SessionIdentity, ids: Ids, hooks: { ready(): void; initFailed(fault: FunctionFault): void }) {
    this.#identity = identity;
    this.#ids = ids;
    this.#hooks = hooks;
  }

  /** External extensions that the executor has started: init waits for them. */
  expect(names: readonly string[]): void {
    this.#expected = new Set(names);
  }

  get count(): number {
    return this.#all.size;
  }

  /** True when an external extension is registered: it gets more time at the end than an internal one. */
  get external(): boolean {
    for (const extension of this.#all.values()) if (this.#expected.has(extension.name)) return true;
    return false;
  }

  /** Every expected extension has registered and every registered one waits for an event. */
  get waiting(): boolean {
    for (const extension of this.#all.values()) if (extension.busy && !extension.exited) return false;
    for (const name of this.#expected) if (!this.#named(name)) return false;
    return true;
  }

  closeRegistration(): void {
    this.#open = false;
  }

  known(id: string | undefined): boolean {
    return id !== undefined && this.#all.has(id);
  }

  /** Name of a registered extension. */
  nameOf(id: string): string | undefined {
    return this.#all.get(id)?.name;
  }

  invoke(invocation: Invocation): void {
    for (const extension of this.#all.values()) {
      if (!extension.events.has("INVOKE") || extension.exited) continue;
      extension.busy = true;
      this.#send(extension, {
        eventType: "INVOKE",
        deadlineMs: invocation.deadlineMs,
        requestId: invocation.requestId,
        invokedFunctionArn: invocation.invokedFunctionArn,
        tracing: { type: "X-Amzn-Trace-Id", value: invocation.traceHeader },
      });
    }
  }

  shutdown(shutdownReason: string, deadlineMs: number): void {
    for (const extension of this.#all.values()) {
      if (extension.events.has("SHUTDOWN") && !extension.exited) this.#send(extension, { eventType: "SHUTDOWN", shutdownReason, deadlineMs });
    }
  }

  handle(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === "register" && request.method === "POST") return this.#register(request, response);
    const extension = this.#caller(request, response);
    if (extension === undefined) return;
    if (path === "event/next" && request.method === "GET") return this.#next(extension, request, response);
    if ((path === "init/error" || path === "exit/error") && request.method === "POST") return this.#fail(extension, path, request, response);
    request.resume();
    refuse(response, 404, "NotFound", "404 page not found");
  }

  #register(request: IncomingMessage, response: ServerResponse): void {
    readBody(request, 65_536, (body) => {
      const name = request.headers["lambda-extension-name"];
      if (typeof name !== "string" || name === "") return refuse(response, 403, "Extension.InvalidExtensionName", "Empty extension name");
      let events: unknown;
      try {
        events = (JSON.parse(body?.toString("utf8") || "{}") as { events?: unknown }).events ?? [];
      } catch {
        return refuse(response, 400, "InvalidRequestFormat", "Could not parse request body");
      }
      const external = this.#expected.has(name);
      const allowed = external ? ["INVOKE", "SHUTDOWN"] : ["INVOKE"];
      if (!Array.isArray(events) || events.some((event) => !allowed.includes(event))) {
        return refuse(response, 400, "Extension.InvalidEventType", `Invalid event type: ${String(events)}`);
      }
      if (!this.#open) return refuse(response, 403, "Extension.RegistrationClosed", "Extension registration closed already");
      if (this.#named(name)) return refuse(response, 403, "Extension.AlreadyRegistered", `Extension ${name} already registered`);
      if (this.#all.size >= EXTENSIONS_MAX) return refuse(response, 403, "Extension.TooManyExtensions", `Extension limit (${EXTENSIONS_MAX}) reached`);
      const id = this.#ids.uuid();
      this.#all.set(id, { id, name, events: new Set(events as string[]), waiting: undefined, queue: [], busy: true, exited: false });
      const { functionName, functionVersion, handler, accountId } = this.#identity;
      const answer: Record<string, string> = { functionName, functionVersion, handler };
      if (String(request.headers["lambda-extension-accept-feature"] ?? "").includes("accountId")) answer["accountId"] = accountId;
      reply(response, 200, answer, ["Lambda-Extension-Identifier", id]);
    });
  }

  #next(extension: Extension, request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const event = extension.queue.shift();
    extension.waiting = response;
    response.once("close", () => {
      if (extension.waiting === response) extension.waiting = undefined;
    });
    if (event !== undefined) return this.#send(extension, event);
    extension.busy = false;
    this.#hooks.ready();
  }

  #fail(extension: Extension, path: string, request: IncomingMessage, response: ServerResponse): void {
    readBody(request, 65_536, (body) => {
      reply(response, 202, { status: "OK" });
      extension.exited = true;
      const errorType = request.headers["lambda-extension-function-error-type"]?.toString() ?? "Extension.Unknown";
      if (path === "init/error") this.#hooks.initFailed({ errorType, body: body ?? Buffer.from("{}") });
      else this.#hooks.ready();
    });
  }

  #send(extension: Extension, event: object): void {
    const response = extension.waiting;
    if (response === undefined) {
      extension.queue.push(event);
      return;
    }
    extension.waiting = undefined;
    reply(response, 200, event, ["Lambda-Extension-Event-Identifier", this.#ids.uuid()]);
  }

  #caller(request: IncomingMessage, response: ServerResponse): Extension | undefined {
    const id = request.headers[IDENTIFIER];
    const extension = typeof id === "string" ? this.#all.get(id) : undefined;
    if (extension !== undefined) return extension;
    request.resume();
    if (id === undefined) refuse(response, 403, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header");
    else refuse(response, 403, "Extension.UnknownExtensionIdentifier", `Unknown extension ${String(id)}`);
    return undefined;
  }

  #named(name: string): boolean {
    for (const extension of this.#all.values()) if (extension.name === name) return true;
    return false;
  }
}
