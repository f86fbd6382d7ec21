/** Reserved and provisioned concurrency, account settings. */
import type { Operations } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { ProvisionedConcurrencyConfigListItem, GetProvisionedConcurrencyConfigResponse } from "@cumulet/protocol/models/lambda.d.ts";
import { UNZIPPED_LIMIT } from "../code/zip.ts";
import { invalidParameter } from "../domain/errors.ts";
import { timestamp } from "../domain/function.ts";
import { functionArn, isVersion, LATEST, resolveReference } from "../domain/names.ts";
import { UNRESERVED_MINIMUM } from "../invoke/concurrency.ts";
import { accountConcurrency } from "../invoke/run.ts";
import { liveOf } from "../live.ts";
import type { LambdaStore } from "../store.ts";
import type { ProvisionedConfig } from "../store/configs.ts";
import { functionNotFound, markerOf, pageOf, resolveFunction, settlesMs, type LambdaContext } from "./lookup.ts";

const PAGE_MAX = 50;
const ZIPPED_LIMIT = 52_428_800;
/** 75 GB, AWS's first quota. */
const TOTAL_CODE_SIZE = 80_530_636_800;

export const concurrencyOperations: Operations<"lambda", LambdaStore> = {
  PutFunctionConcurrency(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    const { functions } = ctx.store;
    const wanted = input.ReservedConcurrentExecutions;
    const provisioned = provisionedTotal(ctx, fn.name);
    // The odd spaces are AWS's.
    if (wanted < provisioned) throw plain(` ReservedConcurrentExecutions  ${wanted} should not be lower than function's total provisioned concurrency [${provisioned}].`);
    const left = accountConcurrency(ctx) - (functions.reservedTotal() - (fn.reservedConcurrency ?? 0)) - wanted;
    if (left < UNRESERVED_MINIMUM) throw plain(`Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_MINIMUM}].`);
    functions.putFunction({ ...fn, reservedConcurrency: wanted });
    return { ReservedConcurrentExecutions: wanted };
  },

  GetFunctionConcurrency(ctx, input) {
    return { ReservedConcurrentExecutions: resolveFunction(ctx, input.FunctionName).reservedConcurrency };
  },

  DeleteFunctionConcurrency(ctx, input) {
    ctx.store.functions.putFunction({ ...resolveFunction(ctx, input.FunctionName), reservedConcurrency: undefined });
    return {};
  },

  PutProvisionedConcurrencyConfig(ctx, input) {
    const { name, qualifier } = provisionable(ctx, input.FunctionName, input.Qualifier);
    const fn = ctx.store.functions.function(name)!;
    const wanted = input.ProvisionedConcurrentExecutions;
    const before = ctx.store.configs.get("provisioned", name, qualifier);
    const total = provisionedTotal(ctx, name) - (before?.requested ?? 0) + wanted;
    const unreserved = accountConcurrency(ctx) - ctx.store.functions.reservedTotal();
    if (fn.reservedConcurrency !== undefined && total > fn.reservedConcurrency) {
      throw invalidParameter("Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function");
    }
    if (fn.reservedConcurrency === undefined && wanted > unreserved) throw plain(`Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${unreserved}].`);
    if (fn.reservedConcurrency === undefined && unreserved - wanted < UNRESERVED_MINIMUM) {
      throw plain(`Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_MINIMUM}].`);
    }
    const config: ProvisionedConfig = { requested: wanted, modifiedMs: ctx.clock.now(), settlesMs: settlesMs(ctx) };
    ctx.store.configs.put("provisioned", name, qualifier, config);
    liveOf(ctx).provisioning.changed(ctx.account, ctx.region, name);
    return describeProvisioned(ctx, name, qualifier, config);
  },

  GetProvisionedConcurrencyConfig(ctx, input) {
    const { name, qualifier } = provisionable(ctx, input.FunctionName, input.Qualifier);
    const config = ctx.store.configs.get("provisioned", name, qualifier);
    if (config === undefined) throw new AwsError("ProvisionedConcurrencyConfigNotFoundException", `No Provisioned Concurrency Config found for this function`, { status: 404, fields: { Type: "User" } });
    return describeProvisioned(ctx, name, qualifier, config);
  },

  ListProvisionedConcurrencyConfigs(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const rows = ctx.store.configs.list("provisioned", fn.name, after, size + 1);
    const page = rows.slice(0, size);
    return {
      ProvisionedConcurrencyConfigs: page.map(({ qualifier, config }): ProvisionedConcurrencyConfigListItem => ({
        FunctionArn: functionArn(ctx, fn.name, qualifier), ...describeProvisioned(ctx, fn.name, qualifier, config),
      })),
      NextMarker: rows.length > size ? markerOf(page.at(-1)!.qualifier) : undefined,
    };
  },

  DeleteProvisionedConcurrencyConfig(ctx, input) {
    const { name, qualifier } = provisionable(ctx, input.FunctionName, input.Qualifier);
    ctx.store.configs.delete("provisioned", name, qualifier);
    liveOf(ctx).provisioning.changed(ctx.account, ctx.region, name);
    return {};
  },

  GetAccountSettings(ctx) {
    const { functions } = ctx.store;
    const concurrency = accountConcurrency(ctx);
    return {
      AccountLimit: {
        TotalCodeSize: TOTAL_CODE_SIZE, CodeSizeUnzipped: UNZIPPED_LIMIT, CodeSizeZipped: ZIPPED_LIMIT,
        ConcurrentExecutions: concurrency, UnreservedConcurrentExecutions: concurrency - functions.reservedTotal(),
      },
      AccountUsage: { TotalCodeSize: functions.codeSizeTotal(), FunctionCount: functions.functionCount() },
    };
  },
};

