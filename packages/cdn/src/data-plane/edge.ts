import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import type { Context, Exchange } from "@cumulet/core";
import type { Origin } from "@cumulet/protocol/models/cloudfront.d.ts";
import type { Behavior } from "../domain/behavior.ts";
import { freshened } from "../domain/cache/conditional.ts";
import { storageOf, type TtlRules } from "../domain/cache/freshness.ts";
import { cacheKey, normalizedEncoding } from "../domain/cache/key.ts";
import { selectingFields, selectsSame } from "../domain/cache/vary.ts";
import { endToEnd, headerOf } from "../domain/headers.ts";
import { originHeaders } from "../domain/origin-headers.ts";
import { selectQuery, selects } from "../domain/selection.ts";
import type { CdnStore } from "../store.ts";
import { Body, TruncatedBody } from "./body.ts";
import type { Entry, Slot } from "./cache.ts";
import { distributionOf } from "./distribution.ts";
import { networkOf } from "./network.ts";
import { OriginFailure, type OriginResponse } from "./origin.ts";
import type { Match } from "./plane.ts";
import { errorReply, send, type CacheResult, type Reply } from "./reply.ts";
import { viewerOf, type Viewer } from "./viewer.ts";

/** Answers a viewer. */
export async function serve(ctx: Context<CdnStore>, { request, response, address }: Exchange, match: Match): Promise<void> {
  const network = networkOf(ctx.config);
  const distribution = distributionOf(ctx.store, match.distribution, ctx.config.domains[0] ?? "localhost");
  if (distribution === undefined) {
    response.writeHead(404, ["Content-Length", "0", "X-Cache", "Error from cloudfront"]).end();
    return;
  }
  const viewer = viewerOf(ctx, network, distribution, request, response, match.path, address.query);
  await send(viewer, await answer(viewer));
}

async function answer(viewer: Viewer): Promise<Reply> {
  const { distribution } = viewer;
  if (!distribution.config.Enabled) return errorReply(viewer, 403, "The distribution is disabled.");
  if (viewer.path === "/" && distribution.config.DefaultRootObject !== "") viewer.path = `/${distribution.config.DefaultRootObject}`;
  const behavior = distribution.behavior(viewer.path);
  if (!behavior.allowedMethods.has(viewer.method)) {
    const only = behavior.allowedMethods.size === 2 ? "The distribution supports only cachable requests." : "";
    return errorReply(viewer, 403, `This distribution is not configured to allow the HTTP request method that was used for this request. ${only}`);
  }
  return customised(viewer, await obtain(viewer, behavior));
}

/** A custom error page in the place of an origin's error, where the distribution has one. */
async function customised(viewer: Viewer, reply: Reply): Promise<Reply> {
  if (reply.status < 400) return reply;
  const custom = viewer.distribution.config.CustomErrorResponses?.Items?.find(({ ErrorCode }) => ErrorCode === reply.status);
  if (custom?.ResponsePagePath === undefined || custom.ResponsePagePath === "") return reply;
  const [path = "/", query = ""] = custom.ResponsePagePath.split("?", 2);
  const page = await obtain({ ...viewer, method: viewer.method === "HEAD" ? "HEAD" : "GET", path, query }, viewer.distribution.behavior(path));
  // A page that cannot be had itself leaves the viewer with the error that it had.
  if (page.status >= 400) return reply;
  if (reply.body !== undefined && !(reply.body instanceof Body)) reply.body.destroy();
  const status = custom.ResponseCode === undefined || custom.ResponseCode === "" ? reply.status : Number(custom.ResponseCode);
  return { ...page, status, entry: undefined, result: "Error" };
}

/** An answer from the cache or the origin, by a behaviour. */
function obtain(viewer: Viewer, behavior: Behavior): Promise<Reply> {
  const cacheable = behavior.cachedMethods.has(viewer.method) && behavior.maxTtl > 0;
  return cacheable ? fromCache(viewer, behavior) : fromOrigin(viewer, behavior);
}

