/** Tags of functions, event source mappings and code signing configurations. */
import type { Operations } from "@cumulet/core";
import { invalidParameter, notFound } from "../domain/errors.ts";
import { checkTags } from "../domain/settings.ts";
import type { LambdaStore } from "../store.ts";
import { functionNotFound, type LambdaContext } from "./lookup.ts";

export const tagOperations: Operations<"lambda", LambdaStore> = {
  TagResource(ctx, input) {
    const tagged = taggedResource(ctx, input.Resource);
    if (Object.keys(input.Tags).length === 0) throw invalidParameter("An error occurred and the request cannot be processed.");
    const tags = { ...tagged.tags, ...input.Tags };
    checkTags(tags);
    tagged.write(tags);
    return {};
  },

  UntagResource(ctx, input) {
    const tagged = taggedResource(ctx, input.Resource);
    const tags = { ...tagged.tags };
    for (const key of input.TagKeys) delete tags[key];
    tagged.write(tags);
    return {};
  },

  ListTags(ctx, input) {
    return { Tags: taggedResource(ctx, input.Resource).tags };
  },
};

interface Tagged {
  tags: Record<string, string>;
  write(tags: Record<string, string>): void;
}

function taggedResource(ctx: LambdaContext, arn: string): Tagged {
  const [, , , region, account, type, id, qualifier] = arn.split(":");
  if (region !== ctx.region || account !== ctx.account) throw notFound(type === "function" ? `Function not found: ${arn}` : "The resource you requested does not exist.");
  if (type === "function") {
    if (qualifier !== undefined) throw invalidParameter("Tags on function aliases and versions are not supported. Please specify a function ARN.");
    const fn = ctx.store.functions.function(id!);
    if (fn === undefined) throw functionNotFound(ctx, id!);
    return { tags: fn.tags, write: (tags) => ctx.store.functions.putFunction({ ...fn, tags }) };
  }
  if (type === "event-source-mapping") {
    const mapping = ctx.store.mappings.get(id!);
    if (mapping === undefined) throw notFound(`Event source mapping not found: ${arn}`);
    return { tags: mapping.tags, write: (tags) => ctx.store.mappings.put({ ...mapping, tags }) };
  }
  if (type === "code-signing-config") {
    const config = ctx.store.signing.get(id!);
    if (config === undefined) throw notFound(`The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`);
    return { tags: config.tags, write: (tags) => ctx.store.signing.put({ ...config, tags }) };
  }
  throw invalidParameter(`Tags are not supported for ${arn}.`);
}
