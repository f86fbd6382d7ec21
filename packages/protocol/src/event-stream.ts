/** `application/vnd.amazon.eventstream`: messages of headers and payload, each framed by lengths and CRC-32. */
import { crc32 } from "node:zlib";
import { AwsError } from "./error.ts";
import type { ServiceModel } from "./model.ts";
import { bytes } from "./shapes/scalars.ts";
import { members } from "./shapes/traits.ts";
import type { Resolved } from "./shapes/traits.ts";

/** A header value: text, a whole number, a flag, bytes, or a moment. */
export type EventHeaderValue = string | number | boolean | Uint8Array | Date;

export interface EventMessage {
  headers: Record<string, EventHeaderValue>;
  payload: Uint8Array;
}

const STRING = 7;
/** Prelude (8), its CRC (4) and the message's CRC (4). */
const OVERHEAD = 16;

/** Frames one message. */
export function encodeEventMessage(message: EventMessage): Uint8Array {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(message.headers)) {
    const nameBytes = Buffer.from(name);
    parts.push(Buffer.from([nameBytes.length]), nameBytes, encodeHeaderValue(value));
  }
  const headers = Buffer.concat(parts);
  const total = OVERHEAD + headers.length + message.payload.byteLength;
  const frame = Buffer.allocUnsafe(total);
  frame.writeUInt32BE(total, 0);
  frame.writeUInt32BE(headers.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headers.copy(frame, 12);
  frame.set(message.payload, 12 + headers.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, total - 4)), total - 4);
  return frame;
}

function encodeHeaderValue(value: EventHeaderValue): Buffer {
  if (typeof value === "boolean") return Buffer.from([value ? 0 : 1]);
  if (typeof value === "string" || value instanceof Uint8Array) {
    const data = bytes(value);
    const head = Buffer.allocUnsafe(3);
    head.writeUInt8(typeof value === "string" ? STRING : 6, 0);
    head.writeUInt16BE(data.length, 1);
    return Buffer.concat([head, data]);
  }
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 0x7fffffff) {
    const number = Buffer.allocUnsafe(5);
    number.writeUInt8(4, 0);
    number.writeInt32BE(value, 1);
    return number;
  }
  const number = Buffer.allocUnsafe(9);
  number.writeUInt8(value instanceof Date ? 8 : 5, 0);
  number.writeBigInt64BE(BigInt(value instanceof Date ? value.getTime() : Math.trunc(value)), 1);
  return number;
}

/** Reads one whole frame. Throws AwsError when lengths or checksums do not agree. */
export function decodeEventMessage(frame: Uint8Array): EventMessage {
  const data = bytes(frame);
  const fail = (why: string): never => {
    throw new AwsError("InvalidEventStream", why, { status: 400 });
  };
  if (data.length < OVERHEAD || data.readUInt32BE(0) !== data.length) fail("The length of the message is wrong");
  const headersLength = data.readUInt32BE(4);
  if (headersLength > data.length - OVERHEAD) fail("The headers are longer than the message");
  if (crc32(data.subarray(0, 8)) !== data.readUInt32BE(8)) fail("The checksum of the prelude is wrong");
  if (crc32(data.subarray(0, -4)) !== data.readUInt32BE(data.length - 4)) fail("The checksum of the message is wrong");
  const headers: Record<string, EventHeaderValue> = {};
  const end = 12 + headersLength;
  let at = 12;
  const take = (length: number): number => {
    const from = at;
    at += length;
    if (at > end) fail("A header is longer than the headers");
    return from;
  };
  while (at < end) {
    const nameLength = data.readUInt8(take(1));
    const nameAt = take(nameLength);
    const name = data.toString("utf8", nameAt, at);
    const type = data.readUInt8(take(1));
    switch (type) {
      case 0: case 1: headers[name] = type === 0; break;
      case 2: headers[name] = data.readInt8(take(1)); break;
      case 3: headers[name] = data.readInt16BE(take(2)); break;
      case 4: headers[name] = data.readInt32BE(take(4)); break;
      case 5: headers[name] = Number(data.readBigInt64BE(take(8))); break;
      case 6: case STRING: {
        const from = take(data.readUInt16BE(take(2)));
        headers[name] = type === STRING ? data.toString("utf8", from, at) : data.subarray(from, at);
        break;
      }
      case 8: headers[name] = new Date(Number(data.readBigInt64BE(take(8)))); break;
      case 9: headers[name] = data.subarray(take(16), at); break;
      default: fail(`Unknown header type ${type}`);
    }
  }
  return { headers, payload: data.subarray(end, -4) };
}

