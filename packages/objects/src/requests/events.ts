import type { Context } from "@cumulet/core";
import type { Happening } from "../domain/event-records.ts";
import { targetsOf, wants } from "../domain/notification.ts";
import type { ObjectEvent, Target } from "../domain/notification.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { shownVersion } from "./versions.ts";

export type { ObjectEvent } from "../domain/notification.ts";

/** Durable events of this package. */
export const NOTIFICATION = "s3.notification";
export const BRIDGE = "s3.eventbridge";

/** What waits in the outbox for one target. */
export interface Notification {
  target: Pick<Target, "id" | "service" | "arn">;
  happening: Happening;
}

/** Tells those who want to know: an outbox row each, in the transaction of the change. */
export function notify(ctx: Context<Store>, bucket: Bucket, event: ObjectEvent, row: ObjectRow, more: Pick<Happening, "storageClass" | "restoreExpiresMs"> = {}): void {
  const config = bucket.configs.notification;
  if (config === undefined) return;
  const targets = targetsOf(config).filter((target) => wants(target, event, row.key));
  if (targets.length === 0 && config.EventBridgeConfiguration === undefined) return;
  const happening = happeningOf(ctx, bucket, event, row, more);
  for (const { id, service, arn } of targets) bucket.ctx.emit({ type: NOTIFICATION, detail: { target: { id, service, arn }, happening } satisfies Notification });
  if (config.EventBridgeConfiguration !== undefined) bucket.ctx.emit({ type: BRIDGE, detail: happening });
}

let lastSequence = 0;

function happeningOf(ctx: Context<Store>, bucket: Bucket, event: ObjectEvent, row: ObjectRow, more: Pick<Happening, "storageClass" | "restoreExpiresMs">): Happening {
  const { principal } = ctx;
  const byCaller = principal.kind !== "service";
  const version = shownVersion(bucket, row);
  // Grows with every event of the process, and with time from one process to the next.
  lastSequence = Math.max(lastSequence + 1, ctx.clock.now() * 1000);
  return {
    event,
    timeMs: ctx.clock.now(),
    region: bucket.region,
    bucket: bucket.name,
    account: bucket.account,
    key: row.key,
    size: row.size,
    etag: row.etag,
    ...(version === undefined ? {} : { versionId: version }),
    sequencer: lastSequence.toString(16).toUpperCase().padStart(18, "0"),
    requestId: ctx.requestId,
    ...(byCaller ? { principalId: principal.kind === "anonymous" ? "Anonymous" : principal.id } : {}),
    requester: byCaller ? principal.account : "s3.amazonaws.com",
    ...(ctx.http === undefined ? {} : { sourceIp: ctx.http.sourceIp }),
    ...more,
  };
}

/** What a queue or topic hears when a bucket is configured to tell it things. */
export const TEST_EVENT = "s3.test-event";
export interface TestEvent {
  service: "sqs" | "sns";
  arn: string;
  bucket: string;
  timeMs: number;
  requestId: string;
}
