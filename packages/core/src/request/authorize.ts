import type { AwsError } from "@cumulet/protocol";
import type { Call } from "./call.ts";

/**
 * Decides whether a call may be made. The identity package provides the one that evaluates policies; without it, or
 * with authorization off, every call may. Returns the refusal, or nothing.
 */
export interface Authorizer {
  decide(call: Call): AwsError | undefined | Promise<AwsError | undefined>;
}

/** Asks the authorizer. `soft` lets the call pass and notes what would have been denied. */
export function authorize(call: Call): void | Promise<void> {
  const { authorizer, config } = call.runtime;
  if (authorizer === undefined || config.authorization === "off") return undefined;
  const settle = (refusal: AwsError | undefined): void => {
    if (refusal === undefined) return;
    call.notes.wouldDeny = refusal.message;
    if (config.authorization === "strict") throw refusal;
    call.runtime.log.warn("would be denied under strict authorization", { service: call.serviceName, operation: call.operationName, requestId: call.requestId, reason: refusal.message });
  };
  const decision = authorizer.decide(call);
  return decision instanceof Promise ? decision.then(settle) : settle(decision);
}
