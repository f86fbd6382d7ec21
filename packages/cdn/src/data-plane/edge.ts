import type { Context, Exchange } from "@cumulet/core";
import type { CdnStore } from "../store.ts";
import { Body } from "./cache/body.ts";
import { distributionOf, semanticsOf } from "./distribution.ts";
import { obtain } from "./lookup.ts";
import { networkOf } from "./network.ts";
import type { Match } from "./plane.ts";
import { errorReply, send, type Reply } from "./reply.ts";
import { viewerOf, type Viewer } from "./viewer.ts";

/** Answers a viewer. */
export async function serve(ctx: Context<CdnStore>, { request, response, address }: Exchange, match: Match): Promise<void> {
  const network = networkOf(ctx.config);
  const distribution = distributionOf(ctx.store, match.distribution, ctx.config);
  if (distribution === undefined) {
    response.writeHead(404, ["Content-Length", "0", "X-Cache", "Error from cloudfront"]).end();
    return;
  }
  const viewer = viewerOf(ctx, network, distribution, request, response, match.path, address.query);
  await send(viewer, await answer(viewer));
}

/** Methods that a distribution can allow. */
const ALL_METHODS = 7;

async function answer(viewer: Viewer): Promise<Reply> {
  const { distribution } = viewer;
  if (!distribution.config.Enabled) return errorReply(viewer, 403, "The distribution is disabled.");
  if (viewer.path === "/" && distribution.config.DefaultRootObject !== "") viewer.path = `/${distribution.config.DefaultRootObject}`;
  const behavior = distribution.behavior(viewer.path);
  const { allowedMethods } = behavior;
  // CloudFront knows seven methods; a cache by the RFCs lets unknown ones through.
  if (!allowedMethods.has(viewer.method) && !(allowedMethods.size === ALL_METHODS && semanticsOf(viewer.ctx.config) === "rfc")) {
    const only = allowedMethods.size === 2 ? "The distribution supports only cachable requests." : "";
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
  return { ...page, status, result: "Error" };
}
