import type { MetricDatum, PutMetricDataInput } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { addSet, addValue, emptyAggregate, type Aggregate } from "../domain/aggregate.ts";
import { invalidCombination, invalidValue, missingParameter } from "../domain/errors.ts";
import { metricKey } from "../domain/metric.ts";
import type { Ctx } from "./query.ts";

const PAST_MS = 14 * 86_400_000;
const FUTURE_MS = 2 * 3_600_000;
const VALUES_MAX = 150;
const DATA_MAX = 1000;
/** The powers of two between which CloudWatch takes values. */
const LIMIT = 2 ** 360;

export function putMetricData(ctx: Ctx, input: PutMetricDataInput): Record<string, never> {
  const { Namespace: namespace } = input;
  if (/^AWS\//.test(namespace) && ctx.principal.kind !== "service") throw invalidValue(`The value ${namespace} for parameter Namespace is invalid.`);
  const data = [...(input.MetricData ?? []), ...(input.EntityMetricData ?? []).flatMap(({ MetricData }) => MetricData ?? [])];
  if (data.length === 0) throw missingParameter("MetricData");
  if (data.length > DATA_MAX) throw invalidValue(`The collection MetricData must not have a size greater than ${DATA_MAX}.`);
  const now = ctx.clock.now();
  const checked = data.map((datum, i) => ({ datum, aggregate: checkDatum(datum, `MetricData.member.${i + 1}`, now) }));
  for (const { datum, aggregate } of checked) {
    ctx.store.metrics.add(metricKey(namespace, datum.MetricName, datum.Dimensions), datum.Timestamp ?? now, datum.Unit ?? "None", datum.StorageResolution === 1 ? 1 : 60, aggregate);
  }
  return {};
}

/** The values of a datum, checked in the order and with the words of AWS (recorded). */
function checkDatum(datum: MetricDatum, path: string, now: number): Aggregate {
  const { Value: value, Values: values, StatisticValues: set, Counts: counts, Timestamp: timestamp, StorageResolution: resolution } = datum;
  if (datum.MetricName === "") throw invalidValue(`The parameter ${path}.MetricName is invalid.`);
  if (value !== undefined && values !== undefined) throw exclusive(path, "Value", "Values");
  if (value !== undefined && set !== undefined) throw exclusive(path, "Value", "StatisticValues");
  if (values !== undefined && set !== undefined) throw exclusive(path, "Values", "StatisticValues");
  if (value === undefined && values === undefined && set === undefined) throw missingParameter(`${path}.Value`);
  if (values !== undefined && counts !== undefined && values.length !== counts.length) {
    throw invalidValue(`The parameters ${path}.Values and ${path}.Counts must be of the same size.`);
  }
  if (values !== undefined && values.length > VALUES_MAX) throw invalidValue(`The collection ${path}.Values must not have a size greater than ${VALUES_MAX}.`);
  if (resolution !== undefined && resolution !== 1 && resolution !== 60) throw invalidValue(`The parameter ${path}.StorageResolution must be 1 or 60.`);
  if (timestamp !== undefined && (timestamp < now - PAST_MS || timestamp > now + FUTURE_MS)) {
    throw invalidValue(`The parameter ${path}.Timestamp must specify a time within two weeks in the past and two hours in the future.`);
  }
  const aggregate = emptyAggregate();
  if (value !== undefined) addValue(aggregate, finite(value, `${path}.Value`));
  values?.forEach((one, i) => {
    const count = finite(counts?.[i] ?? 1, `${path}.Counts.member.${i + 1}`);
    if (count < 0) throw invalidValue(`The parameter ${path}.Counts.member.${i + 1} must be greater than or equal to 0.`);
    if (count > 0) addValue(aggregate, finite(one, `${path}.Values.member.${i + 1}`), count);
  });
  if (set !== undefined) {
    const at = (member: keyof typeof set): number => finite(set[member], `${path}.StatisticValues.${member}`);
    const [count, sum, min, max] = [at("SampleCount"), at("Sum"), at("Minimum"), at("Maximum")];
    if (min > max) throw invalidValue(`The parameter ${path}.StatisticValues.Minimum must be less than or equal to ${path}.StatisticValues.Maximum.`);
    if (count < 0) throw invalidValue(`The parameter ${path}.StatisticValues.SampleCount must be greater than or equal to 0.`);
    addSet(aggregate, { count, sum, min, max });
  }
  return aggregate;
}

function exclusive(path: string, one: string, other: string): Error {
  return invalidCombination(`The parameters ${path}.${one} and ${path}.${other} are mutually exclusive and you have specified both.`);
}

function finite(value: number, path: string): number {
  if (!Number.isFinite(value) || Math.abs(value) > LIMIT) throw invalidValue(`The value ${Number.isFinite(value) ? value : String(value)} for parameter ${path} is invalid.`);
  return value;
}
