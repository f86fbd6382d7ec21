/** Published versions and aliases. */
import type { Operations } from "@cumulet/core";
import type { AliasConfiguration } from "@cumulet/protocol/models/lambda.d.ts";
import { conflict, invalidParameter, notFound, preconditionFailed } from "../domain/errors.ts";
import { configurationOf, listedConfigurationOf, revisionOf, versionName } from "../domain/function.ts";
import { functionArn, isVersion, LATEST } from "../domain/names.ts";
import { liveOf } from "../live.ts";
import type { LambdaStore } from "../store.ts";
import type { AliasRow } from "../store/functions.ts";
import { publish } from "./functions.ts";
import { checkSettled, functionNotFound, markerOf, pageOf, resolve, resolveFunction, type LambdaContext } from "./lookup.ts";

const PAGE_MAX = 50;
const STALE = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";

export const versionOperations: Operations<"lambda", LambdaStore> = {
  PublishVersion(ctx, input) {
    const { row } = resolve(ctx, input.FunctionName);
    if (input.CodeSha256 !== undefined && input.CodeSha256 !== "" && input.CodeSha256 !== row.codeSha256) {
      throw invalidParameter(`CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${row.codeSha256}). Please try again with the CodeSHA256 in $LATEST.`);
    }
    if (input.RevisionId !== undefined && input.RevisionId !== revisionOf(row, ctx.clock.now())) throw preconditionFailed(STALE);
    checkSettled(ctx, row);
    const published = publish(ctx, row, input.Description ?? row.settings.description, "settled");
    return configurationOf(ctx, published, ctx.clock.now(), versionName(published.version));
  },

  ListVersionsByFunction(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const rows = ctx.store.functions.versions(fn.name, after === "" ? -1 : Number(after), size + 1);
    const page = rows.slice(0, size);
    return {
      Versions: page.map((row) => listedConfigurationOf(ctx, row, ctx.clock.now(), versionName(row.version))),
      NextMarker: rows.length > size ? markerOf(String(page.at(-1)!.version)) : undefined,
    };
  },

  CreateAlias(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    const version = targetVersion(ctx, fn.name, input.FunctionVersion);
    if (ctx.store.functions.alias(fn.name, input.Name) !== undefined) {
      throw conflict(`Alias already exists: ${functionArn(ctx, fn.name, input.Name)}`);
    }
    const row: AliasRow = {
      functionName: fn.name, name: input.Name, version, description: input.Description ?? "",
      weights: weightsOf(ctx, fn.name, version, input.RoutingConfig?.AdditionalVersionWeights), revisionId: ctx.ids.uuid(),
    };
    ctx.store.functions.putAlias(row);
    return aliasConfiguration(ctx, row);
  },

  GetAlias(ctx, input) {
    return aliasConfiguration(ctx, existingAlias(ctx, input.FunctionName, input.Name, (arn) => `Cannot find alias arn: ${arn}`));
  },

  ListAliases(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const wanted = input.FunctionVersion === undefined ? undefined : input.FunctionVersion === LATEST ? 0 : Number(input.FunctionVersion);
    const rows = ctx.store.functions.aliases(fn.name, after, wanted === undefined ? size + 1 : 10_000);
    const matching = rows.filter((row) => wanted === undefined || row.version === wanted);
    const page = matching.slice(0, size);
    return { Aliases: page.map((row) => aliasConfiguration(ctx, row)), NextMarker: matching.length > size ? markerOf(page.at(-1)!.name) : undefined };
  },

  UpdateAlias(ctx, input) {
    const before = existingAlias(ctx, input.FunctionName, input.Name, (arn) => `Alias not found: ${arn}`);
    if (input.RevisionId !== undefined && input.RevisionId !== before.revisionId) throw preconditionFailed(STALE);
    const version = input.FunctionVersion === undefined ? before.version : targetVersion(ctx, before.functionName, input.FunctionVersion);
    const weights = input.RoutingConfig === undefined ? before.weights : weightsOf(ctx, before.functionName, version, input.RoutingConfig.AdditionalVersionWeights);
    const row: AliasRow = { ...before, version, weights, description: input.Description ?? before.description, revisionId: ctx.ids.uuid() };
    ctx.store.functions.putAlias(row);
    liveOf(ctx).provisioning.changed(ctx.account, ctx.region, row.functionName);
    return aliasConfiguration(ctx, row);
  },

  DeleteAlias(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    // Deleting an alias that is not there succeeds.
    ctx.store.functions.deleteAlias(fn.name, input.Name);
    const url = ctx.store.configs.get("url", fn.name, input.Name);
    if (url !== undefined) ctx.names.release("lambda-url", url.id);
    ctx.store.configs.deleteQualifier(fn.name, input.Name);
    liveOf(ctx).provisioning.changed(ctx.account, ctx.region, fn.name);
    return {};
  },
};

function existingAlias(ctx: LambdaContext, functionName: string, name: string, message: (arn: string) => string): AliasRow {
  const fn = resolveFunction(ctx, functionName);
  const row = ctx.store.functions.alias(fn.name, name);
  if (row === undefined) throw notFound(message(functionArn(ctx, fn.name, name)));
  return row;
}

/** The number of the version that an alias is to name; it must exist. */
function targetVersion(ctx: LambdaContext, functionName: string, version: string): number {
  const number = version === LATEST ? 0 : Number(version);
  if (ctx.store.functions.version(functionName, number) === undefined) throw functionNotFound(ctx, functionName, version);
  return number;
}

/** One further version with a share between 0 and 1. */
function weightsOf(ctx: LambdaContext, functionName: string, version: number, given: Record<string, number> | undefined): Record<string, number> | undefined {
  const entries = Object.entries(given ?? {});
  if (entries.length === 0) return undefined;
  if (entries.length > 1) throw invalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1");
  const [other, weight] = entries[0]!;
  if (version === 0) throw invalidParameter("$LATEST is not supported for an alias pointing to more than 1 version");
  if (other === LATEST) throw invalidParameter("$LATEST is not supported for an alias pointing to more than 1 version");
  if (!isVersion(other)) throw invalidParameter(`Value '{${other}=${weight}}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must be version numbers`);
  if (Number(other) === version) throw invalidParameter(`Invalid function version ${version}. Function version ${version} is already included in routing configuration.`);
  targetVersion(ctx, functionName, other);
  return { [other]: weight };
}

function aliasConfiguration(ctx: LambdaContext, row: AliasRow): AliasConfiguration {
  return {
    AliasArn: functionArn(ctx, row.functionName, row.name),
    Name: row.name,
    FunctionVersion: versionName(row.version),
    Description: row.description,
    RoutingConfig: row.weights === undefined ? undefined : { AdditionalVersionWeights: row.weights },
    RevisionId: row.revisionId,
  };
}
