import type { Background, Context, PlatformConfig } from "@cumulet/core";
import { serviceMetricsOf } from "../derive/service-metrics.ts";
import { evaluate } from "./evaluate.ts";
import type { CloudWatchStore } from "../store/index.ts";

const MINUTE_MS = 60_000;
const FAST_MS = 10_000;

/**
 * When alarms are looked at: at every minute of platform time, those with periods below a minute every ten seconds. No timer
 * runs while there is no alarm.
 */
export class AlarmSchedule implements Disposable {
  readonly #platform: Background<CloudWatchStore>;
  readonly #scopes = new Map<string, Context<CloudWatchStore>>();
  readonly #opened: Disposable;
  #timer: Disposable | undefined;
  #fast = false;

  constructor(platform: Background<CloudWatchStore>) {
    this.#platform = platform;
    this.#opened = platform.onScope((ctx) => {
      if (ctx.store.alarms.count() > 0) this.watch(ctx);
    });
    // Alarms of an earlier run: their scopes are opened beside the first requests, not before them.
    for (const { account, region } of platform.scopes()) platform.clock.schedule(1000, () => void platform.at(account, region).store);
  }

  /** Has the alarms of a scope looked at from now on. */
  watch(ctx: { account: string; region: string; store: CloudWatchStore }): void {
    this.#scopes.set(`${ctx.account} ${ctx.region}`, this.#platform.at(ctx.account, ctx.region));
    const fast = ctx.store.alarms.all().some((alarm) => alarm.type === "MetricAlarm" && isFast(alarm));
    if (fast && !this.#fast) {
      this.#fast = true;
      this.#timer?.[Symbol.dispose]();
      this.#timer = undefined;
    }
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  #arm(): void {
    const step = this.#fast ? FAST_MS : MINUTE_MS;
    this.#timer ??= this.#platform.clock.schedule(step - (this.#platform.clock.now() % step), () => {
      this.#timer = undefined;
      this.#tick();
    });
  }

  #tick(): void {
    serviceMetricsOf(this.#platform).flush();
    const onMinute = this.#platform.clock.now() % MINUTE_MS < FAST_MS;
    let fast = false;
    for (const [key, ctx] of this.#scopes) {
      const alarms = ctx.store.alarms.all();
      if (alarms.length === 0) this.#scopes.delete(key);
      for (const alarm of alarms) {
        if (alarm.type !== "MetricAlarm") continue;
        if (isFast(alarm)) fast = true;
        else if (!onMinute) continue;
        try {
          ctx.transaction(() => evaluate(ctx, alarm));
        } catch (error) {
          ctx.log.warn("An alarm could not be evaluated", { alarm: alarm.name, error: (error as Error).message });
        }
      }
    }
    this.#fast = fast;
    if (this.#scopes.size > 0) this.#arm();
  }
}

function isFast(alarm: { period: number | undefined; metrics: readonly { MetricStat?: { Period: number } }[] | undefined }): boolean {
  return (alarm.period ?? 60) < 60 || (alarm.metrics?.some(({ MetricStat }) => MetricStat !== undefined && MetricStat.Period < 60) ?? false);
}

/** The schedule of each platform in this process, found by its configuration. */
const schedules = new WeakMap<PlatformConfig, AlarmSchedule>();

export function startSchedule(platform: Background<CloudWatchStore>): AlarmSchedule {
  const schedule = new AlarmSchedule(platform);
  schedules.set(platform.config, schedule);
  return schedule;
}

/** Has the alarms of a context's scope looked at, once what it writes is there. */
export function watchAlarms(ctx: Context<CloudWatchStore>): void {
  schedules.get(ctx.config)?.watch(ctx);
}
