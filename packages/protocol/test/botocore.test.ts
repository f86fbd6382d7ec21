import { spawnSync } from "node:child_process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { compileService, loadModel, serviceIndex } from "../src/index.ts";
import type { OperationModel, ProtocolName, ServiceId, ServiceModel, ShapeRef, WireRequest } from "../src/index.ts";
import { BODY_TEXT, seedOf, Values } from "./support/values.ts";

/*
 * A second oracle beside the JavaScript SDK: botocore, which the AWS CLI, boto3 and much else are built on. It needs a
 * python3 with botocore on the PATH, of a version that knows our operations; where there is none this file is skipped.
 */
const script = fileURLToPath(new URL("support/botocore_oracle.py", import.meta.url));
const found = spawnSync("python3", ["-c", "import botocore; print(botocore.__version__)"], { encoding: "utf8" });
const wanted = loadModel("s3").source.botocore;
const available = found.status === 0 && found.stdout.trim() === wanted;

type Struct = Record<string, unknown>;
interface Answer { ok?: Struct; error?: string }

function ask(questions: object[]): Answer[] {
  const { stdout, stderr, status } = spawnSync("python3", [script], { input: questions.map((question) => JSON.stringify(question)).join("\n"), encoding: "utf8", maxBuffer: 512 * 1024 * 1024 });
  expect(status, stderr).toBe(0);
  return stdout.trim().split("\n").map((line) => JSON.parse(line) as Answer);
}

/** Typed values with bytes and timestamps marked, for the trip through JSON. */
function mark(model: ServiceModel, ref: ShapeRef | undefined, value: unknown): unknown {
  const shape = ref === undefined ? undefined : model.shapes[ref.shape];
  if (shape === undefined || value === undefined || value === null || shape.document === true) return value;
  if (shape.passthrough === true) return value;
  switch (shape.type) {
    case "structure": return Object.fromEntries(Object.entries(value as Struct).filter(([name, item]) => item !== undefined && shape.members![name] !== undefined).map(([name, item]) => [name, mark(model, shape.members![name], item)]));
    case "list": return (value as unknown[]).map((item) => mark(model, shape.member, item));
    case "map": return Object.fromEntries(Object.entries(value as Struct).map(([key, item]) => [key, mark(model, shape.value, item)]));
    case "blob": return { $b: Buffer.from(value as Uint8Array).toString("base64") };
    case "timestamp": return { $t: value };
    default: return value;
  }
}

/** Differ by host alone; answered by a handler of botocore's, not by its parser. */
const APART = new Set(["ListDirectoryBuckets", "GetBucketLocation"]);

function usable(model: ServiceModel, operation: OperationModel): boolean {
  const streams = Object.values(model.shapes[operation.output?.shape ?? ""]?.members ?? {}).some((ref) => model.shapes[ref.shape]!.eventstream === true);
  return operation.shadowedBy === undefined && !streams && !APART.has(operation.name);
}

const RUNS: [ServiceId, ProtocolName][] = [
  ...(Object.keys(serviceIndex) as ServiceId[]).map((id): [ServiceId, ProtocolName] => [id, serviceIndex[id].protocols[0]!]),
  ["cloudwatch", "json"],
  ["cloudwatch", "query"],
];

interface Case { id: ServiceId; protocol: ProtocolName; operation: OperationModel; value: Struct; question: object }

function cases(kind: "serialize" | "parse", id: ServiceId, protocol: ProtocolName): Case[] {
  const model = loadModel(id);
  const noEmpty = protocol === "query" || protocol === "rest-xml";
  return Object.values(model.operations).filter((operation) => usable(model, operation)).flatMap((operation): Case[] => {
    const ref = kind === "serialize" ? operation.input : operation.output;
    if (ref === undefined) return [];
    const { members } = model.shapes[ref.shape]!;
    // Expires is a date in botocore's model, opaque text in S3.
    const left = new Set(["Expires", ...Object.keys(members!).filter((name) => members![name]!.location === "statusCode")]);
    const text = BODY_TEXT.filter((character) => !noEmpty || kind === "parse" || character !== "\t");
    const value = new Values(model, seedOf(`botocore ${id} ${operation.name}`), { density: 0.7, noEmpty, wholeSeconds: kind === "serialize", text }).structure(ref.shape, 0, left, kind === "parse");
    if (kind === "serialize") {
      // Labels of the host's name.
      if ("AccountId" in value) value["AccountId"] = "111122223333";
      if ("RequestRoute" in value) value["RequestRoute"] = "route";
    }
    const question = { kind, service: id === "streams.dynamodb" ? "dynamodbstreams" : id, operation: operation.name, protocol };
    if (kind === "serialize") return [{ id, protocol, operation, value, question: { ...question, input: mark(model, ref, value) } }];
    const response = compileService(model).operation(operation.name)!.encode(protocol, value, "request-id");
    const headers: Record<string, string> = {};
    for (let at = 0; at < response.headers.length; at += 2) headers[response.headers[at]!] = response.headers[at + 1]!;
    return [{ id, protocol, operation, value, question: { ...question, status: response.status, headers, body: Buffer.from((response.body ?? "") as string).toString("base64") } }];
  });
}

describe.skipIf(!available)(`botocore ${wanted} agrees`, () => {
  const asked = new Map<string, Case[]>();
  const answered = new Map<Case, Answer>();

  beforeAll(() => {
    for (const [id, protocol] of RUNS) for (const kind of ["serialize", "parse"] as const) asked.set(`${kind} ${id} ${protocol}`, cases(kind, id, protocol));
    const all = [...asked.values()].flat();
    ask(all.map((each) => each.question)).forEach((answer, index) => answered.set(all[index]!, answer));
  }, 60_000);

  test.each(RUNS)("%s %s requests", (id, protocol) => {
    const service = compileService(loadModel(id));
    for (const each of asked.get(`serialize ${id} ${protocol}`)!) {
      const { operation, value } = each;
      const { ok, error } = answered.get(each)!;
      expect(error, operation.name).toBeUndefined();
      const body = Buffer.from(ok!["body"] as string, "base64");
      const wire = { ...ok, body } as unknown as WireRequest;
      const route = service.route(wire);
      expect(route.operation.name).toBe(operation.name);
      const decoded = route.operation.decode(route, wire) as Struct;
      const stream = Object.keys(decoded).find((name) => decoded[name] instanceof Readable);
      if (stream !== undefined) decoded[stream] = body;
      expect(mark(service.model, operation.input, decoded), operation.name).toEqual(mark(service.model, operation.input, value));
    }
  });

  test.each(RUNS)("%s %s answers", (id, protocol) => {
    const model = loadModel(id);
    for (const each of asked.get(`parse ${id} ${protocol}`)!) {
      const { operation, value } = each;
      const { ok, error } = answered.get(each)!;
      expect(error, operation.name).toBeUndefined();
      const { ResponseMetadata, ...seen } = ok!;
      expect(ResponseMetadata).toMatchObject({ HTTPStatusCode: operation.http.responseCode ?? 200 });
      const expected = mark(model, operation.output, value) as Struct;
      // Status, content type and length are there whether the operation names them or not.
      for (const [name, ref] of Object.entries(model.shapes[operation.output!.shape]!.members!)) {
        if (expected[name] === undefined && ref.location !== undefined) delete seen[name];
      }
      expect(seen, operation.name).toEqual(expected);
    }
  });
});

test.runIf(!available)("botocore is not asked", ({ skip }) => {
  skip(`python3 has ${found.status === 0 ? `botocore ${found.stdout.trim()}` : "no botocore"}, these models are of ${wanted}`);
});
