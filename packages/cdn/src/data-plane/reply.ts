import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { notModified, ifRangeHolds } from "../domain/cache/conditional.ts";
import { parseRanges } from "../domain/cache/range.ts";
import { headerLines, headerOf, withoutHeaders, type HeaderList } from "../domain/headers.ts";
import { Body } from "./body.ts";
import type { Entry } from "./cache.ts";
import { errorPage } from "./error-page.ts";
import type { Viewer } from "./viewer.ts";

/** What `X-Cache` says before " from cloudfront". */
export type CacheResult = "Hit" | "Miss" | "RefreshHit" | "Error" | "Redirect" | "LimitExceeded" | "FunctionGeneratedResponse" | "LambdaGeneratedResponse";

/** An answer before it is written. */
export interface Reply {
  status: number;
  headers: HeaderList;
  /** A stream is read once; a `Body` may be shared with others. */
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
const OURS: ReadonlySet<string> = new Set(["age", "x-cache", "via", "x-amz-cf-pop", "x-amz-cf-id", "cdn-cache-control"]);
/** Fields that a 304 leaves out: it describes no body. */
const OF_BODY: ReadonlySet<string> = new Set(["content-length", "content-encoding", "content-type", "content-range", "content-language"]);

/** Writes an answer. A body that breaks off cuts the connection, so that nobody takes a part for the whole. */
export async function send(viewer: Viewer, reply: Reply): Promise<void> {
  const { response, headers: request, method } = viewer;
  let { status, headers, body } = reply;
  let range: { start: number; end: number } | undefined;
  if (reply.entry !== undefined && status === 200 && (method === "GET" || method === "HEAD")) {
    const nowMs = viewer.ctx.clock.now();
    if (notModified(request, headers, nowMs)) {
      if (body !== undefined && !(body instanceof Body)) body.destroy();
      status = 304;
      headers = withoutHeaders(headers, OF_BODY);
      body = undefined;
    } else if (request["range"] !== undefined && method === "GET" && ifRangeHolds(request["if-range"], headers, nowMs)) {
      const size = sizeOf(reply);
      const ranges = size === undefined ? undefined : parseRanges(request["range"], size);
      if (ranges?.length === 0) {
        reply = errorReply(viewer, 416, "");
        ({ status, headers, body } = reply);
        headers = [...headers, "Content-Range", `bytes */${size}`];
      } else if (ranges?.length === 1) {
        range = ranges[0]!;
        status = 206;
        headers = [...withoutHeaders(headers, new Set(["content-length"])), "Content-Range", `bytes ${range.start}-${range.end}/${size}`, "Content-Length", String(range.end - range.start + 1)];
      }
    }
  }
  response.writeHead(status, finalHeaders(viewer, reply, headers, status, body));
  if (body === undefined || method === "HEAD" || status === 304 || status === 204) {
    if (body !== undefined && !(body instanceof Body)) body.destroy();
    response.end();
    return;
  }
  try {
    if (!(body instanceof Body)) return await pipeline(body, response);
    await body.copyTo(response, range?.start, range?.end);
    response.end();
  } catch (error) {
    if (!response.req.socket.destroyed) viewer.ctx.log.warn("a body broke off", { distribution: viewer.distribution.id, path: viewer.path, reason: (error as Error).message });
    response.destroy();
  }
}

function sizeOf({ body, headers }: Reply): number | undefined {
  if (body instanceof Body && body.complete) return body.length;
  const length = headerOf(headers, "content-length");
  return length === undefined ? undefined : Number(length);
}

function finalHeaders(viewer: Viewer, reply: Reply, headers: HeaderList, status: number, body: Reply["body"]): HeaderList {
  const final = withoutHeaders(headers, OURS);
  if (body instanceof Body && body.complete && status === reply.status && headerOf(final, "content-length") === undefined) final.push("Content-Length", String(body.length));
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
