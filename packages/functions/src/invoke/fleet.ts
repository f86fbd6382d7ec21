import type { Clock, Ids } from "@cumulet/core";
import type { DebugPorts } from "../dev/inspector.ts";
import type { Executor } from "../executors/executor.ts";
import type { RuntimeApi } from "../runtime-api/server.ts";
import { Environment, INIT_LIMIT_MS, InitFailure, type Execution } from "./environment.ts";
import type { EnvironmentSpec } from "./environment-spec.ts";
import type { Invocation } from "./invocation.ts";
import { LogStream, type LogSink } from "./log-stream.ts";

/** A function version to run, as the fleet sees it. */
export interface Target {
  /** `<account>/<region>/<function>:<version>`: its environments form one pool. */
  key: string;
  /** Changes with everything that an environment is made from: one of another generation is never used again. */
  generation: string;
  /** Asked for when an environment has to be made. */
  spec: (initializationType: EnvironmentSpec["initializationType"]) => Promise<EnvironmentSpec>;
  executor: (spec: EnvironmentSpec) => Promise<Executor>;
  /** Where the environments' log streams go. */
  sink: (stream: string) => LogSink;
  /** At most one environment at a time: a person who debugs wants to meet every event in the same process. */
  single?: boolean;
}

export interface FleetTools {
  api: RuntimeApi;
  debugPorts: DebugPorts;
  clock: Clock;
  ids: Ids;
  /** Environments of this machine at most; when all are busy, invocations wait their turn. */
  environmentsMax: number;
  /** Environments that may be starting at once: more only slow each other down. */
  startsMax: number;
  /** An environment without work is ended after this time, platform milliseconds. */
  idleMs: number;
  logsDropped: (functionArn: string, events: number) => void;
}

/** What an invocation got: an environment that works on it, or the fault of a function that cannot be initialised. */
type Acquired = { environment: Environment } | { failed: InitFailure };

interface Waiter {
  resolve: (acquired: Acquired) => void;
  reject: (error: unknown) => void;
}

interface Pool {
  target: Target;
  /** Last in, first out: the warmest is used, the others may be reaped. */
  idle: { environment: Environment; sinceMs: number }[];
  all: Set<Environment>;
  waiting: Waiter[];
  starting: number;
  /** Environments to keep started, whether there is work or not. */
  provisioned: number;
  /** Why the last provisioned one could not be started. */
  failure: string | undefined;
}

/**
 * All execution environments of the platform. Each serves one invocation at a time; an invocation takes a warm one of
 * its pool or has one started, whichever is ready first.
 */
export class Fleet {
  readonly #tools: FleetTools;
  readonly #pools = new Map<string, Pool>();
  /** Pools with waiters that found no room, oldest first. */
  readonly #starved = new Set<Pool>();
  /** Every environment that was made and is not gone yet, whatever its pool. */
  readonly #live = new Set<Environment>();
  #count = 0;
  #starts = 0;
  #reaper: Disposable | undefined;
  #closed = false;

  constructor(tools: FleetTools) {
    this.#tools = tools;
  }

  /** Environments that exist now. */
  get size(): number {
    return this.#count;
  }

  /** Runs one invocation. The deadline counts from when an environment takes it, so `prepare` makes it then. */
  async run(target: Target, prepare: () => Invocation, tail: boolean): Promise<Execution> {
    const acquired = await this.#acquire(target);
    if ("environment" in acquired) return this.#execute(target, acquired.environment, prepare(), tail);
    return this.#retryInit(target, prepare(), tail);
  }

  /** Keeps `count` environments of a version started. */
  provision(target: Target, count: number): void {
    const pool = this.#pool(target);
    pool.provisioned = count;
    this.#fill(pool);
  }

