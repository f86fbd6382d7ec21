/** A segment or subsegment as documents have it. Times are seconds. */
export interface Segment {
  id: string;
  trace_id?: string;
  parent_id?: string;
  name: string;
  start_time: number;
  end_time?: number;
  in_progress?: boolean;
  /** `subsegment` for one that is sent by itself. */
  type?: string;
  namespace?: string;
  origin?: string;
  inferred?: boolean;
  error?: boolean;
  fault?: boolean;
  throttle?: boolean;
  user?: string;
  resource_arn?: string;
  http?: {
    request?: { method?: string; url?: string; user_agent?: string; client_ip?: string; traced?: boolean; x_forwarded_for?: boolean };
    response?: { status?: number; content_length?: number };
  };
  aws?: { [key: string]: unknown };
  cause?: string | { exceptions?: { id?: string; message?: string; type?: string; remote?: boolean }[]; [key: string]: unknown };
  annotations?: { [key: string]: string | number | boolean };
  metadata?: { [key: string]: unknown };
  service?: { [key: string]: unknown };
  subsegments?: Segment[];
}

/** Why a document is not taken; the codes are X-Ray's. */
export class SegmentError extends Error {
  override name = "SegmentError";
  readonly code: string;
  readonly segmentId: string | undefined;

  constructor(code: string, segmentId?: string) {
    super(`Invalid segment. ErrorCode: ${code}`);
    this.code = code;
    this.segmentId = segmentId;
  }
}

/** A document holds 64 KB. */
const BYTES_MAX = 64 * 1024;
const ID = /^[0-9a-f]{16}$/i;
const TRACE_ID = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/i;
const HEX_TRACE_ID = /^[0-9a-f]{32}$/i;

/** `1-5759e988-bd862e3fe1be46a994272793`, also from the 32 digits of W3C; undefined for anything else. */
export function traceIdOf(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  if (TRACE_ID.test(text)) return text.toLowerCase();
  return HEX_TRACE_ID.test(text) ? writeTraceId(text.toLowerCase()) : undefined;
}

/** 32 hexadecimal digits as X-Ray writes them. */
export function writeTraceId(hex: string): string {
  return `1-${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/**
 * Reads a segment document.
 *
 * @throws SegmentError
 */
export function readDocument(text: string): Segment {
  if (Buffer.byteLength(text) > BYTES_MAX) throw new SegmentError("SegmentTooLarge");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SegmentError("ParseError");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SegmentError("ParseError");
  const segment = value as Partial<Segment>;
  if (typeof segment.id !== "string") throw new SegmentError("MissingId");
  if (!ID.test(segment.id)) throw new SegmentError("InvalidId", segment.id);
  const refuse = (code: string): never => {
    throw new SegmentError(code, segment.id);
  };
  if (segment.trace_id === undefined) refuse("MissingTraceId");
  const traceId = traceIdOf(segment.trace_id);
  if (traceId === undefined) refuse("InvalidTraceId");
  if (typeof segment.name !== "string" || segment.name === "") refuse("MissingName");
  if (segment.name!.length > 200) refuse("InvalidName");
  if (typeof segment.start_time !== "number" || !Number.isFinite(segment.start_time)) refuse("MissingStartTime");
  if (segment.end_time === undefined ? segment.in_progress !== true : typeof segment.end_time !== "number") refuse("MissingEndTime");
  if (segment.type === "subsegment" && (typeof segment.parent_id !== "string" || !ID.test(segment.parent_id))) refuse("MissingParentId");
  if (segment.subsegments !== undefined && !Array.isArray(segment.subsegments)) refuse("ParseError");
  return { ...segment, trace_id: traceId } as Segment;
}

/** A segment and everything below it. */
export function* walk(segment: Segment, depth = 0): Generator<Segment> {
  yield segment;
  if (depth > 100) return;
  for (const child of segment.subsegments ?? []) yield* walk(child, depth + 1);
}
