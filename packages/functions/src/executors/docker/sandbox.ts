import { PassThrough } from "node:stream";
import { scheduler, setImmediate as turn } from "node:timers/promises";
import type Docker from "dockerode";
import type { Clock } from "@cumulet/core";
import type { Sandbox, SandboxExit, SandboxOutput, SandboxSpec } from "../executor.ts";
import { OutputSplitter } from "../output.ts";

/** A container is paused only after it has rested for a while: pausing costs more than most functions. */
const PAUSE_AFTER_MS = 1000;
/** Output that is silent for this long is complete; it is waited for a quarter of a second at most. */
const QUIET_MS = 25;
const LONGEST_QUIET_MS = 250;
const SIGNALS: Record<number, string> = { 129: "SIGHUP", 130: "SIGINT", 132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM" };

/** What the engine tells about a container's memory; the names differ between cgroup versions. */
interface MemoryStats {
  memory_stats?: { usage?: number; stats?: { anon?: number; total_rss?: number; rss?: number; total_shmem?: number } };
}

/** One started container. */
export class DockerSandbox implements Sandbox {
  readonly exited: Promise<SandboxExit>;
  readonly extensions: string[] = [];
  address = "";
  inspector: Sandbox["inspector"];
  readonly #spec: SandboxSpec;
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  readonly #clock: Clock;
  readonly #output: (message: SandboxOutput) => void;
  readonly #gone: () => void;
  readonly #splitters: OutputSplitter[] = [];
  #exit!: (exit: SandboxExit) => void;
  #hasExited = false;
  #bytesRead = 0;
  #memoryBytes = 0;
  #outOfMemory = false;
  #stats: (NodeJS.ReadableStream & { destroy?: () => void }) | undefined;
  #pausing: Disposable | undefined;
  #paused = false;
  /** Calls of `pause` and `unpause` in order: the engine refuses one that overtakes the other. */
  #turns: Promise<unknown> = Promise.resolve();
  #destroyed: Promise<void> | undefined;

  constructor(docker: Docker, container: Docker.Container, spec: SandboxSpec, clock: Clock, output: (message: SandboxOutput) => void, gone: () => void) {
    this.#docker = docker;
    this.#container = container;
    this.#spec = spec;
    this.#clock = clock;
    this.#output = output;
    this.#gone = gone;
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  /** Attaches to the output, starts the container and watches its memory. */
  async start(extensions: readonly string[]): Promise<void> {
    const attached = await this.#container.attach({ stream: true, stdout: true, stderr: true });
    this.#read(attached, "function");
    const ended = this.#container.wait({ condition: "next-exit" }) as Promise<{ StatusCode: number }>;
    await this.#container.start();
    void ended.then(({ StatusCode }) => this.#ended(StatusCode), () => this.#ended(137));
    const { NetworkSettings } = await this.#container.inspect();
    this.address = Object.values(NetworkSettings.Networks)[0]?.IPAddress || "127.0.0.1";
    const [bound] = Object.values(NetworkSettings.Ports ?? {}).flatMap((bindings) => bindings ?? []);
    if (this.#spec.inspected && bound !== undefined) this.inspector = { host: "127.0.0.1", port: Number(bound.HostPort) };
    for (const path of extensions) await this.#startExtension(path);
    await this.#watchMemory();
  }

  async ended(): Promise<void> {
    await this.exited;
  }

  freeze(): void {
    this.#pausing ??= this.#clock.schedule(PAUSE_AFTER_MS, () => {
      this.#paused = true;
      this.#turns = this.#turns.then(() => this.#container.pause()).catch(() => {});
    });
  }

  thaw(): void {
    this.#pausing?.[Symbol.dispose]();
    this.#pausing = undefined;
    if (!this.#paused) return;
    this.#paused = false;
    // Not waited for: what is sent meanwhile lies in the socket until the container goes on.
    this.#turns = this.#turns.then(() => this.#container.unpause()).catch(() => {});
  }

  memoryBytes(): number {
    return this.#memoryBytes;
  }

  async drain(thorough: boolean): Promise<void> {
    // Output comes through the engine and may arrive after an answer that was written later. Nothing tells when it is
    // complete, so real time decides, whatever the platform's clock says.
    const quietMs = thorough ? QUIET_MS : 0;
    for (let waited = 0, before = -1; before !== this.#bytesRead && waited < LONGEST_QUIET_MS; waited += quietMs + 1) {
      before = this.#bytesRead;
      if (thorough) await scheduler.wait(quietMs);
      else await turn();
    }
    for (const splitter of this.#splitters) splitter.flush();
  }

  terminate(): void {
    this.thaw();
    this.#turns = this.#turns.then(() => this.#container.kill({ signal: "SIGTERM" })).catch(() => {});
  }

  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy();
    return this.#destroyed;
  }

  async #destroy(): Promise<void> {
    this.#pausing?.[Symbol.dispose]();
    this.#stats?.destroy?.();
    await this.#turns;
    await this.#container.remove({ force: true, v: true }).catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
    });
    if (!this.#hasExited) this.#exit({ code: null, signal: "SIGKILL", outOfMemory: this.#outOfMemory });
    this.#gone();
  }

  async #ended(status: number): Promise<void> {
    this.#hasExited = true;
    this.#stats?.destroy?.();
    const state = await this.#container.inspect().then(({ State }) => State, () => undefined);
    await this.drain(true);
    const signal = SIGNALS[status] ?? null;
    const outOfMemory = this.#outOfMemory || state?.OOMKilled === true;
    this.#exit({ code: signal === null ? status : null, signal: outOfMemory ? "SIGKILL" : signal, outOfMemory });
  }

  async #startExtension(path: string): Promise<void> {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const exec = await this.#container.exec({ Cmd: [path], AttachStdout: true, AttachStderr: true });
    this.#read(await exec.start({}), { extension: name });
    this.extensions.push(name);
  }

  /** Reads an attached stream, in which the engine interleaves output and errors. */
  #read(stream: NodeJS.ReadableStream, source: SandboxOutput["source"]): void {
    const outputs = [new PassThrough(), new PassThrough()];
    for (const output of outputs) {
      const splitter = new OutputSplitter((text) => this.#output({ text, source }));
      this.#splitters.push(splitter);
      output.on("data", (chunk: Buffer) => {
        this.#bytesRead += chunk.length;
        splitter.push(chunk);
      });
    }
    this.#docker.modem.demuxStream(stream, outputs[0]!, outputs[1]!);
    stream.on("error", () => {});
  }

  /**
   * The engine limits memory and `/tmp` together, because `/tmp` lies in memory; what the function itself may have is
   * watched here, once a second.
   */
  async #watchMemory(): Promise<void> {
    const stats = (await this.#container.stats({ stream: true })) as unknown as NodeJS.ReadableStream & { destroy?: () => void };
    this.#stats = stats;
    let rest = "";
    stats.on("error", () => {});
    stats.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") this.#sample(JSON.parse(line) as MemoryStats);
    });
  }

  #sample({ memory_stats: memory }: MemoryStats): void {
    const own = memory?.stats?.anon ?? memory?.stats?.total_rss ?? memory?.stats?.rss;
    if (own === undefined) return;
    this.#memoryBytes = own;
    if (own <= this.#spec.memoryMb * 1_048_576 || this.#outOfMemory) return;
    this.#outOfMemory = true;
    void this.#container.kill({ signal: "SIGKILL" }).catch(() => {});
  }
}
