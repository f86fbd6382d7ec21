import { AwsError } from "@cumulet/protocol";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import { invalidAttribute, invalidParameter, unknownAttribute } from "./errors.ts";

/** Where messages go that were received too often. */
export interface RedrivePolicy {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

/** Which queues may name this one as their dead-letter queue. */
export interface RedriveAllowPolicy {
  redrivePermission: "allowAll" | "denyAll" | "byQueue";
  sourceQueueArns?: string[];
}

/** What somebody set, as text; what is absent has its default. */
export type QueueAttributes = { [name: string]: string };

interface Range {
  min: number;
  max: number;
  default: number;
}

const ranges: { [name: string]: Range } = {
  DelaySeconds: { min: 0, max: 900, default: 0 },
  MaximumMessageSize: { min: 1024, max: 1_048_576, default: 1_048_576 },
  MessageRetentionPeriod: { min: 60, max: 1_209_600, default: 345_600 },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: 20, default: 0 },
  VisibilityTimeout: { min: 0, max: 43_200, default: 30 },
  KmsDataKeyReusePeriodSeconds: { min: 60, max: 86_400, default: 300 },
};

const booleans = new Set(["ContentBasedDeduplication", "FifoQueue", "SqsManagedSseEnabled"]);
const fifoOnly = new Set(["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"]);
const choices: { [name: string]: readonly string[] } = {
  DeduplicationScope: ["queue", "messageGroup"],
  FifoThroughputLimit: ["perQueue", "perMessageGroupId"],
};
const settable = new Set([...Object.keys(ranges), ...booleans, ...Object.keys(choices), "KmsMasterKeyId", "Policy", "RedrivePolicy", "RedriveAllowPolicy"]);

/** Attributes that an empty value takes away (recorded: an empty RedrivePolicy; Terraform empties Policy and KmsMasterKeyId). */
const removable = new Set(["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"]);

/** Attributes that are computed; `GetQueueAttributes` knows them too. */
export const computedAttributes: readonly string[] = [
  "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
];

/** Whether `GetQueueAttributes` knows a name. */
export function isAttribute(name: string): boolean {
  return settable.has(name) || computedAttributes.includes(name);
}

/**
 * Checks what a request sets, one attribute after the other.
 * @param fifo the kind of the queue.
 * @param creating `FifoQueue` can be set at birth only.
 * @throws AwsError InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue.
 */
export function checkAttributes(given: QueueAttributes, fifo: boolean, creating: boolean): void {
  for (const [name, value] of Object.entries(given)) {
    if (!settable.has(name)) throw unknownAttribute(name);
    // A standard queue does not know FIFO's attributes at all, not even FifoQueue=false (recorded).
    if (!fifo && fifoOnly.has(name)) throw unknownAttribute(name);
    if (name === "FifoQueue" && (!creating || value !== "true")) throw invalidAttribute(name);
    if (value === "" && removable.has(name)) continue;
    const range = ranges[name];
    if (range !== undefined) {
      // An empty value is the default's (recorded).
      if (value === "") continue;
      if (!/^\d{1,9}$/.test(value) || Number(value) < range.min || Number(value) > range.max) throw invalidAttribute(name);
    } else if (booleans.has(name)) {
      if (!/^(?:true|false)$/i.test(value)) throw invalidAttribute(name);
    } else if (choices[name] !== undefined) {
      if (!choices[name].includes(value)) throw invalidAttribute(name);
    } else if (name === "Policy") checkPolicy(value);
    else if (name === "RedrivePolicy") redrivePolicy(value);
    else if (name === "RedriveAllowPolicy") redriveAllowPolicy(value);
  }
  if (given.FifoThroughputLimit === "perMessageGroupId" && given.DeduplicationScope === "queue") {
    throw invalidParameter("The DeduplicationScope attribute must be set to messageGroup when FifoThroughputLimit is perMessageGroupId.");
  }
}

function checkPolicy(text: string): void {
  try {
    new Policy(text);
  } catch (error) {
    if (!(error instanceof PolicySyntaxError)) throw error;
    throw invalidAttribute("Policy");
  }
}

