import { describe, expect, test } from "vitest";
import { AwsError, compileService, decodeEventMessage, decodeEventStream, encodeEventMessage, loadModel } from "../src/index.ts";
import type { EventMessage, ProtocolName, ServiceId } from "../src/index.ts";
import { Sdk, toWire } from "./support/clients.ts";

type Events = AsyncIterable<Record<string, unknown>>;

/** What the SDK's client reads from a stream of ours. */
async function throughSdk(id: ServiceId, operation: string, input: object, member: string, output: Record<string, unknown>): Promise<{ events: Record<string, unknown>[]; failure: Error | undefined }> {
  const service = compileService(loadModel(id));
  const sdk = await Sdk.load(id);
  const events: Record<string, unknown>[] = [];
  try {
    const result = await sdk.call(operation, input, async (request) => {
      const wire = await toWire(request, false);
      const route = service.route(wire);
      return route.operation.encode(route.protocol, output, "R");
    });
    for await (const event of result[member] as Events) events.push(event);
    return { events, failure: undefined };
  } catch (failure) {
    return { events, failure: failure as Error };
  }
}

async function* stream(...events: (object | AwsError)[]): AsyncGenerator<object> {
  for (const event of events) {
    if (event instanceof AwsError) throw event;
    yield event;
  }
}

async function messages(id: ServiceId, operation: string, protocol: ProtocolName, output: object): Promise<EventMessage[]> {
  const response = compileService(loadModel(id)).operation(operation)!.encode(protocol, output, "R");
  expect(response.headers).toContain("application/vnd.amazon.eventstream");
  const result: EventMessage[] = [];
  for await (const message of decodeEventStream(response.body as AsyncIterable<Uint8Array>)) result.push(message);
  return result;
}

describe("the real client reads our streams", () => {
  test("S3 Select", async () => {
    const { events } = await throughSdk("s3", "SelectObjectContent", { Bucket: "b", Key: "k", Expression: "e", ExpressionType: "SQL", InputSerialization: {}, OutputSerialization: {} }, "Payload", {
      Payload: stream({ Records: { Payload: Buffer.from("a,b\n") } }, { Cont: {} }, { Stats: { Details: { BytesScanned: 4, BytesProcessed: 4, BytesReturned: 4 } } }, { End: {} }),
    });
    expect(events).toMatchObject([{ Records: {} }, { Cont: {} }, { Stats: { Details: { BytesScanned: 4, BytesProcessed: 4, BytesReturned: 4 } } }, { End: {} }]);
    expect(Buffer.from((events[0] as { Records: { Payload: Uint8Array } }).Records.Payload).toString()).toBe("a,b\n");
  });

  test("Lambda's response stream", async () => {
    const { events } = await throughSdk("lambda", "InvokeWithResponseStream", { FunctionName: "f" }, "EventStream", {
      StatusCode: 200, ResponseStreamContentType: "text/plain",
      EventStream: stream({ PayloadChunk: { Payload: Buffer.from([0, 255]) } }, { InvokeComplete: { ErrorCode: "E", ErrorDetails: "d" } }),
    });
    expect(events).toMatchObject([{ PayloadChunk: {} }, { InvokeComplete: { ErrorCode: "E", ErrorDetails: "d" } }]);
    expect([...(events[0] as { PayloadChunk: { Payload: Uint8Array } }).PayloadChunk.Payload]).toEqual([0, 255]);
  });

  test("the live tail of CloudWatch Logs, with its end as an exception", async () => {
    const { events, failure } = await throughSdk("logs", "StartLiveTail", { logGroupIdentifiers: ["g"] }, "responseStream", {
      responseStream: stream({ sessionStart: { requestId: "r", logGroupIdentifiers: ["g"] } }, { sessionUpdate: { sessionResults: [{ message: "m", timestamp: 5 }] } }, new AwsError("SessionTimeoutException", "too long")),
    });
    expect(events).toMatchObject([{ sessionStart: { requestId: "r" } }, { sessionUpdate: { sessionResults: [{ message: "m", timestamp: 5 }] } }]);
    expect(failure).toMatchObject({ name: "SessionTimeoutException", message: "too long" });
  });
});

describe("frames", () => {
  test("one event, byte for byte", () => {
    // The example of the format's description: prelude, its checksum, no headers, no payload, the message's checksum.
    expect(Buffer.from(encodeEventMessage({ headers: {}, payload: Buffer.alloc(0) })).toString("hex")).toBe("000000100000000005c248eb7d98c8ff");
  });

  test("all kinds of headers come back", () => {
    const message: EventMessage = { headers: { text: "é", yes: true, no: false, number: -7, long: 2 ** 40, bytes: Buffer.from([1, 2]), moment: new Date(1_700_000_000_123) }, payload: Buffer.from("payload") };
    expect(decodeEventMessage(encodeEventMessage(message))).toEqual(message);
  });

  test("Select's events have the headers that AWS writes", async () => {
    const [stats, end] = await messages("s3", "SelectObjectContent", "rest-xml", { Payload: stream({ Stats: { Details: { BytesScanned: 1 } } }, { End: {} }) });
    expect(stats!.headers).toEqual({ ":event-type": "Stats", ":message-type": "event", ":content-type": "text/xml" });
    expect(Buffer.from(stats!.payload).toString()).toBe('<Stats xmlns=""><BytesScanned>1</BytesScanned></Stats>');
    expect(end).toEqual({ headers: { ":event-type": "End", ":message-type": "event" }, payload: Buffer.alloc(0) });
  });

  test("an RPC stream opens with the rest of its output; an unmodelled failure ends it", async () => {
    const list = await messages("logs", "StartLiveTail", "json", { responseStream: stream(new AwsError("InternalFailure", "oh")) });
    expect(list.map((message) => message.headers[":event-type"] ?? message.headers[":error-code"])).toEqual(["initial-response", "InternalFailure"]);
  });

  test("a broken frame is refused", async () => {
    const frame = Buffer.from(encodeEventMessage({ headers: { a: "b" }, payload: Buffer.from("c") }));
    for (let index = 0; index < frame.length; index++) {
      const broken = Buffer.from(frame);
      broken[index]! ^= 0x40;
      expect(() => decodeEventMessage(broken)).toThrow(AwsError);
    }
    async function* half(): AsyncGenerator<Uint8Array> {
      yield frame.subarray(0, 9);
    }
    await expect(async () => { for await (const message of decodeEventStream(half())) expect(message).toBeUndefined(); }).rejects.toThrow(AwsError);
  });

  test("frames are found whatever the chunks", async () => {
    const frames = Buffer.concat([1, 2, 3].map((n) => Buffer.from(encodeEventMessage({ headers: { n }, payload: Buffer.alloc(n) }))));
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const byte of frames) yield Buffer.from([byte]);
    }
    const seen: unknown[] = [];
    for await (const message of decodeEventStream(bytes())) seen.push(message.headers["n"]);
    expect(seen).toEqual([1, 2, 3]);
  });
});
