import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../apps/control-plane/bin/cumulet.mjs", import.meta.url));

/** A cloud in a process of its own, started as a person would. */
export interface Cloud {
  endpoint: string;
  port: number;
  process: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  /** SIGINT, as Ctrl-C sends; resolves to the exit code. */
  stop(): Promise<number | null>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

/** What an AWS client needs in its environment; nothing of the machine's own AWS settings remains. */
export function awsEnvironment(endpoint: string, account = "000000000000", region = "us-east-1"): NodeJS.ProcessEnv {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_")));
  return {
    ...clean,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
}

/** Runs `cumulet` to its end. */
export async function cumulet(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** Starts a cloud on a free port and waits for its `Ready.`; with `example`, until the example is deployed too. */
export async function startCloud(args: string[], options: { env?: NodeJS.ProcessEnv; until?: RegExp } = {}): Promise<Cloud> {
  const child = spawn(process.execPath, [COMMAND, "start", "--port", "0", ...args], { env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const ready = Promise.withResolvers<void>();
  const until = options.until ?? /^Ready\.$/m;
  const listen = (chunk: Buffer): void => {
    output += chunk.toString();
    if (until.test(output)) ready.resolve();
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  child.once("exit", (code) => ready.reject(new Error(`The cloud ended with ${code}:\n${output}`)));
  await ready.promise;
  const port = Number(/serves on http:\/\/localhost:(\d+)/.exec(output)?.[1]);
  const ended = once(child, "exit") as Promise<[number | null]>;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    process: child,
    output: () => output,
    stop: async () => {
      child.kill("SIGINT");
      return (await ended)[0];
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "cumulet-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
