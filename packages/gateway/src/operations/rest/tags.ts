import type { Operations } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { badRequest, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { parseArn } from "../../domain/arn.ts";
import { findApi, findStage } from "./find.ts";

interface Taggable {
  tags: { [key: string]: string };
  save(tags: { [key: string]: string }): void;
}

/** What an ARN of version 1 names: `arn:aws:apigateway:region::/restapis/id`, a stage below it, `/apikeys/id`, ... */
function taggable(ctx: Ctx, arn: string): Taggable {
  const { store } = ctx;
  const [, kind = "", id = "", sub, name = ""] = decodeURIComponent(parseArn(decodeURIComponent(arn))?.resource ?? "").split("/");
  const of = <T extends { tags?: { [key: string]: string } }>(item: T | undefined, save: (item: T) => void): Taggable => {
    if (item === undefined) throw notFound(`Invalid resource ARN specified in the request: ${arn}`);
    return { tags: item.tags ?? {}, save: (tags) => save({ ...item, tags }) };
  };
  if (kind === "restapis" && sub === "stages") return of(findStage(ctx, id, name), (item) => store.restStages.put(id, name, item));
  if (kind === "restapis" && sub === undefined) return of(findApi(ctx, id), (item) => store.restApis.put("", id, item));
  if (kind === "apikeys") return of(store.apiKeys.get("", id), (item) => store.apiKeys.put("", id, item));
  if (kind === "usageplans") return of(store.usagePlans.get("", id), (item) => store.usagePlans.put("", id, item));
  if (kind === "clientcertificates") return of(store.clientCertificates.get("", id), (item) => store.clientCertificates.put("", id, item));
  if (kind === "vpclinks") return of(store.restVpcLinks.get("", id), (item) => store.restVpcLinks.put("", id, item));
  if (kind === "domainnames") return of(store.domains.get("", id), (item) => store.domains.put("", id, item));
  throw badRequest("Invalid resource ARN specified in the request");
}

export const tagOperations: Operations<"apigateway", Store> = {
  GetTags: (ctx, input) => ({ tags: taggable(ctx, input.resourceArn).tags }),
  TagResource(ctx, input) {
    const target = taggable(ctx, input.resourceArn);
    const tags = { ...target.tags, ...input.tags };
    if (Object.keys(tags).length > 50) throw badRequest("Maximum number of tags exceeded");
    target.save(tags);
    return {};
  },
  UntagResource(ctx, input) {
    const target = taggable(ctx, input.resourceArn);
    const tags = { ...target.tags };
    for (const key of input.tagKeys) delete tags[key];
    target.save(tags);
    return {};
  },
};
