import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import type { Origin } from "@cumulet/protocol/models/cloudfront.d.ts";
import type { Behavior } from "../domain/behavior.ts";
import { normalizedEncoding } from "../domain/cache/key.ts";
import { originHeaders } from "../domain/origin-headers.ts";
import { selectQuery } from "../domain/selection.ts";
import type { ReadyOrigin } from "./distribution.ts";
import { OriginFailure, type OriginResponse } from "./origin.ts";
import { signatureHeaders } from "./origin-access.ts";
import type { Viewer } from "./viewer.ts";

/** A viewer's request under a behaviour, as the origin side needs it. */
export interface Ask {
  viewer: Viewer;
  behavior: Behavior;
  /** Normalised; empty when the origin shall not compress. */
  acceptEncoding: string;
}

/** Prepares a request for its origin. */
export function askOf(viewer: Viewer, behavior: Behavior): Ask {
  return { viewer, behavior, acceptEncoding: normalizedEncoding(viewer.headers["accept-encoding"], behavior.gzip, behavior.brotli) };
}

/** Methods for which an origin group tries its second origin. */
const FAILOVER_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Sends a request to its origin, or to those of its group in turn. `signal` gives it up with the viewer; without one it goes on for others.
 * @throws OriginFailure
 */
export async function forward(ask: Ask, signal: AbortSignal | undefined): Promise<OriginResponse> {
  const { distribution: { origins, groups }, method } = ask.viewer;
  const { targetOriginId } = ask.behavior;
  const group = groups.get(targetOriginId);
  if (group === undefined) return ask1(ask, origins.get(targetOriginId)!, signal);
  const [first, second] = group.Members.Items.map(({ OriginId }) => origins.get(OriginId)!);
  if (!FAILOVER_METHODS.has(method)) return ask1(ask, first!, signal);
  const codes = group.FailoverCriteria.StatusCodes.Items;
  try {
    const response = await ask1(ask, first!, signal);
    if (!codes.includes(response.status)) return response;
    response.body.destroy();
  } catch (error) {
    // An origin that cannot be reached, or is too slow, counts as the status that its failure would have given.
    if (!(error instanceof OriginFailure) || signal?.aborted === true || !(codes.includes(error.status) || codes.includes(503))) throw error;
  }
  return ask1(ask, second!, signal);
}

function ask1({ viewer, behavior, acceptEncoding }: Ask, { config: origin, access, identity }: ReadyOrigin, signal: AbortSignal | undefined): Promise<OriginResponse> {
  const { network, ctx, request, method } = viewer;
  const query = selectQuery(viewer.query, behavior.forward.queries);
  const parsed = network.parseHost(origin.DomainName);
  const ours = parsed.aws || (parsed.base !== undefined && parsed.service !== undefined);
  const target = `${origin.OriginPath ?? ""}${viewer.path}${query === "" ? "" : `?${query}`}`;
  const headers = originHeaders({
    behavior, method, headers: viewer.headers, originHost: origin.DomainName, acceptEncoding, viewerIp: viewer.ip,
    requestId: viewer.id, domainName: viewer.distribution.domainName, httpVersion: viewer.httpVersion, custom: origin.CustomHeaders?.Items ?? [],
  });
  const signing = access?.SigningBehavior;
  const signer = signing === "always" || signing === "no-override" ? { distribution: viewer.distribution.id } : identity === undefined ? undefined : { identity };
  return network.origins.fetch({
    method,
    authority: ours ? ctx.config.endpoint : authorityOf(origin, viewer.https),
    target,
    headers: ours && signer !== undefined ? signed(headers, signing === "no-override", { names: ctx.names, nowMs: ctx.clock.now(), method, target, host: origin.DomainName, parsed, signer }) : headers,
    body: method === "GET" || method === "HEAD" ? undefined : bodyOf(request),
    connectTimeout: origin.ConnectionTimeout ?? 10,
    connectAttempts: origin.ConnectionAttempts ?? 3,
    readTimeout: origin.CustomOriginConfig?.OriginReadTimeout ?? origin.S3OriginConfig?.OriginReadTimeout ?? 30,
    signal,
    onInformation: (status, fields) => passInformation(viewer, status, fields),
  });
}

/** Headers with CloudFront's signature in the place of the viewer's, unless the viewer's goes first. The host is the origin's: it is signed. */
function signed(headers: string[], viewerFirst: boolean, signable: Parameters<typeof signatureHeaders>[0]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    if (name === "authorization") {
      if (viewerFirst) return headers;
      continue;
    }
    kept.push(headers[i]!, name === "host" ? signable.host : headers[i + 1]!);
  }
  return [...kept, ...signatureHeaders(signable)];
}

/** The request's body, apart from the request: an origin that fails must not take the viewer's connection with it. */
function bodyOf(request: IncomingMessage): Readable | undefined {
  if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined) return undefined;
  const body = new PassThrough();
  request.on("close", () => {
    if (!request.complete) body.destroy(new Error("The viewer went away."));
  });
  return request.pipe(body);
}

/** Interim answers go through to the viewer who waits; they are never kept. */
function passInformation({ response }: Viewer, status: number, headers: OutgoingHttpHeaders): void {
  if (response.headersSent || response.destroyed) return;
  if (status === 102) response.writeProcessing();
  else if (status === 103 && headers["link"] !== undefined) response.writeEarlyHints(headers as Record<string, string | string[]>);
}

function authorityOf({ DomainName, CustomOriginConfig: custom }: Origin, https: boolean): string {
  if (custom === undefined) return `http://${DomainName}:80`;
  const secure = custom.OriginProtocolPolicy === "https-only" || (custom.OriginProtocolPolicy === "match-viewer" && https);
  return secure ? `https://${DomainName}:${custom.HTTPSPort}` : `http://${DomainName}:${custom.HTTPPort}`;
}
