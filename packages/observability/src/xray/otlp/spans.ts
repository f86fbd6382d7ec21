import { writeTraceId, type Segment } from "../domain/segment.ts";
import { double, fields, hex, ProtobufError, text, type Field } from "./protobuf.ts";

export type AttributeValue = string | number | boolean;

/** A span as OpenTelemetry sends it. */
export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startNano: bigint;
  endNano: bigint;
  attributes: { [key: string]: AttributeValue };
  statusCode: number;
  statusMessage: string;
  resource: { [key: string]: AttributeValue };
}

/** The spans of an ExportTraceServiceRequest in JSON. Throws a TypeError for what is none. */
export function readJsonSpans(body: string): OtlpSpan[] {
  const request = JSON.parse(body) as {
    resourceSpans?: { resource?: { attributes?: JsonAttribute[] }; scopeSpans?: { spans?: JsonSpan[] }[] }[];
  };
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) => {
    const shared = jsonAttributes(resource?.attributes);
    return scopeSpans.flatMap(({ spans = [] }) => spans.map((span): OtlpSpan => ({
      traceId: String(span.traceId ?? "").toLowerCase(), spanId: String(span.spanId ?? "").toLowerCase(), parentSpanId: String(span.parentSpanId ?? "").toLowerCase(), name: String(span.name ?? ""), kind: Number(span.kind ?? 0),
      startNano: BigInt(span.startTimeUnixNano ?? 0), endNano: BigInt(span.endTimeUnixNano ?? 0), attributes: jsonAttributes(span.attributes),
      statusCode: Number(span.status?.code ?? 0), statusMessage: String(span.status?.message ?? ""), resource: shared,
    })));
  });
}

interface JsonAttribute {
  key?: string;
  value?: { stringValue?: string; intValue?: string | number; doubleValue?: number; boolValue?: boolean };
}

interface JsonSpan {
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  name?: string;
  kind?: number;
  startTimeUnixNano?: string | number;
  endTimeUnixNano?: string | number;
  attributes?: JsonAttribute[];
  status?: { code?: number; message?: string };
}

function jsonAttributes(list: JsonAttribute[] | undefined): { [key: string]: AttributeValue } {
  const found: { [key: string]: AttributeValue } = {};
  for (const { key, value } of list ?? []) {
    const one = value?.stringValue ?? value?.boolValue ?? value?.doubleValue ?? (value?.intValue === undefined ? undefined : Number(value.intValue));
    if (key !== undefined && one !== undefined) found[key] = one;
  }
  return found;
}

/**
 * The spans of an ExportTraceServiceRequest in protobuf.
 *
 * @throws ProtobufError
 */
export function readProtobufSpans(body: Uint8Array): OtlpSpan[] {
  const found: OtlpSpan[] = [];
  for (const resourceSpans of messages(body, 1)) {
    const resource: { [key: string]: AttributeValue } = {};
    for (const one of messages(resourceSpans, 1)) for (const attribute of messages(one, 1)) readAttribute(attribute, resource);
    for (const scopeSpans of messages(resourceSpans, 2)) for (const span of messages(scopeSpans, 2)) found.push(readSpan(span, resource));
  }
  return found;
}

function* messages(message: Uint8Array, number: number): Generator<Uint8Array> {
  for (const field of fields(message)) if (field.number === number && "bytes" in field) yield field.bytes;
}

function readSpan(message: Uint8Array, resource: { [key: string]: AttributeValue }): OtlpSpan {
  const span: OtlpSpan = { traceId: "", spanId: "", parentSpanId: "", name: "", kind: 0, startNano: 0n, endNano: 0n, attributes: {}, statusCode: 0, statusMessage: "", resource };
  for (const field of fields(message)) {
    switch (field.number) {
      case 1: span.traceId = hex(bytesOf(field)); break;
      case 2: span.spanId = hex(bytesOf(field)); break;
      case 4: span.parentSpanId = hex(bytesOf(field)); break;
      case 5: span.name = text(bytesOf(field)); break;
      case 6: span.kind = Number(varintOf(field)); break;
      case 7: span.startNano = varintOf(field); break;
      case 8: span.endNano = varintOf(field); break;
      case 9: readAttribute(bytesOf(field), span.attributes); break;
      case 15:
        for (const part of fields(bytesOf(field))) {
          if (part.number === 2) span.statusMessage = text(bytesOf(part));
          else if (part.number === 3) span.statusCode = Number(varintOf(part));
        }
        break;
      default:
    }
  }
  return span;
}

