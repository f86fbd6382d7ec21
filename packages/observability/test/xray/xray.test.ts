import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  BatchGetTracesCommand, CreateGroupCommand, CreateSamplingRuleCommand, DeleteGroupCommand, DeleteResourcePolicyCommand, DeleteSamplingRuleCommand, GetEncryptionConfigCommand, GetGroupCommand,
  GetGroupsCommand, GetInsightSummariesCommand, GetSamplingRulesCommand, GetSamplingStatisticSummariesCommand, GetSamplingTargetsCommand, GetServiceGraphCommand,
  GetTimeSeriesServiceStatisticsCommand, GetTraceGraphCommand, GetTraceSegmentDestinationCommand, GetTraceSummariesCommand, ListResourcePoliciesCommand, ListTagsForResourceCommand,
  PutEncryptionConfigCommand, PutResourcePolicyCommand, PutTelemetryRecordsCommand, PutTraceSegmentsCommand, TagResourceCommand, UntagResourceCommand, UpdateGroupCommand,
  UpdateSamplingRuleCommand, XRayClient,
} from "@aws-sdk/client-xray";
import { defineDataPlane, defineService, defineStore } from "@cumulet/core";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { services } from "../../src/index.ts";
import { refusal } from "../support.ts";

/** Traffic that calls two services: what a gateway in front of an application does. */
const edge = defineService({
  model: "apigatewaymanagementapi",
  store: defineStore({ name: "edge", scope: "regional", migrations: [], open: () => ({}) }),
  operations: {},
  dataPlanes: [defineDataPlane<object, null>({
    name: "execute-api",
    claim: ({ path }) => (path.startsWith("/edge") ? { account: "000000000000", region: "us-east-1", match: null } : undefined),
    handle: async (ctx, { response, address }) => {
      ctx.note("gateway", { api: "shop", stage: "prod" });
      const span = ctx.trace.child("render", { template: "page" });
      await ctx.call.cloudtrail.ListTrails({});
      span.end();
      if (address.path === "/edge/missing") await ctx.call.xray.GetGroup({ GroupName: "nobody" });
      response.end("ok");
    },
  })],
});

let platform: TestPlatform;
let xray: XRayClient;
beforeEach(async () => {
  platform = await testPlatform([...services, edge]);
  xray = new XRayClient(platform.clientConfig());
});
afterEach(async () => {
  xray.destroy();
  await platform.close();
});

const seconds = (offset = 0): number => platform.clock.now() / 1000 + offset;
const range = () => ({ StartTime: new Date(platform.clock.now() - 3_600_000), EndTime: new Date(platform.clock.now() + 3_600_000) });
const traceId = (n: number): string => `1-${Math.floor(seconds()).toString(16)}-${n.toString(16).padStart(24, "0")}`;
const segment = (n: number, more: object = {}): string => JSON.stringify({ id: n.toString(16).padStart(16, "0"), trace_id: traceId(n), name: "web", start_time: seconds(-2), end_time: seconds(-1), ...more });
const put = (...TraceSegmentDocuments: string[]) => xray.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments }));
const summaries = async (FilterExpression?: string) => (await xray.send(new GetTraceSummariesCommand({ ...range(), FilterExpression }))).TraceSummaries!;

