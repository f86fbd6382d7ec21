import { pipeline, Readable } from "node:stream";
import { constants, createBrotliCompress, createGzip } from "node:zlib";
import type { Behavior } from "../domain/behavior.ts";
import { freshened, isStrong } from "../domain/cache/conditional.ts";
import { storageOf, type OriginAnswer, type TtlRules } from "../domain/cache/freshness.ts";
import { cacheKey } from "../domain/cache/key.ts";
import { parseContentRange, parseRanges } from "../domain/cache/range.ts";
import { selectingFields, selectsSame, type Selecting } from "../domain/cache/vary.ts";
import { codingFor, compressedHeaders } from "../domain/compression.ts";
import { endToEnd, headerOf, setHeader, withoutHeaders, type RequestHeaders } from "../domain/headers.ts";
import { selectQuery, selects } from "../domain/selection.ts";
import { Body, TruncatedBody } from "./cache/body.ts";
import type { Slot } from "./cache/cache.ts";
import { ageMs, covers, tidy, totalOf, wholeEntry, type Entry, type Part } from "./cache/entry.ts";
import { semanticsOf } from "./distribution.ts";
import { askOf, forward, type Ask } from "./forward.ts";
import { OriginFailure, type OriginResponse } from "./origin.ts";
import { errorReply, type CacheResult, type Reply } from "./reply.ts";
import type { Viewer } from "./viewer.ts";

/** An answer from the cache or the origin, by a behaviour. */
export function obtain(viewer: Viewer, behavior: Behavior): Promise<Reply> {
  const cacheable = behavior.cachedMethods.has(viewer.method) && behavior.maxTtl > 0;
  return cacheable ? fromCache(viewer, behavior) : fromOrigin(viewer, behavior);
}

/** Straight through: nothing is looked up, nothing kept. */
async function fromOrigin(viewer: Viewer, behavior: Behavior): Promise<Reply> {
  try {
    const { status, headers, body } = await forward(askOf(viewer, behavior), viewer.ctx.signal);
    if (!SAFE.has(viewer.method) && status < 400 && semanticsOf(viewer.ctx.config) === "rfc") invalidate(viewer, headers);
    return { status, headers: endToEnd(headers), body, result: status >= 400 ? "Error" : "Miss", age: undefined, entry: undefined };
  } catch (error) {
    return failed(viewer, error);
  }
}

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** A change through the cache makes what is stored of its target, and of what the answer names, out of date (RFC 9111, section 4.4). */
function invalidate(viewer: Viewer, headers: readonly string[]): void {
  const paths = new Set([viewer.path]);
  for (const name of ["location", "content-location"]) {
    const value = headerOf(headers, name);
    if (value === undefined) continue;
    const host = viewer.headers["host"] ?? viewer.distribution.domainName;
    const base = `http://${host}${viewer.path}`;
    const url = URL.canParse(value, base) ? new URL(value, base) : undefined;
    if (url?.host === new URL(base).host) paths.add(url.pathname);
  }
  const { network, distribution, ctx } = viewer;
  network.cache.purge(ctx.account, distribution.id, (path) => {
    const mark = path.indexOf("?");
    return paths.has(mark < 0 ? path : path.slice(0, mark));
  });
}

function failed(viewer: Viewer, error: unknown): Reply {
  if (!(error instanceof OriginFailure)) throw error;
  viewer.ctx.log.warn("an origin failed", { distribution: viewer.distribution.id, path: viewer.path, reason: error.message });
  return errorReply(viewer, error.status, error.message);
}

