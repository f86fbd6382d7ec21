import { spawn, type ChildProcess } from "node:child_process";
import { access, chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "@cumulet/core";
import { SandboxStartError, type Executor, type Sandbox, type SandboxExit, type SandboxOutput, type SandboxSpec } from "../executor.ts";
import { OutputSplitter } from "../output.ts";
import { pathVariables, runtimeCommand } from "./commands.ts";
import { Interpreters } from "./interpreters.ts";
import { signalGroup, startToken, treeMemory } from "./proc.ts";

/** How often a sandbox's memory is looked at. */
const MEMORY_WATCH_MS = 200;
/** A sandbox is stopped once it has rested for a moment: under load the next event comes sooner than two signals are worth. */
const FREEZE_AFTER_MS = 10;

const FAMILIES = /^(nodejs|python|ruby|java|provided)/;

/**
 * Runs functions as plain processes of this machine: no engine, no image, a start in tens of milliseconds.
 *
 * Each sandbox is a process group of its own with an empty environment, its own home and temporary folder, and its
 * memory watched. It is no wall against hostile code: it sees this machine's files with the rights of the platform.
 */
export class ProcessExecutor implements Executor {
  readonly kind = "process";
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #interpreters = new Interpreters();
  readonly #live = new Set<ProcessSandbox>();
  #prepared: Promise<string[]> | undefined;

  /** `folder` holds the sandboxes' own folders. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  async available(): Promise<true | string> {
    return process.platform === "win32" ? "Functions in processes need Linux or macOS" : true;
  }

  async supports(spec: Pick<SandboxSpec, "runtime" | "architecture" | "image">): Promise<true | string> {
    if (spec.image !== undefined || spec.runtime === undefined) return "Functions made from an image need a Docker engine";
    if (!FAMILIES.test(spec.runtime)) return `Functions of runtime ${spec.runtime} need a Docker engine`;
    if (spec.runtime.startsWith("provided")) return true;
    return (await this.#interpreters.find(spec.runtime)) === undefined ? `No interpreter for ${spec.runtime} was found on this machine, and no Docker engine runs it` : true;
  }

  async network(): Promise<{ listen: string }> {
    return { listen: "127.0.0.1" };
  }

  async describe(spec: Pick<SandboxSpec, "runtime">): Promise<string> {
    const runtime = spec.runtime ?? "";
    const interpreter = await this.#interpreters.find(runtime);
    const family = /^[a-z]+/.exec(runtime)?.[0] ?? runtime;
    return interpreter === undefined ? `${runtime} (process)` : `${family}:${interpreter.version} (process)`;
  }

  async start(spec: SandboxSpec, output: (message: SandboxOutput) => void, signal: AbortSignal): Promise<Sandbox> {
    this.#prepared ??= this.#prepare();
    const wrapper = await this.#prepared;
    signal.throwIfAborted();
    const inspectorPort = spec.inspected ? await freePort() : undefined;
    const command = await runtimeCommand(spec, this.#interpreters, inspectorPort);
    const own = spec.environment["AWS_LAMBDA_EXEC_WRAPPER"];
    if (own !== undefined) command.unshift(inSandbox(own, spec));
    const home = join(this.#folder, spec.id);
    const temporary = join(home, "tmp");
    await mkdir(temporary, { recursive: true });
    const environment: Record<string, string> = {
      ...spec.environment,
      ...pathVariables(spec, home, temporary),
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${spec.runtimeApiPort}`,
      AWS_ENDPOINT_URL: spec.environment["AWS_ENDPOINT_URL"] ?? spec.platformEndpoint,
    };
    const extensions = await executables(spec.opt === undefined ? undefined : join(spec.opt, "extensions"));
    signal.throwIfAborted();
    const inspector = inspectorPort === undefined ? undefined : { host: "127.0.0.1", port: inspectorPort };
    const sandbox = new ProcessSandbox(spec, home, inspector, this.#clock, output, () => this.#live.delete(sandbox));
    this.#live.add(sandbox);
    try {
      for (const extension of extensions) await sandbox.spawnExtension(extension, wrapper, environment);
      // Our own runtimes frame their messages on the pipe that lines go through; others know nothing of it.
      if (!spec.runtime?.startsWith("provided")) environment["_LAMBDA_TELEMETRY_LOG_FD"] = "1";
      await sandbox.spawnRuntime([...wrapper, ...command], environment, command[0]!);
    } catch (error) {
      await sandbox.destroy();
      throw error;
    }
    return sandbox;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#live].map((sandbox) => sandbox.destroy()));
  }

  /** Ends what a killed platform left behind, and finds out how a child can be tied to our own life. */
  async #prepare(): Promise<string[]> {
    await mkdir(this.#folder, { recursive: true });
    for (const name of await readdir(this.#folder)) {
      const home = join(this.#folder, name);
      const [pid, token] = (await readFile(join(home, "pid"), "utf8").catch(() => "")).split(" ", 2);
      if (pid && token && startToken(Number(pid)) === token.trim()) signalGroup(Number(pid), "SIGKILL");
      await removeFolder(home);
    }
    if (process.platform !== "linux") return [];
    for (const path of ["/usr/bin/setpriv", "/bin/setpriv"]) {
      // A frozen function would outlive a killed platform for ever: the kernel ends it with us.
      if (await access(path).then(() => true, () => false)) return [path, "--pdeathsig", "KILL", "--"];
    }
    return [];
  }
}

class ProcessSandbox implements Sandbox {
  readonly exited: Promise<SandboxExit>;
  readonly address = "127.0.0.1";
  readonly extensions: string[] = [];
  readonly inspector: Sandbox["inspector"];
  readonly #spec: SandboxSpec;
  readonly #home: string;
  readonly #clock: Clock;
  readonly #output: (message: SandboxOutput) => void;
  readonly #gone: () => void;
  readonly #children: ChildProcess[] = [];
  readonly #splitters: OutputSplitter[] = [];
  #runtime: ChildProcess | undefined;
  #exit!: (exit: SandboxExit) => void;
  #watch: Disposable | undefined;
  #outOfMemory = false;
  /** As last seen: a report about a process that has ended still says what it had used. */
  #memoryBytes = 0;
  #bytesRead = 0;
  #frozen = false;
  #freezing: Disposable | undefined;
  #destroyed: Promise<void> | undefined;

  constructor(spec: SandboxSpec, home: string, inspector: Sandbox["inspector"], clock: Clock, output: (message: SandboxOutput) => void, gone: () => void) {
    this.inspector = inspector;
    this.#spec = spec;
    this.#home = home;
    this.#clock = clock;
    this.#output = output;
    this.#gone = gone;
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  async spawnRuntime(command: string[], environment: Record<string, string>, executable: string): Promise<void> {
    const child = await this.#spawn(command, environment, executable, "function");
    this.#runtime = child;
    const ended = (code: number | null, signal: string | null): void => {
      this.#watch?.[Symbol.dispose]();
      // Whatever it has started ends with it.
      if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      this.#exit({ code, signal, outOfMemory: this.#outOfMemory });
    };
    // `close` comes after the last byte of output, so that a report never overtakes it; a grandchild may hold the pipe open.
    child.once("exit", (code, signal) => {
      void this.drain(true).then(() => ended(code, signal));
    });
    await writeFile(join(this.#home, "pid"), `${child.pid} ${startToken(child.pid!) ?? ""}`);
    this.#watchMemory();
  }

  async spawnExtension(path: string, wrapper: string[], environment: Record<string, string>): Promise<void> {
    const name = path.slice(path.lastIndexOf("/") + 1);
    await this.#spawn([...wrapper, path], environment, path, { extension: name });
    this.extensions.push(name);
  }

  async ended(): Promise<void> {
    await Promise.all(this.#children.map((child) => ended(child)));
  }

  freeze(): void {
    this.#freezing ??= this.#clock.schedule(FREEZE_AFTER_MS, () => {
      this.#frozen = true;
      this.#signal("SIGSTOP");
    });
  }

  thaw(): void {
    this.#freezing?.[Symbol.dispose]();
    this.#freezing = undefined;
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#signal("SIGCONT");
  }

  memoryBytes(): number {
    const pid = this.#runtime?.pid;
    if (pid !== undefined && this.#runtime?.exitCode === null && this.#runtime.signalCode === null) this.#memoryBytes = treeMemory(pid).resident;
    return this.#memoryBytes;
  }

  async drain(_thorough: boolean): Promise<void> {
    // What was written before an answer is in the pipe when the answer arrives: one turn of the loop reads it, more if there is much.
    for (let before = -1; before !== this.#bytesRead;) {
      before = this.#bytesRead;
      await turn();
    }
    for (const splitter of this.#splitters) splitter.flush();
  }

  terminate(): void {
    this.thaw();
    if (this.#runtime?.pid !== undefined) signalGroup(this.#runtime.pid, "SIGTERM");
  }

  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy();
    return this.#destroyed;
  }

  async #destroy(): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    this.#freezing?.[Symbol.dispose]();
    this.#signal("SIGKILL");
    if (this.#runtime === undefined) this.#exit({ code: null, signal: "SIGKILL", outOfMemory: false });
    await this.ended();
    for (const child of this.#children) {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }
    await removeFolder(this.#home);
    this.#gone();
  }

  #spawn(command: string[], environment: Record<string, string>, executable: string, source: SandboxOutput["source"]): Promise<ChildProcess> {
    const child = spawn(command[0]!, command.slice(1), {
      cwd: this.#spec.task,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: signals reach all that it starts, and a Ctrl-C at our terminal does not.
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      const splitter = new OutputSplitter((text) => this.#output({ text, source }));
      this.#splitters.push(splitter);
      stream.on("data", (chunk: Buffer) => {
        this.#bytesRead += chunk.length;
        splitter.push(chunk);
      });
      stream.on("end", () => splitter.flush());
      stream.on("error", () => {});
    }
    this.#children.push(child);
    return new Promise((resolve, reject) => {
      child.once("spawn", () => resolve(child));
      child.once("error", (error: NodeJS.ErrnoException) => {
        reject(new SandboxStartError("Runtime.InvalidEntrypoint", `fork/exec ${executable}: ${error.code === "EACCES" ? "permission denied" : error.code === "ENOENT" ? "no such file or directory" : error.message}`));
      });
    });
  }

  #signal(signal: NodeJS.Signals): void {
    for (const child of this.#children) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) signalGroup(child.pid, signal);
    }
  }

  #watchMemory(): void {
    this.#watch = this.#clock.schedule(MEMORY_WATCH_MS, () => {
      const pid = this.#runtime?.pid;
      if (pid === undefined) return;
      const memory = treeMemory(pid);
      this.#memoryBytes = memory.resident;
      if (memory.own > this.#spec.memoryMb * 1_048_576) {
        this.#outOfMemory = true;
        signalGroup(pid, "SIGKILL");
        return;
      }
      this.#watchMemory();
    });
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

/** A path of AWS's (`/opt/wrapper`) as it is on this machine. */
function inSandbox(path: string, spec: SandboxSpec): string {
  if (path.startsWith("/opt/") && spec.opt !== undefined) return spec.opt + path.slice("/opt".length);
  if (path.startsWith("/var/task/") && spec.task !== undefined) return spec.task + path.slice("/var/task".length);
  return path;
}

/** A port that nobody listens on. Another process may take it before it is used; a debugger then does not get through. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function executables(folder: string | undefined): Promise<string[]> {
  if (folder === undefined) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(folder, entry.name)).sort();
}

/** Removes a folder even when a function has taken away its own rights to it. */
async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    await chmod(folder, 0o700).catch(() => {});
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) await removeFolder(join(folder, entry.name));
    }
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}
