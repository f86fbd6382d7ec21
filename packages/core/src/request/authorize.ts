import type { AwsError } from "@cumulet/protocol";
import type { Principal } from "../context.ts";
import type { Runtime } from "../runtime.ts";
import { enforce, type Subject } from "./access.ts";
import type { Call } from "./call.ts";

/**
 * Decides whether a call may be made. The identity package provides the one that evaluates policies; without it, or with
 * authorization off, every call may.
 */
export interface Authorizer {
  /** The refusal, or nothing. Notes what it decided and why. */
  decide(call: Call): AwsError | undefined | Promise<AwsError | undefined>;
  /** The policies of a principal that has an account. */
  subject(principal: Principal, runtime: Runtime): Subject;
}

/** Asks the authorizer. `soft` lets the call pass and notes what would have been denied. A service that decides for itself is asked by its own handlers. */
export function authorize(call: Call): void | Promise<void> {
  const { authorizer, config } = call.runtime;
  if (authorizer === undefined || config.authorization === "off" || call.service!.definition.authorizes === "itself") return undefined;
  const settle = (refusal: AwsError | undefined): void => {
    if (refusal !== undefined) enforce(call.runtime, { ...call.accessFacts(), service: call.serviceName, operation: call.operationName, requestId: call.requestId }, refusal);
  };
  const decision = authorizer.decide(call);
  return decision instanceof Promise ? decision.then(settle) : settle(decision);
}