async function fromCache(viewer: Viewer, behavior: Behavior): Promise<Reply> {
  const { network: { cache }, ctx: { clock, account }, distribution, headers, method } = viewer;
  const asked = askOf(viewer, behavior);
  const key = `${account}/${distribution.id}${cacheKey({ path: viewer.path, query: viewer.query, headers, acceptEncoding: asked.acceptEncoding, method }, behavior)}`;
  for (;;) {
    const slot = cache.slot(key, () => {
      const query = selectQuery(viewer.query, behavior.key.queries);
      return { account, distribution: distribution.id, path: query === "" ? viewer.path : `${viewer.path}?${query}` };
    });
    const entry = slot.entries.find(({ selecting }) => selectsSame(selecting, headers));
    let wanted: Wanted = "all";
    if (entry !== undefined) {
      const staleMs = ageMs(entry, clock.now()) - entry.storage.lifetimeMs;
      wanted = wantedOf(entry, headers, method);
      if (wanted === "held") {
        if (staleMs < 0 && !entry.storage.noCache) return stored(entry, "Hit", clock.now());
        if (staleMs < entry.storage.staleWhileRevalidateMs && !entry.storage.mustRevalidate) {
          if (slot.pending === undefined) refresh(asked, slot, entry);
          return stored(entry, "Hit", clock.now());
        }
      }
    }
    // Everybody who wants what is being fetched waits for its head; what may not be shared, each then fetches alone.
    if (slot.pending !== undefined && method !== "HEAD") {
      if (await slot.pending) continue;
      return fetched(asked, slot, undefined, false);
    }
    const leading = method !== "HEAD" && (headers["range"] === undefined || entry !== undefined);
    return fetched(asked, slot, wanted === "held" ? entry : undefined, leading, wanted === "more" ? entry : undefined);
  }
}

/** What of a stored answer a request needs: bytes that are there, more of them, or all. */
type Wanted = "held" | "more" | "all";

/** How far ahead of a body that still arrives a range may start and yet wait for it, bytes. */
const PATIENCE = 1024 * 1024;

function wantedOf(entry: Entry, headers: RequestHeaders, method: string): Wanted {
  const total = totalOf(entry);
  const range = headers["range"];
  if (entry.whole || method === "HEAD") {
    const { body } = entry.parts[0]!;
    if (body.complete || range === undefined || total === undefined || method === "HEAD") return "held";
    const ranges = parseRanges(range, total);
    return ranges?.length === 1 && ranges[0]!.start > body.length + PATIENCE ? "more" : "held";
  }
  if (range === undefined || total === undefined) return "all";
  const ranges = parseRanges(range, total);
  if (ranges === undefined) return "all";
  if (ranges.every((one) => covers(entry, one))) return "held";
  return ranges.length === 1 ? "more" : "all";
}

function stored(entry: Entry, result: CacheResult, nowMs: number): Reply {
  return {
    status: entry.status,
    headers: entry.headers,
    body: undefined,
    result: entry.status >= 400 ? "Error" : result,
    age: Math.floor(ageMs(entry, nowMs) / 1000),
    entry,
  };
}

/** Confirms a stale answer in the background. */
function refresh(asked: Ask, slot: Slot, entry: Entry): void {
  const viewer = { ...asked.viewer, method: "GET", headers: withoutConditions(asked.viewer.headers) };
  fetched({ ...asked, viewer }, slot, entry, true).then(({ body }) => {
    if (body !== undefined && !(body instanceof Body)) body.destroy();
  }).catch((error: unknown) => viewer.ctx.log.error("a refresh failed", { stack: (error as Error).stack }));
}

const CONDITIONS = ["if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"];

function withoutConditions(headers: RequestHeaders): RequestHeaders {
  const rest = { ...headers };
  for (const name of CONDITIONS) delete rest[name];
  return rest;
}

/**
 * Asks the origin and keeps what may be kept.
 * @param entry the stored answer to confirm
 * @param leading whether others wait for this
 * @param partial the stored answer that more bytes are wanted for
 */
