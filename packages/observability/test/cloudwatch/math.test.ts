import { describe, expect, test } from "vitest";
import { addSet, addValue, emptyAggregate, merge } from "../../src/cloudwatch/domain/aggregate.ts";
import { evaluateMath, type MathScope } from "../../src/cloudwatch/domain/math/evaluate.ts";
import { MathError, parseMath } from "../../src/cloudwatch/domain/math/parse.ts";
import type { Series, Value } from "../../src/cloudwatch/domain/math/series.ts";
import { compileSearch } from "../../src/cloudwatch/domain/search.ts";
import { statistic } from "../../src/cloudwatch/domain/statistics.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 2, 3, 4);
const series = (label: string, ...values: (number | null)[]): Series => {
  const points = values.map((value, i) => [START + i * MINUTE, value] as const).filter(([, value]) => value !== null);
  return { label, period: 60, timestamps: points.map(([at]) => at), values: points.map(([, value]) => value!) };
};
const METRICS: { [id: string]: Series } = { m1: series("one", 1, 2, 3, 4), m2: series("two", 10, null, 30, 40), m3: series("none") };
const scope: MathScope = {
  id: "e1", period: 60,
  value: (id) => {
    const found = METRICS[id];
    if (found === undefined) throw new MathError(`Undefined variable ${id}`);
    return { kind: "series", series: found };
  },
  metrics: (pattern) => Object.entries(METRICS).filter(([id]) => pattern === undefined || id.includes(pattern)).map(([, one]) => one),
  search: () => [METRICS.m1!],
  grid: () => [0, 1, 2, 3].map((i) => START + i * MINUTE),
  history: () => [8, 10, 12],
};
const run = (source: string): Value => evaluateMath(parseMath(source), scope);
/** Values by minute from the start. */
const points = (source: string): (readonly [number, number])[] => {
  const value = run(source);
  if (value.kind !== "series") throw new Error(`not a series: ${value.kind}`);
  return value.series.timestamps.map((at, i) => [(at - START) / MINUTE, value.series.values[i]!] as const);
};

describe("metric math", () => {
  test.each<[string, (readonly [number, number])[]]>([
    ["m1 * 2", [[0, 2], [1, 4], [2, 6], [3, 8]]],
    // Only where both have data.
    ["m1 + m2", [[0, 11], [2, 33], [3, 44]]],
    ["m1 + FILL(m2, 0)", [[0, 11], [1, 2], [2, 33], [3, 44]]],
    ["FILL(m2, REPEAT)", [[0, 10], [1, 10], [2, 30], [3, 40]]],
    ["FILL(m2, LINEAR)", [[0, 10], [1, 20], [2, 30], [3, 40]]],
    ["SUM([m1, m2])", [[0, 11], [1, 2], [2, 33], [3, 44]]],
    ["AVG(METRICS())", [[0, 5.5], [1, 2], [2, 16.5], [3, 22]]],
    ['SUM(METRICS("m1"))', [[0, 1], [1, 2], [2, 3], [3, 4]]],
    ["m1 / MAX(m1)", [[0, 0.25], [1, 0.5], [2, 0.75], [3, 1]]],
    ["IF(m1 > 2, m1, 0)", [[0, 0], [1, 0], [2, 3], [3, 4]]],
    ["IF(m1 > 2, m1)", [[2, 3], [3, 4]]],
    ["m1 > 1 AND m1 < 4", [[0, 0], [1, 1], [2, 1], [3, 0]]],
    ["-m1 ^ 2", [[0, -1], [1, -4], [2, -9], [3, -16]]],
    ["2 + 3 * m1 - 1", [[0, 4], [1, 7], [2, 10], [3, 13]]],
    ["DIFF(m1)", [[1, 1], [2, 1], [3, 1]]],
    ["RATE(m2)", [[2, 20 / 120], [3, 10 / 60]]],
    ["DIFF_TIME(m2)", [[2, 120], [3, 60]]],
    ["RUNNING_SUM(m1)", [[0, 1], [1, 3], [2, 6], [3, 10]]],
    ["MINUTE(m1)", [[0, 4], [1, 5], [2, 6], [3, 7]]],
    ["DAY(m1) * 0 + HOUR(m1)", [[0, 3], [1, 3], [2, 3], [3, 3]]],
    ["m1 / PERIOD(m1)", [[0, 1 / 60], [1, 2 / 60], [2, 3 / 60], [3, 4 / 60]]],
    ["TIME_SERIES(7)", [[0, 7], [1, 7], [2, 7], [3, 7]]],
    ["FIRST(SORT(METRICS(), SUM, DESC))", [[0, 10], [2, 30], [3, 40]]],
    ["m1 * METRIC_COUNT(METRICS())", [[0, 3], [1, 6], [2, 9], [3, 12]]],
    // Division by nothing leaves no point.
    ["m1 / 0", []],
    ["ABS(0 - m1)", [[0, 1], [1, 2], [2, 3], [3, 4]]],
  ])("%s", (source, expected) => expect(points(source)).toEqual(expected));

  test("lists", () => {
    expect(run("REMOVE_EMPTY(METRICS())")).toMatchObject({ kind: "array", list: [{ label: "one" }, { label: "two" }] });
    expect(run("SLICE(METRICS(), 1, 2)")).toMatchObject({ list: [{ label: "two" }] });
    expect(run("METRICS() * 2")).toMatchObject({ list: [{ values: [2, 4, 6, 8] }, { values: [20, 60, 80] }, { values: [] }] });
    expect(run("ANOMALY_DETECTION_BAND(m1, 2)")).toMatchObject({ kind: "array", list: [{ values: expect.any(Array) as unknown }, {}] });
    expect(run("STDDEV(m1)")).toMatchObject({ kind: "scalar", value: Math.sqrt(1.25) });
  });

  test.each(["m1 +", "m1 m2", "(m1", "NOPE(m1)", "m9", "m1 + 'x'", "SORT(m1, UP, DESC)", `${"(".repeat(500)}m1`, "m1 $ 2"])("%s is refused", (source) => {
    expect(() => run(source)).toThrow(MathError);
  });
});

