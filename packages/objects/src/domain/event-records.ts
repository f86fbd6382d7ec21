import { createHash } from "node:crypto";
import { encodeListedKey } from "./keys.ts";
import type { ObjectEvent } from "./notification.ts";

/** What an event says. Source: Amazon S3 User Guide, "Event message structure" and "EventBridge mapping", and recorded events. */

/** All that is known of an event when it happens; JSON, because it waits in the outbox. */
export interface Happening {
  event: ObjectEvent;
  timeMs: number;
  region: string;
  bucket: string;
  /** Account of the bucket. */
  account: string;
  key: string;
  size: number;
  etag: string;
  versionId?: string;
  /** Unique and growing for the events of a key: 18 hex digits. */
  sequencer: string;
  requestId: string;
  /** IAM's unique id of the caller; undefined when S3 itself acted. */
  principalId?: string;
  /** Account of the caller, or a service's name. */
  requester: string;
  sourceIp?: string;
  storageClass?: string;
  restoreExpiresMs?: number;
}

/** Events without bytes say less, and by a later version of the format (recorded from S3). */
const LATER = /^(ObjectTagging|ObjectAcl|LifecycleExpiration|LifecycleTransition):?/;

/** One of the `Records` that functions, queues and topics get. */
export function eventRecord(happening: Happening, configurationId: string, partition: string) {
  const { event, key, size, etag, versionId, sequencer } = happening;
  const removed = event === "ObjectRemoved:Delete" || event === "LifecycleExpiration:Delete";
  const marker = event.endsWith(":DeleteMarkerCreated");
  const later = LATER.test(event);
  const bytes = !removed && !marker && !later;
  return {
    eventVersion: later ? "2.3" : "2.1",
    eventSource: "aws:s3",
    awsRegion: happening.region,
    eventTime: new Date(happening.timeMs).toISOString(),
    eventName: event,
    userIdentity: { principalId: happening.principalId === undefined ? "s3.amazonaws.com" : `AWS:${happening.principalId}` },
    requestParameters: { sourceIPAddress: happening.sourceIp ?? "127.0.0.1" },
    responseElements: { "x-amz-request-id": happening.requestId, "x-amz-id-2": Buffer.alloc(57, happening.requestId).toString("base64") },
    ...(event === "ObjectRestore:Completed"
      ? { glacierEventData: { restoreEventData: { lifecycleRestorationExpiryTime: new Date(happening.restoreExpiresMs ?? 0).toISOString(), lifecycleRestoreStorageClass: happening.storageClass } } }
      : {}),
    s3: {
      s3SchemaVersion: "1.0",
      configurationId,
      bucket: { name: happening.bucket, ownerIdentity: { principalId: customerId(happening.account) }, arn: `arn:${partition}:s3:::${happening.bucket}` },
      object: {
        key: encodeListedKey(key),
        ...(bytes ? { size } : {}),
        ...(removed ? {} : { eTag: etag === "" ? "d41d8cd98f00b204e9800998ecf8427e" : etag }),
        ...(versionId === undefined ? {} : { versionId }),
        ...(later && !event.startsWith("Lifecycle") ? {} : { sequencer }),
      },
    },
  };
}

/** Amazon's customer id of an account: 14 capitals and digits with an `A` in front. */
function customerId(account: string): string {
  const digest = createHash("sha256").update(`customer:${account}`).digest();
  return `A${[...digest.subarray(0, 13)].map((byte) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte % 32]).join("")}`;
}

const REASONS: Partial<Record<ObjectEvent, string>> = {
  "ObjectCreated:Put": "PutObject",
  "ObjectCreated:Post": "POST Object",
  "ObjectCreated:Copy": "CopyObject",
  "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
  "ObjectRemoved:Delete": "DeleteObject",
  "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
  "LifecycleExpiration:Delete": "Lifecycle Expiration",
  "LifecycleExpiration:DeleteMarkerCreated": "Lifecycle Expiration",
};

/** Which kinds of events EventBridge hears of, and their `detail-type`. */
const DETAIL_TYPES: Partial<Record<ObjectEvent, string>> = {
  "ObjectCreated:Put": "Object Created",
  "ObjectCreated:Post": "Object Created",
  "ObjectCreated:Copy": "Object Created",
  "ObjectCreated:CompleteMultipartUpload": "Object Created",
  "ObjectRemoved:Delete": "Object Deleted",
  "ObjectRemoved:DeleteMarkerCreated": "Object Deleted",
  "LifecycleExpiration:Delete": "Object Deleted",
  "LifecycleExpiration:DeleteMarkerCreated": "Object Deleted",
  "LifecycleTransition": "Object Storage Class Changed",
  "ObjectRestore:Post": "Object Restore Initiated",
  "ObjectRestore:Completed": "Object Restore Completed",
  "ObjectRestore:Delete": "Object Restore Expired",
  "ObjectTagging:Put": "Object Tags Added",
  "ObjectTagging:Delete": "Object Tags Deleted",
  "ObjectAcl:Put": "Object ACL Updated",
};

/** The event that EventBridge gets; undefined for what it does not hear of. */
export function bridgeEvent(happening: Happening, partition: string): { detailType: string; resource: string; detail: object } | undefined {
  const { event, bucket } = happening;
  const detailType = DETAIL_TYPES[event];
  if (detailType === undefined) return undefined;
  const created = detailType === "Object Created";
  const deleted = detailType === "Object Deleted";
  const restored = event.startsWith("ObjectRestore:");
  return {
    detailType,
    resource: `arn:${partition}:s3:::${bucket}`,
    detail: {
      version: "0",
      bucket: { name: bucket },
      object: {
        key: happening.key,
        ...(created || restored ? { size: happening.size } : {}),
        ...(deleted && !event.endsWith(":DeleteMarkerCreated") ? {} : { etag: happening.etag === "" ? "d41d8cd98f00b204e9800998ecf8427e" : happening.etag }),
        ...(happening.versionId === undefined ? {} : { "version-id": happening.versionId }),
        ...(created || deleted ? { sequencer: happening.sequencer } : {}),
      },
      "request-id": happening.requestId,
      requester: happening.requester,
      ...(happening.sourceIp === undefined ? {} : { "source-ip-address": happening.sourceIp }),
      ...(REASONS[event] === undefined ? {} : { reason: REASONS[event] }),
      ...(deleted ? { "deletion-type": event.endsWith(":DeleteMarkerCreated") ? "Delete Marker Created" : "Permanently Deleted" } : {}),
      ...(event === "LifecycleTransition" ? { "destination-storage-class": happening.storageClass } : {}),
      ...(restored && happening.storageClass !== undefined ? { "source-storage-class": happening.storageClass } : {}),
      ...(event === "ObjectRestore:Completed" ? { "restore-expiry-time": new Date(happening.restoreExpiresMs ?? 0).toISOString() } : {}),
    },
  };
}