interface Ask {
  viewer: Viewer;
  behavior: Behavior;
  acceptEncoding: string;
  origin: Origin;
}

function ask(viewer: Viewer, behavior: Behavior): Ask {
  const acceptEncoding = normalizedEncoding(viewer.headers["accept-encoding"], behavior.gzip, behavior.brotli);
  const { origins, config } = viewer.distribution;
  const group = config.OriginGroups?.Items?.find(({ Id }) => Id === behavior.targetOriginId);
  const origin = origins.get(group?.Members.Items[0]?.OriginId ?? behavior.targetOriginId)!;
  return { viewer, behavior, acceptEncoding, origin };
}

/** Straight through: nothing is looked up, nothing kept. */
async function fromOrigin(viewer: Viewer, behavior: Behavior): Promise<Reply> {
  try {
    const { status, headers, body } = await dispatch(ask(viewer, behavior), viewer.ctx.signal);
    return { status, headers: endToEnd(headers), body, result: status >= 400 ? "Error" : "Miss", age: undefined, entry: undefined };
  } catch (error) {
    return failed(viewer, error);
  }
}

function failed(viewer: Viewer, error: unknown): Reply {
  if (!(error instanceof OriginFailure)) throw error;
  viewer.ctx.log.warn("an origin failed", { distribution: viewer.distribution.id, path: viewer.path, reason: error.message });
  return errorReply(viewer, error.status, error.message);
}

async function fromCache(viewer: Viewer, behavior: Behavior): Promise<Reply> {
  const { network: { cache }, ctx: { clock, account }, distribution, headers } = viewer;
  const asked = ask(viewer, behavior);
  const key = `${account}/${distribution.id}${cacheKey({ path: viewer.path, query: viewer.query, headers, acceptEncoding: asked.acceptEncoding, method: viewer.method }, behavior)}`;
  for (;;) {
    const selected = selectQuery(viewer.query, behavior.key.queries);
    const slot = cache.find(key) ?? cache.slot(key, account, distribution.id, selected === "" ? viewer.path : `${viewer.path}?${selected}`);
    const entry = slot.entries.find(({ selecting }) => selectsSame(selecting, headers));
    if (entry !== undefined) {
      const staleMs = ageMs(entry, clock.now()) - entry.storage.lifetimeMs;
      if (staleMs < 0 && !entry.storage.noCache) return stored(entry, "Hit", clock.now());
      if (staleMs < entry.storage.staleWhileRevalidateMs && !entry.storage.mustRevalidate) {
        if (slot.pending === undefined) refresh(asked, slot, entry);
        return stored(entry, "Hit", clock.now());
      }
    }
    // Everybody who wants what is being fetched waits for its head; what may not be shared, each then fetches alone.
    if (slot.pending !== undefined && viewer.method === "GET") {
      if (await slot.pending) continue;
      return fetched(asked, slot, entry, false);
    }
    return fetched(asked, slot, entry, viewer.method === "GET" && headers["range"] === undefined);
  }
}

function ageMs({ storage, responseMs }: Entry, nowMs: number): number {
  return storage.initialAgeMs + Math.max(0, nowMs - responseMs);
}

function stored(entry: Entry, result: CacheResult, nowMs: number): Reply {
  return {
    status: entry.status,
    headers: entry.headers,
    body: entry.body,
    result: entry.status >= 400 ? "Error" : result,
    age: Math.floor(ageMs(entry, nowMs) / 1000),
    entry,
  };
}

/** Confirms a stale answer in the background. */
function refresh(asked: Ask, slot: Slot, entry: Entry): void {
  const viewer = { ...asked.viewer, headers: withoutConditions(asked.viewer.headers) };
  fetched({ ...asked, viewer }, slot, entry, true).then(({ body }) => {
    if (body !== undefined && !(body instanceof Body)) body.destroy();
  }).catch((error: unknown) => viewer.ctx.log.error("a refresh failed", { stack: (error as Error).stack }));
}

