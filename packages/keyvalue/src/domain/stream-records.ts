import { itemSize } from "./attribute-values.ts";
import type { Item } from "./attribute-values.ts";
import type { StreamSetting } from "./table.ts";

/** Who changed an item when it was not a client: `{ type: "Service", principalId: "dynamodb.amazonaws.com" }` for TTL. */
export interface UserIdentity {
  Type: string;
  PrincipalId: string;
}

export interface Change {
  eventId: string;
  region: string;
  nowMs: number;
  sequence: number;
  viewType: StreamSetting["viewType"];
  keys: Item;
  before: Item | undefined;
  after: Item | undefined;
  identity: UserIdentity | undefined;
}

/** Stream record of a change, as `GetRecords` answers it; JSON. */
export function streamRecord(change: Change): string {
  const { before, after, viewType, keys } = change;
  const withNew = viewType === "NEW_IMAGE" || viewType === "NEW_AND_OLD_IMAGES";
  const withOld = viewType === "OLD_IMAGE" || viewType === "NEW_AND_OLD_IMAGES";
  const newImage = withNew ? after : undefined;
  const oldImage = withOld ? before : undefined;
  return JSON.stringify({
    eventID: change.eventId,
    eventName: before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY",
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: change.region,
    dynamodb: {
      // Whole seconds, as on AWS.
      ApproximateCreationDateTime: Math.floor(change.nowMs / 1000) * 1000,
      Keys: keys,
      NewImage: newImage,
      OldImage: oldImage,
      SequenceNumber: sequenceText(change.sequence),
      SizeBytes: itemSize(keys) + (newImage === undefined ? 0 : itemSize(newImage)) + (oldImage === undefined ? 0 : itemSize(oldImage)),
      StreamViewType: viewType,
    },
    userIdentity: change.identity,
  });
}

/** Sequence numbers are decimal text of 21 to 40 digits, growing within a shard. */
export function sequenceText(sequence: number): string {
  return `1${String(sequence).padStart(15, "0")}00000`;
}

/** The number that `sequenceText` made text of; undefined for any other text. */
export function sequenceOf(text: string): number | undefined {
  return /^1[0-9]{15}00000$/.test(text) ? Number(text.slice(1, 16)) : undefined;
}
