import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RandomIds, SystemClock, TestClock } from "@cumulet/core/platform";
import type { Clock } from "@cumulet/core";
import { testLog } from "@cumulet/core/testing";
import { DebugPorts } from "../src/dev/inspector.ts";
import { DockerExecutor } from "../src/executors/docker/executor.ts";
import type { Executor } from "../src/executors/executor.ts";
import { ProcessExecutor } from "../src/executors/process/executor.ts";
import type { EnvironmentSpec } from "../src/invoke/environment-spec.ts";
import { Fleet, type Target } from "../src/invoke/fleet.ts";
import type { Invocation } from "../src/invoke/invocation.ts";
import { RuntimeApi } from "../src/runtime-api/server.ts";

/** Images made on the spot, in place of AWS's. */
export const IMAGES: Record<string, string> = {
  "nodejs22.x": "cumulet-lambda/nodejs:22", "nodejs24.x": "cumulet-lambda/nodejs:22", "python3.12": "cumulet-lambda/python:3.12", "provided.al2023": "cumulet-lambda/provided:al2023",
};

/** Why functions cannot be tried in containers here; undefined when they can. Makes the images where they are missing. */
export function withoutDocker(): string | undefined {
  if (spawnSync("docker", ["info"]).status !== 0) return "no Docker engine runs here";
  if (Object.values(IMAGES).every((image) => spawnSync("docker", ["image", "inspect", image]).status === 0)) return undefined;
  const python = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).stdout.trim();
  const made = spawnSync("bash", [join(import.meta.dirname, "images", "build.sh"), "cumulet-lambda", process.execPath, python], { encoding: "utf8" });
  return made.status === 0 ? undefined : `the images could not be made: ${made.stderr.slice(-500)}`;
}

export interface FunctionOptions {
  runtime?: string;
  handler?: string;
  files: Record<string, string>;
  opt?: Record<string, string>;
  memoryMb?: number;
  timeoutMs?: number;
  variables?: Record<string, string>;
  logFormat?: "Text" | "JSON";
  name?: string;
  version?: string;
  debugPort?: number;
}

/** The result of an invocation with all that it left behind. */
export interface Result {
  ok: boolean;
  payload: unknown;
  text: string;
  log: string[];
  report: import("../src/invoke/messages.ts").Report;
}

/** Fleet, Runtime API and process executor without a platform around them. */
export class Harness {
  readonly folder = mkdtempSync(join(tmpdir(), "cumulet-functions-"));
  readonly clock: Clock;
  readonly ids = new RandomIds();
  readonly api = new RuntimeApi();
  readonly executor: Executor;
  readonly fleet: Fleet;
  readonly logs = new Map<string, string[]>();
  #functions = 0;

  constructor(clock: Clock = new SystemClock(), kind: "process" | "docker" = "process") {
    this.clock = clock;
    this.executor = kind === "process" ? new ProcessExecutor(join(this.folder, "sandboxes"), clock)
      : new DockerExecutor(clock, this.ids, testLog(), { images: IMAGES, network: undefined, address: undefined, cpuByMemory: false });
    this.fleet = new Fleet({ api: this.api, debugPorts: new DebugPorts(testLog()), clock, ids: this.ids, environmentsMax: 100, startsMax: 4, idleMs: 600_000, logsDropped: () => {} });
  }

  write(files: Record<string, string>): string {
    const folder = join(this.folder, `code-${++this.#functions}`);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text, { mode: 0o755 });
    }
    return folder;
  }

  target(options: FunctionOptions): Target {
    const name = options.name ?? `function-${this.#functions + 1}`;
    const version = options.version ?? "$LATEST";
    const runtime = options.runtime ?? "nodejs22.x";
    const spec: EnvironmentSpec = {
      account: "000000000000", region: "us-east-1", functionName: name, version, functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      runtime, handler: options.handler ?? "index.handler", architecture: "x86_64", task: this.write(options.files), editable: undefined, opt: options.opt && this.write(options.opt),
      memoryMb: options.memoryMb ?? 128, storageMb: 512, timeoutMs: options.timeoutMs ?? 3000, initializationType: "on-demand",
      runtimeVersionArn: "arn:aws:lambda:us-east-1::runtime:0", logFormat: options.logFormat ?? "Text", systemLogLevel: "INFO", tracing: false,
      image: undefined, debugPort: options.debugPort, inspected: options.debugPort !== undefined, platformEndpoint: "http://127.0.0.1:1",
      environment: {
        _HANDLER: options.handler ?? "index.handler", AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`, AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: version, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(options.memoryMb ?? 128), AWS_REGION: "us-east-1", TZ: ":UTC",
        ...(options.logFormat === "JSON" ? { AWS_LAMBDA_LOG_FORMAT: "JSON" } : {}), ...options.variables,
      },
    };
    return {
      key: `000000000000/us-east-1/${name}:${version}`, generation: "1", single: options.debugPort !== undefined,
      spec: async () => spec, executor: async () => this.executor,
      sink: (stream) => async (events) => {
        const lines = this.logs.get(stream) ?? [];
        lines.push(...events.map((event) => event.message));
        this.logs.set(stream, lines);
      },
    };
  }

  invocation(payload: unknown, timeoutMs = 3000, more: Partial<Invocation> = {}): Invocation {
    return {
      requestId: this.ids.uuid(), payload: typeof payload === "string" ? Buffer.from(payload) : Buffer.from(JSON.stringify(payload ?? {})),
      deadlineMs: this.clock.now() + timeoutMs, remainingMs: timeoutMs, invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:f",
      traceHeader: "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0", clientContext: undefined, cognitoIdentity: undefined, tenantId: undefined, ...more,
    };
  }

  async invoke(target: Target, payload: unknown = {}, more: Partial<Invocation> = {}): Promise<Result> {
    const timeoutMs = (await target.spec("on-demand")).timeoutMs;
    const execution = await this.fleet.run(target, () => this.invocation(payload, timeoutMs, more), true);
    const answer = await execution.answer;
    let text: string;
    if ("fault" in answer) text = Buffer.from(answer.fault.body).toString();
    else if (answer.response.streamed) {
      const chunks: Buffer[] = [];
      for await (const chunk of answer.response.body) chunks.push(chunk as Buffer);
      text = Buffer.concat(chunks).toString();
    } else text = answer.response.body.toString();
    const end = await execution.done;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    return { ok: "response" in answer, payload: parsed, text, log: Buffer.from(end.tail, "base64").toString().split(/(?<=\n)/), report: end.report };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet.close();
    await this.executor.close();
    this.api.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export { TestClock };