  /** Replaces a version's environments by one of its new generation, before it is asked for; nothing when it has none. */
  refresh(target: Target): void {
    if (this.#closed || (this.#pools.get(target.key)?.all.size ?? 0) === 0) return;
    const pool = this.#pool(target);
    if (pool.starting > 0 || pool.waiting.length > 0 || this.#starts >= this.#tools.startsMax || this.#count >= this.#tools.environmentsMax) return;
    this.#startOne(pool);
  }

  /** Gives up provisioned concurrency of pools whose key starts with `prefix`, save those in `keep`. */
  unprovision(prefix: string, keep: ReadonlySet<string>): void {
    for (const [key, pool] of this.#pools) {
      if (!key.startsWith(prefix) || keep.has(key) || pool.provisioned === 0) continue;
      pool.provisioned = 0;
      for (const entry of [...pool.idle]) {
        if (!isProvisioned(entry.environment)) continue;
        pool.idle.splice(pool.idle.indexOf(entry), 1);
        this.#drop(pool, entry.environment);
      }
    }
  }

  /** How many environments of a pool are provisioned and initialised. */
  provisioned(key: string): { ready: number; failure: string | undefined } {
    const pool = this.#pools.get(key);
    if (pool === undefined) return { ready: 0, failure: undefined };
    return { ready: [...pool.all].filter((environment) => isProvisioned(environment) && environment.ready && !environment.dead).length, failure: pool.failure };
  }

  /** Ends all environments of pools whose key starts with `prefix`; those at work finish first. */
  retire(prefix: string): void {
    for (const [key, pool] of this.#pools) {
      if (!key.startsWith(prefix)) continue;
      this.#pools.delete(key);
      pool.target = { ...pool.target, generation: "" };
      for (const { environment } of pool.idle.splice(0)) this.#drop(pool, environment);
    }
  }

  /** Ends everything, at once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#reaper?.[Symbol.dispose]();
    for (const pool of this.#pools.values()) {
      for (const waiter of pool.waiting.splice(0)) waiter.reject(new Error("The platform is stopping"));
    }
    await Promise.all([...this.#live].map((environment) => environment.end()));
  }

  #pool(target: Target): Pool {
    let pool = this.#pools.get(target.key);
    if (pool === undefined) {
      pool = { target, idle: [], all: new Set(), waiting: [], starting: 0, provisioned: 0, failure: undefined };
      this.#pools.set(target.key, pool);
    } else if (pool.target.generation !== target.generation) {
      // Busy ones of the old generation are dropped when they come back.
      for (const { environment } of pool.idle.splice(0)) this.#drop(pool, environment);
      pool.target = target;
      if (pool.provisioned > 0) this.#fill(pool);
    }
    return pool;
  }

  #acquire(target: Target): Promise<Acquired> {
    if (this.#closed) return Promise.reject(new Error("The platform is stopping"));
    const pool = this.#pool(target);
    for (let warm = pool.idle.pop(); warm !== undefined; warm = pool.idle.pop()) {
      if (!warm.environment.dead) return Promise.resolve({ environment: warm.environment });
      this.#drop(pool, warm.environment);
    }
    return new Promise((resolve, reject) => {
      pool.waiting.push({ resolve, reject });
      this.#grow(pool);
    });
  }

  /** Starts environments for waiters that have none coming. */
  #grow(pool: Pool): void {
    while (!this.#closed && pool.starting < pool.waiting.length) {
      if (pool.target.single === true && (pool.starting > 0 || [...pool.all].some((environment) => !environment.dead))) return;
      if (this.#starts >= this.#tools.startsMax || (this.#count >= this.#tools.environmentsMax && !this.#evict())) {
        this.#starved.add(pool);
        return;
      }
      this.#startOne(pool);
    }
    this.#starved.delete(pool);
  }

  #startOne(pool: Pool): void {
    pool.starting += 1;
    this.#starts += 1;
    this.#count += 1;
    void this.#start(pool, pool.target);
  }

  /** Starts the provisioned environments that are missing; they do not wait for their turn among others. */
  #fill(pool: Pool): void {
    if (this.#closed) return;
    const has = [...pool.all].filter((environment) => isProvisioned(environment) && !environment.dead && environment.generation === pool.target.generation).length;
    for (let missing = pool.provisioned - has; missing > 0; missing -= 1) {
      this.#count += 1;
      void this.#startProvisioned(pool, pool.target);
    }
  }

