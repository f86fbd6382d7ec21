import type { Background, Context } from "@cumulet/core";
import type { LambdaStore } from "../store.ts";
import type { MappingRow } from "../store/mappings.ts";
import type { Poller } from "./poller.ts";
import { QueuePoller } from "./queue-poller.ts";
import { StreamPoller } from "./stream-poller.ts";
import { WindowPoller } from "./window-poller.ts";

interface Entry {
  poller: Poller;
  source: string;
  /** What decides about the kind of poller. */
  shape: string;
}

/** The pollers of all enabled mappings of the platform, by mapping and by source. */
export class Pollers {
  readonly #background: Background<LambdaStore>;
  readonly #entries = new Map<string, Entry>();
  /** Mappings by `<account>/<region>/<source ARN>`. */
  readonly #bySource = new Map<string, Set<string>>();

  constructor(background: Background<LambdaStore>) {
    this.#background = background;
  }

  /** The mappings of a store, when the platform starts or the store comes back. */
  restore(ctx: Context<LambdaStore>): void {
    for (const row of ctx.store.mappings.all()) void this.poll(ctx.account, ctx.region, row.uuid);
  }

  /** A mapping was made, changed or deleted, or is due: takes it as it stands now and lets it do what it can. */
  async poll(account: string, region: string, uuid: string): Promise<void> {
    const current = this.#background.at(account, region).store.mappings.get(uuid);
    if (current === undefined || !current.enabled || current.change === "delete") return this.#remove(account, region, uuid);
    this.#add(account, region, current);
    await this.#entries.get(uuid)?.poller.wake();
  }

  /** Something is new in a source: resolves when all of its mappings have done what they can. */
  async wakeSource(account: string, region: string, arn: string): Promise<void> {
    const uuids = this.#bySource.get(`${account}/${region}/${arn}`);
    if (uuids !== undefined) await Promise.all([...uuids].map((uuid) => this.#entries.get(uuid)?.poller.wake()));
  }

  stop(): void {
    for (const { poller } of this.#entries.values()) poller.stop();
    this.#entries.clear();
    this.#bySource.clear();
  }

  #add(account: string, region: string, row: MappingRow): void {
    const windowed = (row.settings.TumblingWindowInSeconds ?? 0) > 0;
    const queue = row.eventSourceArn!.split(":")[2] === "sqs";
    const shape = `${row.eventSourceArn} ${queue ? "queue" : windowed ? "window" : "stream"}`;
    const present = this.#entries.get(row.uuid);
    if (present?.shape === shape) return;
    if (present !== undefined) this.#remove(account, region, row.uuid);
    const context = (): Context<LambdaStore> => this.#background.at(account, region);
    const poller = queue ? new QueuePoller(row.uuid, context) : windowed ? new WindowPoller(row.uuid, context) : new StreamPoller(row.uuid, context);
    const source = `${account}/${region}/${row.eventSourceArn}`;
    this.#entries.set(row.uuid, { poller, source, shape });
    const uuids = this.#bySource.get(source) ?? new Set();
    uuids.add(row.uuid);
    this.#bySource.set(source, uuids);
  }

  #remove(account: string, region: string, uuid: string): void {
    const entry = this.#entries.get(uuid);
    if (entry === undefined) return;
    entry.poller.stop();
    this.#entries.delete(uuid);
    this.#bySource.get(entry.source)?.delete(uuid);
  }
}
