import type { Context, Exchange } from "@cumulet/core";
import { applyResponseHeaders } from "../domain/response-headers.ts";
import type { Behavior } from "../domain/behavior.ts";
import type { CdnStore } from "../store.ts";
import { Body } from "./cache/body.ts";
import { distributionOf } from "./distribution.ts";
import { refuseByBehavior, refuseByDistribution } from "./gate.ts";
import { obtain } from "./lookup.ts";
import { networkOf } from "./network.ts";
import type { Match } from "./plane.ts";
import { send, type Reply } from "./reply.ts";
import { stagingFor } from "./staging.ts";
import { addOwnHeaders, viewerOf, type Viewer } from "./viewer.ts";

/** Answers a viewer. */
export async function serve(ctx: Context<CdnStore>, { request, response, address }: Exchange, match: Match): Promise<void> {
  const network = networkOf(ctx.config);
  const distribution = distributionOf(ctx.store, match.distribution, ctx.config);
  if (distribution === undefined) {
    response.writeHead(404, ["Content-Length", "0", "X-Cache", "Error from cloudfront"]).end();
    return;
  }
  const viewer = viewerOf(ctx, network, distribution, request, response, match.path, address.query);
  if (distribution.deployment !== undefined) viewer.distribution = stagingFor(viewer, distribution.deployment) ?? distribution;
  await send(viewer, await answer(viewer));
}

async function answer(viewer: Viewer): Promise<Reply> {
  const { config } = viewer.distribution;
  if (viewer.path === "/" && config.DefaultRootObject !== "") viewer.path = `/${config.DefaultRootObject}`;
  const behavior = viewer.distribution.behavior(viewer.path);
  const reply = refuseByDistribution(viewer) ?? refuseByBehavior(viewer, behavior);
  if (reply !== undefined) return dressed(viewer, behavior, reply);
  addOwnHeaders(viewer, behavior);
  return dressed(viewer, behavior, await customised(viewer, await obtain(viewer, behavior)));
}

/** The behaviour's response headers policy, on whatever the viewer gets. */
function dressed(viewer: Viewer, { responseHeaders: policy }: Behavior, reply: Reply): Reply {
  if (policy === undefined) return reply;
  const headers = applyResponseHeaders({ headers: reply.headers, request: viewer.headers, method: viewer.method }, policy);
  const timing = policy.ServerTimingHeadersConfig;
  if (timing?.Enabled === true && viewer.ctx.ids.random() * 100 < (timing.SamplingRate ?? 0)) headers.push("Server-Timing", serverTiming(viewer, reply));
  return { ...reply, headers };
}

function serverTiming({ network, id }: Viewer, { result }: Reply): string {
  const cache = result === "Hit" ? "cdn-cache-hit" : result === "RefreshHit" ? "cdn-cache-refresh" : "cdn-cache-miss";
  return `${cache},cdn-pop;desc="${network.pop}",cdn-rid;desc="${id}"`;
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
  return { ...page, status, result: "Error" };
}
