/** Every operation of a service, real client to our codec and back. */
import { Readable } from "node:stream";
import { beforeAll, describe, expect, test } from "vitest";
import { AwsError, compileService, loadModel } from "../../src/index.ts";
import type { OperationModel, ProtocolName, ServiceId, ServiceModel, Shape, ShapeRef, WireResponse } from "../../src/index.ts";
import { Sdk, toWire } from "./clients.ts";
import { BODY_TEXT, seedOf, Values } from "./values.ts";
import type { ValueOptions } from "./values.ts";

type Struct = Record<string, unknown>;

const REQUEST_ID = "00000000-0000-4000-8000-000000000000";
const RUNS = [0.9, 0.3, 0];

/** Members that the SDK changes, adds or hides on its own account, with the reason. */
export interface Exceptions {
  /** Protocol the client speaks, when it is not the service's first. */
  protocol?: ProtocolName;
  /** More options for the client. */
  options?: object;
  /** Members (of any shape) that the SDK does not carry as they are. */
  members?: readonly string[];
  /** Fixed values that the SDK insists on before it sends anything. */
  fixed?: Record<string, unknown>;
  /** Input members that the SDK adds when they were not given. */
  added?: RegExp;
  /** Operations that this test cannot reach, and why. */
  skip?: Record<string, string>;
}

/** Typed values as the SDK wants them (`out` false) or as it gives them (`out` true), in our terms. */
function convert(model: ServiceModel, ref: ShapeRef, value: unknown, toSdk: boolean): unknown {
  const shape: Shape = model.shapes[ref.shape]!;
  if (value === undefined || value === null || shape.passthrough === true || shape.document === true) return normalize(value);
  switch (shape.type) {
    case "structure": {
      const result: Struct = {};
      for (const [name, member] of Object.entries(shape.members ?? {})) {
        const item = (value as Struct)[name];
        if (item !== undefined) result[name] = convert(model, member, item, toSdk);
      }
      return result;
    }
    case "list": return (value as unknown[]).map((item) => convert(model, shape.member!, item, toSdk));
    case "map": return Object.fromEntries(Object.entries(value as Struct).map(([key, item]) => [key, convert(model, shape.value!, item, toSdk)]));
    case "timestamp": return toSdk ? new Date(value as number) : value instanceof Date ? value.getTime() : value;
    case "blob": return value instanceof Uint8Array ? (toSdk ? new Uint8Array(value) : Buffer.from(value).toString("base64")) : value;
    // The SDK's string of a JSON or document header is an object of its own kind.
    case "string": return typeof value === "string" ? value : String(value);
    // S3's part number markers are numbers in one model and text in the other.
    case "integer": return typeof value === "string" ? Number(value) : value;
    default: return value;
  }
}

function normalize(value: unknown): unknown {
  return value === undefined || value === null ? value : (JSON.parse(JSON.stringify(value)) as unknown);
}

async function collect(value: unknown): Promise<unknown> {
  if (value instanceof Readable) {
    const chunks: Buffer[] = [];
    for await (const chunk of value) chunks.push(Buffer.from(chunk as Uint8Array));
    return Buffer.concat(chunks);
  }
  return value;
}

function streamingName(model: ServiceModel, ref: ShapeRef | undefined): string | undefined {
  const shape = ref === undefined ? undefined : model.shapes[ref.shape];
  const payload = shape?.payload;
  if (payload === undefined) return undefined;
  const member = shape!.members![payload]!;
  return member.streaming === true || model.shapes[member.shape]!.streaming === true ? payload : undefined;
}

function eventStreamName(model: ServiceModel, ref: ShapeRef | undefined): string | undefined {
  const shape = ref === undefined ? undefined : model.shapes[ref.shape];
  return Object.entries(shape?.members ?? {}).find(([, member]) => model.shapes[member.shape]!.eventstream === true)?.[0];
}

