import type { StateValue } from "@cumulet/protocol/models/cloudwatch.d.ts";

/** One period that an alarm looks at, newest last. */
export interface Period {
  startMs: number;
  /** Undefined when no data came. */
  value: number | undefined;
  breaching: boolean;
}

/** What an alarm comes to; `state` undefined keeps the one it has. */
export interface Verdict {
  state: StateValue | undefined;
  /** The periods that decided, newest last. */
  considered: readonly Period[];
  /** How many of them had no data. */
  missing: number;
}

export type MissingData = "missing" | "ignore" | "breaching" | "notBreaching";

/** Periods beyond EvaluationPeriods that an alarm looks back for data, as AWS's tables of examples have them. */
export const EXTRA_PERIODS = 2;

/**
 * The state of an alarm by its latest periods: M (`datapointsToAlarm`) of N (`evaluationPeriods`).
 *
 * @param periods N + `EXTRA_PERIODS`, newest last
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function evaluateAlarm(periods: readonly Period[], evaluationPeriods: number, datapointsToAlarm: number, treat: MissingData): Verdict {
  const real = periods.filter(({ value }) => value !== undefined).slice(-evaluationPeriods);
  const missing = evaluationPeriods - real.length;
  const breaching = real.filter((period) => period.breaching).length;
  const considered = missing > 0 ? periods.slice(-evaluationPeriods) : real;
  const verdict = (state: StateValue | undefined): Verdict => ({ state, considered, missing });

  if (treat === "breaching") return verdict(breaching + missing >= datapointsToAlarm ? "ALARM" : "OK");
  if (breaching >= datapointsToAlarm) return verdict("ALARM");
  if (treat === "notBreaching") return verdict("OK");
  if (real.length === 0) return verdict(treat === "ignore" ? undefined : "INSUFFICIENT_DATA");
  if (breaching < real.length) return verdict("OK");
  // Only breaching points, fewer than M: an alarm when the oldest is M periods old and nothing better came since.
  const oldest = periods.length - periods.findIndex(({ value }) => value !== undefined);
  return verdict(treat === "missing" && oldest >= datapointsToAlarm ? "ALARM" : undefined);
}

const OPERATIONS: { [comparison: string]: { words: string; test: (value: number, threshold: number) => boolean } } = {
  GreaterThanOrEqualToThreshold: { words: "greater than or equal to", test: (value, threshold) => value >= threshold },
  GreaterThanThreshold: { words: "greater than", test: (value, threshold) => value > threshold },
  LessThanThreshold: { words: "less than", test: (value, threshold) => value < threshold },
  LessThanOrEqualToThreshold: { words: "less than or equal to", test: (value, threshold) => value <= threshold },
};

/** Whether a value is beyond a threshold, or outside a band. */
export function isBreaching(comparison: string, value: number, threshold: number | { low: number; high: number }): boolean {
  if (typeof threshold === "number") return OPERATIONS[comparison]?.test(value, threshold) ?? false;
  if (comparison === "LessThanLowerThreshold") return value < threshold.low;
  if (comparison === "GreaterThanUpperThreshold") return value > threshold.high;
  return value < threshold.low || value > threshold.high;
}

/** A number as Java prints a double. */
export function double(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return value.toFixed(1);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) return String(value);
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** `02/01/26 03:04:00` */
function shortTime(ms: number): string {
  const [year, month, day, time] = /^..(..)-(..)-(..)T(.{8})/.exec(new Date(ms).toISOString())!.slice(1) as [string, string, string, string];
  return `${day}/${month}/${year} ${time}`;
}

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** Why an alarm is in a state, in AWS's words. */
export function stateReason(verdict: Verdict, details: {
  comparison: string; threshold: number | undefined; evaluationPeriods: number; datapointsToAlarm: number; treat: MissingData;
}): string {
  const { considered, missing } = verdict;
  const { comparison, threshold, evaluationPeriods: n, datapointsToAlarm: m, treat } = details;
  if (verdict.state === "INSUFFICIENT_DATA") return `Insufficient Data: ${n} ${plural(n, "datapoint was", "datapoints were")} unknown.`;
  const real = considered.filter(({ value }) => value !== undefined);
  const treated = treat === "breaching" ? "Breaching" : "NonBreaching";
  const filled = treat === "breaching" || treat === "notBreaching";
  if (real.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${n} ${plural(n, "period", "periods")} and ${missing} missing ${plural(missing, "datapoint was", "datapoints were")} treated as [${treated}].`;
  }
  const alarmed = verdict.state === "ALARM";
  const told = alarmed ? real.filter((period) => period.breaching) : real.filter((period) => !period.breaching);
  const shown = [...told].reverse().slice(0, 5).map(({ value, startMs }) => `${double(value!)} (${shortTime(startMs)})`).join(", ");
  const words = OPERATIONS[comparison]?.words;
  const relation = words === undefined
    ? `${told.length === 1 ? "was" : "were"} ${alarmed ? "outside" : "not outside"} the band`
    : `${told.length === 1 ? "was" : "were"} ${alarmed ? "" : "not "}${words} the threshold${threshold === undefined ? "" : ` (${double(threshold)})`}`;
  if (missing > 0 && filled) {
    return `Threshold Crossed: ${told.length} ${plural(told.length, "datapoint", "datapoints")} [${shown}] ${relation} and ${missing} missing ${plural(missing, "datapoint was", "datapoints were")} treated as [${treated}].`;
  }
  const needed = alarmed ? m : n - m + 1;
  return `Threshold Crossed: ${told.length} out of the last ${real.length} ${plural(real.length, "datapoint", "datapoints")} [${shown}] ${relation} ` +
    `(minimum ${needed} ${plural(needed, "datapoint", "datapoints")} for ${alarmed ? "OK -> ALARM" : "ALARM -> OK"} transition).`;
}