async function fetched(asked: Ask, slot: Slot, entry: Entry | undefined, leading: boolean, partial?: Entry): Promise<Reply> {
  const { viewer, behavior } = asked;
  const { network: { cache }, ctx } = viewer;
  const head = leading ? Promise.withResolvers<boolean>() : undefined;
  if (head !== undefined) slot.pending = head.promise;
  let shared = false;
  try {
    const rules = rulesOf(viewer, behavior);
    const requestMs = ctx.clock.now();
    const response = await forward({ ...asked, viewer: { ...viewer, headers: conditioned(viewer.headers, entry, partial) } }, leading ? undefined : ctx.signal);
    const responseMs = ctx.clock.now();
    const answer: OriginAnswer = { status: response.status, headers: dated(endToEnd(response.headers), responseMs), requestMs, responseMs };
    const authorized = viewer.headers["authorization"] !== undefined && !selects(behavior.key.headers, "authorization");
    if (entry !== undefined && answer.status === 304) {
      response.body.resume();
      const confirmed = confirm(entry, answer, authorized, rules);
      shared = confirmed.storage.store;
      if (shared) cache.put(slot, confirmed, viewer.headers);
      else cache.remove(slot, entry);
      return stored(confirmed, "RefreshHit", responseMs);
    }
    if (entry !== undefined && answer.status >= 500 && mayServeStale(entry, responseMs, rules, false)) {
      response.body.resume();
      return stored(entry, "Hit", responseMs);
    }
    const storage = storageOf(answer, authorized, rules);
    const selecting = selectingOf(asked, answer, rules);
    const passed = (): Reply => ({ ...stored(wholeEntry({ ...answer, storage, selecting, body: new Body() }), "Miss", responseMs), body: response.body, age: ageOf(answer), entry: undefined });
    if (viewer.method === "HEAD" || answer.status === 304) return passed();
    if (answer.status === 206) return partOf(viewer, slot, { ...answer, storage, selecting }, response, partial) ?? passed();
    if (!storage.store || (lengthOf(answer) ?? 0) > cache.limits.objectBytes) {
      if (entry !== undefined && answer.status < 500) cache.remove(slot, entry);
      return passed();
    }
    const length = lengthOf(answer);
    const coding = behavior.compress ? codingFor(answer.status, answer.headers, asked.acceptEncoding) : undefined;
    const body = new Body();
    const fresh = {
      ...wholeEntry({ ...answer, headers: coding === undefined ? answer.headers : compressedHeaders(answer.headers, coding), storage, selecting, body }),
      total: coding === undefined ? length : undefined,
    };
    cache.put(slot, fresh, viewer.headers);
    shared = true;
    void fill(viewer, slot, fresh, { body, source: response.body, length, coding });
    return { ...stored(fresh, "Miss", responseMs), age: ageOf(answer) };
  } catch (error) {
    if (entry !== undefined && error instanceof OriginFailure && mayServeStale(entry, ctx.clock.now(), rulesOf(viewer, behavior), true)) return stored(entry, "Hit", ctx.clock.now());
    return failed(viewer, error);
  } finally {
    if (head !== undefined) {
      slot.pending = undefined;
      head.resolve(shared);
    }
    cache.release(slot);
  }
}

/** What of `Vary` counts: fields that the origin saw. `*` with a minimum TTL means nothing to CloudFront. */
function selectingOf({ behavior, viewer, acceptEncoding }: Ask, { headers }: OriginAnswer, { semantics, minTtl }: TtlRules): Selecting {
  const encodingInKey = acceptEncoding !== "" || behavior.gzip || behavior.brotli;
  const selecting = selectingFields(headers, viewer.headers, (name) => {
    if (name === "accept-encoding" && encodingInKey) return false;
    return name === "cookie" ? behavior.forward.cookies.mode !== "none" : selects(behavior.forward.headers, name);
  });
  return selecting === "*" && semantics === "cloudfront" && minTtl > 0 ? [] : selecting;
}

/** Conditions for the origin: of what is stored, in the place of the viewer's. */
function conditioned(headers: RequestHeaders, entry: Entry | undefined, partial: Entry | undefined): RequestHeaders {
  if (entry !== undefined) {
    const etag = headerOf(entry.headers, "etag");
    const modified = headerOf(entry.headers, "last-modified");
    return { ...withoutConditions(headers), ...(etag === undefined ? {} : { "if-none-match": etag }), ...(modified === undefined ? {} : { "if-modified-since": modified }) };
  }
  const etag = partial === undefined ? undefined : headerOf(partial.headers, "etag");
  if (!isStrong(etag) || headers["range"] === undefined) return headers;
  return { ...withoutConditions(headers), range: headers["range"], "if-range": etag! };
}

/** The stored answer after a 304. */
function confirm(entry: Entry, answer: OriginAnswer, authorized: boolean, rules: TtlRules): Entry {
  const headers = freshened(entry.headers, answer.headers);
  return { ...entry, headers, responseMs: answer.responseMs, storage: storageOf({ ...answer, status: entry.status, headers }, authorized, rules) };
}

