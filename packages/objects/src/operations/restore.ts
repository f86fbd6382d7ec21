import { AwsError } from "@cumulet/protocol";
import type { Context, Operations, PlatformEvent } from "@cumulet/core";
import { invalidArgument, malformedXml } from "../domain/errors.ts";
import { dueMs } from "../domain/lifecycle.ts";
import { isArchive } from "../domain/storage-class.ts";
import type { Restore } from "../domain/storage-class.ts";
import { authorize, authorizeMissing } from "../requests/authorize.ts";
import { findBucket, openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { notify } from "../requests/events.ts";
import { existing, findVersion } from "../requests/versions.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";

const COMPLETED = "s3.restore-completed";
const EXPIRED = "s3.restore-expired";

/** Which version an event is about; a rank alone may have been given out again. */
interface Subject {
  bucket: string;
  key: string;
  rank: number;
  version: string | null;
  expiresMs: number;
}

export const restoreOperations = {
  RestoreObject(ctx, input) {
    const bucket = openBucket(ctx, input);
    const found = findVersion(bucket, input.Key, input.VersionId);
    if (found === undefined || found.marker === 1) authorizeMissing(ctx, bucket, input.Key);
    const row = existing(bucket, input.Key, input.VersionId, found, "POST");
    authorize(ctx, bucket, "s3:RestoreObject", { key: input.Key, row });
    const request = input.RestoreRequest;
    if (request?.Type === "SELECT" || request?.SelectParameters !== undefined) {
      throw new AwsError("NotImplemented", "Restoring by a select query is not available: restore the object and query it with SelectObjectContent.", { status: 501 });
    }
    const days = request?.Days;
    if (days === undefined) throw malformedXml();
    if (days < 1) throw invalidArgument("restoration days should be at least 1", "Days", String(days));
    if (!isArchive(row.storageClass)) {
      throw new AwsError("InvalidObjectState", "Restore is not allowed for the object's current storage class", { status: 403, fields: { StorageClass: row.storageClass ?? "STANDARD" } });
    }
    const tier = request?.GlacierJobParameters?.Tier ?? request?.Tier;
    if (tier === "Expedited" && row.storageClass === "DEEP_ARCHIVE") {
      throw new AwsError("InvalidArgument", "Expedited retrievals are not available for the DEEP_ARCHIVE storage class.", { status: 400, fields: { ArgumentName: "Tier", ArgumentValue: tier } });
    }
    const nowMs = ctx.clock.now();
    const restore = restoreOf(row);
    if (restore?.ongoing === true) throw new AwsError("RestoreAlreadyInProgress", "Object restore is already in progress", { status: 409 });
    const subject: Subject = { bucket: bucket.name, key: row.key, rank: row.rank, version: row.version, expiresMs: dueMs(nowMs, days) };
    if (restore !== undefined && restore.expiresMs > nowMs) {
      // A copy is there: only its time changes.
      keep(bucket, row, subject, nowMs);
      return { StatusCode: 200 };
    }
    bucket.ctx.store.objects.patch(row, { restore: JSON.stringify({ ongoing: true, expiresMs: subject.expiresMs } satisfies Restore) });
    notify(ctx, bucket, "ObjectRestore:Post", row, { storageClass: row.storageClass as string });
    bucket.ctx.emit({ type: COMPLETED, detail: subject, delayMs: delayMs(ctx), orderKey: row.key });
    return { StatusCode: 202 };
  },
} satisfies Operations<"s3", Store>;

/** Minutes to hours on AWS; nothing here, unless `s3.restore_seconds` says otherwise. */
function delayMs(ctx: Context<Store>): number {
  return Math.max(0, Number(ctx.config.settings["s3.restore_seconds"] ?? 0) * 1000 || 0);
}

export const restores: { [type: string]: (ctx: Context<Store>, event: PlatformEvent) => void } = {
  [COMPLETED](ctx, { detail }) {
    const subject = detail as Subject;
    const found = subjectOf(ctx, subject);
    if (found === undefined || restoreOf(found.row)?.ongoing !== true) return;
    keep(found.bucket, found.row, subject, ctx.clock.now());
    notify(ctx, found.bucket, "ObjectRestore:Completed", found.row, { storageClass: found.row.storageClass as string, restoreExpiresMs: subject.expiresMs });
  },

  [EXPIRED](ctx, { detail }) {
    const found = subjectOf(ctx, detail as Subject);
    const restore = found && restoreOf(found.row);
    // Extended meanwhile, or restored anew.
    if (found === undefined || restore === undefined || restore.expiresMs !== (detail as Subject).expiresMs) return;
    found.bucket.ctx.store.objects.patch(found.row, { restore: null });
    notify(ctx, found.bucket, "ObjectRestore:Delete", found.row, { storageClass: found.row.storageClass as string });
  },
};

function keep(bucket: Bucket, row: ObjectRow, subject: Subject, nowMs: number): void {
  bucket.ctx.store.objects.patch(row, { restore: JSON.stringify({ ongoing: false, expiresMs: subject.expiresMs } satisfies Restore) });
  bucket.ctx.emit({ type: EXPIRED, detail: subject, delayMs: Math.max(0, subject.expiresMs - nowMs) });
}

function subjectOf(ctx: Context<Store>, { bucket: name, key, rank, version }: Subject): { bucket: Bucket; row: ObjectRow } | undefined {
  const bucket = findBucket(ctx, name);
  const row = bucket?.ctx.store.objects.at(bucket.id, key, rank);
  return bucket === undefined || row === undefined || row.version !== version ? undefined : { bucket, row };
}

function restoreOf(row: ObjectRow): Restore | undefined {
  return row.restore === null ? undefined : (JSON.parse(row.restore) as Restore);
}
