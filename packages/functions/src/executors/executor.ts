/** What a sandbox is started with. It holds no event: those travel through the Runtime API only. */
export interface SandboxSpec {
  /** Unique; the environment's id. */
  id: string;
  functionArn: string;
  functionName: string;
  /** `nodejs22.x`, `provided.al2023`, ...; undefined for a function made from an image. */
  runtime: string | undefined;
  handler: string;
  architecture: string;
  /** Unzipped code, a folder on this machine; undefined for an image. */
  task: string | undefined;
  /** Somebody's own folder, which may change while it runs (hot reload): the code itself, or what links in it lead to. */
  editable: string | undefined;
  /** What `/opt` holds, a folder on this machine. */
  opt: string | undefined;
  /** Lambda's variables and the function's own, without those that are paths or addresses: the executor knows them. */
  environment: Readonly<Record<string, string>>;
  memoryMb: number;
  /** Size of `/tmp`, megabytes. */
  storageMb: number;
  /** Port of the sandbox's Runtime API, on the address that `network()` told to listen on. */
  runtimeApiPort: number;
  /** Scheme, host and port of the platform as seen from this machine. */
  platformEndpoint: string;
  image: { uri: string; entryPoint: string[] | undefined; command: string[] | undefined; workingDirectory: string | undefined } | undefined;
  /** The runtime is started with an inspector; see `Sandbox.inspector`. */
  inspected: boolean;
}

/** How a sandbox ended. */
export interface SandboxExit {
  code: number | null;
  /** `SIGKILL`, `SIGABRT`, ... */
  signal: string | null;
  /** It was stopped for using more memory than it has. */
  outOfMemory: boolean;
}

/** A line, or a framed message, that code in a sandbox has written. */
export interface SandboxOutput {
  text: string;
  /** `function`, or the name of the extension that wrote it. */
  source: "function" | { extension: string };
}

/** A started sandbox: the processes of one execution environment. */
export interface Sandbox {
  /** Resolves once, when the runtime process has ended for whatever reason. */
  readonly exited: Promise<SandboxExit>;
  /** Resolves once every process, extensions too, has ended. */
  ended(): Promise<void>;
  /** Where listeners inside the sandbox are reached from here (Telemetry API). */
  readonly address: string;
  /** Names of the executables in `/opt/extensions` that were started before the runtime. */
  readonly extensions: readonly string[];
  /** Where a debugger reaches the runtime from here, when it is inspected. */
  readonly inspector: { host: string; port: number } | undefined;
  /** Stops all processes where they are, as between two invocations. */
  freeze(): void;
  thaw(): void;
  /** Memory in use now, or last seen when it has ended, bytes; 0 where the host cannot tell. */
  memoryBytes(): number;
  /**
   * Hands over what is written but not yet read, also a last line without a newline. Where output takes a way of its
   * own, `thorough` waits for what may still be on it: for a caller who wants the log with the answer.
   */
  drain(thorough: boolean): Promise<void>;
  /** Asks the runtime process to end (SIGTERM). */
  terminate(): void;
  /** Ends everything at once and removes what it left. Resolves when it is gone. */
  destroy(): Promise<void>;
}

/**
 * Starts and stops sandboxes; it never sees a payload. Process and container differ only in how they spawn: everything
 * that is said to a function goes through the one Runtime API.
 */
export interface Executor {
  readonly kind: "process" | "docker";
  /** True, or the sentence that says why nothing can be started. */
  available(): Promise<true | string>;
  /** True, or why this executor cannot run such a function (no interpreter, no image). */
  supports(spec: Pick<SandboxSpec, "runtime" | "architecture" | "image">): Promise<true | string>;
  /** The address on which a sandbox's Runtime API has to listen. */
  network(): Promise<{ listen: string }>;
  /** What `INIT_START` says about the runtime: `nodejs:24.21.0 (process)`. */
  describe(spec: Pick<SandboxSpec, "runtime" | "image">): Promise<string>;
  start(spec: SandboxSpec, output: (message: SandboxOutput) => void, signal: AbortSignal): Promise<Sandbox>;
  /** Ends what is left of this run. */
  close(): Promise<void>;
}

/** A sandbox that could not be started for a reason that the function's owner can mend. */
export class SandboxStartError extends Error {
  /** Lambda's error type: `Runtime.InvalidEntrypoint`, ... */
  readonly errorType: string;

  constructor(errorType: string, message: string) {
    super(message);
    this.errorType = errorType;
  }
}