function object(text: string): { [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a redrive policy. @throws AwsError InvalidParameterValue for one that cannot be. */
export function redrivePolicy(text: string): RedrivePolicy {
  const wrong = (reason: string): AwsError => invalidParameter(`Value ${text} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
  const policy = object(text);
  if (policy === undefined) throw wrong("Redrive policy is not a valid JSON map.");
  const { deadLetterTargetArn, maxReceiveCount } = policy;
  if (typeof deadLetterTargetArn !== "string") throw wrong("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  if (maxReceiveCount === undefined) throw wrong("Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  const extra = Object.keys(policy).find((key) => key !== "deadLetterTargetArn" && key !== "maxReceiveCount");
  if (extra !== undefined) throw wrong(`Redrive policy contains unknown attribute: ${extra}.`);
  if (!/^arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[\w.-]+$/.test(deadLetterTargetArn)) throw wrong("Invalid value for deadLetterTargetArn.");
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > 1000) throw wrong("Invalid value for maxReceiveCount: " + String(maxReceiveCount) + ", valid values are from 1 to 1000 both inclusive.");
  return { deadLetterTargetArn, maxReceiveCount: count };
}

/** Reads a redrive allow policy. @throws AwsError InvalidParameterValue for one that cannot be. */
export function redriveAllowPolicy(text: string): RedriveAllowPolicy {
  const wrong = (reason: string): AwsError => invalidParameter(`Value ${text} for parameter RedriveAllowPolicy is invalid. Reason: ${reason}`);
  const policy = object(text);
  if (policy === undefined) throw wrong("Amazon SQS can't create the redrive allow policy. The policy is not a valid JSON map.");
  const { redrivePermission, sourceQueueArns } = policy;
  if (redrivePermission !== "allowAll" && redrivePermission !== "denyAll" && redrivePermission !== "byQueue") {
    throw wrong("Amazon SQS can't create the redrive allow policy. RedrivePermission must be allowAll, denyAll or byQueue.");
  }
  if (redrivePermission !== "byQueue") {
    if (sourceQueueArns !== undefined) throw wrong("Amazon SQS can't create the redrive allow policy. Source queues can be given with byQueue only.");
    return { redrivePermission };
  }
  const arns = sourceQueueArns as string[];
  if (!Array.isArray(sourceQueueArns) || arns.length < 1 || arns.length > 10 || arns.some((arn) => typeof arn !== "string")) {
    throw wrong("Amazon SQS can't create the redrive allow policy. From 1 to 10 source queues must be given with byQueue.");
  }
  return { redrivePermission, sourceQueueArns: arns };
}

/** What a new queue has, with `changes` on top; empty values take away. Encryption is one of two kinds (recorded). */
export function withChanges(old: QueueAttributes, changes: QueueAttributes): QueueAttributes {
  const result = { ...old };
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") delete result[name];
    else result[name] = booleans.has(name) ? value.toLowerCase() : value;
  }
  if (changes.KmsMasterKeyId !== undefined && changes.KmsMasterKeyId !== "") {
    if (changes.SqsManagedSseEnabled?.toLowerCase() === "true") {
      throw new AwsError("InvalidAttributeName", "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.");
    }
    result.SqsManagedSseEnabled = "false";
  } else if (changes.SqsManagedSseEnabled?.toLowerCase() === "true") {
    if (old.KmsMasterKeyId !== undefined && changes.KmsMasterKeyId === undefined) {
      throw new AwsError("InvalidAttributeName", "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.");
    }
  }
  return result;
}

/** The settings that handlers work with: numbers in milliseconds and bytes. */
export interface QueueSettings {
  delayMs: number;
  maxBytes: number;
  retentionMs: number;
  waitMs: number;
  visibilityMs: number;
  kmsKey: string | undefined;
  kmsReuseMs: number;
  redrive: RedrivePolicy | undefined;
  contentBased: boolean;
  /** Deduplicates within a message group rather than the whole queue. */
  perGroup: boolean;
}

/** Reads stored attributes. */
export function settingsOf(attributes: QueueAttributes): QueueSettings {
  const number = (name: string): number => Number(attributes[name] ?? ranges[name]!.default);
  return {
    delayMs: number("DelaySeconds") * 1000,
    maxBytes: number("MaximumMessageSize"),
    retentionMs: number("MessageRetentionPeriod") * 1000,
    waitMs: number("ReceiveMessageWaitTimeSeconds") * 1000,
    visibilityMs: number("VisibilityTimeout") * 1000,
    kmsKey: attributes.KmsMasterKeyId,
    kmsReuseMs: number("KmsDataKeyReusePeriodSeconds") * 1000,
    redrive: attributes.RedrivePolicy === undefined ? undefined : redrivePolicy(attributes.RedrivePolicy),
    contentBased: attributes.ContentBasedDeduplication === "true",
    perGroup: attributes.DeduplicationScope === "messageGroup",
  };
}

/** The attributes as SQS shows them: what has a default is there, what has none only when set. */
export function shownAttributes(attributes: QueueAttributes, fifo: boolean): QueueAttributes {
  const shown: QueueAttributes = {};
  for (const name of ["DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout"]) {
    shown[name] = attributes[name] ?? String(ranges[name]!.default);
  }
  shown.SqsManagedSseEnabled = attributes.SqsManagedSseEnabled ?? "true";
  if (fifo) {
    shown.FifoQueue = "true";
    shown.ContentBasedDeduplication = attributes.ContentBasedDeduplication ?? "false";
    shown.DeduplicationScope = attributes.DeduplicationScope ?? "queue";
    shown.FifoThroughputLimit = attributes.FifoThroughputLimit ?? "perQueue";
  }
  if (attributes.KmsMasterKeyId !== undefined) {
    shown.KmsMasterKeyId = attributes.KmsMasterKeyId;
    shown.KmsDataKeyReusePeriodSeconds = attributes.KmsDataKeyReusePeriodSeconds ?? "300";
  }
  for (const name of ["Policy", "RedrivePolicy", "RedriveAllowPolicy"]) if (attributes[name] !== undefined) shown[name] = attributes[name];
  return shown;
}

/** The first attribute in which a queue differs from what a second `CreateQueue` asks for. */
export function difference(have: QueueAttributes, want: QueueAttributes, fifo: boolean): string | undefined {
  const shown = shownAttributes(have, fifo);
  return Object.keys(want).find((name) => !sameValue(shown[name] ?? "", want[name]!));
}

function sameValue(have: string, want: string): boolean {
  if (have === want || have.toLowerCase() === want.toLowerCase()) return true;
  const [left, right] = [object(have), object(want)];
  return left !== undefined && right !== undefined && canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part);
}
