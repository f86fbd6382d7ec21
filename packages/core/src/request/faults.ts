import { AwsError } from "@cumulet/protocol";
import type { Call } from "./call.ts";

/** Something that shall go wrong: for which calls, how often, and how. */
export interface FaultRule {
  /** Service id, or `*`. */
  service: string;
  /** Operation, or `*`. */
  operation: string;
  /** Error code to answer with (`ThrottlingException`, `InternalServerError`...); without one the rule only delays. */
  error?: string;
  /** HTTP status; by default the model's, else 400. */
  status?: number;
  message?: string;
  /** Milliseconds of platform time to wait first. */
  latencyMs?: number;
  /** Share of calls that are hit, 0 to 1; 1 unless told. */
  probability?: number;
}

/** Applies the first matching rule. */
export function injectFault(call: Call): void | Promise<void> {
  const { faults } = call.runtime;
  if (faults.length === 0) return undefined;
  const rule = faults.find((r) => (r.service === "*" || r.service === call.serviceName) && (r.operation === "*" || r.operation === call.operationName));
  if (rule === undefined || call.runtime.ids.random() >= (rule.probability ?? 1)) return undefined;
  call.notes.fault = rule;
  const fail = (): void => {
    if (rule.error !== undefined) {
      throw new AwsError(rule.error, rule.message ?? `Injected by a fault rule for ${rule.service}.${rule.operation}.`, rule.status === undefined ? {} : { status: rule.status });
    }
  };
  if (rule.latencyMs === undefined || rule.latencyMs <= 0) return fail();
  return call.runtime.clock.sleep(rule.latencyMs, call.signal).then(fail);
}
