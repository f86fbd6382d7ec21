import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { notModified, ifRangeHolds } from "../domain/cache/conditional.ts";
import { parseRanges, type ByteRange } from "../domain/cache/range.ts";
import { headerLines, headerOf, withoutHeaders, type HeaderList } from "../domain/headers.ts";
import { Body } from "./cache/body.ts";
import { copyTo, totalOf, type Entry } from "./cache/entry.ts";
import { errorPage } from "./error-page.ts";
import type { Viewer } from "./viewer.ts";

/** What `X-Cache` says before " from cloudfront". */
export type CacheResult = "Hit" | "Miss" | "RefreshHit" | "Error" | "Redirect" | "LimitExceeded" | "FunctionGeneratedResponse" | "LambdaGeneratedResponse";

/** An answer before it is written. */
export interface Reply {
  status: number;
  headers: readonly string[];
  /** A stream is read once; a `Body` may be shared with others. Undefined for an answer without one, and where `entry` has it. */
  body: Body | Readable | undefined;
  result: CacheResult;
  /** Seconds; undefined for what does not come from the cache. */
  age: number | undefined;
  /** The stored answer behind it: conditions and ranges of the request are evaluated against it. */
  entry: Entry | undefined;
}

/** A page of our own in the place of an answer. */
export function errorReply(viewer: Viewer, status: number, detail: string, result: CacheResult = "Error"): Reply {
  const page = errorPage(status, detail, viewer.id);
  return {
    status,
    headers: ["Server", "CloudFront", "Date", new Date(viewer.ctx.clock.now()).toUTCString(), "Content-Type", "text/html", "Content-Length", String(page.length)],
    body: Body.of(page),
    result,
    age: undefined,
    entry: undefined,
  };
}

/** Fields that the edge itself says. */
const OURS: ReadonlySet<string> = new Set(["age", "x-cache", "via", "x-amz-cf-pop", "x-amz-cf-id"]);
/** Fields that a 304 leaves out: it describes no body. */
const OF_BODY: ReadonlySet<string> = new Set(["content-length", "content-encoding", "content-type", "content-range", "content-language"]);
const LENGTH: ReadonlySet<string> = new Set(["content-length"]);
/** Most ranges of one request that are answered as such. */
const RANGES = 16;

/** Writes an answer. A body that breaks off cuts the connection, so that nobody takes a part for the whole. */
export async function send(viewer: Viewer, reply: Reply): Promise<void> {
  const { response, method } = viewer;
  const shape = reply.entry === undefined ? { status: reply.status, headers: reply.headers } : conditional(viewer, reply, reply.entry);
  const { status, ranges } = shape;
  response.writeHead(status, finalHeaders(viewer, reply, shape.headers));
  if (method === "HEAD" || status === 304 || status === 204 || status === 416) {
    if (reply.body !== undefined && !(reply.body instanceof Body)) reply.body.destroy();
    response.end();
    return;
  }
  try {
    if (reply.entry !== undefined) await sendEntry(viewer, reply.entry, ranges);
    else if (reply.body instanceof Body) await reply.body.copyTo(response);
    else if (reply.body !== undefined) return await pipeline(reply.body, response);
    response.end();
  } catch (error) {
    if (!response.req.socket?.destroyed) viewer.ctx.log.warn("a body broke off", { distribution: viewer.distribution.id, path: viewer.path, reason: (error as Error).message });
    response.destroy();
  }
}

/** How a stored answer is given: whole, in ranges, or as confirmation that the viewer has it. */
interface Shape {
  status: number;
  headers: readonly string[];
  ranges?: ByteRange[];
}

function conditional({ headers: request, method, ctx }: Viewer, { status, headers }: Reply, entry: Entry): Shape {
  const total = totalOf(entry);
  const sized = total === undefined || headerOf(headers, "content-length") !== undefined ? headers : [...headers, "Content-Length", String(total)];
  if (status !== 200 || (method !== "GET" && method !== "HEAD")) return { status, headers: sized };
  const nowMs = ctx.clock.now();
  if (notModified(request, headers, nowMs)) return { status: 304, headers: withoutHeaders(headers, OF_BODY) };
  const range = request["range"];
  if (range === undefined || method !== "GET" || total === undefined || !ifRangeHolds(request["if-range"], headers, nowMs)) return { status, headers: sized };
  const ranges = parseRanges(range, total);
  if (ranges === undefined || ranges.length > RANGES || (ranges.length > 1 && !ascending(ranges))) return { status, headers: sized };
  if (ranges.length === 0) return { status: 416, headers: [...withoutHeaders(headers, OF_BODY), "Content-Range", `bytes */${total}`, "Content-Length", "0"] };
  const bare = withoutHeaders(headers, LENGTH);
  if (ranges.length > 1) {
    const type = headerOf(headers, "content-type");
    const length = ranges.reduce((sum, one) => sum + partHead(one, total, type).length + one.end - one.start + 1, 0) + PART_END.length;
    return { status: 206, headers: [...withoutHeaders(bare, new Set(["content-type"])), "Content-Type", `multipart/byteranges; boundary=${BOUNDARY}`, "Content-Length", String(length)], ranges };
  }
  const { start, end } = ranges[0]!;
  return { status: 206, headers: [...bare, "Content-Range", `bytes ${start}-${end}/${total}`, "Content-Length", String(end - start + 1)], ranges };
}

/** Overlapping or disordered ranges cost more than the whole (RFC 9110, section 14.2). */
function ascending(ranges: readonly ByteRange[]): boolean {
  return ranges.every(({ start }, index) => index === 0 || start > ranges[index - 1]!.end);
}

const BOUNDARY = "CloudFront:3D6B6A416F9B5";
const PART_END = `\r\n--${BOUNDARY}--\r\n`;

function partHead({ start, end }: ByteRange, total: number, type: string | undefined): string {
  return `\r\n--${BOUNDARY}\r\n${type === undefined ? "" : `Content-Type: ${type}\r\n`}Content-Range: bytes ${start}-${end}/${total}\r\n\r\n`;
}

async function sendEntry({ response }: Viewer, entry: Entry, ranges: readonly ByteRange[] | undefined): Promise<void> {
  if (ranges === undefined || ranges.length === 1) return copyTo(entry, response, ranges?.[0]);
  for (const range of ranges) {
    response.write(partHead(range, totalOf(entry)!, headerOf(entry.headers, "content-type")));
    await copyTo(entry, response, range);
  }
  response.write(PART_END);
}

function finalHeaders(viewer: Viewer, reply: Reply, headers: readonly string[]): HeaderList {
  const final = withoutHeaders(headers, OURS);
  if (reply.age !== undefined) final.push("Age", String(reply.age));
  const via = `${viewer.httpVersion} ${viewer.distribution.domainName} (CloudFront)`;
  final.push(
    "X-Cache", `${reply.result} from cloudfront`,
    "Via", [...headerLines(headers, "via"), via].join(", "),
    "X-Amz-Cf-Pop", viewer.network.pop,
    "X-Amz-Cf-Id", viewer.id,
  );
  return final;
}
