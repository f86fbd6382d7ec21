import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { Background, Context, Log, PlatformConfig } from "@cumulet/core";
import { CodeFolders } from "./code/folders.ts";
import { Pollers } from "./event-sources/pollers.ts";
import { Bundles } from "./dev/bundle.ts";
import { HotFolders } from "./dev/hot-folders.ts";
import { DebugPorts } from "./dev/inspector.ts";
import type { Executor, SandboxSpec } from "./executors/executor.ts";
import { DockerExecutor } from "./executors/docker/executor.ts";
import { ProcessExecutor } from "./executors/process/executor.ts";
import { Concurrency } from "./invoke/concurrency.ts";
import { Fleet } from "./invoke/fleet.ts";
import { Provisioning } from "./invoke/provisioning.ts";
import { Slots } from "./invoke/slots.ts";
import { RuntimeApi } from "./runtime-api/server.ts";
import type { LambdaStore } from "./store.ts";
import { setting, textSetting } from "./settings.ts";

/** Share of this machine's memory that environments may take, counted with what a small one needs. */
const MEMORY_SHARE = 0.5;
const ENVIRONMENT_BYTES = 64 * 1024 * 1024;

/**
 * What lives as long as a platform runs and is no state: environments, the Runtime API, executors. One for each
 * platform, found by its configuration, because several platforms may run in one process.
 */
export class Live {
  readonly background: Background<LambdaStore>;
  readonly api = new RuntimeApi();
  readonly concurrency = new Concurrency();
  /** Asynchronous events that are worked on at once: the others stay in their queue. */
  readonly asyncSlots: Slots;
  readonly folders: CodeFolders;
  readonly fleet: Fleet;
  /** Code that runs as it stands in somebody's folder. */
  readonly hot: HotFolders;
  readonly bundles: Bundles;
  readonly provisioning: Provisioning;
  readonly pollers: Pollers;
  readonly docker: DockerExecutor;
  readonly #executors: Executor[];
  readonly #started: Disposable[] = [];

  constructor(background: Background<LambdaStore>) {
    const { clock, log, config } = background;
    const ids = background.at(config.defaultAccount, config.defaultRegion).ids;
    this.background = background;
    const folder = join(config.dataFolder, "functions");
    this.folders = new CodeFolders(join(folder, "code"), ids);
    this.docker = new DockerExecutor(clock, ids, log, {
      images: imageNames(textSetting(config, "images"), log), network: textSetting(config, "docker_network"), address: textSetting(config, "docker_address"), cpuByMemory: textSetting(config, "cpu") === "aws",
    });
    const processes = new ProcessExecutor(join(folder, "sandboxes"), clock);
    const chosen = textSetting(config, "executor") ?? "auto";
    if (chosen !== "auto" && chosen !== "docker" && chosen !== "process") log.warn("CUMULET_LAMBDA_EXECUTOR must be auto, docker or process; auto is used", { executor: chosen });
    this.#executors = chosen === "docker" ? [this.docker] : chosen === "process" ? [processes] : [this.docker, processes];
    const environmentsMax = setting(config, "environments", Math.max(16, Math.floor((totalmem() * MEMORY_SHARE) / ENVIRONMENT_BYTES)));
    this.asyncSlots = new Slots(environmentsMax);
    this.fleet = new Fleet({
      api: this.api, debugPorts: new DebugPorts(log), clock, ids, environmentsMax,
      startsMax: setting(config, "starts", Math.max(2, availableParallelism())),
      idleMs: setting(config, "idle_ms", 600_000),
      logsDropped: (functionArn, events) => log.warn("A function writes faster than its log is stored; lines were dropped", { functionArn, events }),
    });
    this.hot = new HotFolders(clock, log);
    this.bundles = new Bundles(join(folder, "bundles"));
    this.provisioning = new Provisioning(this, background, this.fleet);
    this.pollers = new Pollers(background);
  }

  /** Begins what stands in the stores: provisioned environments and event source mappings. */
  start(): void {
    this.#started.push(this.background.onScope((ctx) => {
      this.provisioning.restore(ctx);
      this.pollers.restore(ctx);
    }));
  }

  /**
   * The executor that runs such a function: containers when the engine answers and has the image, else processes. One
   * that was chosen by name is used without a second thought, so that it can pull. Throws a plain Error that says what
   * is missing.
   */
  async executor(spec: Pick<SandboxSpec, "runtime" | "architecture" | "image">): Promise<Executor> {
    const reasons: string[] = [];
    const [only] = this.#executors;
    for (const executor of this.#executors) {
      let reason = await executor.available();
      const pulls = executor.kind === "docker" && (this.#executors.length === 1 || spec.image !== undefined);
      if (reason === true && !pulls) reason = await executor.supports(spec);
      if (reason === true) return executor;
      reasons.push(reason);
    }
    throw new Error(this.#executors.length === 1 ? `${only!.kind}: ${reasons[0]}` : reasons.join("; "));
  }

  async close(): Promise<void> {
    for (const started of this.#started) started[Symbol.dispose]();
    this.pollers.stop();
    this.hot.close();
    await this.fleet.close();
    await Promise.all(this.#executors.map((executor) => executor.close()));
    this.api.close();
  }
}

/** `CUMULET_LAMBDA_IMAGES`: a JSON object of images by runtime. */
function imageNames(text: string | undefined, log: Log): Record<string, string> {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    log.warn("CUMULET_LAMBDA_IMAGES is not a JSON object; AWS's own images are used");
    return {};
  }
}

const lives = new WeakMap<PlatformConfig, Live>();

/** Starts what runs beside requests; see `ServiceDefinition.background`. */
export function startLive(background: Background<LambdaStore>): Live {
  const live = new Live(background);
  lives.set(background.config, live);
  live.start();
  return live;
}

/** The live part of the platform that a context belongs to. */
export function liveOf(ctx: Context<LambdaStore>): Live {
  const live = lives.get(ctx.config);
  if (live === undefined) throw new Error("The platform has not started");
  return live;
}
