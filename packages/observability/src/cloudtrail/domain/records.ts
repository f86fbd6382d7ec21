import type { AdvancedEventSelector, EventSelector, InsightSelector } from "@cumulet/protocol/models/cloudtrail.d.ts";

/** A trail as stored. */
export interface TrailRecord {
  arn: string;
  name: string;
  homeRegion: string;
  bucket: string;
  prefix: string | undefined;
  snsTopic: string | undefined;
  globalEvents: boolean;
  multiRegion: boolean;
  validation: boolean;
  logGroupArn: string | undefined;
  logRoleArn: string | undefined;
  kmsKeyId: string | undefined;
  eventSelectors: EventSelector[] | undefined;
  advancedEventSelectors: AdvancedEventSelector[] | undefined;
  insightSelectors: InsightSelector[] | undefined;
  logging: boolean;
  startedMs: number | undefined;
  stoppedMs: number | undefined;
  deliveredMs: number | undefined;
  deliveryError: string | undefined;
  logsDeliveredMs: number | undefined;
  logsError: string | undefined;
  notifiedMs: number | undefined;
  notificationError: string | undefined;
}

/** An event data store as stored: a selection over the events that are kept anyway. */
export interface EventDataStoreRecord {
  arn: string;
  id: string;
  name: string;
  homeRegion: string;
  status: "ENABLED" | "PENDING_DELETION" | "STOPPED_INGESTION";
  selectors: AdvancedEventSelector[];
  multiRegion: boolean;
  retentionDays: number;
  protected: boolean;
  kmsKeyId: string | undefined;
  billingMode: string;
  createdMs: number;
  updatedMs: number;
  /** Times between which events are taken in; the last is open while it takes any. */
  ingestion: { fromMs: number; toMs: number | undefined }[];
  deletedMs: number | undefined;
}

/** A query of event data stores, done when it was started. */
export interface QueryRecord {
  id: string;
  storeArn: string;
  statement: string;
  status: "FINISHED" | "FAILED" | "CANCELLED";
  createdMs: number;
  durationMs: number;
  columns: string[];
  rows: (string | null)[][];
  matched: number;
  scanned: number;
  bytes: number;
  error: string | undefined;
}
