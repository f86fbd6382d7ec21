import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Context } from "@cumulet/core";
import type { Behavior } from "../domain/behavior.ts";
import type { RequestHeaders } from "../domain/headers.ts";
import { isOwnHeader, viewerHeaders } from "../domain/viewer-headers.ts";
import type { CdnStore } from "../store.ts";
import type { Distribution } from "./distribution.ts";
import type { Network } from "./network.ts";

/** A viewer's request on its way through an edge. Path, query and headers may be rewritten by code at the edge. */
export interface Viewer {
  ctx: Context<CdnStore>;
  network: Network;
  distribution: Distribution;
  request: IncomingMessage;
  response: ServerResponse;
  /** `X-Amz-Cf-Id` of the answer and of the request to the origin. */
  id: string;
  method: string;
  path: string;
  query: string;
  headers: RequestHeaders;
  ip: string;
  https: boolean;
  /** `1.1` or `2.0`. */
  httpVersion: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
}

/** Tells the edge where a viewer is, for trying out what depends on it. */
const COUNTRY_HEADER = "x-cumulet-viewer-country";


/** Alphabet of CloudFront's request ids. */
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Reads what a viewer sent. */
export function viewerOf(ctx: Context<CdnStore>, network: Network, distribution: Distribution, request: IncomingMessage, response: ServerResponse, path: string, query: string): Viewer {
  const headers: RequestHeaders = {};
  for (const name in request.headers) {
    const value = request.headers[name];
    // What CloudFront says of a viewer nobody else may say.
    if (value !== undefined && !isOwnHeader(name)) headers[name] = typeof value === "string" ? value : value.join(", ");
  }
  return {
    ctx, network, distribution, request, response,
    id: `${ctx.ids.token(54, ID_ALPHABET)}==`,
    method: request.method ?? "GET",
    path,
    query,
    headers,
    ip: (request.socket.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/, ""),
    https: (request.socket as TLSSocket).encrypted === true,
    httpVersion: request.httpVersionMajor >= 2 ? "2.0" : "1.1",
    country: (headers[COUNTRY_HEADER] ?? ctx.config.settings["cdn.viewer_country"] ?? "US").toUpperCase().slice(0, 2),
  };
}

/** Gives a viewer's headers those of CloudFront's own that a behaviour asks for. */
export function addOwnHeaders(viewer: Viewer, { ownHeaders }: Behavior): void {
  if (ownHeaders.length === 0) return;
  const { ip, request, https, httpVersion, country, headers } = viewer;
  const socket = request.socket as TLSSocket;
  const own = viewerHeaders({
    ip, https, httpVersion, country,
    port: socket.remotePort ?? 0,
    tls: https ? `${socket.getProtocol() ?? ""}:${socket.getCipher().name}:fullHandshake` : undefined,
  }, headers);
  for (const name of ownHeaders) if (own[name] !== undefined) headers[name] = own[name];
}
