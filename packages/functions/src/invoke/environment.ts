import type { Clock, Ids } from "@cumulet/core";
import type { Executor, Sandbox, SandboxExit, SandboxOutput } from "../executors/executor.ts";
import { Deadline } from "../dev/deadline.ts";
import type { DebugPorts } from "../dev/inspector.ts";
import { SandboxStartError } from "../executors/executor.ts";
import type { RuntimeApi, RuntimeEndpoint } from "../runtime-api/server.ts";
import { Session } from "../runtime-api/session.ts";
import type { EnvironmentSpec } from "./environment-spec.ts";
import { fault, type FunctionFault, type Invocation, type RuntimeResponse } from "./invocation.ts";
import type { LogStream } from "./log-stream.ts";
import * as messages from "./messages.ts";
import type { PlatformMessage, Report } from "./messages.ts";

/** Lambda's limit on the init phase of a function that is called on demand. */
export const INIT_LIMIT_MS = 10_000;
/** How long extensions may work on their shutdown: none, only internal ones, external ones. */
const SHUTDOWN_INTERNAL_MS = 500;
const SHUTDOWN_EXTERNAL_MS = 2000;
/** The `LogResult` of an invocation: its last 4 KB. */
const TAIL_BYTES = 4096;

/** What an environment works with. */
export interface EnvironmentTools {
  api: RuntimeApi;
  executor: Executor;
  debugPorts: DebugPorts;
  clock: Clock;
  ids: Ids;
  log: LogStream;
}

/** Why an init phase did not end well. */
export class InitFailure extends Error {
  readonly status: "error" | "timeout";
  readonly errorType: string;
  /** What the caller of an invocation gets: Lambda's own sentences name the request, a runtime's report stays as it is. */
  readonly fault: (requestId: string) => FunctionFault;

  constructor(errorType: string, fault: (requestId: string) => FunctionFault, status: "error" | "timeout" = "error") {
    super(errorType);
    this.errorType = errorType;
    this.status = status;
    this.fault = fault;
  }
}

/** A running invocation: its answer comes first, its end (when the environment is free again) later. */
export interface Execution {
  /** The runtime's answer, or the fault of a function that failed, timed out or died. Never rejects. */
  answer: Promise<{ response: RuntimeResponse } | { fault: FunctionFault }>;
  /** When the environment has finished with it. Never rejects. */
  done: Promise<{ report: Report; tail: string; reusable: boolean }>;
}

interface Running {
  invocation: Invocation;
  startedMs: number;
  deadline: Deadline;
  answered: boolean;
  producedBytes: () => number;
  status: Report["status"];
  errorType: string | undefined;
  tail: string[] | undefined;
  answer: (answer: { response: RuntimeResponse } | { fault: FunctionFault }) => void;
  done: (end: { report: Report; tail: string; reusable: boolean }) => void;
}

/**
 * One execution environment: a sandbox, its Runtime API session and its log stream. It serves one invocation at a time
 * and is frozen in between. Real durations come from `performance.now()`; limits run on platform time.
 */
export class Environment {
  readonly id: string;
  readonly spec: EnvironmentSpec;
  /** What it was made from; see `Target.generation`. */
  readonly generation: string;
  readonly log: LogStream;
  readonly #tools: EnvironmentTools;
  readonly #session: Session;
  readonly #abort = new AbortController();
  #endpoint: RuntimeEndpoint | undefined;
  #sandbox: Sandbox | undefined;
  #starting: Promise<void> | undefined;
  #initialized = Promise.withResolvers<void>();
  #running: Running | undefined;
  /** An invocation that is over, while its last lines are read. */
  #closing: Running | undefined;
  #initDeadline: Deadline | undefined;
  #debugging: Disposable | undefined;
  #initMs: number | undefined;
  #peakBytes = 0;
  #exit: SandboxExit | undefined;
  #ending: Promise<void> | undefined;
  #ready = false;

