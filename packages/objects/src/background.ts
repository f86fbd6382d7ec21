import type { Background, Context, PlatformEvent } from "@cumulet/core";
import { DAY_MS, abortionOf, actionFor } from "./domain/lifecycle.ts";
import type { LifecycleAction, LifecycleConfiguration } from "./domain/lifecycle.ts";
import type { Tag } from "./domain/tagging.ts";
import { findBucket } from "./requests/bucket.ts";
import type { Bucket } from "./requests/bucket.ts";
import { dropUpload } from "./requests/content.ts";
import { notify } from "./requests/events.ts";
import { isLocked, putMarker, removeVersion } from "./requests/versions.ts";
import type { ObjectRow } from "./store/objects.ts";
import type { Store } from "./store.ts";

/**
 * Lifecycle rules at work. All their times are midnights UTC, so every midnight of the platform's clock each bucket that
 * has rules is swept: by a durable event, so that a sweep that is cut off goes on after a restart.
 */

const SWEEP = "s3.lifecycle";
const PAGE = 500;

/** Asks for a sweep of every bucket with rules, each midnight. */
export function lifecycle(platform: Background<Store>): Disposable {
  let timer: Disposable;
  const plan = (): void => {
    const now = platform.clock.now();
    timer = platform.clock.schedule(DAY_MS - (now % DAY_MS), () => {
      for (const { account, region } of platform.scopes()) ask(platform.at(account, region));
      plan();
    });
  };
  plan();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

function ask(ctx: Context<Store>): void {
  let after = 0;
  for (;;) {
    const page = ctx.store.buckets.page(after, PAGE);
    for (const { id, name } of page) {
      after = id;
      if (findBucket(ctx, name)?.configs.lifecycle !== undefined) ctx.emit({ type: SWEEP, detail: { bucket: name }, orderKey: name });
    }
    if (page.length < PAGE) return;
  }
}

export const sweeps: { [type: string]: (ctx: Context<Store>, event: PlatformEvent) => Promise<void> } = {
  async [SWEEP](ctx, { detail }) {
    const { bucket: name } = detail as { bucket: string };
    let place: Place | undefined = { key: "", rank: Number.MIN_SAFE_INTEGER, newerNoncurrent: 0 };
    while (place !== undefined) {
      // Between pages others get their turn, and the bucket may change or go.
      await ctx.committed();
      const bucket = findBucket(ctx, name);
      const config = bucket?.configs.lifecycle;
      if (bucket === undefined || config === undefined) return;
      const from: Place = place;
      place = ctx.transaction(() => sweepPage(ctx, bucket, config, from));
    }
    const bucket = findBucket(ctx, name);
    if (bucket?.configs.lifecycle !== undefined) await abortUploads(ctx, bucket, bucket.configs.lifecycle);
  },
};

/** After which version a sweep goes on, and how many noncurrent versions of its key were newer than the next. */
interface Place {
  key: string;
  rank: number;
  newerNoncurrent: number;
}

/** Does with a page of versions what the rules want; the place of the next page, if there is one. */
function sweepPage(ctx: Context<Store>, bucket: Bucket, config: LifecycleConfiguration, from: Place): Place | undefined {
  const { objects } = bucket.ctx.store;
  const rows = objects.sweep(bucket.id, from.key, from.rank, PAGE + 1);
  const nowMs = ctx.clock.now();
  let { newerNoncurrent } = from;
  // What made the first version of the page noncurrent may lie on the page before.
  let newer = rows[0] !== undefined && rows[0].key === from.key ? objects.newer(bucket.id, from.key, rows[0].rank) : undefined;
  let previousKey = from.key;
  for (const [at, row] of rows.slice(0, PAGE).entries()) {
    if (row.key !== previousKey) {
      newer = undefined;
      newerNoncurrent = 0;
    }
    previousKey = row.key;
    const current = newer === undefined;
    const action = actionFor(config, {
      key: row.key,
      size: row.size,
      tags: row.tags === null ? [] : (JSON.parse(row.tags) as Tag[]),
      current,
      marker: row.marker === 1,
      alone: current && rows[at + 1]?.key !== row.key,
      modifiedMs: row.modifiedMs,
      noncurrentMs: newer?.modifiedMs ?? 0,
      newerNoncurrent,
      storageClass: row.storageClass ?? "STANDARD",
    }, nowMs);
    if (!current) newerNoncurrent++;
    newer = row;
    if (action !== undefined) apply(ctx, bucket, row, action);
  }
  const last = rows[PAGE - 1];
  return rows.length > PAGE && last !== undefined ? { key: last.key, rank: last.rank, newerNoncurrent } : undefined;
}

function apply(ctx: Context<Store>, bucket: Bucket, row: ObjectRow, action: LifecycleAction): void {
  if (action.kind === "transition") {
    bucket.ctx.store.objects.patch(row, { storageClass: action.storageClass });
    notify(ctx, bucket, "LifecycleTransition", row, { storageClass: action.storageClass });
  } else if (action.kind === "expire" && bucket.versioning !== null) {
    notify(ctx, bucket, "LifecycleExpiration:DeleteMarkerCreated", putMarker(ctx, bucket, row.key, bucket.owner));
  } else if (!isLocked(row, ctx.clock.now(), false)) {
    removeVersion(ctx, bucket, row, false);
    notify(ctx, bucket, "LifecycleExpiration:Delete", row);
  }
}

async function abortUploads(ctx: Context<Store>, bucket: Bucket, config: LifecycleConfiguration): Promise<void> {
  const { uploads } = bucket.ctx.store;
  const nowMs = ctx.clock.now();
  for (let key = "", id = 0; ;) {
    const page = uploads.scan(bucket.id, key, id, PAGE);
    for (const upload of page) {
      ({ key, rank: id } = upload);
      const due = abortionOf(config, upload.initiatedMs, upload.key);
      if (due !== undefined && due.atMs <= nowMs) ctx.transaction(() => dropUpload(bucket.ctx, upload.rank));
    }
    if (page.length < PAGE) return;
    await ctx.committed();
  }
}
