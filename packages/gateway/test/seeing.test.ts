import { CreateApiCommand, CreateStageCommand, CreateRouteCommand, CreateIntegrationCommand, UpdateStageCommand as UpdateStageV2Command } from "@aws-sdk/client-apigatewayv2";
import { UpdateAccountCommand, UpdateStageCommand } from "@aws-sdk/client-api-gateway";
import { AwsError } from "@cumulet/protocol";
import { defineService, defineStore } from "@cumulet/core";
import type { AnyService } from "@cumulet/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gateway } from "./support/platform.ts";
import type { GatewayUnderTest } from "./support/platform.ts";
import { RestApiBuilder } from "./support/rest.ts";
import { connect } from "./support/sockets.ts";

/** Log events by group, as PutLogEvents brings them; groups must be made first. */
const written = new Map<string, string[]>();
const streams = new Set<string>();
interface Datum { MetricName: string; Dimensions: { Name: string; Value: string }[]; Values: number[]; Counts: number[]; Unit: string }
const measured: Datum[] = [];

/** CloudWatch and its logs for tests: only what is written. The real ones belong to another package. */
const logs = defineService({
  model: "logs",
  store: defineStore({ name: "test-logs", scope: "regional", migrations: [], open: () => ({}) }),
  operations: {
    CreateLogGroup(_ctx, input) {
      if (written.has(input.logGroupName)) throw new AwsError("ResourceAlreadyExistsException", "The specified log group already exists");
      written.set(input.logGroupName, []);
    },
    CreateLogStream(_ctx, input) {
      if (!written.has(input.logGroupName)) throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
      streams.add(`${input.logGroupName} ${input.logStreamName}`);
    },
    PutLogEvents(_ctx, input) {
      if (!streams.has(`${input.logGroupName} ${input.logStreamName}`)) throw new AwsError("ResourceNotFoundException", "The specified log stream does not exist.");
      written.get(input.logGroupName)!.push(...input.logEvents.map(({ message }) => message));
      return {};
    },
  },
}) as AnyService;
const cloudwatch = defineService({
  model: "cloudwatch",
  store: defineStore({ name: "test-cloudwatch", scope: "regional", migrations: [], open: () => ({}) }),
  operations: {
    PutMetricData(ctx, input) {
      expect(ctx.principal.arn).toBe("apigateway.amazonaws.com");
      expect(input.Namespace).toBe("AWS/ApiGateway");
      measured.push(...(input.MetricData as unknown as Datum[]));
    },
  },
}) as AnyService;

let g: GatewayUnderTest;
beforeAll(async () => {
  g = await gateway([logs, cloudwatch]);
  await g.v1.send(new UpdateAccountCommand({ patchOperations: [{ op: "replace", path: "/cloudwatchRoleArn", value: "arn:aws:iam::000000000000:role/logs" }] }));
});
afterAll(async () => {
  await g[Symbol.asyncDispose]();
});

const destination = (name: string): string => `arn:aws:logs:us-east-1:000000000000:log-group:${name}`;

/** Sum of a metric under exactly these dimensions. */
function sum(metric: string, ...dimensions: string[]): number {
  const wanted = dimensions.sort().join();
  return measured.filter(({ MetricName, Dimensions }) => MetricName === metric && Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).sort().join() === wanted)
    .reduce((total, { Values, Counts }) => total + Values.reduce((part, value, i) => part + value * Counts[i]!, 0), 0);
}

