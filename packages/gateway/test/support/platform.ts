import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { AwsError } from "@cumulet/protocol";
import { defineService, defineStore } from "@cumulet/core";
import type { AnyService } from "@cumulet/core";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { APIGatewayClient } from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2Client } from "@aws-sdk/client-apigatewayv2";
import { services } from "../../src/index.ts";

/** What a function of a test does with its event: its return value is the payload; what it throws is a function error. */
export type TestFunction = (event: any) => unknown;

/**
 * Lambda's Invoke for tests: functions are closures by name. The real service belongs to another package, which this one
 * may not import; the flows in `tests/` run both together.
 */
export function functionsService(functions: Map<string, TestFunction>, calls: { name: string; event: any }[] = []): AnyService {
  return defineService({
    model: "lambda",
    store: defineStore({ name: "test-functions", scope: "regional", migrations: [], open: () => ({}) }),
    operations: {
      async Invoke(_ctx, input) {
        const name = input.FunctionName.split(":function:").at(-1)!;
        const run = functions.get(name);
        if (run === undefined) throw new AwsError("ResourceNotFoundException", `Function not found: ${input.FunctionName}`, { status: 404 });
        const event = JSON.parse(Buffer.from(input.Payload ?? "{}").toString()) as unknown;
        calls.push({ name, event });
        if (input.InvocationType === "Event") return { StatusCode: 202 };
        try {
          const result = await run(event);
          return { StatusCode: 200, Payload: Buffer.from(JSON.stringify(result) ?? "null") };
        } catch (error) {
          if (error instanceof AwsError) throw error;
          return { StatusCode: 200, FunctionError: "Unhandled", Payload: Buffer.from(JSON.stringify({ errorMessage: (error as Error).message, errorType: "Error", stackTrace: [] })) };
        }
      },
    },
  }) as AnyService;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  raw: string[];
  body: string;
  bytes: Buffer;
  json(): any;
}

export interface CallOptions {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  host?: string;
}

export interface GatewayUnderTest extends AsyncDisposable {
  cloud: TestPlatform;
  v1: APIGatewayClient;
  v2: ApiGatewayV2Client;
  functions: Map<string, TestFunction>;
  calls: { name: string; event: any }[];
  /** ARN of a function of the tests. */
  arn(name: string): string;
  /** Integration URI of a function. */
  uri(name: string): string;
  call(path: string, options?: CallOptions): Promise<Answer>;
}

/** The gateway on a real port with functions made of closures. */
export async function gateway(extra: readonly AnyService[] = [], options: Parameters<typeof testPlatform>[1] = {}): Promise<GatewayUnderTest> {
  const functions = new Map<string, TestFunction>();
  const calls: { name: string; event: any }[] = [];
  const cloud = await testPlatform([...services, functionsService(functions, calls), ...extra] as AnyService[], options);
  const v1 = new APIGatewayClient(cloud.clientConfig());
  const v2 = new ApiGatewayV2Client(cloud.clientConfig());
  const arn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  return {
    cloud, v1, v2, functions, calls, arn,
    uri: (name) => `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn(name)}/invocations`,
    call: (path, callOptions) => call(cloud.port, path, callOptions),
    async [Symbol.asyncDispose]() {
      v1.destroy();
      v2.destroy();
      await cloud.close();
    },
  };
}

/** One HTTP request with every header as given. */
export function call(port: number, path: string, { method = "GET", headers = {}, body, host }: CallOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port, host: "127.0.0.1", path, method, headers: { ...headers, ...(host === undefined ? {} : { Host: host }), ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }) }, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: incoming.statusCode!, headers: incoming.headers, raw: incoming.rawHeaders, body: bytes.toString(), bytes, json: () => JSON.parse(bytes.toString()) });
      });
    });
    outgoing.end(body);
  });
}
