import { gzipSync } from "node:zlib";
import type { Background, Context, PlatformConfig } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { auditOf, homeOf } from "./audit.ts";
import type { TrailRecord } from "./domain/records.ts";
import { selects } from "./domain/selectors.ts";
import { saveTrail, topicArn, trailOf } from "./operations/trails.ts";
import type { EventRow } from "./store/events.ts";
import type { CloudTrailStore } from "./store/index.ts";

type Ctx = Context<CloudTrailStore>;

/** CloudTrail delivers about every five minutes. */
const EVERY_MS = 300_000;
/** Events of one log file. */
const FILE_EVENTS_MAX = 2000;
const GLOBAL_SOURCES = new Set(["iam.amazonaws.com", "cloudfront.amazonaws.com"]);
const LOGS_BYTES_MAX = 900_000;
const EVENT_OVERHEAD = 26;

/** Delivers for all trails that log, every five minutes of platform time. No timer runs while there is none. */
export class Delivery implements Disposable {
  readonly #platform: Background<CloudTrailStore>;
  readonly #opened: Disposable;
  #timer: Disposable | undefined;

  constructor(platform: Background<CloudTrailStore>) {
    this.#platform = platform;
    this.#opened = platform.onScope((ctx) => {
      if (ctx.store.trails.all().some(({ logging }) => logging)) this.wake();
    });
    // Trails of an earlier run: their stores are opened beside the first requests, not before them.
    for (const account of this.#accounts()) platform.clock.schedule(1000, () => void homeOf(platform.at(account, platform.config.defaultRegion)).store);
    deliveries.set(platform.config, this);
  }

  wake(): void {
    this.#timer ??= this.#platform.clock.schedule(EVERY_MS, () => {
      this.#timer = undefined;
      void this.#deliver().catch((error: unknown) => this.#platform.log.error("Trails could not be delivered", { error: String(error) }));
    });
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  #accounts(): Set<string> {
    return new Set(this.#platform.scopes().map(({ account }) => account));
  }

  async #deliver(): Promise<void> {
    const trails = [...this.#accounts()].flatMap((account) => auditOf(this.#platform).choice(account).trails.filter(({ logging }) => logging).map((trail) => ({ account, trail })));
    if (trails.length > 0) this.wake();
    for (const { account, trail } of trails) await deliverTrail(this.#platform.at(account, trail.homeRegion), trail);
  }
}

/** The delivery of each platform in this process, found by its configuration. */
const deliveries = new WeakMap<PlatformConfig, Delivery>();

/** Has trails delivered from now on. */
export function wakeDelivery(ctx: Ctx): void {
  deliveries.get(ctx.config)?.wake();
}

/** Delivers what a trail has not been told yet, of its region or, when it covers them, of all. */
export function deliverTrail(ctx: Ctx, trail: TrailRecord): Promise<void> {
  return trail.logging ? auditOf(ctx).inTurn(() => deliverRegions(ctx, trail)) : Promise.resolve();
}

async function deliverRegions(ctx: Ctx, trail: TrailRecord): Promise<void> {
  const audit = auditOf(ctx);
  audit.flush();
  for (const region of audit.regionsOf(ctx.account)) {
    const scope = ctx.at(ctx.account, region);
    // Events of global services stand in the home region's store, and go to every trail that asks for them.
    const own = region === trail.homeRegion || trail.multiRegion;
    if (!own && !(trail.globalEvents && region === homeOf(ctx).region)) continue;
    await deliverRegion(scope, trail, own);
  }
}

async function deliverRegion(ctx: Ctx, trail: TrailRecord, own: boolean): Promise<void> {
  const { events } = ctx.store;
  const startedMs = trail.startedMs ?? 0;
  let seq = events.delivered(trail.arn) ?? (events.oldest(startedMs, Number.MAX_SAFE_INTEGER, undefined, 1)[0]?.seq ?? events.last() + 1) - 1;
  for (;;) {
    const page = events.after(seq, FILE_EVENTS_MAX);
    if (page.length === 0) return;
    const chosen = page.filter((event) => event.timeMs >= startedMs && (GLOBAL_SOURCES.has(event.source) ? trail.globalEvents : own) && selects(trail, event));
    if (chosen.length > 0) await deliverEvents(ctx, trail, chosen);
    seq = page[page.length - 1]!.seq;
    ctx.transaction(() => events.setDelivered(trail.arn, seq));
    if (page.length < FILE_EVENTS_MAX) return;
  }
}

