import { AwsError } from "@cumulet/protocol";
import { validationError } from "./errors.ts";

/** A place in a shard, as a client carries it from call to call. */
export interface ShardIterator {
  streamArn: string;
  shardId: string;
  /** The next record to give: the one with this number, or the first above it. */
  next: number;
  createdMs: number;
}

/** How long an iterator can be used. */
const lifetimeMs = 15 * 60_000;

/** Text of an iterator: opaque to clients, but in AWS's form, the stream's ARN in front. */
export function iteratorText({ streamArn, shardId, next, createdMs }: ShardIterator): string {
  return `${streamArn}|1|${Buffer.from(JSON.stringify([shardId, next, createdMs])).toString("base64")}`;
}

/** Reads an iterator; throws for one that is none, or too old. */
export function parseIterator(text: string, nowMs: number): ShardIterator {
  const [streamArn, version, encoded, ...rest] = text.split("|");
  let parts: unknown;
  try {
    parts = version === "1" && rest.length === 0 ? JSON.parse(Buffer.from(encoded!, "base64").toString()) : undefined;
  } catch {
    parts = undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 3) throw validationError("Invalid ShardIterator");
  const [shardId, next, createdMs] = parts as [unknown, unknown, unknown];
  if (typeof shardId !== "string" || !Number.isSafeInteger(next) || !Number.isSafeInteger(createdMs)) throw validationError("Invalid ShardIterator");
  if (nowMs - (createdMs as number) > lifetimeMs) {
    throw new AwsError(
      "ExpiredIteratorException",
      `Iterator expired. The iterator was created at time ${javaDate(createdMs as number)} while right now it is ${javaDate(nowMs)} ` +
      `which is further in the future than the tolerated delay of ${lifetimeMs} milliseconds.`,
    );
  }
  return { streamArn: streamArn!, shardId, next: next as number, createdMs: createdMs as number };
}

/** As Java prints a date: `Tue Jan 06 12:00:00 UTC 2026`. */
function javaDate(ms: number): string {
  const [day, date, month, year, time] = new Date(ms).toUTCString().replace(",", "").split(" ");
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}
