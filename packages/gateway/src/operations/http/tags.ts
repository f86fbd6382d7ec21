import type { Operations } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { badRequest, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { parseArn } from "../../domain/arn.ts";
import { findDomain } from "../domains.ts";
import { findApi, findStage } from "./find.ts";

interface Taggable {
  tags: { [key: string]: string };
  save(tags: { [key: string]: string }): void;
}

/** What an ARN of version 2 names: `arn:aws:apigateway:region::/apis/id`, a stage below it, a VPC link. */
function taggable(ctx: Ctx, arn: string): Taggable {
  const resource = parseArn(arn)?.resource ?? "";
  const [, kind, id = "", sub, name = ""] = resource.split("/");
  if (kind === "apis" && sub === undefined) {
    const api = findApi(ctx, id);
    return { tags: api.Tags ?? {}, save: (Tags) => ctx.store.apis.put("", id, { ...api, Tags }) };
  }
  if (kind === "apis" && sub === "stages") {
    const stage = findStage(ctx, id, decodeURIComponent(name));
    return { tags: stage.Tags ?? {}, save: (Tags) => ctx.store.stages.put(id, stage.StageName, { ...stage, Tags }) };
  }
  if (kind === "vpclinks") {
    const link = ctx.store.vpcLinks.get("", id);
    if (link === undefined) throw notFound(`Invalid Vpc Link identifier specified ${id}`);
    return { tags: link.Tags ?? {}, save: (Tags) => ctx.store.vpcLinks.put("", id, { ...link, Tags }) };
  }
  if (kind === "domainnames") {
    const domain = findDomain(ctx, id);
    return { tags: domain.tags ?? {}, save: (tags) => ctx.store.domains.put("", domain.domainName, { ...domain, tags }) };
  }
  throw badRequest("Invalid resource ARN specified in the request");
}

export const tagOperations: Operations<"apigatewayv2", Store> = {
  GetTags: (ctx, input) => ({ Tags: taggable(ctx, input.ResourceArn).tags }),
  TagResource(ctx, input) {
    const target = taggable(ctx, input.ResourceArn);
    const tags = { ...target.tags, ...input.Tags };
    if (Object.keys(tags).length > 50) throw badRequest("Maximum number of tags exceeded");
    target.save(tags);
    return {};
  },
  UntagResource(ctx, input) {
    const target = taggable(ctx, input.ResourceArn);
    const tags = { ...target.tags };
    for (const key of input.TagKeys) delete tags[key];
    target.save(tags);
    return {};
  },
};