const CONDITIONS = ["if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"];

function withoutConditions(headers: Viewer["headers"]): Viewer["headers"] {
  const rest = { ...headers };
  for (const name of CONDITIONS) delete rest[name];
  return rest;
}

/** Asks the origin, confirming `entry` where there is one, and keeps what may be kept. `leading`: others wait for this. */
async function fetched(asked: Ask, slot: Slot, entry: Entry | undefined, leading: boolean): Promise<Reply> {
  const { viewer, behavior } = asked;
  const { network: { cache }, ctx } = viewer;
  const head = leading ? Promise.withResolvers<boolean>() : undefined;
  if (head !== undefined) slot.pending = head.promise;
  let shared = false;
  try {
    const requestMs = ctx.clock.now();
    const validators = entry === undefined ? {} : validatorsOf(entry);
    const headers = entry === undefined ? viewer.headers : { ...withoutConditions(viewer.headers), ...validators };
    const response = await dispatch({ ...asked, viewer: { ...viewer, headers } }, leading ? undefined : ctx.signal);
    const answer = { status: response.status, headers: dated(endToEnd(response.headers), ctx.clock.now()), requestMs, responseMs: ctx.clock.now() };
    const rules = rulesOf(viewer, behavior);
    const authorized = viewer.headers["authorization"] !== undefined && !selects(behavior.key.headers, "authorization");
    if (entry !== undefined && answer.status === 304) {
      response.body.resume();
      const merged = freshened(entry.headers, answer.headers);
      const storage = storageOf({ ...answer, status: entry.status, headers: merged }, authorized, rules);
      const confirmed: Entry = { ...entry, headers: merged, storage, responseMs: answer.responseMs };
      if (storage.store) cache.put(slot, confirmed, viewer.headers);
      else cache.remove(slot, entry);
      shared = storage.store;
      return stored(confirmed, "RefreshHit", ctx.clock.now());
    }
    if (entry !== undefined && answer.status >= 500 && mayServeStale(entry, ctx.clock.now(), rules)) {
      response.body.resume();
      return stored(entry, "Hit", ctx.clock.now());
    }
    const storage = storageOf(answer, authorized, rules);
    const length = Number(headerOf(answer.headers, "content-length") ?? 0);
    if (viewer.method === "HEAD" || answer.status === 206 || answer.status === 304 || !storage.store || length > cache.limits.objectBytes) {
      if (entry !== undefined && answer.status !== 304 && viewer.method !== "HEAD") cache.remove(slot, entry);
      return { status: answer.status, headers: answer.headers, body: response.body, result: answer.status >= 400 ? "Error" : "Miss", age: undefined, entry: undefined };
    }
    const fresh: Entry = { ...answer, storage, selecting: selectingFields(answer.headers, viewer.headers), body: new Body() };
    cache.put(slot, fresh, viewer.headers);
    shared = true;
    void fill(viewer, slot, fresh, response);
    return { ...stored(fresh, "Miss", ctx.clock.now()), age: undefined };
  } catch (error) {
    if (entry !== undefined && error instanceof OriginFailure && mayServeStale(entry, ctx.clock.now(), rulesOf(viewer, behavior))) return stored(entry, "Hit", ctx.clock.now());
    return failed(viewer, error);
  } finally {
    if (head !== undefined) {
      slot.pending = undefined;
      head.resolve(shared);
    }
    cache.release(slot);
  }
}

/** Reads a body into its entry. One that breaks off is nobody's answer any more. */
async function fill(viewer: Viewer, slot: Slot, entry: Entry, { body: source }: OriginResponse): Promise<void> {
  const { cache } = viewer.network;
  const { body, headers } = entry;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const room = body.append(chunk);
      if (room !== undefined) await room;
      if (body.length > cache.limits.objectBytes && body.readers >= 0 && slot.entries.includes(entry)) {
        cache.remove(slot, entry);
        body.detach();
      }
    }
    const told = headerOf(headers, "content-length");
    if (told !== undefined && Number(told) !== body.length) throw new TruncatedBody(`The origin sent ${body.length} bytes of ${told}.`);
    body.end();
    cache.measure(slot);
  } catch (error) {
    body.fail(new TruncatedBody((error as Error).message, { cause: error }));
    cache.remove(slot, entry);
  }
}

