import { AwsError } from "@cumulet/protocol";

/** `Invalid parameter: <what>`, optionally with the reason behind it. */
export function invalidParameter(what: string, reason?: string): AwsError {
  return new AwsError("InvalidParameter", `Invalid parameter: ${what}${reason === undefined ? "" : ` Reason: ${reason}`}`);
}

/** A refusal whose text stands alone. */
export function refusal(message: string): AwsError {
  return new AwsError("InvalidParameter", message);
}

export function notFound(what: "Topic" | "Subscription" | "PlatformApplication" | "Endpoint"): AwsError {
  return new AwsError("NotFound", `${what} does not exist`);
}