describe("REST APIs", () => {
  test("access logs, execution logs, metrics and why", async () => {
    const api = await RestApiBuilder.create(g, { name: "seen" });
    await api.method("GET", "/things/{id}");
    g.functions.set("broken", () => {
      throw new Error("no");
    });
    await api.proxy("POST", "/things/{id}", "broken");
    await api.deploy("live");
    const patch = async (...operations: [string, string][]): Promise<void> => {
      await g.v1.send(new UpdateStageCommand({ restApiId: api.id, stageName: "live", patchOperations: operations.map(([path, value]) => ({ op: "replace", path, value })) }));
    };
    await patch(
      ["/accessLogSettings/destinationArn", destination("rest-access")],
      ["/accessLogSettings/format", '{"id":"$context.requestId","route":"$context.httpMethod $context.resourcePath","status":"$context.status","error":"$context.error.responseType","none":"$context.authorizer.claims.sub","integration":"$context.integrationStatus","length":$context.responseLength,"ip":"$context.identity.sourceIp"}\n'],
      ["/*/*/logging/loglevel", "INFO"],
      ["/*/*/logging/dataTrace", "true"],
      ["/*/*/metrics/enabled", "true"],
    );
    const fine = await api.call("/live/things/7?x=1");
    const bad = await api.call("/live/things/7", { method: "POST", body: "{}" });
    const lost = await api.call("/live/nothing");
    expect([fine.status, bad.status, lost.status]).toEqual([200, 502, 403]);

    await expect.poll(() => written.get("rest-access")?.length).toBe(3);
    const lines = written.get("rest-access")!.map((line) => JSON.parse(line));
    expect(lines[0]).toEqual({ id: fine.headers["x-amzn-requestid"], route: "GET /things/{id}", status: "200", error: "-", none: "-", integration: "200", length: 2, ip: "127.0.0.1" });
    expect(lines[1]).toMatchObject({ status: "502", error: "INTEGRATION_FAILURE" });
    expect(lines[2]).toMatchObject({ route: "GET -", status: "403", error: "MISSING_AUTHENTICATION_TOKEN", integration: "-" });

    const group = `API-Gateway-Execution-Logs_${api.id}/live`;
    await expect.poll(() => written.get(group)?.some((line) => line.includes("403"))).toBe(true);
    const execution = written.get(group)!.filter((line) => line.startsWith(`(${fine.headers["x-amzn-requestid"]})`)).map((line) => line.slice(line.indexOf(")") + 2));
    expect(execution).toEqual([
      `Starting execution for request: ${fine.headers["x-amzn-requestid"]}`,
      "HTTP Method: GET, Resource Path: /things/{id}",
      "Method request path: {id=7}",
      "Method request query string: {x=1}",
      expect.stringMatching(/^Method request headers: \{.*Host=/),
      "Method request body before transformations: ",
      "Method response body after transformations: {}",
      "Method response headers: {Content-Type=application/json}",
      "Successfully completed execution",
      "Method completed with status: 200",
    ]);

    await g.cloud.clock.advance(2000);
    expect(sum("Count", "ApiName=seen")).toBe(3);
    expect(sum("Count", "ApiName=seen", "Stage=live")).toBe(3);
    expect(sum("4XXError", "ApiName=seen", "Stage=live")).toBe(1);
    expect(sum("5XXError", "ApiName=seen", "Stage=live")).toBe(1);
    expect(sum("5XXError", "ApiName=seen", "Stage=live", "Method=POST", "Resource=/things/{id}")).toBe(1);

    const record = g.cloud.platform.runtime.recent.find(String(bad.headers["x-amzn-requestid"]))!;
    expect(record.operation).toBe("POST /things/{id}");
    expect(record.notes["gateway"]).toMatchObject({ api: api.id, stage: "live", integration: "AWS_PROXY", decidedBy: "integration", responseType: "INTEGRATION_FAILURE", reason: expect.stringContaining("no") });
    expect(g.cloud.platform.runtime.recent.find(String(lost.headers["x-amzn-requestid"]))!.notes["gateway"]).toMatchObject({ decidedBy: "route", responseType: "MISSING_AUTHENTICATION_TOKEN" });
  });

  test("a header cannot begin a new line of the log", async () => {
    const api = await RestApiBuilder.create(g, { name: "quiet" });
    await api.method("GET", "/");
    await api.deploy("live");
    await g.v1.send(new UpdateStageCommand({ restApiId: api.id, stageName: "live", patchOperations: [{ op: "replace", path: "/accessLogSettings/destinationArn", value: destination("quiet") }, { op: "replace", path: "/accessLogSettings/format", value: "$context.requestId $context.identity.userAgent" }] }));
    const { headers } = await api.call("/live", { headers: { "User-Agent": "a\tb" } });
    await expect.poll(() => written.get("quiet")).toEqual([`${headers["x-amzn-requestid"]} a\tb`]);
  });
});

test("HTTP APIs log and measure", async () => {
  g.functions.set("answer", () => "fine");
  const { ApiId } = await g.v2.send(new CreateApiCommand({ Name: "h", ProtocolType: "HTTP", Target: g.arn("answer"), RouteKey: "GET /fine" }));
  await g.v2.send(new UpdateStageV2Command({ ApiId, StageName: "$default", AccessLogSettings: { DestinationArn: destination("http-access"), Format: "$context.requestId $context.routeKey $context.status $context.integrationErrorMessage $context.error.message" }, DefaultRouteSettings: { DetailedMetricsEnabled: true } }));
  const host = `${ApiId}.execute-api.us-east-1.localhost`;
  const fine = await g.call("/fine", { host });
  const lost = await g.call("/lost", { host });
  expect([fine.status, lost.status]).toEqual([200, 404]);
  await expect.poll(() => written.get("http-access")).toEqual([`${fine.headers["apigw-requestid"]} GET /fine 200 - -`, `${lost.headers["apigw-requestid"]} - 404 - Not Found`]);
  await g.cloud.clock.advance(2000);
  expect(sum("Count", `ApiId=${ApiId}`)).toBe(2);
  expect(sum("4xx", `ApiId=${ApiId}`, "Stage=$default")).toBe(1);
  expect(sum("Count", `ApiId=${ApiId}`, "Stage=$default", "Route=GET /fine")).toBe(1);
});

test("WebSocket APIs log and measure", async () => {
  const { ApiId } = await g.v2.send(new CreateApiCommand({ Name: "w", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.action" }));
  const { IntegrationId } = await g.v2.send(new CreateIntegrationCommand({ ApiId, IntegrationType: "MOCK", RequestTemplates: { $default: '{"statusCode":200}' } }));
  await g.v2.send(new CreateRouteCommand({ ApiId, RouteKey: "$default", Target: `integrations/${IntegrationId}` }));
  await g.v2.send(new CreateStageCommand({ ApiId, StageName: "s", AutoDeploy: true, AccessLogSettings: { DestinationArn: destination("ws-access"), Format: "$context.eventType $context.routeKey $context.status" } }));
  const client = await connect(g.cloud.port, "/s", { host: `${ApiId}.execute-api.us-east-1.localhost` });
  client.send("x");
  await expect.poll(() => written.get("ws-access")).toEqual(["CONNECT $connect 200", "MESSAGE $default 200"]);
  await client.close();
  await expect.poll(() => written.get("ws-access")?.at(-1)).toBe("DISCONNECT $disconnect 200");
  await g.cloud.clock.advance(2000);
  expect(sum("ConnectCount", `ApiId=${ApiId}`, "Stage=s")).toBe(1);
  expect(sum("MessageCount", `ApiId=${ApiId}`, "Stage=s")).toBe(1);
});