function validatorsOf({ headers }: Entry): { [name: string]: string } {
  const validators: { [name: string]: string } = {};
  const etag = headerOf(headers, "etag");
  const modified = headerOf(headers, "last-modified");
  if (etag !== undefined) validators["if-none-match"] = etag;
  if (modified !== undefined) validators["if-modified-since"] = modified;
  return validators;
}

/** A recipient with a clock dates what came without a date. */
function dated(headers: string[], nowMs: number): string[] {
  if (headerOf(headers, "date") === undefined) headers.push("Date", new Date(nowMs).toUTCString());
  return headers;
}

function rulesOf(viewer: Viewer, behavior: Behavior): TtlRules {
  const { ctx, distribution } = viewer;
  return {
    semantics: ctx.config.settings["cdn.cache_semantics"] === "rfc" ? "rfc" : "cloudfront",
    minTtl: behavior.minTtl,
    defaultTtl: behavior.defaultTtl,
    maxTtl: behavior.maxTtl,
    errorTtl: distribution.errorTtl,
  };
}

/** Whether an origin's failure may be covered with what is stored. CloudFront does so for as long as it has it, unless told otherwise. */
function mayServeStale(entry: Entry, nowMs: number, { semantics }: TtlRules): boolean {
  if (entry.storage.mustRevalidate) return false;
  const staleMs = ageMs(entry, nowMs) - entry.storage.lifetimeMs;
  return entry.storage.staleIfErrorMs === undefined ? semantics === "cloudfront" : staleMs <= entry.storage.staleIfErrorMs;
}

function dispatch({ viewer, behavior, acceptEncoding, origin }: Ask, signal: AbortSignal | undefined): Promise<OriginResponse> {
  const { network, ctx, request } = viewer;
  const query = selectQuery(viewer.query, behavior.forward.queries);
  const host = network.parseHost(origin.DomainName);
  const ours = host.aws || (host.base !== undefined && host.service !== undefined);
  const bodied = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  return network.origins.fetch({
    method: viewer.method,
    authority: ours ? ctx.config.endpoint : authorityOf(origin, viewer.https),
    target: `${origin.OriginPath ?? ""}${viewer.path}${query === "" ? "" : `?${query}`}`,
    headers: originHeaders({
      behavior, method: viewer.method, headers: viewer.headers, originHost: origin.DomainName, acceptEncoding, viewerIp: viewer.ip,
      requestId: viewer.id, domainName: viewer.distribution.domainName, httpVersion: viewer.httpVersion, custom: origin.CustomHeaders?.Items ?? [],
    }),
    body: bodied && viewer.method !== "GET" && viewer.method !== "HEAD" ? bodyOf(request) : undefined,
    connectTimeout: origin.ConnectionTimeout ?? 10,
    connectAttempts: origin.ConnectionAttempts ?? 3,
    readTimeout: origin.CustomOriginConfig?.OriginReadTimeout ?? 30,
    signal,
  });
}

/** The request's body, apart from the request: an origin that fails must not take the viewer's connection with it. */
function bodyOf(request: IncomingMessage): Readable {
  const body = new PassThrough();
  request.on("close", () => {
    if (!request.complete) body.destroy(new Error("The viewer went away."));
  });
  return request.pipe(body);
}

function authorityOf({ DomainName, CustomOriginConfig: custom }: Origin, https: boolean): string {
  if (custom === undefined) return `http://${DomainName}:80`;
  const secure = custom.OriginProtocolPolicy === "https-only" || (custom.OriginProtocolPolicy === "match-viewer" && https);
  return secure ? `https://${DomainName}:${custom.HTTPSPort}` : `http://${DomainName}:${custom.HTTPPort}`;
}
