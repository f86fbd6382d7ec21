import { AwsJson1_0Protocol, AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";
import { describe, expect, test } from "vitest";
import { AwsError, compileService, loadModel, serviceIndex } from "../src/index.ts";
import type { CompiledService, ServiceId, WireRequest } from "../src/index.ts";
import { random } from "./random.ts";
import { Sdk, toWire } from "./support/clients.ts";
import { mutate } from "./support/mutate.ts";
import { BODY_TEXT, seedOf, Values } from "./support/values.ts";

const OPERATIONS = 12;
const MUTATIONS = 120;

/** What answers a request: the decoded input, or the error's status. Anything but an AwsError escapes and fails the test. */
function answer(service: CompiledService, request: WireRequest): number {
  try {
    const route = service.route(request);
    route.operation.validate(route.operation.decode(route, route.operation.streamingInput ? { ...request, body: request.body } : request));
    return 200;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const response = service.encodeError(error, service.protocol(request), "request-id", request);
    expect(response.headers.length % 2).toBe(0);
    for (const header of response.headers) expect(header).toMatch(/^[\x20-\x7E\x80-\xFF]*$/);
    return response.status;
  }
}

async function seeds(id: ServiceId, options: object): Promise<WireRequest[]> {
  const model = loadModel(id);
  const sdk = await Sdk.load(id, options);
  const names = Object.keys(model.operations).filter((name) => sdk.has(name));
  const source = random(seedOf(id));
  const requests: WireRequest[] = [];
  for (let count = 0; count < OPERATIONS; count++) {
    const name = source.pick(names);
    const { input } = model.operations[name]!;
    const value = input === undefined ? {} : new Values(model, seedOf(`${id} ${name}`), { density: 0.5, noEmpty: true, wholeSeconds: true, text: BODY_TEXT }).structure(input.shape);
    if ("Bucket" in value) value["Bucket"] = "a-bucket";
    if ("AccountId" in value) value["AccountId"] = "111122223333";
    if ("KvsARN" in value) value["KvsARN"] = "arn:aws:cloudfront::111122223333:key-value-store/3f1d7e6a-0000-4000-8000-000000000000";
    for (const member of ["EndpointId", "OutpostId", "ChecksumAlgorithm"]) delete value[member];
    await sdk.call(name, dates(model, input?.shape, value), async (request) => {
      requests.push(await toWire(request, false));
      throw new Error("captured");
    }).catch((error: Error) => expect(error.message).toBe("captured"));
  }
  return requests;
}

/** The SDK wants dates where we hold milliseconds. */
function dates(model: ReturnType<typeof loadModel>, shapeName: string | undefined, value: unknown): unknown {
  const shape = shapeName === undefined ? undefined : model.shapes[shapeName];
  if (shape === undefined || value === undefined || value === null || shape.passthrough === true) return value;
  switch (shape.type) {
    case "timestamp": return new Date(value as number);
    case "list": return (value as unknown[]).map((item) => dates(model, shape.member!.shape, item));
    case "map": return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, dates(model, shape.value!.shape, item)]));
    case "structure": return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, dates(model, shape.members![key]!.shape, item)]));
    default: return value;
  }
}

const RUNS: [ServiceId, string, object][] = [
  ...(Object.keys(serviceIndex) as ServiceId[]).map((id): [ServiceId, string, object] => [id, serviceIndex[id].protocols[0]!, {}]),
  ["cloudwatch", "cbor", { protocol: AwsSmithyRpcV2CborProtocol }],
  ["cloudwatch", "json", { protocol: AwsJson1_0Protocol }],
  ["cloudwatch", "query", { protocol: AwsQueryProtocol }],
];

describe("broken requests are refused in AWS's way, never as a fault of ours", () => {
  test.each(RUNS)("%s (%s)", async (id, protocol, options) => {
    const service = compileService(loadModel(id));
    const source = random(seedOf(`${id} ${protocol}`));
    let refused = 0;
    for (const request of await seeds(id, options)) {
      for (let count = 0; count < MUTATIONS; count++) {
        const broken = mutate(source, request);
        const status = answer(service, broken);
        if (status !== 200) refused += 1;
        expect(status, JSON.stringify({ ...broken, body: String(broken.body) })).toBeLessThan(500);
      }
    }
    // Not every mutation matters to a server, but a parser that takes nearly all of them reads nothing.
    expect(refused).toBeGreaterThan(OPERATIONS * MUTATIONS * 0.05);
  });
});

describe("nested without end", () => {
  const deep = 200_000;
  const bodies: [string, string][] = [
    ["JSON lists", "[".repeat(deep)],
    ["JSON objects", '{"a":'.repeat(deep)],
    ["closed JSON", `{"Item":${'{"M":{"a":'.repeat(5000)}1${"}}".repeat(5000)}}`],
    ["XML", "<a>".repeat(deep)],
    ["CBOR", Buffer.alloc(deep, 0x81).toString("latin1")],
    ["form", `Action=ListUsers&${"a.".repeat(deep)}=1`],
    ["XML entities", '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><Delete>&lol2;</Delete>'],
  ];
  const targets: [ServiceId, Partial<WireRequest>][] = [
    ["dynamodb", { method: "POST", path: "/", headers: { "x-amz-target": "DynamoDB_20120810.PutItem" } }],
    ["lambda", { method: "POST", path: "/2015-03-31/functions" }],
    ["s3", { method: "POST", path: "/bucket", query: "delete" }],
    ["iam", { method: "POST", path: "/" }],
    ["cloudwatch", { method: "POST", path: "/service/GraniteServiceVersion20100801/operation/PutMetricData", headers: { "smithy-protocol": "rpc-v2-cbor" } }],
  ];
  for (const [id, head] of targets) {
    test.each(bodies)(`${id}: %s`, (_name, body) => {
      const request: WireRequest = { method: "POST", path: "/", query: "", headers: {}, ...head, body: Buffer.from(body, "latin1") };
      expect(answer(compileService(loadModel(id)), request)).toSatisfy((status: number) => status === 200 || (status >= 400 && status < 500));
    });
  }
});