describe("segments", () => {
  test("are taken, and those that are none told by their id", async () => {
    const { UnprocessedTraceSegments } = await put(segment(1), segment(2, { name: "" }), "nonsense");
    expect(UnprocessedTraceSegments).toEqual([
      { Id: "0000000000000002", ErrorCode: "MissingName", Message: "Invalid segment. ErrorCode: MissingName" }, { ErrorCode: "ParseError", Message: "Invalid segment. ErrorCode: ParseError" },
    ]);
    const { Traces, UnprocessedTraceIds } = await xray.send(new BatchGetTracesCommand({ TraceIds: [traceId(1), traceId(9), "odd"] }));
    expect(UnprocessedTraceIds).toEqual(["odd"]);
    expect(Traces).toMatchObject([{ Id: traceId(1), Duration: 1, LimitExceeded: false }]);
    expect(JSON.parse(Traces![0]!.Segments![0]!.Document!)).toMatchObject({ id: "0000000000000001", name: "web" });
    await xray.send(new PutTelemetryRecordsCommand({ TelemetryRecords: [{ Timestamp: new Date() }] }));
  });

  test("in progress are replaced by the whole", async () => {
    await put(segment(1, { end_time: undefined, in_progress: true }));
    expect((await summaries("partial"))[0]).toMatchObject({ IsPartial: true, Revision: 1 });
    await put(segment(1));
    expect(await summaries("partial")).toEqual([]);
    expect((await summaries())[0]).toMatchObject({ IsPartial: false, Revision: 2 });
  });

  test("are found by expressions, in pages", async () => {
    await put(...Array.from({ length: 120 }, (_, i) => segment(i + 1, { fault: i % 2 === 0 })));
    const first = await xray.send(new GetTraceSummariesCommand(range()));
    expect(first.TraceSummaries).toHaveLength(100);
    const second = await xray.send(new GetTraceSummariesCommand({ ...range(), NextToken: first.NextToken }));
    expect(second.TraceSummaries).toHaveLength(20);
    expect(second.NextToken).toBeUndefined();
    expect(await summaries("fault")).toHaveLength(60);
    expect(await refusal(summaries("nonsense"))).toMatchObject({ name: "InvalidRequestException", message: "Unknown keyword 'nonsense' in filter expression" });
    expect(await refusal(xray.send(new GetTraceSummariesCommand({ StartTime: new Date(0), EndTime: new Date() })))).toMatchObject({ message: "Time range cannot be longer than 24 hours." });
  });

  test("make a graph and statistics over time", async () => {
    await put(segment(1), JSON.stringify({ id: "00000000000000aa", trace_id: traceId(1), parent_id: "0000000000000001", name: "db", origin: "AWS::RDS::DBInstance", start_time: seconds(-1.9), end_time: seconds(-1.5), error: true }));
    const { Services } = await xray.send(new GetServiceGraphCommand(range()));
    expect(Services!.map(({ Name, Type }) => [Name, Type])).toEqual([["web", undefined], ["web", "client"], ["db", "AWS::RDS::DBInstance"]]);
    expect((await xray.send(new GetTraceGraphCommand({ TraceIds: [traceId(1)] }))).Services).toHaveLength(3);
    const { TimeSeriesServiceStatistics: series } = await xray.send(new GetTimeSeriesServiceStatisticsCommand(range()));
    expect(series).toMatchObject([{ ServiceSummaryStatistics: { OkCount: 1, TotalCount: 1 } }]);
  });

  test("are forgotten after thirty days", async () => {
    await put(segment(1));
    await platform.clock.advance(31 * 86_400_000);
    expect((await xray.send(new BatchGetTracesCommand({ TraceIds: [traceId(1)] }))).Traces).toEqual([]);
  });
});