/** A published version or an alias of one: only those are kept warm. */
function provisionable(ctx: LambdaContext, functionName: string, qualifierGiven: string): { name: string; qualifier: string } {
  const { name, qualifier } = resolveReference(ctx, functionName, qualifierGiven);
  const { functions } = ctx.store;
  if (functions.function(name) === undefined) throw functionNotFound(ctx, name, qualifier);
  if (qualifier === undefined || qualifier === LATEST) throw invalidParameter("Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
  if (isVersion(qualifier)) {
    if (functions.version(name, Number(qualifier)) === undefined) throw functionNotFound(ctx, name, qualifier);
    return { name, qualifier };
  }
  const alias = functions.alias(name, qualifier);
  if (alias === undefined) throw functionNotFound(ctx, name, qualifier);
  if (alias.version === 0) throw invalidParameter("Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
  return { name, qualifier };
}

/** Provisioned concurrency of a function in all of its versions and aliases. */
function provisionedTotal(ctx: LambdaContext, name: string): number {
  return ctx.store.configs.list("provisioned", name, "", 1000).reduce((sum, { config }) => sum + config.requested, 0);
}

function describeProvisioned(ctx: LambdaContext, name: string, qualifier: string, config: ProvisionedConfig): GetProvisionedConcurrencyConfigResponse {
  const state = liveOf(ctx).provisioning.state(ctx.account, ctx.region, name, qualifier);
  const settled = ctx.clock.now() >= config.settlesMs;
  const ready = settled && state.ready >= config.requested;
  return {
    RequestedProvisionedConcurrentExecutions: config.requested,
    AvailableProvisionedConcurrentExecutions: settled ? Math.min(state.ready, config.requested) : 0,
    AllocatedProvisionedConcurrentExecutions: settled ? Math.min(state.ready, config.requested) : 0,
    Status: state.failure !== undefined && settled ? "FAILED" : ready ? "READY" : "IN_PROGRESS",
    StatusReason: settled ? state.failure : undefined,
    LastModified: timestamp(config.modifiedMs),
  };
}

/** These errors come without `Type`. */
function plain(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, { status: 400 });
}