/** Keeps a range, on its own or with the others of the same version. Undefined when it cannot be kept. */
function partOf(viewer: Viewer, slot: Slot, answer: OriginAnswer & Pick<Entry, "storage" | "selecting">, response: OriginResponse, partial: Entry | undefined): Reply | undefined {
  const { cache } = viewer.network;
  const range = parseContentRange(headerOf(answer.headers, "content-range"));
  if (!answer.storage.store || range?.total === undefined || range.end - range.start >= cache.limits.objectBytes) return undefined;
  const etag = headerOf(answer.headers, "etag");
  const same = partial !== undefined && isStrong(etag) && etag === headerOf(partial.headers, "etag") && partial.total === range.total && !partial.whole;
  const headers = withoutHeaders(answer.headers, new Set(["content-range", "content-length"]));
  setHeader(headers, "Content-Length", String(range.total));
  const body = new Body();
  const part: Part = { start: range.start, body };
  const entry: Entry = { status: 200, headers, storage: answer.storage, responseMs: answer.responseMs, selecting: answer.selecting, whole: false, total: range.total, parts: same ? partial.parts : [] };
  entry.parts = [...entry.parts, part].sort((one, other) => one.start - other.start);
  cache.put(slot, entry, viewer.headers);
  void fill(viewer, slot, entry, { body, source: response.body, length: range.end - range.start + 1, coding: undefined, done: () => tidy(entry) });
  return { status: 206, headers: answer.headers, body, result: "Miss", age: ageOf(answer), entry: undefined };
}

/** A body on its way from the origin into the cache. */
interface Filling {
  body: Body;
  source: Readable;
  /** Bytes that the origin announced. */
  length: number | undefined;
  coding: "br" | "gzip" | undefined;
  /** Called when all of it has come. */
  done?(): void;
}

/** Reads a body into its entry. One that breaks off, or is not as long as was said, is nobody's answer any more. */
async function fill(viewer: Viewer, slot: Slot, entry: Entry, { body, source, length, coding, done }: Filling): Promise<void> {
  const { cache } = viewer.network;
  try {
    for await (const chunk of coded(source, length, coding)) {
      const room = body.append(chunk);
      if (room !== undefined) await room;
      if (body.length > cache.limits.objectBytes && !body.detached) {
        cache.remove(slot, entry);
        body.detach();
      }
    }
    body.end();
    done?.();
    cache.measure(slot);
  } catch (error) {
    body.fail(new TruncatedBody((error as Error).message, { cause: error }));
    cache.remove(slot, entry);
  }
}

/** The origin's bytes, counted against what it announced, then compressed where the edge does so. */
function coded(source: Readable, length: number | undefined, coding: Filling["coding"]): AsyncIterable<Buffer> {
  const whole = counted(source, length);
  if (coding === undefined) return whole;
  // Level 5 of brotli costs about what gzip's default does.
  const coder = coding === "gzip" ? createGzip() : createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  return pipeline(Readable.from(whole), coder, () => undefined) as AsyncIterable<Buffer>;
}

async function* counted(source: Readable, length: number | undefined): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    yield chunk;
  }
  if (length !== undefined && length !== bytes) throw new TruncatedBody(`The origin sent ${bytes} bytes of ${length}.`);
}

function lengthOf({ headers }: OriginAnswer): number | undefined {
  const length = headerOf(headers, "content-length");
  return length === undefined ? undefined : Number(length);
}

/** `Age` of what comes from the origin: what caches before it say. */
function ageOf({ headers }: OriginAnswer): number | undefined {
  const age = headerOf(headers, "age");
  return age === undefined || !/^\d+$/.test(age) ? undefined : Number(age);
}

/** A recipient with a clock dates what came without a date. */
function dated(headers: string[], nowMs: number): string[] {
  if (headerOf(headers, "date") === undefined) headers.push("Date", new Date(nowMs).toUTCString());
  return headers;
}

function rulesOf(viewer: Viewer, behavior: Behavior): TtlRules {
  return {
    semantics: semanticsOf(viewer.ctx.config),
    minTtl: behavior.minTtl,
    defaultTtl: behavior.defaultTtl,
    maxTtl: behavior.maxTtl,
    errorTtl: viewer.distribution.errorTtl,
  };
}

/**
 * Whether an origin's failure may be covered with what is stored. CloudFront does so for as long as it has it, unless the
 * origin said otherwise; by the RFCs it takes `stale-if-error`, or an origin that cannot be reached at all.
 */
function mayServeStale(entry: Entry, nowMs: number, { semantics }: TtlRules, unreachable: boolean): boolean {
  if (entry.storage.mustRevalidate) return false;
  const staleMs = ageMs(entry, nowMs) - entry.storage.lifetimeMs;
  return entry.storage.staleIfErrorMs === undefined ? semantics === "cloudfront" || unreachable : staleMs <= entry.storage.staleIfErrorMs;
}
