import { least, mean, most, sum, type Series } from "./math/series.ts";

const VALUES: { [name: string]: (values: readonly number[]) => number | undefined } = {
  AVG: (values) => mean(values),
  FIRST: (values) => values[0],
  LAST: (values) => values[values.length - 1],
  MAX: most,
  MIN: least,
  SUM: sum,
};

const TIMES: { [name: string]: (series: Series) => number | undefined } = {
  FIRST_TIME: ({ timestamps }) => timestamps[0],
  LAST_TIME: ({ timestamps }) => timestamps[timestamps.length - 1],
  MAX_TIME: ({ timestamps, values }) => timestamps[values.indexOf(most(values))],
  MIN_TIME: ({ timestamps, values }) => timestamps[values.indexOf(least(values))],
};

/**
 * A label with its dynamic parts (`${LAST}`, `${PROP('Dim.FunctionName')}`) filled in; what is unknown or without data becomes `--`.
 *
 * @param offset minutes east of UTC in which times are told
 */
export function fillLabel(label: string, series: Series, offset: number): string {
  if (!label.includes("${")) return label;
  return label.replace(/\$\{([A-Z_]+)(?:\('([^']*)'\))?(\(\d+\))?\}/g, (whole: string, name: string, property: string | undefined) => {
    if (name === "LABEL") return series.label;
    if (name === "PROP") return (property === undefined ? undefined : series.properties?.[property]) ?? "--";
    if (Object.hasOwn(VALUES, name)) {
      const value = series.values.length === 0 ? undefined : VALUES[name]!(series.values);
      return value === undefined ? "--" : String(Number(value.toPrecision(12)));
    }
    const date = /^(.*)_TIME(_RELATIVE)?$/.test(name) && Object.hasOwn(TIMES, name) ? TIMES[name]!(series) : undefined;
    if (Object.hasOwn(TIMES, name)) return date === undefined ? "--" : new Date(date + offset * 60_000).toISOString().replace("T", " ").slice(0, 19);
    return whole;
  });
}

/** Default labels tell what differs between the metrics of a request: recorded for the statistic and the period. */
export function defaultLabel(metricName: string, stat: string, period: number, differs: { stat: boolean; period: boolean }): string {
  return [metricName, ...(differs.stat ? [stat] : []), ...(differs.period ? [String(period)] : [])].join(" ");
}