  async #startProvisioned(pool: Pool, target: Target): Promise<void> {
    let environment: Environment | undefined;
    try {
      environment = await this.#make(target, "provisioned-concurrency", (made) => pool.all.add(made));
      await environment.init(PROVISIONED_INIT_LIMIT_MS, "init");
      pool.failure = undefined;
      this.#release(pool, environment);
    } catch (error) {
      // No second attempt: a function that cannot start would keep the machine busy for ever.
      pool.failure = error instanceof InitFailure ? `FUNCTION_ERROR_INIT_FAILURE: ${error.errorType}` : String(error);
      if (environment === undefined) this.#count -= 1;
      else this.#drop(pool, environment);
    }
  }

  async #start(pool: Pool, target: Target): Promise<void> {
    let environment: Environment | undefined;
    try {
      environment = await this.#make(target, "on-demand", (made) => pool.all.add(made));
      await environment.init(INIT_LIMIT_MS, "init");
      this.#started(pool);
      this.#release(pool, environment);
    } catch (error) {
      this.#started(pool);
      if (environment === undefined) this.#count -= 1;
      else this.#drop(pool, environment);
      const waiter = pool.waiting.shift();
      if (error instanceof InitFailure) waiter?.resolve({ failed: error });
      else waiter?.reject(error);
    }
    this.#feed();
  }

  #started(pool: Pool): void {
    pool.starting -= 1;
    this.#starts -= 1;
  }

  async #make(target: Target, initializationType: EnvironmentSpec["initializationType"], made: (environment: Environment) => void): Promise<Environment> {
    const { api, debugPorts, clock, ids } = this.#tools;
    const spec = await target.spec(initializationType);
    const executor = await target.executor(spec);
    const name = streamName(clock.now(), spec.version, ids);
    const log = new LogStream(name, clock, target.sink(name), (events) => this.#tools.logsDropped(spec.functionArn, events));
    const environment = new Environment({ ...spec, environment: { ...spec.environment, AWS_LAMBDA_LOG_STREAM_NAME: name } }, target.generation, { api, executor, debugPorts, clock, ids, log });
    this.#live.add(environment);
    made(environment);
    return environment;
  }

  #execute(target: Target, environment: Environment, invocation: Invocation, tail: boolean): Execution {
    const execution = environment.invoke(invocation, tail);
    void execution.done.then(({ reusable }) => {
      const pool = this.#pools.get(target.key);
      if (reusable && pool !== undefined && pool.all.has(environment)) this.#release(pool, environment);
      else this.#drop(pool, environment);
      if (pool !== undefined && pool.provisioned > 0) this.#fill(pool);
      this.#feed();
    });
    return execution;
  }

  /**
   * The init phase failed: Lambda does it once more as part of the invocation, on the function's own time, and the
   * caller gets what goes wrong then.
   */
  async #retryInit(target: Target, invocation: Invocation, tail: boolean): Promise<Execution> {
    this.#count += 1;
    const pool = this.#pool(target);
    let environment: Environment | undefined;
    const began = performance.now();
    try {
      environment = await this.#make(target, "on-demand", (made) => pool.all.add(made));
      await environment.init(invocation.remainingMs, "invoke");
      const remainingMs = Math.max(1, invocation.remainingMs - Math.round(performance.now() - began));
      return this.#execute(target, environment, { ...invocation, remainingMs }, tail);
    } catch (error) {
      if (environment === undefined) {
        this.#count -= 1;
        throw error;
      }
      const refused = error instanceof InitFailure ? environment.refuse(invocation, error, performance.now() - began, tail) : undefined;
      this.#drop(pool, environment);
      if (refused === undefined) throw error;
      return refused;
    }
  }

  /** An environment is free: the next waiter of its pool gets it, else it rests. */
  #release(pool: Pool, environment: Environment): void {
    if (environment.dead || this.#closed || environment.generation !== pool.target.generation) {
      this.#drop(pool, environment);
      this.#grow(pool);
      return;
    }
    const waiter = pool.waiting.shift();
    if (waiter !== undefined) {
      waiter.resolve({ environment });
      return;
    }
    environment.freeze();
    pool.idle.push({ environment, sinceMs: this.#tools.clock.now() });
    this.#reaper ??= this.#tools.clock.schedule(this.#tools.idleMs, () => this.#reap());
  }

  #drop(pool: Pool | undefined, environment: Environment): void {
    if (pool?.all.delete(environment) !== false) this.#count -= 1;
    void environment.end().catch(() => {}).finally(() => this.#live.delete(environment));
  }

  /** Lets pools go on that found no room. */
  #feed(): void {
    for (const pool of [...this.#starved]) {
      this.#starved.delete(pool);
      this.#grow(pool);
    }
  }

  /** Makes room by ending the environment that has rested longest; false when all are busy. */
  #evict(): boolean {
    let oldest: { pool: Pool; entry: Pool["idle"][number] } | undefined;
    for (const pool of this.#pools.values()) {
      const first = pool.idle.find(({ environment }) => !isProvisioned(environment));
      if (first !== undefined && (oldest === undefined || first.sinceMs < oldest.entry.sinceMs)) oldest = { pool, entry: first };
    }
    if (oldest === undefined) return false;
    oldest.pool.idle.splice(oldest.pool.idle.indexOf(oldest.entry), 1);
    this.#drop(oldest.pool, oldest.entry.environment);
    return true;
  }

  #reap(): void {
    this.#reaper = undefined;
    const now = this.#tools.clock.now();
    let next = Infinity;
    for (const [key, pool] of this.#pools) {
      const rested = pool.idle.filter(({ environment, sinceMs }) => environment.dead || (!isProvisioned(environment) && now - sinceMs >= this.#tools.idleMs));
      pool.idle = pool.idle.filter((entry) => !rested.includes(entry));
      for (const { environment } of rested) this.#drop(pool, environment);
      if (pool.provisioned > 0) this.#fill(pool);
      for (const { environment, sinceMs } of pool.idle) if (!isProvisioned(environment)) next = Math.min(next, sinceMs + this.#tools.idleMs);
      if (pool.all.size === 0 && pool.waiting.length === 0 && pool.starting === 0 && pool.provisioned === 0) this.#pools.delete(key);
    }
    if (next !== Infinity) this.#reaper = this.#tools.clock.schedule(Math.max(1, next - now), () => this.#reap());
  }
}

/** Lambda's limit on the init phase of a provisioned environment: fifteen minutes. */
const PROVISIONED_INIT_LIMIT_MS = 900_000;

function isProvisioned(environment: Environment): boolean {
  return environment.spec.initializationType === "provisioned-concurrency";
}

/** `2026/01/15/[$LATEST]0123456789abcdef0123456789abcdef`. */
function streamName(nowMs: number, version: string, ids: Ids): string {
  return `${new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "/")}/[${version}]${ids.bytes(16).toString("hex")}`;
}
