/** Function URLs: their configuration. The traffic is in `data-plane/function-url.ts`. */
import type { Context, Operations } from "@cumulet/core";
import type { Cors, FunctionUrlConfig } from "@cumulet/protocol/models/lambda.d.ts";
import { conflict, notFound, resourceDoesNotExist } from "../domain/errors.ts";
import { functionArn, resolveReference } from "../domain/names.ts";
import type { LambdaStore } from "../store.ts";
import type { UrlConfig } from "../store/configs.ts";
import { markerOf, pageOf, resolveFunction, type LambdaContext } from "./lookup.ts";

const PAGE_MAX = 50;
/** The kind under which URL ids are unique in the partition. */
export const URL_NAMES = "lambda-url";
/** Tags that choose the id of a URL, so that it survives a new start; the first one is ours. */
const ID_TAGS = ["cumulet:url-id", "_custom_id_"];

/** What a URL id leads to. */
export interface UrlTarget {
  functionName: string;
  /** Alias, or empty. */
  qualifier: string;
}

export const urlOperations: Operations<"lambda", LambdaStore> = {
  CreateFunctionUrlConfig(ctx, input) {
    const { name, qualifier } = target(ctx, input.FunctionName, input.Qualifier, true);
    const { configs } = ctx.store;
    if (configs.get("url", name, qualifier) !== undefined) {
      throw conflict(`Failed to create function url config for [functionArn = ${functionArn(ctx, name, qualifier || undefined)}]. Error message:  FunctionUrlConfig exists for this Lambda function`);
    }
    const now = ctx.clock.now();
    const id = claimId(ctx, name, qualifier);
    const config: UrlConfig = { id, authType: input.AuthType === "AWS_IAM" ? "AWS_IAM" : "NONE", invokeMode: input.InvokeMode, cors: input.Cors, createdMs: now, modifiedMs: now };
    configs.put("url", name, qualifier, config);
    const { LastModifiedTime, ...created } = describe(ctx, name, qualifier, config);
    return created;
  },

  GetFunctionUrlConfig(ctx, input) {
    const { name, qualifier } = target(ctx, input.FunctionName, input.Qualifier, false);
    const config = ctx.store.configs.get("url", name, qualifier);
    if (config === undefined) throw resourceDoesNotExist();
    // Only here, and in the list, the default is spelt out.
    return { ...describe(ctx, name, qualifier, config), InvokeMode: config.invokeMode ?? "BUFFERED" };
  },

  ListFunctionUrlConfigs(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName, () => notFound("Function does not exist"));
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    // The first page begins before the empty qualifier, which is the function itself.
    const rows = [
      ...(input.Marker === undefined ? [ctx.store.configs.get("url", fn.name, "")].filter((config) => config !== undefined).map((config) => ({ qualifier: "", config })) : []),
      ...ctx.store.configs.list("url", fn.name, after, size + 1),
    ];
    const page = rows.slice(0, size);
    return {
      FunctionUrlConfigs: page.map(({ qualifier, config }) => ({ ...describe(ctx, fn.name, qualifier, config), InvokeMode: config.invokeMode ?? "BUFFERED" })),
      NextMarker: rows.length > size ? markerOf(page.at(-1)!.qualifier) : undefined,
    };
  },

  UpdateFunctionUrlConfig(ctx, input) {
    const { name, qualifier } = target(ctx, input.FunctionName, input.Qualifier, true);
    const before = ctx.store.configs.get("url", name, qualifier);
    if (before === undefined) throw resourceDoesNotExist();
    const config: UrlConfig = {
      ...before,
      authType: input.AuthType === undefined ? before.authType : input.AuthType === "AWS_IAM" ? "AWS_IAM" : "NONE",
      invokeMode: input.InvokeMode ?? before.invokeMode,
      cors: input.Cors === undefined ? before.cors : Object.keys(input.Cors).length === 0 ? undefined : input.Cors,
      modifiedMs: ctx.clock.now(),
    };
    ctx.store.configs.put("url", name, qualifier, config);
    return describe(ctx, name, qualifier, config);
  },

  DeleteFunctionUrlConfig(ctx, input) {
    const { name, qualifier } = target(ctx, input.FunctionName, input.Qualifier, false);
    const config = ctx.store.configs.get("url", name, qualifier);
    if (config === undefined) throw resourceDoesNotExist();
    ctx.store.configs.delete("url", name, qualifier);
    ctx.names.release(URL_NAMES, config.id);
    return {};
  },
};

/** The function, or the alias, whose URL is meant. */
function target(ctx: LambdaContext, functionName: string, qualifierGiven: string | undefined, change: boolean): { name: string; qualifier: string } {
  const { name, qualifier } = resolveReference(ctx, functionName, qualifierGiven);
  const missing = (): Error => (change ? notFound("Function does not exist") : resourceDoesNotExist());
  if (ctx.store.functions.function(name) === undefined) throw missing();
  if (qualifier !== undefined && ctx.store.functions.alias(name, qualifier) === undefined) throw missing();
  return { name, qualifier: qualifier ?? "" };
}

function claimId(ctx: LambdaContext, functionName: string, qualifier: string): string {
  const owner = { account: ctx.account, region: ctx.region, data: { functionName, qualifier } satisfies UrlTarget };
  const tags = ctx.store.functions.function(functionName)!.tags;
  const chosen = ID_TAGS.map((tag) => tags[tag]).find((id) => id !== undefined);
  if (chosen !== undefined) {
    const id = (qualifier === "" ? chosen : `${chosen}-${qualifier}`).toLowerCase();
    if (/^[a-z0-9-]{1,63}$/.test(id) && ctx.names.claim(URL_NAMES, id, owner)) return id;
  }
  for (;;) {
    const id = ctx.ids.token(32);
    if (ctx.names.claim(URL_NAMES, id, owner)) return id;
  }
}

/** `http://<id>.lambda-url.<region>.localhost:4566/`, on the port that the caller uses. */
export function functionUrl(ctx: Context, id: string): string {
  const url = new URL(ctx.endpoint);
  return `${url.protocol}//${id}.lambda-url.${ctx.region}.${ctx.config.domains[0] ?? "localhost"}${url.port === "" ? "" : `:${url.port}`}/`;
}

function describe(ctx: LambdaContext, name: string, qualifier: string, config: UrlConfig): FunctionUrlConfig {
  return {
    FunctionUrl: functionUrl(ctx, config.id),
    FunctionArn: functionArn(ctx, name, qualifier || undefined),
    AuthType: config.authType,
    Cors: config.cors as Cors | undefined,
    CreationTime: new Date(config.createdMs).toISOString().replace(/\.(\d{3})Z$/, ".$1000Z"),
    LastModifiedTime: new Date(config.modifiedMs).toISOString().replace(/\.(\d{3})Z$/, ".$1000Z"),
    InvokeMode: config.invokeMode,
  };
}
