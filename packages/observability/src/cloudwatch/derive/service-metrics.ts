import type { Background, Context, PlatformConfig, Record as RequestRecord, Span } from "@cumulet/core";
import { addValue, emptyAggregate, type Aggregate } from "../domain/aggregate.ts";
import { metricKey, type MetricKey } from "../domain/metric.ts";
import type { CloudWatchStore } from "../store/index.ts";
import { GLOBAL, measureInvocation, RULES, type Add, type Measures } from "./rules.ts";

const MINUTE_MS = 60_000;
/** Platform time that measures wait at most before they are written. */
const EVERY_MS = 5_000;
/** Metrics that are gathered at once. */
const METRICS_MAX = 20_000;
const HOME = "us-east-1";

interface Gathered {
  key: MetricKey;
  unit: string;
  aggregate: Aggregate;
}

/** The metrics of one namespace and dimensions of one account and region. */
type Group = Map<string, Gathered>;

/**
 * Metrics of the services themselves, from the requests that the platform has finished. They are gathered in memory, by minute, and
 * written a few seconds later or when somebody asks: a request costs a handful of additions.
 */
export class ServiceMetrics implements Disposable {
  readonly #platform: Background<CloudWatchStore>;
  readonly #scopes = new Map<string, Map<string, Group>>();
  readonly #watching: Disposable;
  #minute = 0;
  #count = 0;
  #timer: Disposable | undefined;

  constructor(platform: Background<CloudWatchStore>) {
    this.#platform = platform;
    this.#watching = platform.onSpan((span) => this.#span(span));
    gatherers.set(platform.config, this);
  }

  /** Notes a finished request. */
  observe(record: RequestRecord): void {
    const rule = RULES[record.service];
    if (rule === undefined) return;
    rule(record, this.#adder(record.account, GLOBAL.has(record.service) ? HOME : record.region));
  }

  /** Writes what was gathered. Reads call it first, so that a caller finds what it has just done. */
  flush(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#count === 0) return;
    const timeMs = this.#minute * MINUTE_MS;
    for (const [scope, groups] of this.#scopes) {
      const [account, region] = scope.split(" ") as [string, string];
      try {
        const ctx = this.#platform.at(account, region);
        ctx.transaction(() => {
          for (const group of groups.values()) for (const { key, unit, aggregate } of group.values()) ctx.store.metrics.add(key, timeMs, unit, 60, aggregate);
        });
      } catch (error) {
        this.#platform.log.error("Metrics of services could not be kept", { scope, error: (error as Error).message });
      }
    }
    this.#scopes.clear();
    this.#count = 0;
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#watching[Symbol.dispose]();
  }

  #span(span: Span): void {
    const account = span.attributes["lambda.account"];
    const region = span.attributes["lambda.region"];
    if (typeof account === "string" && typeof region === "string") measureInvocation(span, this.#adder(account, region));
  }

  #adder(account: string, region: string): Add {
    const minute = Math.floor(this.#platform.clock.now() / MINUTE_MS);
    if (minute !== this.#minute || this.#count >= METRICS_MAX) {
      this.flush();
      this.#minute = minute;
    }
    const scope = `${account} ${region}`;
    let groups = this.#scopes.get(scope);
    if (groups === undefined) this.#scopes.set(scope, (groups = new Map<string, Group>()));
    const found = groups;
    this.#timer ??= this.#platform.clock.schedule(EVERY_MS, () => this.flush());
    return (namespace, dimensions, measures) => this.#add(found, namespace, dimensions, measures);
  }

  #add(groups: Map<string, Group>, namespace: string, dimensions: readonly (readonly [string, string])[], measures: Measures): void {
    let name = namespace;
    for (const [, value] of dimensions) name += `\0${value}`;
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = new Map<string, Gathered>()));
    for (const metric in measures) {
      const [value, unit] = measures[metric]!;
      let gathered = group.get(metric);
      if (gathered === undefined) {
        gathered = { key: metricKey(namespace, metric, dimensions.map(([Name, Value]) => ({ Name, Value }))), unit, aggregate: emptyAggregate() };
        group.set(metric, gathered);
        this.#count += 1;
      }
      addValue(gathered.aggregate, value);
    }
  }
}

/** The service metrics of each platform in this process, found by its configuration. */
const gatherers = new WeakMap<PlatformConfig, ServiceMetrics>();

export function serviceMetricsOf(of: { config: PlatformConfig }): ServiceMetrics {
  const found = gatherers.get(of.config);
  if (found === undefined) throw new Error("The platform has not started");
  return found;
}

/** Makes what services measured visible to a read. */
export function flushServiceMetrics(ctx: Context<CloudWatchStore>): void {
  gatherers.get(ctx.config)?.flush();
}