describe("requests to the cloud", () => {
  test("are traces, of those who call one another", async () => {
    const root = `Root=${traceId(5)};Parent=00000000000000ff;Sampled=1`;
    await (await fetch(`${platform.endpoint}/edge/page?x=1`, { headers: { "x-amzn-trace-id": root, "user-agent": "test" } })).text();
    const [found] = (await xray.send(new BatchGetTracesCommand({ TraceIds: [traceId(5)] }))).Traces!;
    const documents = found!.Segments!.map(({ Document }) => JSON.parse(Document!) as Record<string, unknown>);
    expect(documents).toMatchObject([{
      name: "shop/prod", origin: "AWS::ApiGateway::Stage", parent_id: "00000000000000ff", http: { request: { method: "GET", user_agent: "test" }, response: { status: 200 } },
      subsegments: [{ name: "render", annotations: { template: "page" } }],
    }]);
    expect(await summaries('service("shop/prod")')).toHaveLength(1);
  });

  test("of clients are traces too, and faults show", async () => {
    const logs = new CloudWatchLogsClient(platform.clientConfig());
    await logs.send(new CreateLogGroupCommand({ logGroupName: "g" }));
    await refusal(logs.send(new CreateLogGroupCommand({ logGroupName: "g" })));
    logs.destroy();
    expect(await summaries('service("CloudWatchLogs")')).toHaveLength(2);
    expect(await summaries("error")).toMatchObject([{ HasError: true, Http: { HttpStatus: 400 } }]);
  });

  test("that ask for no trace, or are X-Ray's own, leave none", async () => {
    await (await fetch(`${platform.endpoint}/edge/page`, { headers: { "x-amzn-trace-id": `Root=${traceId(6)};Sampled=0` } })).text();
    await xray.send(new GetGroupsCommand({}));
    expect(await summaries()).toEqual([]);
  });

  test("beyond the limit leave none, so that load costs nothing", async () => {
    await using limited = await testPlatform([...services, edge], { config: { settings: { "xray.traces_per_second": "0" } } });
    const client = new XRayClient(limited.clientConfig());
    await (await fetch(`${limited.endpoint}/edge/page`)).text();
    expect((await client.send(new GetTraceSummariesCommand({ StartTime: new Date(limited.clock.now() - 1000), EndTime: new Date(limited.clock.now() + 1000) }))).TraceSummaries).toEqual([]);
    client.destroy();
  });
});

describe("OpenTelemetry", () => {
  let collector: Server;
  let received: { headers: Record<string, unknown>; body: { resourceSpans: { resource: { attributes: { key: string; value: object }[] }; scopeSpans: { spans: { name: string; traceId: string }[] }[] }[] } }[];
  let arrived: PromiseWithResolvers<void>;
  beforeEach(async () => {
    received = [];
    arrived = Promise.withResolvers();
    collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        received.push({ headers: { ...request.headers, url: request.url }, body: JSON.parse(Buffer.concat(chunks).toString()) as never });
        response.end("{}");
        arrived.resolve();
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => new Promise<void>((resolve) => void collector.close(() => resolve())));

  test("gets the spans of requests where it is asked for", async () => {
    const { port } = collector.address() as AddressInfo;
    const settings = { "otel.exporter_otlp_endpoint": `http://127.0.0.1:${port}/`, "otel.exporter_otlp_headers": "api-key=secret%20one" };
    await using exporting = await testPlatform([...services, edge], { config: { settings } });
    await (await fetch(`${exporting.endpoint}/edge/page`)).text();
    await exporting.clock.advance(1500);
    await arrived.promise;
    expect(received[0]!.headers).toMatchObject({ url: "/v1/traces", "api-key": "secret one", "content-type": "application/json" });
    const spans = received[0]!.body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans: list }) => list));
    expect(spans.map(({ name }) => name).sort()).toEqual(["execute-api.GET", "render"]);
    expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
  });

  test("sends spans of functions, in JSON and in protobuf", async () => {
    const hex = traceId(7).slice(2).replace("-", "");
    const start = BigInt(platform.clock.now()) * 1_000_000n;
    const json = {
      resourceSpans: [{
        resource: { attributes: [{ key: "service.name", value: { stringValue: "checkout" } }] },
        scopeSpans: [{
          spans: [
            { traceId: hex, spanId: "00000000000000a1", name: "GET /", kind: 2, startTimeUnixNano: String(start), endTimeUnixNano: String(start + 500_000_000n), attributes: [{ key: "http.response.status_code", value: { intValue: "503" } }, { key: "http.request.method", value: { stringValue: "GET" } }] },
            { traceId: hex, spanId: "00000000000000a2", parentSpanId: "00000000000000a1", name: "charge", kind: 3, startTimeUnixNano: String(start), endTimeUnixNano: String(start + 1n), status: { code: 2, message: "refused" } },
            { traceId: "odd", spanId: "x", name: "x", kind: 1, startTimeUnixNano: "1", endTimeUnixNano: "2" },
          ],
        }],
      }],
    };
    const post = (body: Buffer | string, type: string, more: Record<string, string> = {}) => fetch(`${platform.endpoint}/v1/traces`, { method: "POST", headers: { "content-type": type, ...more }, body: body as never });
    const answer = await post(JSON.stringify(json), "application/json");
    expect(await answer.json()).toEqual({ partialSuccess: { rejectedSpans: "1", errorMessage: "spans without valid ids" } });
    const [found] = (await xray.send(new BatchGetTracesCommand({ TraceIds: [traceId(7)] }))).Traces!;
    expect(found!.Segments!.map(({ Document }) => JSON.parse(Document!) as object)).toMatchObject([
      { name: "checkout", fault: true, http: { request: { method: "GET" }, response: { status: 503 } }, subsegments: [{ name: "charge", namespace: "remote", fault: true }] },
      { name: "charge", origin: "remote", inferred: true },
    ]);

    const proto = protobufTrace(traceId(8).slice(2).replace("-", ""), start);
    expect((await post(gzipSync(proto), "application/x-protobuf", { "content-encoding": "gzip" })).status).toBe(200);
    expect((await summaries('service("proto")'))[0]).toMatchObject({ Id: traceId(8), Duration: 0.25 });
    expect((await post("nonsense", "application/json")).status).toBe(400);
    expect((await post(Buffer.from([0x0a, 0xff]), "application/x-protobuf")).status).toBe(400);
  });
});

