import { invalidParameter } from "./errors.ts";

/** The parts that SNS's ARNs have in common. */
export interface SnsArn {
  region: string;
  account: string;
  /** What follows the account. */
  rest: string[];
}

/**
 * Takes an ARN apart.
 * @param parameter as the caller knows it, for the refusal.
 * @throws AwsError InvalidParameter (recorded: what is no ARN, one that is too short, an empty one).
 */
export function readArn(arn: string, parameter: string): SnsArn {
  if (arn === "") throw invalidParameter(parameter, "no value for required parameter");
  const parts = arn.split(":");
  if (parts.length < 6) throw invalidParameter(parameter, `An ARN must have at least 6 elements, not ${parts.length}`);
  if (parts[0] !== "arn" || parts[2] !== "sns") throw invalidParameter(parameter);
  return { region: parts[3]!, account: parts[4]!, rest: parts.slice(5) };
}

const topicName = /^[A-Za-z0-9_-]{1,256}$/;

/** Whether a topic may be called so. A FIFO topic's name ends in `.fifo`, no other one's does. */
export function isTopicName(name: string, fifo: boolean): boolean {
  return fifo ? name.length <= 256 && name.endsWith(".fifo") && topicName.test(name.slice(0, -5)) : topicName.test(name);
}
