import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Context } from "@cumulet/core";
import type { RequestHeaders } from "../domain/headers.ts";
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
}

/** Alphabet of CloudFront's request ids. */
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Reads what a viewer sent. */
export function viewerOf(ctx: Context<CdnStore>, network: Network, distribution: Distribution, request: IncomingMessage, response: ServerResponse, path: string, query: string): Viewer {
  const headers: RequestHeaders = {};
  for (const name in request.headers) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ");
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
  };
}
