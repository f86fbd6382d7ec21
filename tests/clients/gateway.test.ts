import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awsEnvironment, startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";
import { awsCliMissing, boto3Missing, run } from "../support/clients.ts";

const folder = temporaryFolder();
let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud(["--ephemeral", "--no-example", "--log-level", "error"]);
});
afterAll(async () => {
  await cloud.kill();
  folder[Symbol.dispose]();
});

test.skipIf(boto3Missing)(`boto3 builds and calls APIs${boto3Missing === undefined ? "" : ` (skipped: ${boto3Missing})`}`, async () => {
  const { code, stdout, stderr } = await run("python3", [fileURLToPath(new URL("python/gateway.py", import.meta.url))], { env: awsEnvironment(cloud.endpoint) });
  expect({ code, stderr, content: stdout.includes("boto3 is content") }).toEqual({ code: 0, stderr: "", content: true });
});

describe.skipIf(awsCliMissing)(`the AWS CLI builds and calls APIs${awsCliMissing === undefined ? "" : ` (skipped: ${awsCliMissing})`}`, () => {
  async function aws<T = any>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await run("aws", [...args, "--output", "json"], { env: awsEnvironment(cloud.endpoint), cwd: folder.path });
    if (code !== 0) throw new Error(stderr.trim());
    return (stdout.startsWith("{") ? JSON.parse(stdout) : stdout) as T;
  }

  test("imports, deploys, exports a REST API", async () => {
    writeFileSync(join(folder.path, "api.json"), JSON.stringify({
      openapi: "3.0.1", info: { title: "cli", version: "1" },
      paths: { "/hello/{name}": { get: { responses: { 200: { description: "" } }, "x-amazon-apigateway-integration": { type: "mock", requestTemplates: { "application/json": '{"statusCode":200}' }, responses: { default: { statusCode: "200", responseTemplates: { "application/json": '{"hello":"$input.params(\'name\')"}' } } } } } } },
    }));
    const { id } = await aws("apigateway", "import-rest-api", "--body", "fileb://api.json");
    await aws("apigateway", "create-deployment", "--rest-api-id", id, "--stage-name", "live");
    expect(await (await fetch(`${cloud.endpoint}/_aws/execute-api/${id}/live/hello/cli`)).text()).toBe('{"hello":"cli"}');
    await aws("apigateway", "get-export", "--rest-api-id", id, "--stage-name", "live", "--export-type", "oas30", "--parameters", "extensions=integrations", "--accepts", "application/yaml", "out.yaml");
    expect(readFileSync(join(folder.path, "out.yaml"), "utf8")).toContain("/hello/{name}");
    const stage = await aws("apigateway", "update-stage", "--rest-api-id", id, "--stage-name", "live", "--patch-operations", "op=replace,path=/*/*/throttling/rateLimit,value=5", "op=replace,path=/variables/a,value=b");
    expect(stage).toMatchObject({ methodSettings: { "*/*": { throttlingRateLimit: 5 } }, variables: { a: "b" } });
    await aws("apigateway", "delete-rest-api", "--rest-api-id", id);
    await expect(aws("apigateway", "get-rest-api", "--rest-api-id", id)).rejects.toThrow("(NotFoundException) when calling the GetRestApi operation: Invalid API identifier specified 000000000000:");
  });

  test("makes an HTTP API and posts to a WebSocket's client", async () => {
    const api = await aws("apigatewayv2", "create-api", "--name", "cli", "--protocol-type", "HTTP", "--target", "https://example.com");
    expect(api).toMatchObject({ ProtocolType: "HTTP", ApiEndpoint: `${cloud.endpoint}/_aws/execute-api/${api.ApiId}` });
    expect((await aws("apigatewayv2", "get-routes", "--api-id", api.ApiId)).Items).toMatchObject([{ RouteKey: "$default" }]);
    const { ApiId } = await aws("apigatewayv2", "create-api", "--name", "chat", "--protocol-type", "WEBSOCKET", "--route-selection-expression", "$request.body.action");
    const { IntegrationId } = await aws("apigatewayv2", "create-integration", "--api-id", ApiId, "--integration-type", "MOCK", "--request-templates", '{"$default":"{\\"statusCode\\":200}"}', "--template-selection-expression", "\\$default");
    await aws("apigatewayv2", "create-integration-response", "--api-id", ApiId, "--integration-id", IntegrationId, "--integration-response-key", "$default", "--template-selection-expression", "\\$default", "--response-templates", '{"$default":"$context.connectionId"}');
    const { RouteId } = await aws("apigatewayv2", "create-route", "--api-id", ApiId, "--route-key", "$default", "--target", `integrations/${IntegrationId}`, "--route-response-selection-expression", "$default");
    await aws("apigatewayv2", "create-route-response", "--api-id", ApiId, "--route-id", RouteId, "--route-response-key", "$default");
    await aws("apigatewayv2", "create-stage", "--api-id", ApiId, "--stage-name", "s", "--auto-deploy");
    // The WebSocket that browsers and Node.js have.
    const socket = new WebSocket(`${cloud.endpoint.replace("http", "ws")}/_aws/execute-api/${ApiId}/s`);
    const received = (): Promise<string> => new Promise((resolve) => socket.addEventListener("message", (event) => resolve(String(event.data)), { once: true }));
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const first = received();
    socket.send("who am I");
    const id = await first;
    const pushed = received();
    writeFileSync(join(folder.path, "data"), "hello");
    await aws("apigatewaymanagementapi", "post-to-connection", "--connection-id", id, "--data", "fileb://data", "--endpoint-url", `${cloud.endpoint}/_aws/execute-api/${ApiId}/s`);
    expect(await pushed).toBe("hello");
    socket.close();
    await new Promise((resolve) => socket.addEventListener("close", resolve));
    await expect(aws("apigatewaymanagementapi", "post-to-connection", "--connection-id", id, "--data", "fileb://data", "--endpoint-url", `${cloud.endpoint}/_aws/execute-api/${ApiId}/s`)).rejects.toThrow("(GoneException)");
  }, 60_000);
});
