import {
  CloudWatchClient, DeleteAlarmsCommand, DeleteDashboardsCommand, DescribeAlarmHistoryCommand, DescribeAlarmsCommand, DescribeAlarmsForMetricCommand,
  DisableAlarmActionsCommand, EnableAlarmActionsCommand, GetDashboardCommand, GetMetricDataCommand, GetMetricStatisticsCommand, ListDashboardsCommand, ListMetricsCommand,
  ListTagsForResourceCommand, PutCompositeAlarmCommand, PutDashboardCommand, PutMetricAlarmCommand, PutMetricDataCommand, SetAlarmStateCommand, TagResourceCommand,
  UntagResourceCommand, type MetricDatum, type PutMetricAlarmCommandInput,
} from "@aws-sdk/client-cloudwatch";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { services } from "../../src/index.ts";
import { refusal } from "../support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
let platform: TestPlatform;
let client: CloudWatchClient;
beforeAll(async () => {
  platform = await testPlatform(services);
  client = new CloudWatchClient(platform.clientConfig());
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

let names = 0;
const unique = (): string => `test-${(names += 1)}`;
const now = (offset = 0): Date => new Date(platform.clock.now() + offset);
const put = (Namespace: string, ...MetricData: MetricDatum[]) => client.send(new PutMetricDataCommand({ Namespace, MetricData }));
const range = () => ({ StartTime: now(-HOUR), EndTime: now(HOUR) });

describe("data", () => {
  test("is counted by period and unit", async () => {
    const Namespace = unique();
    await put(Namespace, { MetricName: "m", Value: 1, Unit: "Count" }, { MetricName: "m", Value: 3, Unit: "Count" }, { MetricName: "m", Values: [10, 20], Counts: [2, 1], Unit: "Count" });
    const { Datapoints, Label } = await client.send(new GetMetricStatisticsCommand({
      Namespace, MetricName: "m", ...range(), Period: 60, Statistics: ["SampleCount", "Sum", "Average", "Minimum", "Maximum"], ExtendedStatistics: ["p50", "tm90"],
    }));
    expect(Label).toBe("m");
    expect(Datapoints).toEqual([{
      Timestamp: new Date(Math.floor(platform.clock.now() / MINUTE) * MINUTE), SampleCount: 5, Sum: 44, Average: 8.8, Minimum: 1, Maximum: 20, Unit: "Count",
      ExtendedStatistics: { p50: 10, tm90: expect.any(Number) as number },
    }]);
  });

  test("of statistic sets and resolutions", async () => {
    const Namespace = unique();
    await put(Namespace, { MetricName: "set", StatisticValues: { SampleCount: 4, Sum: 10, Minimum: 1, Maximum: 4 } });
    await put(Namespace, { MetricName: "fast", Value: 1, StorageResolution: 1, Timestamp: now(-2000) }, { MetricName: "fast", Value: 2, StorageResolution: 1, Timestamp: now(-1000) });
    const statistics = (MetricName: string, Period: number) => client.send(new GetMetricStatisticsCommand({ Namespace, MetricName, StartTime: now(-MINUTE), EndTime: now(MINUTE), Period, Statistics: ["Sum"] }));
    expect((await statistics("set", 60)).Datapoints).toMatchObject([{ Sum: 10, Unit: "None" }]);
    expect((await statistics("fast", 1)).Datapoints!.map(({ Sum }) => Sum)).toEqual([1, 2]);
  });

  test("is refused in AWS's words", async () => {
    const Namespace = unique();
    const refused = async (datum: Partial<MetricDatum>) => refusal(put(Namespace, { MetricName: "m", ...datum }));
    expect(await refused({ Value: 1, Values: [1] })).toMatchObject({ name: expect.stringContaining("InvalidParameterCombination") as string, message: "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both." });
    expect(await refused({ Value: 1, StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 } })).toMatchObject({ message: "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both." });
    expect(await refused({ Values: [1, 2], Counts: [1] })).toMatchObject({ message: "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size." });
    expect(await refused({})).toMatchObject({ message: "The parameter MetricData.member.1.Value is required." });
    expect(await refused({ Value: 1, Timestamp: now(3 * HOUR) })).toMatchObject({ status: 400 });
    expect(await refusal(put("AWS/EC2", { MetricName: "m", Value: 1 }))).toMatchObject({ message: "The value AWS/EC2 for parameter Namespace is invalid." });
    const statistics = (more: object) => refusal(client.send(new GetMetricStatisticsCommand({ Namespace, MetricName: "m", ...range(), Period: 60, Statistics: ["Sum"], ...more })));
    expect(await statistics({ StartTime: now(), EndTime: now(DAY), Period: 1 })).toMatchObject({
      message: "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
    });
    expect(await statistics({ StartTime: now(), EndTime: now(-1000) })).toMatchObject({ message: "The parameter StartTime must be less than the parameter EndTime." });
  });

  test("metrics are listed by namespace, name and dimension, while they are recent", async () => {
    const Namespace = unique();
    await put(Namespace,
      { MetricName: "b", Value: 1, Dimensions: [{ Name: "Z", Value: "1" }, { Name: "A", Value: "2" }] }, { MetricName: "a", Value: 1 }, { MetricName: "b", Value: 1, Dimensions: [{ Name: "A", Value: "3" }] });
    const list = async (more: object = {}) => (await client.send(new ListMetricsCommand({ Namespace, ...more }))).Metrics!;
    expect(await list()).toHaveLength(3);
    expect(await list({ MetricName: "b", Dimensions: [{ Name: "A", Value: "2" }] })).toEqual([{ Namespace, MetricName: "b", Dimensions: [{ Name: "A", Value: "2" }, { Name: "Z", Value: "1" }] }]);
    expect(await list({ Dimensions: [{ Name: "A" }] })).toHaveLength(2);
    expect(await list({ RecentlyActive: "PT3H" })).toHaveLength(3);
    // The order of dimensions does not tell metrics apart.
    await put(Namespace, { MetricName: "b", Value: 1, Dimensions: [{ Name: "A", Value: "2" }, { Name: "Z", Value: "1" }] });
    expect(await list()).toHaveLength(3);
  });

  test("many metrics are listed in pages", async () => {
    const Namespace = unique();
    await put(Namespace, ...Array.from({ length: 700 }, (_, i): MetricDatum => ({ MetricName: `m${i}`, Value: 1 })));
    const first = await client.send(new ListMetricsCommand({ Namespace }));
    expect(first.Metrics).toHaveLength(500);
    const second = await client.send(new ListMetricsCommand({ Namespace, NextToken: first.NextToken }));
    expect(second.Metrics).toHaveLength(200);
    expect(second.NextToken).toBeUndefined();
  });
});

describe("GetMetricData", () => {
  const stat = (Namespace: string, MetricName: string, Stat = "Sum", Period = 60, Unit?: "Seconds") => ({ MetricStat: { Metric: { Namespace, MetricName }, Stat, Period, ...(Unit === undefined ? {} : { Unit }) } });
  const get = (MetricDataQueries: object[], more: object = {}) => client.send(new GetMetricDataCommand({ MetricDataQueries: MetricDataQueries as never, ...range(), ...more }));

  test("labels what differs", async () => {
    const Namespace = unique();
    await put(Namespace, { MetricName: "m", Value: 5 }, { MetricName: "n", Value: 7 });
    const labels = async (...queries: object[]) => (await get(queries)).MetricDataResults!.map(({ Label }) => Label);
    expect(await labels({ Id: "a", ...stat(Namespace, "m") }, { Id: "b", ...stat(Namespace, "n") })).toEqual(["m", "n"]);
    expect(await labels({ Id: "a", ...stat(Namespace, "m") }, { Id: "b", ...stat(Namespace, "m", "Minimum") })).toEqual(["m Sum", "m Minimum"]);
    expect(await labels({ Id: "a", ...stat(Namespace, "m") }, { Id: "b", ...stat(Namespace, "m", "Minimum", 30) })).toEqual(["m Sum 60", "m Minimum 30"]);
    expect(await labels({ Id: "a", ...stat(Namespace, "m"), Label: "Last ${LAST} of ${PROP('MetricName')}" })).toEqual(["Last 5 of m"]);
    expect(await labels({ Id: "a", ...stat(Namespace, "m"), ReturnData: false }, { Id: "e", Expression: "a * 2" })).toEqual(["e"]);
  });

  test("computes expressions, newest first unless asked", async () => {
    const Namespace = unique();
    await put(Namespace, { MetricName: "errors", Value: 1, Timestamp: now(-5 * MINUTE) }, { MetricName: "calls", Value: 10, Timestamp: now(-5 * MINUTE) }, { MetricName: "calls", Value: 20, Timestamp: now(-4 * MINUTE) });
    const queries = [{ Id: "e", ...stat(Namespace, "errors"), ReturnData: false }, { Id: "c", ...stat(Namespace, "calls") }, { Id: "rate", Expression: "100 * FILL(e, 0) / c", Label: "Error rate" }];
    const { MetricDataResults: results, Messages } = await get(queries);
    expect(Messages).toEqual([]);
    expect(results).toMatchObject([
      { Id: "c", Label: "calls", StatusCode: "Complete", Values: [20, 10] }, { Id: "rate", Label: "Error rate", StatusCode: "Complete", Values: [0, 10] },
    ]);
    expect((await get(queries, { ScanBy: "TimestampAscending" })).MetricDataResults![0]!.Values).toEqual([10, 20]);
    expect(await refusal(get([{ Id: "x", Expression: "y + 1" }]))).toMatchObject({ message: "Error in expression 'x': Undefined variable y" });
    expect(await refusal(get([{ Id: "x", Expression: "x + 1" }]))).toMatchObject({ message: "Error in expression 'x': Circular reference to x" });
    expect(await refusal(get([{ Id: "a", ...stat(Namespace, "calls") }, { Id: "a", ...stat(Namespace, "calls") }]))).toMatchObject({ message: expect.stringContaining("Duplicate id: a") as string });
  });

  test("says when units are mixed, and takes the first by name", async () => {
    const Namespace = unique();
    await put(Namespace, { MetricName: "m", Value: 20, Unit: "Seconds" }, { MetricName: "m", Value: 5, Unit: "Count" }, { MetricName: "m", Value: 8, Unit: "Milliseconds" });
    expect((await get([{ Id: "a", ...stat(Namespace, "m") }])).MetricDataResults).toMatchObject([
      { Values: [5], Messages: [{ Code: "MultipleUnits", Value: "Multiple units returned: '[Count, Milliseconds, Seconds]'" }] },
    ]);
    expect((await get([{ Id: "a", ...stat(Namespace, "m", "Sum", 60, "Seconds") }])).MetricDataResults![0]!.Values).toEqual([20]);
  });

  test("searches", async () => {
    const Namespace = unique();
    for (const host of ["one", "two"]) await put(Namespace, { MetricName: "cpu", Value: host.length, Dimensions: [{ Name: "Host", Value: host }] });
    const { MetricDataResults } = await get([{ Id: "s", Expression: `SEARCH('{${Namespace},Host} MetricName="cpu"', 'Sum', 60)` }, { Id: "t", Expression: "SUM(s)" }]);
    expect(MetricDataResults).toMatchObject([{ Id: "s", Label: "one cpu", Values: [3] }, { Id: "s", Label: "two cpu", Values: [3] }, { Id: "t", Label: "t", Values: [6] }]);
  });

  test("gives pages of data points", async () => {
    const Namespace = unique();
    await put(Namespace, ...Array.from({ length: 5 }, (_, i): MetricDatum => ({ MetricName: "m", Value: i, Timestamp: now(-i * MINUTE) })), { MetricName: "n", Value: 9 });
    const queries = [{ Id: "a", ...stat(Namespace, "m") }, { Id: "b", ...stat(Namespace, "n") }];
    const values: [string, number][] = [];
    let NextToken: string | undefined;
    let pages = 0;
    do {
      const page = await get(queries, { MaxDatapoints: 2, NextToken });
      for (const { Id, Values } of page.MetricDataResults!) values.push(...Values!.map((value): [string, number] => [Id!, value]));
      NextToken = page.NextToken;
      pages += 1;
    } while (NextToken !== undefined);
    expect(pages).toBe(3);
    expect(values).toEqual([["a", 0], ["a", 1], ["a", 2], ["a", 3], ["a", 4], ["b", 9]]);
  });
});

describe("ageing", () => {
  test("gathers old points into coarser ones, and forgets them in the end", async () => {
    await using own = await testPlatform(services);
    const cw = new CloudWatchClient(own.clientConfig());
    const start = own.clock.now() - (own.clock.now() % HOUR);
    await cw.send(new PutMetricDataCommand({ Namespace: "n", MetricData: [0, 1, 2].map((i) => ({ MetricName: "m", Value: i, Timestamp: new Date(start + i * 1000), StorageResolution: 1 })) }));
    const sums = async (Period: number) => (await cw.send(new GetMetricStatisticsCommand({
      Namespace: "n", MetricName: "m", StartTime: new Date(start), EndTime: new Date(start + 20 * MINUTE), Period, Statistics: ["Sum", "SampleCount"],
    }))).Datapoints!.map(({ Sum, SampleCount }) => [Sum, SampleCount]);
    expect(await sums(1)).toEqual([[0, 1], [1, 1], [2, 1]]);
    await own.clock.advance(7 * HOUR);
    expect(await sums(1)).toEqual([[3, 3]]);
    await own.clock.advance(64 * DAY);
    expect(await sums(60)).toEqual([[3, 3]]);
    await own.clock.advance(400 * DAY);
    expect(await sums(3600)).toEqual([]);
    expect((await cw.send(new ListMetricsCommand({ Namespace: "n" }))).Metrics).toEqual([]);
    cw.destroy();
  });
});

describe("alarms", () => {
  const alarm = (AlarmName: string, more: Partial<PutMetricAlarmCommandInput> = {}) => client.send(new PutMetricAlarmCommand({
    AlarmName, Namespace: "alarms", MetricName: AlarmName, Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: "GreaterThanThreshold", ...more,
  }));
  const state = async (AlarmName: string) => {
    const { MetricAlarms, CompositeAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNames: [AlarmName], AlarmTypes: ["MetricAlarm", "CompositeAlarm"] }));
    return (MetricAlarms![0] ?? CompositeAlarms![0])!;
  };

  test("are described as they were made", async () => {
    const name = unique();
    await alarm(name, { TreatMissingData: "ignore", Dimensions: [{ Name: "InstanceId", Value: "abc" }] });
    expect((await client.send(new DescribeAlarmsCommand({ AlarmNames: [name] }))).MetricAlarms).toEqual([{
      AlarmName: name, AlarmArn: `arn:aws:cloudwatch:us-east-1:000000000000:alarm:${name}`, AlarmConfigurationUpdatedTimestamp: now(), ActionsEnabled: true, OKActions: [], AlarmActions: [],
      InsufficientDataActions: [], StateValue: "INSUFFICIENT_DATA", StateReason: "Unchecked: Initial alarm creation", StateUpdatedTimestamp: now(), StateTransitionedTimestamp: now(),
      MetricName: name, Namespace: "alarms", Statistic: "Sum", Dimensions: [{ Name: "InstanceId", Value: "abc" }], Period: 60, EvaluationPeriods: 1, Threshold: 5,
      ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "ignore",
    }]);
    expect((await client.send(new DescribeAlarmsForMetricCommand({ Namespace: "alarms", MetricName: name, Dimensions: [{ Name: "InstanceId", Value: "abc" }] }))).MetricAlarms).toHaveLength(1);
    expect((await client.send(new DescribeAlarmsForMetricCommand({ Namespace: "alarms", MetricName: name }))).MetricAlarms).toEqual([]);
    await client.send(new DisableAlarmActionsCommand({ AlarmNames: [name] }));
    expect((await state(name)).ActionsEnabled).toBe(false);
    await client.send(new EnableAlarmActionsCommand({ AlarmNames: [name] }));
    expect((await state(name)).ActionsEnabled).toBe(true);
    await client.send(new DeleteAlarmsCommand({ AlarmNames: [name] }));
    expect((await client.send(new DescribeAlarmsCommand({ AlarmNames: [name] }))).MetricAlarms).toEqual([]);
  });

  test("follow their metric on platform time", async () => {
    const name = unique();
    await alarm(name);
    await put("alarms", { MetricName: name, Value: 9 });
    await platform.clock.advance(MINUTE);
    const raised = await state(name);
    expect(raised.StateValue).toBe("ALARM");
    expect(raised.StateReason).toMatch(/^Threshold Crossed: 1 out of the last 1 datapoint \[9\.0 \(02\/01\/26 03:..:00\)\] was greater than the threshold \(5\.0\) \(minimum 1 datapoint for OK -> ALARM transition\)\.$/);
    expect(JSON.parse(raised.StateReasonData!)).toMatchObject({ version: "1.0", statistic: "Sum", period: 60, recentDatapoints: [9], threshold: 5 });
    await put("alarms", { MetricName: name, Value: 1 });
    await platform.clock.advance(MINUTE);
    expect((await state(name)).StateValue).toBe("OK");
    await platform.clock.advance(10 * MINUTE);
    expect(await state(name)).toMatchObject({ StateValue: "INSUFFICIENT_DATA", StateReason: "Insufficient Data: 1 datapoint was unknown." });
    const { AlarmHistoryItems: history } = await client.send(new DescribeAlarmHistoryCommand({ AlarmName: name, ScanBy: "TimestampAscending" }));
    expect(history!.map(({ HistorySummary }) => HistorySummary)).toEqual([
      `Alarm "${name}" created`, "Alarm updated from INSUFFICIENT_DATA to ALARM", "Alarm updated from ALARM to OK", "Alarm updated from OK to INSUFFICIENT_DATA",
    ]);
    expect((await client.send(new DescribeAlarmHistoryCommand({ AlarmName: name, HistoryItemType: "StateUpdate", MaxRecords: 1 }))).NextToken).toBeDefined();
  });

  test("look every ten seconds at short periods, and at expressions and bands", async () => {
    const [fast, math, band] = [unique(), unique(), unique()];
    await alarm(fast, { Period: 10 });
    await client.send(new PutMetricAlarmCommand({
      AlarmName: math, EvaluationPeriods: 1, Threshold: 50, ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Metrics: [
        { Id: "m", MetricStat: { Metric: { Namespace: "alarms", MetricName: math }, Period: 60, Stat: "Sum" }, ReturnData: false },
        { Id: "e", Expression: "m * 10", ReturnData: true },
      ],
    }));
    await client.send(new PutMetricAlarmCommand({
      AlarmName: band, EvaluationPeriods: 1, ThresholdMetricId: "b", ComparisonOperator: "LessThanLowerOrGreaterThanUpperThreshold",
      Metrics: [
        { Id: "m", MetricStat: { Metric: { Namespace: "alarms", MetricName: band }, Period: 60, Stat: "Sum" }, ReturnData: true },
        { Id: "b", Expression: "ANOMALY_DETECTION_BAND(m, 2)", ReturnData: true },
      ],
    }));
    await put("alarms", ...Array.from({ length: 20 }, (_, i): MetricDatum => ({ MetricName: band, Value: 10 + (i % 2), Timestamp: now(-(i + 10) * MINUTE) })));
    await put("alarms", { MetricName: fast, Value: 9, StorageResolution: 1 }, { MetricName: math, Value: 5 }, { MetricName: band, Value: 100 });
    await platform.clock.advance(10_000);
    expect((await state(fast)).StateValue).toBe("ALARM");
    await platform.clock.advance(MINUTE);
    expect((await state(math)).StateValue).toBe("ALARM");
    expect((await state(band)).StateValue).toBe("ALARM");
    await client.send(new DeleteAlarmsCommand({ AlarmNames: [fast] }));
  });

  test("are set by hand until they are looked at", async () => {
    const name = unique();
    await alarm(name, { TreatMissingData: "ignore" });
    await client.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: "ALARM", StateReason: "testing alarm", StateReasonData: '{"a":1}' }));
    expect(await state(name)).toMatchObject({ StateValue: "ALARM", StateReason: "testing alarm", StateReasonData: '{"a":1}' });
    expect(await refusal(client.send(new SetAlarmStateCommand({ AlarmName: "none", StateValue: "OK", StateReason: "x" })))).toMatchObject({ name: "ResourceNotFound", status: 404 });
    expect(await refusal(client.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: "INVALID" as never, StateReason: "x" })))).toMatchObject({
      message: "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    });
  });

  test("that make no sense are refused", async () => {
    expect(await refusal(alarm("x", { Period: 3600, EvaluationPeriods: 200 }))).toMatchObject({ message: "Metrics cannot be checked across more than 7 days (EvaluationPeriods * Period must be <= 604800)." });
    expect(await refusal(alarm("x", { Period: 300, EvaluationPeriods: 300 }))).toMatchObject({ message: "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)." });
    expect(await refusal(alarm("x", { Period: 61 }))).toMatchObject({ message: "Period must be 10, 20, 30, or a multiple of 60." });
    expect(await refusal(alarm("x", { TreatMissingData: "odd" }))).toMatchObject({ message: "The value odd is not supported for TreatMissingData parameter. Supported values are [breaching, notBreaching, ignore, missing]." });
    expect(await refusal(alarm("x", { AlarmActions: ["odd"] }))).toMatchObject({ message: "Invalid arn syntax: odd" });
    expect(await refusal(client.send(new PutCompositeAlarmCommand({ AlarmName: "c", AlarmRule: "ALARM(nobody)" })))).toMatchObject({ message: "Could not save the composite alarm as alarms [nobody] in the alarm rule do not exist" });
  });

  test("on others follow them at once", async () => {
    const [one, two, all] = [unique(), unique(), unique()];
    await alarm(one, { TreatMissingData: "ignore" });
    await alarm(two, { TreatMissingData: "ignore" });
    await client.send(new PutCompositeAlarmCommand({ AlarmName: all, AlarmRule: `ALARM("${one}") OR ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:${two})`, Tags: [{ Key: "a", Value: "b" }] }));
    expect((await state(all)).StateValue).toBe("OK");
    await client.send(new SetAlarmStateCommand({ AlarmName: two, StateValue: "ALARM", StateReason: "x" }));
    const raised = await state(all);
    expect(raised.StateValue).toBe("ALARM");
    expect(raised.StateReason).toMatch(new RegExp(`^arn:aws:cloudwatch:us-east-1:000000000000:alarm:${two} transitioned to ALARM at Friday 02 January, 2026 03:..:.. UTC$`));
    expect(JSON.parse(raised.StateReasonData!)).toMatchObject({ triggeringAlarms: [{ arn: expect.stringContaining(two) as string, state: { value: "ALARM" } }] });
    expect((await client.send(new DescribeAlarmsCommand({ ChildrenOfAlarmName: all }))).MetricAlarms!.map(({ AlarmName }) => AlarmName)).toEqual([one, two]);
    expect((await client.send(new DescribeAlarmsCommand({ ParentsOfAlarmName: one }))).CompositeAlarms!.map(({ AlarmName }) => AlarmName)).toEqual([all]);
    expect(await refusal(client.send(new PutCompositeAlarmCommand({ AlarmName: all, AlarmRule: `ALARM(${all})` })))).toMatchObject({ message: "Could not save the composite alarm as it would create a dependency cycle" });
  });

  test("of an earlier run are looked at again", async () => {
    const { mkdtempSync, rmSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const dataFolder = mkdtempSync(`${tmpdir()}/cumulet-alarms-`);
    const first = await testPlatform(services, { dataFolder });
    const cw = new CloudWatchClient(first.clientConfig());
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "a", Namespace: "n", MetricName: "m", Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "breaching" }));
    await first.close();
    const second = await testPlatform(services, { dataFolder });
    await second.clock.advance(2 * MINUTE);
    const again = new CloudWatchClient(second.clientConfig());
    expect((await again.send(new DescribeAlarmsCommand({}))).MetricAlarms).toMatchObject([{ StateValue: "ALARM" }]);
    await second.close();
    cw.destroy();
    again.destroy();
    rmSync(dataFolder, { recursive: true });
  });
});