  constructor(spec: EnvironmentSpec, generation: string, tools: EnvironmentTools) {
    this.id = tools.ids.uuid();
    this.generation = generation;
    this.spec = spec;
    this.#tools = tools;
    this.log = tools.log;
    this.#session = new Session(
      { functionName: spec.functionName, functionVersion: spec.version, handler: spec.handler, accountId: spec.account },
      tools.ids, tools.clock,
      {
        initialized: () => this.#initialized.resolve(),
        initFailed: (failure) => this.#initialized.reject(new InitFailure(failure.errorType, () => failure)),
        responded: (_id, response) => this.#responded(response),
        failed: (_id, failure) => this.#failed(failure),
        runtimeDone: () => {},
        idle: () => this.#finish(true),
      },
    );
    // The rejection is looked at by `init`; a failure after it is nobody's.
    this.#initialized.promise.catch(() => {});
  }

  /** Whether the init phase is over. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Whether the sandbox has ended or is ending. */
  get dead(): boolean {
    return this.#exit !== undefined || this.#ending !== undefined;
  }

  /**
   * Starts the sandbox and runs the init phase. Rejects with `InitFailure` when the function cannot be initialised in
   * `limitMs`; the environment is of no use then.
   */
  async init(limitMs: number, phase: "init" | "invoke"): Promise<void> {
    const { executor, clock } = this.#tools;
    const spec = this.spec;
    const began = performance.now();
    this.#say(messages.initStart(await executor.describe(spec), spec.runtimeVersionArn, spec.functionName, spec.version, spec.initializationType));
    let status: "success" | "error" | "timeout" = "success";
    let errorType: string | undefined;
    const deadline = new Deadline(clock, limitMs, () => {
      this.#initialized.reject(new InitFailure("Sandbox.Timedout", (requestId) => timeoutFault(requestId, spec.timeoutMs), "timeout"));
    });
    this.#initDeadline = deadline;
    try {
      this.#starting = this.#start();
      // Both: a runtime may ask for its first event before its executor has finished with the start.
      await Promise.all([this.#starting, this.#initialized.promise]);
      this.#ready = true;
    } catch (error) {
      const failure = error instanceof InitFailure ? error
        : error instanceof SandboxStartError ? new InitFailure(error.errorType, (requestId) => fault(error.errorType, `RequestId: ${requestId} Error: ${error.message}`))
        : undefined;
      if (failure === undefined) throw error;
      status = failure.status;
      errorType = failure.status === "timeout" ? undefined : failure.errorType;
      throw failure;
    } finally {
      deadline[Symbol.dispose]();
      const initMs = performance.now() - began;
      await this.#sandbox?.drain(false);
      this.#peakBytes = this.#sandbox?.memoryBytes() ?? 0;
      this.#say(messages.initRuntimeDone(spec.initializationType, { initMs, phase, status, errorType }));
      this.#say(messages.initReport(spec.initializationType, { initMs, phase, status, errorType }));
      if (phase === "init" && spec.initializationType === "on-demand") this.#initMs = initMs;
    }
  }

  /** Hands over an invocation. Only when initialised and idle. `tail` gathers the last 4 KB of its log. */
  invoke(invocation: Invocation, tail: boolean): Execution {
    const answer = Promise.withResolvers<{ response: RuntimeResponse } | { fault: FunctionFault }>();
    const done = Promise.withResolvers<{ report: Report; tail: string; reusable: boolean }>();
    this.#sandbox!.thaw();
    this.#running = {
      invocation, startedMs: performance.now(), answered: false, producedBytes: () => 0, status: "success", errorType: undefined,
      tail: tail ? [] : undefined, answer: answer.resolve, done: done.resolve,
      deadline: new Deadline(this.#tools.clock, invocation.remainingMs, () => this.#timedOut()),
    };
    this.#say(messages.start(invocation.requestId, this.spec.version, this.spec.tracing ? invocation.traceHeader : undefined));
    this.#session.invoke(invocation);
    if (this.#exit !== undefined) this.#died(this.#exit);
    return { answer: answer.promise, done: done.promise };
  }

  /** The init phase failed for the second time: the invocation that waited for it ends with its fault, and is logged as one. */
  refuse(invocation: Invocation, failure: InitFailure, durationMs: number, tail: boolean): Execution {
    const lines: string[] | undefined = tail ? [] : undefined;
    const running = { tail: lines };
    const failed = failure.fault(invocation.requestId);
    const trace = this.spec.tracing ? invocation.traceHeader : undefined;
    const report: Report = {
      requestId: invocation.requestId, durationMs, billedMs: Math.ceil(durationMs), memoryMb: this.spec.memoryMb, maxMemoryMb: Math.ceil(this.#peakBytes / 1_048_576),
      initMs: undefined, status: failure.status, errorType: failure.status === "timeout" ? undefined : failure.errorType, trace,
    };
    this.#say(messages.start(invocation.requestId, this.spec.version, trace), running);
    if (failure.status === "timeout") this.#write(messages.timedOut(invocation.requestId, this.spec.timeoutMs, this.#time()), false);
    this.#say(messages.runtimeDone(report, failed.body.length), running);
    this.#say(messages.report(report), running);
    return {
      answer: Promise.resolve({ fault: failed }),
      done: Promise.resolve({ report, tail: lines === undefined ? "" : lastBytes(lines), reusable: false }),
    };
  }

  /** Stops the processes until the next invocation. */
  freeze(): void {
    if (this.spec.debugPort === undefined) this.#sandbox?.freeze();
  }

  /** Ends the environment: extensions get their shutdown phase, then everything is killed. */
  end(reason: "SPINDOWN" | "TIMEOUT" | "FAILURE" = "SPINDOWN"): Promise<void> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  async #start(): Promise<void> {
    const { api, executor } = this.#tools;
    const { listen } = await executor.network();
    this.#endpoint = await api.open(listen, this.#session);
    const sandbox = await executor.start({ ...this.spec, id: this.id, runtimeApiPort: this.#endpoint.port }, (message) => this.#output(message), this.#abort.signal);
    this.#sandbox = sandbox;
    this.#session.telemetry.address = sandbox.address;
    this.#session.extensions.expect(sandbox.extensions);
    this.#offerDebugging(sandbox);
    void sandbox.exited.then((exit) => {
      this.#exit = exit;
      this.#initialized.reject(new InitFailure("Runtime.ExitError", (requestId) => exitFault(exit, requestId)));
      if (this.#running !== undefined) this.#died(exit);
    });
  }

  /** While a debugger has stopped the function, no limit runs out. */
  #offerDebugging({ inspector }: Sandbox): void {
    if (this.spec.debugPort === undefined || inspector === undefined) return;
    this.#debugging = this.#tools.debugPorts.attach(this.spec.debugPort, {
      inspector,
      paused: () => {
        this.#initDeadline?.pause();
        this.#running?.deadline.pause();
      },
      resumed: () => {
        this.#initDeadline?.resume();
        this.#running?.deadline.resume();
      },
    });
  }

  #responded(response: RuntimeResponse): void {
    const running = this.#running;
    if (running === undefined || running.answered) return;
    running.answered = true;
    running.producedBytes = response.streamed ? response.bytes : () => response.body.length;
    running.answer({ response });
  }

  #failed(failure: FunctionFault): void {
    const running = this.#running;
    if (running === undefined || running.answered) return;
    running.answered = true;
    running.status = "failure";
    running.errorType = failure.errorType;
    running.producedBytes = () => failure.body.length;
    running.answer({ fault: failure });
  }

  #timedOut(): void {
    const running = this.#running;
    if (running === undefined) return;
    const { requestId } = running.invocation;
    running.status = "timeout";
    if (!running.answered) {
      running.answered = true;
      running.answer({ fault: timeoutFault(requestId, this.spec.timeoutMs) });
    }
    this.#write(messages.timedOut(requestId, this.spec.timeoutMs, this.#time()), false);
    this.#finish(false);
    void this.end("TIMEOUT");
  }

  #died(exit: SandboxExit): void {
    const running = this.#running;
    if (running === undefined) return;
    const failure = exitFault(exit, running.invocation.requestId);
    // A runtime that reported its error and then ended has had its say.
    if (running.status === "success") {
      running.status = "error";
      running.errorType = failure.errorType;
    }
    if (!running.answered) {
      running.answered = true;
      running.answer({ fault: failure });
    }
    this.#write(`RequestId: ${running.invocation.requestId} Error: ${exitReason(exit)}\n${failure.errorType}\n`, false);
    this.#finish(false);
    void this.end("FAILURE");
  }

  /** The invocation is over: its last lines are read, END and REPORT written, the environment is free. */
  #finish(reusable: boolean): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.#closing = running;
    running.deadline[Symbol.dispose]();
    const durationMs = performance.now() - running.startedMs;
    const limit = this.spec.memoryMb * 1_048_576;
    this.#peakBytes = Math.min(limit, Math.max(this.#peakBytes, this.#exit?.outOfMemory === true ? limit : (this.#sandbox?.memoryBytes() ?? 0)));
    const initMs = this.#initMs;
    this.#initMs = undefined;
    const report: Report = {
      requestId: running.invocation.requestId,
      durationMs,
      // Since August 2025 the init phase is billed for every function.
      billedMs: Math.ceil(durationMs + (initMs ?? 0)),
      memoryMb: this.spec.memoryMb,
      maxMemoryMb: Math.ceil(this.#peakBytes / 1_048_576),
      initMs,
      status: running.status,
      errorType: running.errorType,
      trace: this.spec.tracing ? running.invocation.traceHeader : undefined,
    };
    const drained = this.#sandbox?.drain(running.tail !== undefined) ?? Promise.resolve();
    void drained.then(() => {
      this.#closing = undefined;
      this.#say(messages.runtimeDone(report, running.producedBytes()), running);
      this.#say(messages.report(report), running);
      this.log.settle();
      running.done({ report, tail: running.tail === undefined ? "" : lastBytes(running.tail), reusable: reusable && !this.dead });
    });
  }

  async #end(reason: "SPINDOWN" | "TIMEOUT" | "FAILURE"): Promise<void> {
    this.#abort.abort(new Error("The environment has ended"));
    this.#debugging?.[Symbol.dispose]();
    // A start that is under way ends first: nothing of it may be left.
    await this.#starting?.catch(() => {});
    const sandbox = this.#sandbox;
    const extensions = this.#session.extensions;
    if (sandbox !== undefined && extensions.count > 0) {
      const limitMs = extensions.external ? SHUTDOWN_EXTERNAL_MS : SHUTDOWN_INTERNAL_MS;
      sandbox.thaw();
      this.#session.telemetry.flush();
      this.#session.shutdown(reason, this.#tools.clock.now() + limitMs);
      sandbox.terminate();
      await Promise.race([this.#tools.clock.sleep(limitMs), sandbox.ended()]);
    }
    await sandbox?.destroy();
    this.#session.telemetry.close();
    this.#endpoint?.close();
    await this.log.flush();
  }

  /** A line that code in the sandbox wrote. */
  #output(message: SandboxOutput): void {
    this.#write(message.text, true, message.source);
  }

  /** A line of Lambda's own. */
  #say(message: PlatformMessage, running: { tail: string[] | undefined } | undefined = this.#running): void {
    this.#session.publish(messages.telemetryEvent(message, this.#time()));
    const text = this.spec.logFormat === "Text" ? message.text
      : LEVELS[message.level] >= LEVELS[this.spec.systemLogLevel] ? JSON.stringify(messages.telemetryEvent(message, this.#time())) + "\n" : undefined;
    if (text === undefined) return;
    this.log.append(text);
    running?.tail?.push(text);
  }

  #write(text: string, publish: boolean, source: SandboxOutput["source"] = "function"): void {
    this.log.append(text);
    (this.#running ?? this.#closing)?.tail?.push(text);
    if (publish && this.#session.telemetry.subscribed) {
      this.#session.publish({ time: this.#time(), type: source === "function" ? "function" : "extension", record: text });
    }
  }

  #time(): string {
    return new Date(this.#tools.clock.now()).toISOString();
  }
}

