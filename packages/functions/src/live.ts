import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { Background, Context, PlatformConfig } from "@cumulet/core";
import { CodeFolders } from "./code/folders.ts";
import { Pollers } from "./event-sources/pollers.ts";
import type { Executor, SandboxSpec } from "./executors/executor.ts";
import { ProcessExecutor } from "./executors/process/executor.ts";
import { Concurrency } from "./invoke/concurrency.ts";
import { Fleet } from "./invoke/fleet.ts";
import { Provisioning } from "./invoke/provisioning.ts";
import { Slots } from "./invoke/slots.ts";
import { RuntimeApi } from "./runtime-api/server.ts";
import type { LambdaStore } from "./store.ts";
import { setting } from "./settings.ts";

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
  readonly provisioning: Provisioning;
  readonly pollers: Pollers;
  readonly #executors: Executor[];
  readonly #started: Disposable[] = [];

  constructor(background: Background<LambdaStore>) {
    const { clock, log, config } = background;
    const ids = background.at(config.defaultAccount, config.defaultRegion).ids;
    this.background = background;
    const folder = join(config.dataFolder, "functions");
    this.folders = new CodeFolders(join(folder, "code"), ids);
    this.#executors = [new ProcessExecutor(join(folder, "sandboxes"), clock)];
    const environmentsMax = setting(config, "environments", Math.max(16, Math.floor((totalmem() * MEMORY_SHARE) / ENVIRONMENT_BYTES)));
    this.asyncSlots = new Slots(environmentsMax);
    this.fleet = new Fleet({
      api: this.api, clock, ids, environmentsMax,
      startsMax: setting(config, "starts", Math.max(2, availableParallelism())),
      idleMs: setting(config, "idle_ms", 600_000),
      logsDropped: (functionArn, events) => log.warn("A function writes faster than its log is stored; lines were dropped", { functionArn, events }),
    });
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

  /** The executor that runs such a function. Throws a plain Error whose message says what is missing. */
  async executor(spec: Pick<SandboxSpec, "runtime" | "architecture" | "image">): Promise<Executor> {
    let reason: string | true = "No executor";
    for (const executor of this.#executors) {
      reason = await executor.available();
      if (reason === true) reason = await executor.supports(spec);
      if (reason === true) return executor;
    }
    throw new Error(reason as string);
  }

  async close(): Promise<void> {
    for (const started of this.#started) started[Symbol.dispose]();
    this.pollers.stop();
    await this.fleet.close();
    await Promise.all(this.#executors.map((executor) => executor.close()));
    this.api.close();
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