/** Declares the round trips of one service. */
export function roundtrip(id: ServiceId, exceptions: Exceptions = {}): void {
  const model = loadModel(id);
  const service = compileService(model);
  const preferred = exceptions.protocol ?? model.metadata.protocols[0]!;
  const skip = new Set(exceptions.members);
  const xml = preferred === "query" || preferred === "rest-xml";
  const rest = preferred === "rest-json" || preferred === "rest-xml";
  const inputOptions: Omit<ValueOptions, "density"> = { noEmpty: xml, wholeSeconds: xml || rest, text: xml ? BODY_TEXT.filter((character) => character !== "\t") : BODY_TEXT };
  const outputOptions: Omit<ValueOptions, "density"> = { noEmpty: xml, wholeSeconds: false, text: BODY_TEXT };
  let sdk: Sdk;
  const fix = (input: Struct): void => {
    for (const [name, value] of Object.entries(exceptions.fixed ?? {})) if (name in input) input[name] = value;
  };

  describe(`${id} ${preferred} round trip`, () => {
    beforeAll(async () => {
      sdk = await Sdk.load(id, exceptions.options);
    }, 60_000);

    for (const operation of Object.values(model.operations)) {
      if (operation.shadowedBy !== undefined) continue;
      test(operation.name, async ({ skip: skipTest }) => {
        if (!sdk.has(operation.name)) skipTest(`the SDK has no ${operation.name}`);
        const reason = exceptions.skip?.[operation.name];
        if (reason !== undefined) skipTest(reason);
        const compiled = service.operation(operation.name)!;
        for (const [run, density] of RUNS.entries()) {
          const seed = seedOf(`${id} ${operation.name} ${run}`);

          const input = operation.input === undefined ? {} : new Values(model, seed, { ...inputOptions, density }).structure(operation.input.shape, 0, skip);
          fix(input);
          const eventStream = eventStreamName(model, operation.output);
          const output = operation.output === undefined ? {} : new Values(model, seed + 1, { ...outputOptions, density })
            .structure(operation.output.shape, 0, eventStream === undefined ? skip : new Set([...skip, eventStream]), true);
          for (const [name, ref] of Object.entries(operation.output === undefined ? {} : model.shapes[operation.output.shape]!.members!)) {
            if (ref.location === "statusCode") output[name] = 206;
          }
          if (eventStream !== undefined) output[eventStream] = (async function* none(): AsyncGenerator<unknown> {})();
          const outputStream = streamingName(model, operation.output);
          const inputStream = streamingName(model, operation.input);

          const sdkInput = operation.input === undefined ? {} : (convert(model, operation.input, input, true) as Struct);
          let decoded: unknown;
          const result = await sdk.call(operation.name, sdkInput, async (request): Promise<WireResponse> => {
            const wire = await toWire(request, compiled.streamingInput);
            const route = service.route(wire);
            expect(route.operation.name).toBe(operation.name);
            expect(route.protocol).toBe(preferred);
            decoded = compiled.decode(route, wire);
            if (inputStream !== undefined) (decoded as Struct)[inputStream] = await collect((decoded as Struct)[inputStream]);
            return compiled.encode(route.protocol, output, REQUEST_ID);
          });

          if (operation.input !== undefined) {
            for (const name of Object.keys(decoded as Struct)) if (exceptions.added?.test(name) === true && !(name in input)) delete (decoded as Struct)[name];
            expect(convert(model, operation.input, decoded, false)).toEqual(convert(model, operation.input, input, false));
          }
          if (operation.output !== undefined) {
            const { $metadata, ...seen } = result as Struct & { $metadata: { httpStatusCode: number } };
            expect($metadata).toMatchObject({ requestId: REQUEST_ID });
            for (const [name, ref] of Object.entries(model.shapes[operation.output.shape]!.members!)) {
              if (ref.location === "statusCode") seen[name] = $metadata.httpStatusCode;
            }
            // We send a content type and a length whether the handler names them or not.
            for (const [name, ref] of Object.entries(model.shapes[operation.output.shape]!.members!)) {
              if (/^content-(type|length)$/i.test(ref.locationName ?? "") && !(name in output)) delete seen[name];
              if (ref.location === "headers" && !(name in output) && Object.keys(seen[name] as object).length === 0) delete seen[name];
            }
            if (outputStream !== undefined) seen[outputStream] = Buffer.from(await (seen[outputStream] as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray());
            if (eventStream !== undefined) {
              delete seen[eventStream];
              delete output[eventStream];
            }
            expect(convert(model, operation.output, seen, false)).toEqual(convert(model, operation.output, output, false));
          }
        }
      });

      const errors = (operation.errors ?? []).map((error) => error.shape);
      if (errors.length === 0) continue;
      test(`${operation.name} errors`, async ({ skip: skipTest }) => {
        if (!sdk.has(operation.name)) skipTest(`the SDK has no ${operation.name}`);
        for (const errorName of errors) await failing(operation, errorName);
      });
    }

    async function failing(operation: OperationModel, errorName: string): Promise<void> {
      const shape = model.shapes[errorName]!;
      const compiled = service.operation(operation.name)!;
      const seed = seedOf(`${id} ${operation.name} ${errorName}`);
      const input = operation.input === undefined ? {} : new Values(model, seed, { ...inputOptions, density: 0 }).structure(operation.input.shape, 0, skip);
      fix(input);
      const text = Object.keys(shape.members ?? {}).filter((name) => name.toLowerCase() === "message");
      const fields = new Values(model, seed, { ...outputOptions, density: 0.8 }).structure(errorName, 0, new Set([...skip, ...text]), true);
      const error = new AwsError(errorName, "It did not work: <&> \"ü\"", { fields });
      const failure = await sdk.call(operation.name, operation.input === undefined ? {} : convert(model, operation.input, input, true), async (request) => {
        const wire = await toWire(request, compiled.streamingInput);
        return service.encodeError(error, service.route(wire).protocol, REQUEST_ID, wire);
      }).then(() => undefined, (reason: unknown) => reason as Struct);
      expect(failure, errorName).toBeDefined();
      const status = shape.error?.httpStatusCode ?? (shape.fault === true ? 500 : 400);
      expect(failure!["$metadata"], String(failure!["stack"])).toMatchObject({ httpStatusCode: status });
      if (operation.http.method === "HEAD") return;
      // Clients of a service that came from the query protocol go by its error codes, which shapes may share.
      const code = shape.error?.code;
      const names = Object.entries(model.shapes).filter(([name, other]) => name === errorName || (code !== undefined && other.error?.code === code)).map(([name]) => name);
      expect(names).toContain(failure!["name"]);
      expect(failure!["message"]).toBe(error.message);
      const seen = convert(model, { shape: errorName }, Object.fromEntries(Object.entries(failure!).filter(([name]) => name in fields)), false);
      expect(seen, errorName).toEqual(convert(model, { shape: errorName }, fields, false));
    }
  });
}
