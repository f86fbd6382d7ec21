import { isRegionName } from "@cumulet/protocol";
import { invalidParameter } from "./errors.ts";

/** A queue's URL taken apart. */
export interface QueueAddress {
  /** Undefined where only a name was given. */
  account: string | undefined;
  /** Where the host tells it. */
  region: string | undefined;
  name: string;
}

const queueName = /^[A-Za-z0-9_-]{1,80}$/;
const fifoName = /^[A-Za-z0-9_-]{1,75}\.fifo$/;

/**
 * Checks the name of a new queue.
 * @throws AwsError InvalidParameterValue
 */
export function checkQueueName(name: string, fifo: boolean): void {
  if (fifo) {
    if (!fifoName.test(name)) {
      throw invalidParameter("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.");
    }
    return;
  }
  if (!queueName.test(name)) throw invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
}

/** Reads a queue URL of any of the forms that AWS has had (`https://sqs.r.amazonaws.com/a/n`, `https://r.queue.amazonaws.com/a/n`, `http://localhost:4566/a/n`), or a bare name. */
export function readQueueUrl(url: string): QueueAddress {
  const host = /^https?:\/\/([^/]*)/i.exec(url);
  const path = host === null ? url : url.slice(host[0].length);
  const segments = path.split("/").filter((segment) => segment !== "");
  const name = segments.at(-1) ?? "";
  const before = segments.at(-2);
  const account = before !== undefined && /^\d{12}$/.test(before) ? before : undefined;
  return { account, region: host === null ? undefined : regionIn(host[1]!), name };
}

function regionIn(host: string): string | undefined {
  const labels = host.toLowerCase().split(":")[0]!.split(".");
  const at = labels.findIndex((label) => label === "sqs" || label === "queue");
  if (at < 0) return undefined;
  const region = labels[at] === "sqs" ? labels[at + 1] : labels[at - 1];
  return region !== undefined && isRegionName(region) ? region : undefined;
}

/** The name in a queue's ARN, with its owner; undefined for what is none. */
export function readQueueArn(arn: string): { account: string; region: string; name: string } | undefined {
  const match = /^arn:[a-z0-9-]+:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_.-]{1,80})$/.exec(arn);
  return match === null ? undefined : { region: match[1]!, account: match[2]!, name: match[3]! };
}