/** Splits a byte stream into frames and reads each. */
export async function* decodeEventStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<EventMessage> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    pending = pending.length === 0 ? bytes(chunk) : Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE(0);
      if (length < OVERHEAD || length > 24 * 1024 * 1024) throw new AwsError("InvalidEventStream", "The length of the message is wrong", { status: 400 });
      if (pending.length < length) break;
      yield decodeEventMessage(pending.subarray(0, length));
      pending = pending.subarray(length);
    }
  }
  if (pending.length > 0) throw new AwsError("InvalidEventStream", "The stream ends inside a message", { status: 400 });
}

/** How the shapes of an event's payload are written in the protocol around it. */
export interface EventPayloads {
  /** Media type of a structured payload. */
  readonly contentType: string;
  /** A writer of the listed members of a structure as one document. */
  document(name: string, list: [string, Resolved][]): (value: Record<string, unknown>) => string | Uint8Array;
}

/** The first message of an RPC protocol's stream: the output members outside the stream. */
export interface InitialResponse {
  body: string | Uint8Array;
  contentType: string;
}

export type EventEncoder = (events: AsyncIterable<unknown> | undefined, initial?: InitialResponse) => AsyncGenerator<Uint8Array>;

/** Compiles the writer of an event-stream union. Events are `{ EventName: members }`; an AwsError thrown by the source ends the stream as an exception message. */
export function compileEventStream(model: ServiceModel, union: Resolved, payloads: EventPayloads): EventEncoder {
  const writers = new Map<string, (event: Record<string, unknown>) => Uint8Array>();
  for (const [name, target] of members(model, union.shape)) writers.set(name, compileEvent(model, name, target, payloads));
  return async function* encode(events, initial) {
    if (initial !== undefined) {
      yield encodeEventMessage({
        headers: { ":event-type": "initial-response", ":content-type": initial.contentType, ":message-type": "event" },
        payload: bytes(initial.body),
      });
    }
    try {
      for await (const event of events ?? []) {
        for (const [name, value] of Object.entries(event as Record<string, unknown>)) {
          if (value === undefined) continue;
          const write = writers.get(name);
          if (write === undefined) throw new TypeError(`${union.ref.shape} has no event ${name}`);
          yield write(value as Record<string, unknown>);
        }
      }
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const modelled = writers.get(error.code);
      if (modelled !== undefined) yield modelled({ message: error.message, Message: error.message, ...error.fields });
      else yield encodeEventMessage({ headers: { ":message-type": "error", ":error-code": error.code, ":error-message": error.message }, payload: Buffer.alloc(0) });
    }
  };
}

function compileEvent(model: ServiceModel, name: string, target: Resolved, payloads: EventPayloads): (event: Record<string, unknown>) => Uint8Array {
  const all = members(model, target.shape);
  const headerMembers = all.filter(([, member]) => member.ref.eventheader === true);
  const payloadMember = all.find(([, member]) => member.ref.eventpayload === true);
  const exception = target.shape.exception === true;
  const base: Record<string, string> = exception ? { ":exception-type": name, ":message-type": "exception" } : { ":event-type": name, ":message-type": "event" };
  let contentType = payloads.contentType;
  let writePayload: (event: Record<string, unknown>) => string | Uint8Array;
  if (payloadMember === undefined) {
    const list = all.filter(([, member]) => member.ref.eventheader !== true);
    writePayload = payloads.document(target.ref.shape, list);
    // Seen from S3 Select: events without members (Cont, End) have neither content type nor payload.
    if (all.length === 0) {
      return () => encodeEventMessage({ headers: base, payload: Buffer.alloc(0) });
    }
  } else {
    const [key, member] = payloadMember;
    if (member.shape.type === "blob" || member.shape.type === "string") {
      contentType = member.shape.type === "blob" ? "application/octet-stream" : "text/plain";
      writePayload = (event) => (event[key] === undefined ? Buffer.alloc(0) : bytes(event[key]));
    } else {
      const write = payloads.document(member.ref.locationName ?? member.ref.shape, members(model, member.shape));
      writePayload = (event) => write((event[key] ?? {}) as Record<string, unknown>);
    }
  }
  return (event) => {
    const headers: Record<string, EventHeaderValue> = { ...base, ":content-type": contentType };
    for (const [key, member] of headerMembers) {
      const value = event[key];
      if (value === undefined || value === null) continue;
      headers[key] = member.shape.type === "timestamp" ? new Date(value as number) : (value as EventHeaderValue);
    }
    return encodeEventMessage({ headers, payload: bytes(writePayload(event)) });
  };
}