describe("statistics", () => {
  const all = emptyAggregate();
  for (let value = 1; value <= 100; value += 1) addValue(all, value);

  test.each([
    ["SampleCount", 100], ["Sum", 5050], ["Average", 50.5], ["Minimum", 1], ["Maximum", 100],
    ["p50", 50], ["p99", 99], ["p99.9", 100], ["p0", 1], ["p100", 100],
    ["tm90", 45.5], ["TM(10%:90%)", 50.5], ["TM(:10)", 5.5], ["tc90", 90], ["ts10", 55], ["TC(50:60)", 10], ["PR(:30)", 30], ["PR(10:20)", 10], ["IQM", 50.5],
    ["wm98", 50.47],
  ])("%s", (name, expected) => expect(statistic(name)!(all)).toBeCloseTo(expected, 2));

  test.each(["p101", "q50", "TM(x:1)", "PR(10%:20%)", "TM(:)", "average"])("%s is none", (name) => expect(statistic(name)).toBeUndefined());

  test("percentiles of a statistic set are unknown, unless its values are all the same", () => {
    const set = emptyAggregate();
    addSet(set, { count: 4, sum: 20, min: 5, max: 5 });
    expect(statistic("p50")!(set)).toBe(5);
    addSet(set, { count: 2, sum: 3, min: 1, max: 2 });
    expect(statistic("p50")!(set)).toBeUndefined();
    expect(statistic("Average")!(set)).toBeCloseTo(23 / 6);
  });

  test("a distribution of many values stays small and nearly right", () => {
    const many = emptyAggregate();
    for (let i = 1; i <= 10_000; i += 1) addValue(many, i);
    const other = emptyAggregate();
    addValue(other, 20_000, 1);
    merge(many, other);
    expect(many.values!.size).toBeLessThanOrEqual(400);
    expect(many.count).toBe(10_001);
    expect(statistic("p50")!(many)! / 5000).toBeCloseTo(1, 0);
    expect(statistic("Maximum")!(many)).toBe(20_000);
  });
});

describe("search", () => {
  const metric = { namespace: "AWS/Lambda", name: "ConcurrentExecutions", dimensions: [{ Name: "FunctionName", Value: "my-app" }] };
  test.each([
    ["{AWS/Lambda,FunctionName} ConcurrentExecutions", true],
    ["{AWS/Lambda,FunctionName}", true],
    ["{AWS/Lambda}", false],
    ["{AWS/Lambda,FunctionName,Resource} Errors", false],
    ['{AWS/Lambda,FunctionName} MetricName="ConcurrentExecutions"', true],
    ['{AWS/Lambda,FunctionName} MetricName="Concurrent"', false],
    ["executions", true],
    ["Concurrent app", true],
    ["Concurrent NOT app", false],
    ['FunctionName=("my-app" OR "other")', true],
    ["Errors OR Concurrent", true],
    ["(Errors OR Duration) my", false],
    ["FunctionName=app", true],
  ])("%s", (source, expected) => expect(compileSearch(source).test(metric)).toBe(expected));
  test.each(["(", "a OR", "FunctionName=", ")"])("%s is refused", (source) => expect(() => compileSearch(source)).toThrow(MathError));
});
