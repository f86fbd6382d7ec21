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

/** The header by which one request asks for its own fault. */
export const FAULT_HEADER = "x-cumulet-fault";

/** What `throttle` is called by services that do not say `ThrottlingException`. */
const THROTTLES: { [service: string]: { error: string; status?: number } } = {
  dynamodb: { error: "ProvisionedThroughputExceededException" },
  lambda: { error: "TooManyRequestsException", status: 429 },
  apigateway: { error: "TooManyRequestsException", status: 429 },
  apigatewayv2: { error: "TooManyRequestsException", status: 429 },
  s3: { error: "SlowDown", status: 503 },
};

/**
 * Reads `dynamodb.PutItem=throttle:0.3;latency=200`: for which calls (`*` stands for any service or operation), the error
 * with its share of calls, and a delay in milliseconds. Several are separated by commas.
 * @throws AwsError `ValidationException` when it cannot be read.
 */
export function parseFaults(header: string): FaultRule[] {
  return header.split(",").map((text) => {
    const match = /^\s*([a-z0-9.*-]+)\.([A-Za-z0-9*]+)\s*=\s*(?:([A-Za-z][A-Za-z0-9.]*)(?::(0(?:\.\d+)?|1(?:\.0+)?))?)?(?:;?\s*latency=(\d{1,6}))?\s*$/.exec(text);
    if (match === null || (match[3] === undefined && match[5] === undefined)) {
      throw new AwsError("ValidationException", `${FAULT_HEADER} cannot be read at "${text.trim()}": write it as dynamodb.PutItem=throttle:0.3;latency=200`, { status: 400 });
    }
    const [, service, operation, error, probability, latency] = match as unknown as [string, string, string, string | undefined, string | undefined, string | undefined];
    return {
      service, operation,
      ...(error === undefined ? {} : error === "throttle" ? (THROTTLES[service] ?? { error: "ThrottlingException" }) : { error }),
      ...(probability === undefined ? {} : { probability: Number(probability) }),
      ...(latency === undefined ? {} : { latencyMs: Number(latency) }),
    };
  });
}

/** Stage: applies the first matching rule, the request's own before the platform's. */
export function injectFault(call: Call): void | Promise<void> {
  const asked = call.http?.request.headers[FAULT_HEADER];
  const { faults } = call.runtime;
  if (faults.length === 0 && asked === undefined) return undefined;
  const rules = asked === undefined ? faults : [...parseFaults(String(asked)), ...faults];
  const rule = rules.find((r) => (r.service === "*" || r.service === call.serviceName) && (r.operation === "*" || r.operation === call.operationName));
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
