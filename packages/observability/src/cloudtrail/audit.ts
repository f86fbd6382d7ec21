import type { Background, Context, PlatformConfig, Record as RequestRecord } from "@cumulet/core";
import { loadModel, serviceIndex, type ServiceId } from "@cumulet/protocol";
import { dataType, isGlobal } from "./domain/classify.ts";
import { writeEvent } from "./domain/event.ts";
import type { EventDataStoreRecord, TrailRecord } from "./domain/records.ts";
import { selectedDataTypes, selects } from "./domain/selectors.ts";
import type { CloudTrailStore } from "./store/index.ts";

const HOME: { [partition: string]: string } = { aws: "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1" };
/** Calls that wait for the end of their turn at most; more are written at once. */
const WAITING_MAX = 1000;

/** The region whose store has an account's trails, event data stores and tags. */
export function homeOf(ctx: Context<CloudTrailStore>): Context<CloudTrailStore> {
  return ctx.at(ctx.account, HOME[ctx.partition] ?? "us-east-1");
}

/** What an account keeps of its calls beside management events. */
interface Choice {
  trails: TrailRecord[];
  eventDataStores: EventDataStoreRecord[];
  /** Resource types whose data events somebody asked for. */
  dataTypes: ReadonlySet<string>;
}

/**
 * Keeps API calls. A finished request costs a look at two tables; what is kept is gathered for the rest of the turn and
 * written in one transaction, after the answer has left.
 */
export class Audit implements Disposable {
  readonly #platform: Background<CloudTrailStore>;
  readonly #waiting: RequestRecord[] = [];
  readonly #choices = new Map<string, Choice>();
  readonly #contexts = new Map<string, Context<CloudTrailStore>>();
  readonly #opened: Disposable;
  #scheduled = false;
  #turns: Promise<void> = Promise.resolve();

  constructor(platform: Background<CloudTrailStore>) {
    this.#platform = platform;
    // A store that is opened (anew) may hold other trails than those known: after a reset, a restore, at start.
    this.#opened = platform.onScope(({ account }) => void this.#choices.delete(account));
    audits.set(platform.config, this);
  }

  /** Notes a finished request, of any service. */
  observe(record: RequestRecord): void {
    const type = dataType(record.service, record.operation);
    if (type !== undefined ? !this.choice(record.account).dataTypes.has(type) : !isApiCall(record)) return;
    this.#waiting.push(record);
    if (this.#waiting.length >= WAITING_MAX) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
  }

  /** Writes what waits. Reads call it first, so that a caller finds its own calls. */
  flush(): void {
    this.#scheduled = false;
    if (this.#waiting.length === 0) return;
    const byScope = new Map<string, RequestRecord[]>();
    for (const record of this.#waiting.splice(0)) {
      const region = isGlobal(record.service) ? HOME.aws! : record.region;
      const key = `${record.account} ${region}`;
      const list = byScope.get(key);
      if (list === undefined) byScope.set(key, [record]);
      else list.push(record);
    }
    for (const [key, records] of byScope) {
      try {
        const ctx = this.#context(key);
        ctx.transaction(() => {
          for (const record of records) this.#write(ctx, record);
        });
      } catch (error) {
        this.#platform.log.error("API calls could not be kept for audit", { scope: key, calls: records.length, error: (error as Error).message });
      }
    }
  }

  /** The trails and event data stores of an account. */
  choice(account: string): Choice {
    let choice = this.#choices.get(account);
    if (choice === undefined) {
      // An account without a store has none, and looking makes none.
      const home = this.#platform.scopes().some((scope) => scope.account === account) ? homeOf(this.#platform.at(account, HOME.aws!)) : undefined;
      const trails = home?.store.trails.all() ?? [];
      const eventDataStores = home?.store.eventDataStores.all() ?? [];
      choice = {
        trails, eventDataStores,
        dataTypes: new Set([
          ...trails.filter(({ logging }) => logging).flatMap((trail) => selectedDataTypes(trail)),
          ...eventDataStores.filter(({ status }) => status === "ENABLED").flatMap(({ selectors }) => selectedDataTypes({ advancedEventSelectors: selectors })),
        ]),
      };
      // Opening the store forgets the account's choice, so it is kept last.
      if (this.#choices.size > 10_000) this.#choices.clear();
      this.#choices.set(account, choice);
    }
    return choice;
  }

  /** Regions in which an account has calls. */
  regionsOf(account: string): string[] {
    return this.#platform.scopes().filter((scope) => scope.account === account).map(({ region }) => region);
  }

  /** Runs deliveries one after the other, so that none is told twice. */
  inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#turns.then(run);
    this.#turns = turn.catch(() => undefined);
    return turn;
  }

  /** Has the choice of an account read again. */
  changed(account: string): void {
    this.#choices.delete(account);
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#opened[Symbol.dispose]();
  }

  #context(key: string): Context<CloudTrailStore> {
    let ctx = this.#contexts.get(key);
    if (ctx === undefined) {
      const [account, region] = key.split(" ") as [string, string];
      ctx = this.#platform.at(account, region);
      if (this.#contexts.size > 1000) this.#contexts.clear();
      this.#contexts.set(key, ctx);
    }
    return ctx;
  }

  #write(ctx: Context<CloudTrailStore>, record: RequestRecord): void {
    const category = dataType(record.service, record.operation) === undefined ? "Management" : "Data";
    const place = { partition: ctx.partition, region: ctx.region, account: ctx.account };
    const event = writeEvent(record, ctx.ids.uuid(), category, place, loadModel(record.service as ServiceId));
    if (category === "Data") {
      const { trails, eventDataStores } = this.choice(ctx.account);
      const wanted = trails.some((trail) => trail.logging && selects(trail, event)) ||
        eventDataStores.some((store) => store.status === "ENABLED" && selects({ advancedEventSelectors: store.selectors }, event));
      if (!wanted) return;
    }
    ctx.store.events.add(event);
  }
}

/** Requests that named no operation of a service are nobody's API calls, nor is the traffic of data planes. */
function isApiCall({ service, operation }: RequestRecord): boolean {
  return operation !== "unknown" && Object.hasOwn(serviceIndex, service);
}

/** The audit of each platform in this process, found by its configuration. */
const audits = new WeakMap<PlatformConfig, Audit>();

export function auditOf(of: { config: PlatformConfig }): Audit {
  const audit = audits.get(of.config);
  if (audit === undefined) throw new Error("The platform has not started");
  return audit;
}
