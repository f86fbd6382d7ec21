import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import type { Origin } from "@cumulet/protocol/models/cloudfront.d.ts";
import type { Behavior } from "../domain/behavior.ts";
import { normalizedEncoding } from "../domain/cache/key.ts";
import { originHeaders } from "../domain/origin-headers.ts";
import { selectQuery } from "../domain/selection.ts";
import type { OriginResponse } from "./origin.ts";
import type { Viewer } from "./viewer.ts";

/** A viewer's request under a behaviour, as the origin side needs it. */
export interface Ask {
  viewer: Viewer;
  behavior: Behavior;
  /** Normalised; empty when the origin shall not compress. */
  acceptEncoding: string;
  origin: Origin;
}

/** Chooses the origin and the encodings for a request. */
export function askOf(viewer: Viewer, behavior: Behavior): Ask {
  const { origins, config } = viewer.distribution;
  const group = config.OriginGroups?.Items?.find(({ Id }) => Id === behavior.targetOriginId);
  return {
    viewer,
    behavior,
    acceptEncoding: normalizedEncoding(viewer.headers["accept-encoding"], behavior.gzip, behavior.brotli),
    origin: origins.get(group?.Members.Items[0]?.OriginId ?? behavior.targetOriginId)!,
  };
}

/**
 * Sends a request to its origin. `signal` gives it up with the viewer; without one it goes on for others.
 * @throws OriginFailure
 */
export function forward({ viewer, behavior, acceptEncoding, origin }: Ask, signal: AbortSignal | undefined): Promise<OriginResponse> {
  const { network, ctx, request } = viewer;
  const query = selectQuery(viewer.query, behavior.forward.queries);
  const host = network.parseHost(origin.DomainName);
  const ours = host.aws || (host.base !== undefined && host.service !== undefined);
  return network.origins.fetch({
    method: viewer.method,
    authority: ours ? ctx.config.endpoint : authorityOf(origin, viewer.https),
    target: `${origin.OriginPath ?? ""}${viewer.path}${query === "" ? "" : `?${query}`}`,
    headers: originHeaders({
      behavior, method: viewer.method, headers: viewer.headers, originHost: origin.DomainName, acceptEncoding, viewerIp: viewer.ip,
      requestId: viewer.id, domainName: viewer.distribution.domainName, httpVersion: viewer.httpVersion, custom: origin.CustomHeaders?.Items ?? [],
    }),
    body: viewer.method === "GET" || viewer.method === "HEAD" ? undefined : bodyOf(request),
    connectTimeout: origin.ConnectionTimeout ?? 10,
    connectAttempts: origin.ConnectionAttempts ?? 3,
    readTimeout: origin.CustomOriginConfig?.OriginReadTimeout ?? origin.S3OriginConfig?.OriginReadTimeout ?? 30,
    signal,
    onInformation: (status, headers) => passInformation(viewer, status, headers),
  });
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