function readAttribute(message: Uint8Array, into: { [key: string]: AttributeValue }): void {
  let key = "";
  let value: AttributeValue | undefined;
  for (const field of fields(message)) {
    if (field.number === 1) key = text(bytesOf(field));
    else if (field.number === 2) {
      for (const part of fields(bytesOf(field))) {
        if (part.number === 1) value = text(bytesOf(part));
        else if (part.number === 2) value = varintOf(part) !== 0n;
        else if (part.number === 3) value = Number(BigInt.asIntN(64, varintOf(part)));
        else if (part.number === 4) value = double(varintOf(part));
      }
    }
  }
  if (value !== undefined) into[key] = value;
}

function bytesOf(field: Field): Uint8Array {
  if ("bytes" in field) return field.bytes;
  throw new ProtobufError(`field ${field.number} is not what it should be`);
}

function varintOf(field: Field): bigint {
  if ("varint" in field) return field.varint;
  throw new ProtobufError(`field ${field.number} is not what it should be`);
}

const first = (attributes: { [key: string]: AttributeValue }, ...keys: string[]): AttributeValue | undefined => keys.map((key) => attributes[key]).find((value) => value !== undefined);

/** A span as a segment (of a server, or without a parent) or a subsegment. */
export function segmentOfSpan(span: OtlpSpan): Segment | undefined {
  if (!/^[0-9a-f]{32}$/.test(span.traceId) || !/^[0-9a-f]{16}$/.test(span.spanId)) return undefined;
  const { attributes, resource } = span;
  const service = String(resource["service.name"] ?? "unknown_service");
  const isSegment = span.parentSpanId === "" || span.kind === 2 || span.kind === 5;
  const status = first(attributes, "http.response.status_code", "http.status_code");
  const code = typeof status === "number" ? status : undefined;
  const method = first(attributes, "http.request.method", "http.method");
  const url = first(attributes, "url.full", "http.url", "url.path", "http.target");
  const aws = first(attributes, "rpc.system") === "aws-api";
  const operation = first(attributes, "rpc.method", "aws.operation");
  const table = first(attributes, "aws.dynamodb.table_names", "db.collection.name");
  return {
    id: span.spanId, trace_id: writeTraceId(span.traceId), ...(span.parentSpanId === "" ? {} : { parent_id: span.parentSpanId }), ...(isSegment ? {} : { type: "subsegment" }),
    name: (isSegment ? service : aws ? String(first(attributes, "rpc.service") ?? span.name) : span.name || service).slice(0, 200),
    start_time: Number(span.startNano / 1000n) / 1e6, end_time: Number(span.endNano / 1000n) / 1e6,
    ...(span.kind === 3 ? { namespace: aws ? "aws" : "remote" } : {}),
    ...(code !== undefined && code >= 400 && code < 500 ? { error: true } : (code !== undefined && code >= 500) || span.statusCode === 2 ? { fault: true } : {}),
    ...(code === 429 ? { throttle: true } : {}),
    ...(span.statusCode === 2 && span.statusMessage !== "" ? { cause: { exceptions: [{ id: span.spanId, message: span.statusMessage }] } } : {}),
    ...(method === undefined && code === undefined ? {} : {
      http: {
        request: { ...(method === undefined ? {} : { method: String(method) }), ...(url === undefined ? {} : { url: String(url) }) },
        ...(code === undefined ? {} : { response: { status: code } }),
      },
    }),
    ...(aws ? { aws: { ...(operation === undefined ? {} : { operation }), ...(table === undefined ? {} : { table_name: table }) } } : {}),
    ...(Object.keys(attributes).length === 0 ? {} : { metadata: { default: attributes } }),
  };
}