describe("tags and dashboards", () => {
  test("tags", async () => {
    const name = unique();
    await client.send(new PutMetricAlarmCommand({ AlarmName: name, Namespace: "n", MetricName: "m", Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: "GreaterThanThreshold", Tags: [{ Key: "a", Value: "1" }] }));
    const ResourceARN = `arn:aws:cloudwatch:us-east-1:000000000000:alarm:${name}`;
    await client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "b", Value: "2" }] }));
    await client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["a"] }));
    expect((await client.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([{ Key: "b", Value: "2" }]);
    await client.send(new DeleteAlarmsCommand({ AlarmNames: [name] }));
    expect((await client.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([]);
    expect(await refusal(client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "b", Value: "2" }] })))).toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("dashboards are the account's", async () => {
    const DashboardBody = JSON.stringify({ widgets: [{ type: "text", x: 0, y: 0, width: 1, height: 1, properties: { markdown: "hi" } }] });
    expect((await client.send(new PutDashboardCommand({ DashboardName: "d", DashboardBody }))).DashboardValidationMessages).toEqual([]);
    const elsewhere = new CloudWatchClient(platform.clientConfig("000000000000", "eu-west-1"));
    expect(await elsewhere.send(new GetDashboardCommand({ DashboardName: "d" }))).toMatchObject({ DashboardArn: "arn:aws:cloudwatch::000000000000:dashboard/d", DashboardBody, DashboardName: "d" });
    elsewhere.destroy();
    expect((await client.send(new ListDashboardsCommand({ DashboardNamePrefix: "d" }))).DashboardEntries).toEqual([{ DashboardName: "d", DashboardArn: "arn:aws:cloudwatch::000000000000:dashboard/d", LastModified: now(), Size: DashboardBody.length }]);
    expect((await client.send(new ListDashboardsCommand({ DashboardNamePrefix: "x" }))).DashboardEntries).toEqual([]);
    expect(await refusal(client.send(new PutDashboardCommand({ DashboardName: "a b", DashboardBody })))).toMatchObject({ message: "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n" });
    expect(await refusal(client.send(new PutDashboardCommand({ DashboardName: "e", DashboardBody: "no" })))).toMatchObject({ status: 400 });
    await client.send(new DeleteDashboardsCommand({ DashboardNames: ["d"] }));
    expect(await refusal(client.send(new GetDashboardCommand({ DashboardName: "d" })))).toMatchObject({ message: "Dashboard d does not exist", status: 404 });
    expect(await refusal(client.send(new DeleteDashboardsCommand({ DashboardNames: ["d"] })))).toMatchObject({ status: 404 });
  });
});
