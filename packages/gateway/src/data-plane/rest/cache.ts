import type { GatewayResponse } from "../../domain/http-message.ts";
import { header } from "../../domain/http-message.ts";
import { methodArn, trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import type { RestIntegration } from "./compile.ts";
import { GatewayError } from "./errors.ts";
import { methodSetting, ownSetting } from "./limits.ts";
import { mappingSource } from "./source.ts";

/** AWS's limit on what a stage's cache keeps of one response. */
const MAX_ENTRY = 1024 * 1024;
/** Memory of all caches of an account and region: AWS's smallest cluster has 0.5 GB, which one machine would rather not give. */
const MAX_BYTES = 64 * 1024 * 1024;

interface Entry {
  response: GatewayResponse;
  bytes: number;
  expiresMs: number;
}

/** Responses kept by stages: bounded in bytes, the longest unused go first. */
export class ResponseCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  get(key: string, nowMs: number): GatewayResponse | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.remove(key, entry);
    if (entry.expiresMs <= nowMs) return undefined;
    this.add(key, entry);
    return entry.response;
  }

  set(key: string, response: GatewayResponse, expiresMs: number): void {
    const bytes = Buffer.byteLength(response.body) + key.length + 512;
    if (bytes > MAX_ENTRY) return;
    const before = this.entries.get(key);
    if (before !== undefined) this.remove(key, before);
    this.add(key, { response, bytes, expiresMs });
    for (const [oldest, entry] of this.entries) {
      if (this.bytes <= MAX_BYTES) break;
      this.remove(oldest, entry);
    }
  }

  /** Forgets all that a stage keeps. */
  flush(apiId: string, stage: string): void {
    const prefix = `${apiId}/${stage}/`;
    for (const [key, entry] of [...this.entries]) if (key.startsWith(prefix)) this.remove(key, entry);
  }

  private add(key: string, entry: Entry): void {
    this.entries.set(key, entry);
    this.bytes += entry.bytes;
  }

  private remove(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }
}

/** Answers from the stage's cache, or by `answer`, whose response is then kept for as long as the method's settings say. */
export async function throughCache(call: RestCall, integration: RestIntegration, answer: () => Promise<GatewayResponse>): Promise<GatewayResponse> {
  const { stage, ctx } = call;
  if (stage.cacheClusterEnabled !== true || (call.canary && stage.canarySettings?.useStageCache !== true)) return answer();
  const setting = methodSetting(call);
  // What is set for all methods is meant for GET alone; others are cached where they say so themselves.
  const enabled = call.request.method === "GET" ? setting.cachingEnabled : ownSetting(call)?.cachingEnabled;
  const ttl = setting.cacheTtlInSeconds ?? 300;
  if (enabled !== true || ttl <= 0) return answer();
  const key = cacheKey(call, integration);
  const now = ctx.clock.now();
  const cache = ctx.store.state.responses;
  const refresh = wantsFresh(call) && mayInvalidate(call, setting);
  const kept = refresh ? undefined : cache.get(key, now);
  call.facts["cacheHit"] = kept !== undefined;
  if (kept !== undefined) {
    trace(call, "Returned a response from the stage's cache");
    return kept;
  }
  const response = await answer();
  if (response.status >= 200 && response.status < 300) cache.set(key, response, ctx.clock.now() + ttl * 1000);
  return response;
}

/** A response is kept under the integration's name space and the values of its key parameters, and nothing else. */
function cacheKey(call: RestCall, { integration, cacheKey: readers }: RestIntegration): string {
  const source = mappingSource(call);
  return `${call.apiId}/${call.stage.stageName}/${integration.cacheNamespace ?? call.method!.resource.id}/${call.request.method}/${JSON.stringify(readers.map((read) => read(source)))}`;
}

/** `Cache-Control: max-age=0` asks for a fresh response. */
const wantsFresh = (call: RestCall): boolean => /(?:^|,)\s*max-age\s*=\s*0\s*(?:,|$)/i.test(header(call.request.headers, "cache-control") ?? "");

/** Whether the caller may have the cache passed by; without permission the stage says what becomes of the request. */
function mayInvalidate(call: RestCall, setting: ReturnType<typeof methodSetting>): boolean {
  if (setting.requireAuthorizationForCacheControl === false) return true;
  const { ctx, caller } = call;
  if (caller !== undefined && (ctx.config.authorization === "off" || ctx.access.decide({ action: "execute-api:InvalidateCache", resource: methodArn(call), owner: ctx.account, principal: caller }).allowed)) return true;
  switch (setting.unauthorizedCacheControlHeaderStrategy) {
    case "FAIL_WITH_403":
      throw new GatewayError("ACCESS_DENIED", "User is not authorized to access this resource");
    case "SUCCEED_WITHOUT_RESPONSE_HEADER":
      return false;
    default:
      call.extraHeaders.push(["Warning", "199 Cache-control headers were ignored because the caller was unauthorized."]);
      return false;
  }
}