async function deliverEvents(ctx: Ctx, trail: TrailRecord, events: readonly EventRow[]): Promise<void> {
  const now = ctx.clock.now();
  const key = fileKey(ctx, trail, now);
  const file = await attempt(() => ctx.as({ region: trail.homeRegion }).s3.PutObject({
    Bucket: trail.bucket, Key: key, Body: gzipSync(`{"Records":[${events.map(({ json }) => json).join(",")}]}`) as never,
    ContentType: "application/json", ContentEncoding: "gzip", ACL: "bucket-owner-full-control",
  }));
  const logs = trail.logGroupArn === undefined ? undefined : await attempt(() => deliverLogs(ctx, trail, events));
  const topic = topicArn(ctx, trail);
  const notification = topic === undefined || file !== undefined ? undefined : await attempt(() =>
    ctx.as({ region: trail.homeRegion }).sns.Publish({ TopicArn: topic, Message: JSON.stringify({ s3Bucket: trail.bucket, s3ObjectKey: [key] }) }));
  ctx.transaction(() => {
    let current: TrailRecord;
    try {
      current = trailOf(ctx.at(ctx.account, trail.homeRegion), trail.arn);
    } catch {
      return;
    }
    saveTrail(ctx, {
      ...current,
      deliveryError: file, ...(file === undefined ? { deliveredMs: now } : {}),
      ...(trail.logGroupArn === undefined ? {} : { logsError: logs, ...(logs === undefined ? { logsDeliveredMs: now } : {}) }),
      ...(topic === undefined ? {} : { notificationError: notification, ...(notification === undefined ? { notifiedMs: now } : {}) }),
    });
  });
}

/** The code of the error, or undefined. What cannot be delivered is told by GetTrailStatus, as AWS does, and not tried again. */
async function attempt(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
}

/** `prefix/AWSLogs/<account>/CloudTrail/<region>/2026/01/02/<account>_CloudTrail_<region>_20260102T0305Z_<16 characters>.json.gz` */
function fileKey(ctx: Ctx, trail: TrailRecord, now: number): string {
  const [date, time] = new Date(now).toISOString().split("T") as [string, string];
  const stamp = `${date.replaceAll("-", "")}T${time.slice(0, 2)}${time.slice(3, 5)}Z`;
  const unique = ctx.ids.token(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  return `${trail.prefix === undefined ? "" : `${trail.prefix}/`}AWSLogs/${ctx.account}/CloudTrail/${ctx.region}/${date.replaceAll("-", "/")}/${ctx.account}_CloudTrail_${ctx.region}_${stamp}_${unique}.json.gz`;
}

async function deliverLogs(ctx: Ctx, trail: TrailRecord, events: readonly EventRow[]): Promise<void> {
  const [, , , region, account, , logGroupName] = trail.logGroupArn!.split(":") as [string, string, string, string, string, string, string];
  const { logs } = ctx.as({ account, region });
  const logStreamName = `${ctx.account}_CloudTrail_${ctx.region}`;
  try {
    await logs.CreateLogStream({ logGroupName, logStreamName });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ResourceAlreadyExistsException") throw error;
  }
  let batch: { timestamp: number; message: string }[] = [];
  let bytes = 0;
  const put = async (): Promise<void> => {
    if (batch.length > 0) await logs.PutLogEvents({ logGroupName, logStreamName, logEvents: batch });
    batch = [];
    bytes = 0;
  };
  for (const { timeMs, json } of [...events].sort((a, b) => a.timeMs - b.timeMs)) {
    const size = Buffer.byteLength(json) + EVENT_OVERHEAD;
    if (bytes + size > LOGS_BYTES_MAX) await put();
    batch.push({ timestamp: timeMs, message: json });
    bytes += size;
  }
  await put();
}