/** An ExportTraceServiceRequest by hand: one resource, one span of 250 ms. */
function protobufTrace(traceHex: string, startNano: bigint): Buffer {
  const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const fixed = (number: number, value: bigint): Buffer => {
    const bytes = Buffer.alloc(9);
    bytes[0] = (number << 3) | 1;
    bytes.writeBigUInt64LE(value, 1);
    return bytes;
  };
  const attribute = field(1, Buffer.concat([field(1, Buffer.from("service.name")), field(2, field(1, Buffer.from("proto")))]));
  const span = Buffer.concat([
    field(1, Buffer.from(traceHex, "hex")), field(2, Buffer.from("00000000000000b1", "hex")), field(5, Buffer.from("work")), Buffer.from([(6 << 3) | 0, 2]), fixed(7, startNano), fixed(8, startNano + 250_000_000n),
    field(9, Buffer.concat([field(1, Buffer.from("ratio")), field(2, fixed(4, 0x3ff8000000000000n))])),
  ]);
  return field(1, Buffer.concat([field(1, attribute), field(2, field(2, span))]));
}

describe("settings", () => {
  test("sampling rules", async () => {
    const rule = { RuleName: "r", ResourceARN: "*", Priority: 1, FixedRate: 0.5, ReservoirSize: 10, ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "/x", Version: 1 };
    const { SamplingRuleRecord: made } = await xray.send(new CreateSamplingRuleCommand({ SamplingRule: rule, Tags: [{ Key: "a", Value: "1" }] }));
    expect(made!.SamplingRule).toMatchObject({ ...rule, RuleARN: "arn:aws:xray:us-east-1:000000000000:sampling-rule/r" });
    expect((await xray.send(new ListTagsForResourceCommand({ ResourceARN: made!.SamplingRule!.RuleARN }))).Tags).toEqual([{ Key: "a", Value: "1" }]);
    expect(await refusal(xray.send(new CreateSamplingRuleCommand({ SamplingRule: rule })))).toMatchObject({ name: "InvalidRequestException" });
    await xray.send(new UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: "r", FixedRate: 0.1 } }));
    const { SamplingRuleRecords } = await xray.send(new GetSamplingRulesCommand({}));
    expect(SamplingRuleRecords!.map(({ SamplingRule }) => [SamplingRule!.RuleName, SamplingRule!.FixedRate, SamplingRule!.ReservoirSize])).toEqual([["r", 0.1, 10], ["Default", 0.05, 1]]);
    const statistics = { ClientID: "0".repeat(24), Timestamp: new Date(platform.clock.now()), RequestCount: 5, SampledCount: 2, BorrowCount: 1 };
    const targets = await xray.send(new GetSamplingTargetsCommand({ SamplingStatisticsDocuments: [{ RuleName: "r", ...statistics }, { RuleName: "no", ...statistics }] }));
    expect(targets).toMatchObject({ SamplingTargetDocuments: [{ RuleName: "r", FixedRate: 0.1, ReservoirQuota: 10, Interval: 10 }], UnprocessedStatistics: [{ RuleName: "no" }] });
    expect((await xray.send(new GetSamplingStatisticSummariesCommand({}))).SamplingStatisticSummaries).toMatchObject([{ RuleName: "r", RequestCount: 5 }]);
    await xray.send(new DeleteSamplingRuleCommand({ RuleName: "r" }));
    expect(await refusal(xray.send(new DeleteSamplingRuleCommand({ RuleName: "r" })))).toMatchObject({ message: "Sampling rule does not exist." });
    expect(await refusal(xray.send(new DeleteSamplingRuleCommand({ RuleName: "Default" })))).toMatchObject({ name: "InvalidRequestException" });
  });

  test("groups, which filter graphs", async () => {
    const { Group } = await xray.send(new CreateGroupCommand({ GroupName: "faults", FilterExpression: "fault", Tags: [{ Key: "a", Value: "1" }] }));
    const ResourceARN = Group!.GroupARN!;
    await put(segment(1, { fault: true }), segment(2, { name: "fine" }));
    expect((await xray.send(new GetServiceGraphCommand({ ...range(), GroupName: "faults" }))).Services!.map(({ Name }) => Name)).toEqual(["web", "web"]);
    await xray.send(new UpdateGroupCommand({ GroupName: "faults", FilterExpression: "!fault" }));
    expect((await xray.send(new GetGroupCommand({ GroupARN: ResourceARN }))).Group).toMatchObject({ FilterExpression: "!fault", InsightsConfiguration: { InsightsEnabled: false } });
    await xray.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "b", Value: "2" }] }));
    await xray.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["a"] }));
    expect((await xray.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([{ Key: "b", Value: "2" }]);
    expect((await xray.send(new GetGroupsCommand({}))).Groups!.map(({ GroupName }) => GroupName)).toEqual(["Default", "faults"]);
    expect(await refusal(xray.send(new CreateGroupCommand({ GroupName: "bad", FilterExpression: "nope" })))).toMatchObject({ name: "InvalidRequestException" });
    await xray.send(new DeleteGroupCommand({ GroupName: "faults" }));
    expect(await refusal(xray.send(new GetGroupCommand({ GroupName: "faults" })))).toMatchObject({ message: "Group not found" });
    expect(await refusal(xray.send(new ListTagsForResourceCommand({ ResourceARN })))).toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("encryption, policies, destination, insights", async () => {
    expect((await xray.send(new GetEncryptionConfigCommand({}))).EncryptionConfig).toEqual({ Status: "ACTIVE", Type: "NONE" });
    expect((await xray.send(new PutEncryptionConfigCommand({ Type: "KMS", KeyId: "alias/x" }))).EncryptionConfig).toMatchObject({ KeyId: "alias/x", Type: "KMS" });
    const { ResourcePolicy } = await xray.send(new PutResourcePolicyCommand({ PolicyName: "p", PolicyDocument: "{}" }));
    expect(ResourcePolicy).toMatchObject({ PolicyName: "p", PolicyRevisionId: "1" });
    expect(await refusal(xray.send(new PutResourcePolicyCommand({ PolicyName: "p", PolicyDocument: "{" })))).toMatchObject({ name: "MalformedPolicyDocumentException" });
    expect(await refusal(xray.send(new PutResourcePolicyCommand({ PolicyName: "p", PolicyDocument: "{}", PolicyRevisionId: "9" })))).toMatchObject({ name: "InvalidPolicyRevisionIdException" });
    await xray.send(new DeleteResourcePolicyCommand({ PolicyName: "p" }));
    expect((await xray.send(new ListResourcePoliciesCommand({}))).ResourcePolicies).toEqual([]);
    expect(await xray.send(new GetTraceSegmentDestinationCommand({}))).toMatchObject({ Destination: "XRay", Status: "ACTIVE" });
    expect((await xray.send(new GetInsightSummariesCommand(range()))).InsightSummaries).toEqual([]);
  });
});