const LEVELS = { DEBUG: 0, INFO: 1, WARN: 2 };

const SIGNALS: Record<string, string> = {
  SIGKILL: "killed", SIGSEGV: "segmentation fault", SIGABRT: "aborted", SIGTERM: "terminated", SIGBUS: "bus error", SIGILL: "illegal instruction", SIGFPE: "floating point exception",
};

/** How a runtime process ended, in Lambda's words. */
function exitReason(exit: SandboxExit): string {
  if (exit.signal !== null) return `Runtime exited with error: signal: ${SIGNALS[exit.signal] ?? exit.signal}`;
  return exit.code === 0 ? "Runtime exited without providing a reason" : `Runtime exited with error: exit status ${exit.code}`;
}

function timeoutFault(requestId: string, timeoutMs: number): FunctionFault {
  return fault("Sandbox.Timedout", `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`);
}

function exitFault(exit: SandboxExit, requestId: string): FunctionFault {
  return fault("Runtime.ExitError", `RequestId: ${requestId} Error: ${exitReason(exit)}`);
}

/** The last 4 KB of some lines, base64, cut at a character. */
function lastBytes(lines: string[]): string {
  const bytes = Buffer.from(lines.join(""));
  let from = Math.max(0, bytes.length - TAIL_BYTES);
  while (from > 0 && from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from += 1;
  return bytes.toString("base64", from);
}
