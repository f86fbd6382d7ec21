import type { Background } from "@cumulet/core";
import { stepTask, taskSlot } from "./operations/move-tasks.ts";
import { announce } from "./operations/send.ts";
import type { Ctx } from "./operations/targets.ts";
import type { SqsStore } from "./store.ts";

/** What no request waits for: messages that become visible, messages that are moved, rows of what was purged. */

/** FIFO queues forget deduplication ids in the background after this time. */
const forgetEveryMs = 60_000;

/** Works in each account and region when something is due there, and sets no timer otherwise. */
export function background(platform: Background<SqsStore>): Disposable {
  const scopes = new Map<string, Scope>();
  const scopeOf = (account: string, region: string): Scope => {
    const key = `${account}/${region}`;
    let scope = scopes.get(key);
    if (scope === undefined) scopes.set(key, (scope = new Scope(platform, account, region)));
    return scope;
  };
  const opened = platform.onScope((ctx) => {
    const scope = scopeOf(ctx.account, ctx.region);
    ctx.store.live.attention = (dueMs, queue) => scope.due(dueMs, queue);
    scope.begin();
  });
  // What an earlier run left behind: their stores are opened a moment after the start.
  for (const { account, region } of platform.scopes()) scopeOf(account, region).due(platform.clock.now() + 1000);
  return {
    [Symbol.dispose]: () => {
      opened[Symbol.dispose]();
      for (const scope of scopes.values()) scope[Symbol.dispose]();
    },
  };
}

/** One account and region: when to look at which queue, and one timer for the earliest of them. */
class Scope implements Disposable {
  readonly #platform: Background<SqsStore>;
  readonly #account: string;
  readonly #region: string;
  /** Due times of queues by name, of tasks by their slot, of housekeeping under the empty name; `*` is all queues. */
  readonly #dueMs = new Map<string, number>();
  #timer: { dueMs: number; timer: Disposable } | undefined;

  constructor(platform: Background<SqsStore>, account: string, region: string) {
    this.#platform = platform;
    this.#account = account;
    this.#region = region;
  }

  /** A store was opened, or opened anew after a reset: all of its queues want a look. */
  begin(): void {
    this.#dueMs.clear();
    this.due(this.#platform.clock.now(), "*");
    this.due(this.#platform.clock.now());
  }

  due(dueMs: number, name = ""): void {
    const known = this.#dueMs.get(name);
    if (known !== undefined && known <= dueMs) return;
    this.#dueMs.set(name, dueMs);
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#set(dueMs);
  }

  [Symbol.dispose](): void {
    this.#timer?.timer[Symbol.dispose]();
    this.#timer = undefined;
  }

  #set(dueMs: number): void {
    this.#timer?.timer[Symbol.dispose]();
    const { clock } = this.#platform;
    const timer = clock.schedule(Math.min(Math.max(0, dueMs - clock.now()), 24 * 3600_000), () => this.#work());
    this.#timer = { dueMs, timer };
  }

  #work(): void {
    this.#timer = undefined;
    const { clock, log } = this.#platform;
    const ctx = this.#platform.at(this.#account, this.#region);
    const nowMs = clock.now();
    try {
      ctx.transaction(() => {
        for (const [name, dueMs] of [...this.#dueMs]) {
          if (dueMs > nowMs) continue;
          this.#dueMs.delete(name);
          if (name === "") this.#tidy(ctx);
          else if (name.startsWith("task ")) this.#step(ctx, name);
          else if (name === "*") this.#resume(ctx);
          else this.#look(ctx, name);
        }
      });
    } catch (error) {
      log.error("SQS's background work failed", { account: this.#account, region: this.#region, error: String(error) });
      this.due(nowMs + 1000, "*");
      this.due(nowMs + 1000);
    }
    const next = Math.min(...this.#dueMs.values());
    if (Number.isFinite(next)) this.#set(next);
  }

  /** Messages have become visible, perhaps. */
  #look(ctx: Ctx, name: string): void {
    const queue = ctx.store.queue(name);
    if (queue === undefined) return;
    const nowMs = ctx.clock.now();
    ctx.store.expire(queue, nowMs);
    if (ctx.store.hasReceivable(queue, nowMs)) announce(ctx, queue, Number.POSITIVE_INFINITY);
    const nextMs = ctx.store.nextVisibleMs(queue, nowMs);
    if (nextMs !== undefined) this.due(nextMs, name);
    if (queue.fifo && ctx.store.forget(queue, nowMs)) this.due(nowMs + forgetEveryMs, name);
  }

  /** Goes on with all that there is. */
  #resume(ctx: Ctx): void {
    for (const { handle } of ctx.store.runningTasks()) this.due(ctx.clock.now(), taskSlot(handle));
    for (let after = ""; ;) {
      const queues = ctx.store.listQueues("", after, 100);
      for (const { name } of queues) this.#look(ctx, name);
      if (queues.length < 100) return;
      after = queues.at(-1)!.name;
    }
  }

  #tidy(ctx: Ctx): void {
    const nowMs = ctx.clock.now();
    if (ctx.store.tidy(nowMs)) this.due(nowMs);
  }

  #step(ctx: Ctx, name: string): void {
    const task = ctx.store.task(name.slice(taskSlot("").length));
    const nextMs = task?.status === "RUNNING" ? stepTask(ctx, task) : undefined;
    if (nextMs !== undefined) this.due(nextMs, name);
  }
}
