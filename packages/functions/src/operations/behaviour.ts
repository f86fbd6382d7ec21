/** Recursion and runtime management of a function. */
import type { Operations } from "@cumulet/core";
import { invalidParameter } from "../domain/errors.ts";
import { functionArn, LATEST } from "../domain/names.ts";
import { runtimeVersionArn } from "../domain/runtimes.ts";
import type { LambdaStore } from "../store.ts";
import { resolve, resolveFunction } from "./lookup.ts";

export const behaviourOperations: Operations<"lambda", LambdaStore> = {
  PutFunctionRecursionConfig(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    const recursiveLoop = input.RecursiveLoop === "Allow" ? "Allow" : "Terminate";
    ctx.store.functions.putFunction({ ...fn, recursiveLoop });
    return { RecursiveLoop: recursiveLoop };
  },

  GetFunctionRecursionConfig(ctx, input) {
    return { RecursiveLoop: resolveFunction(ctx, input.FunctionName).recursiveLoop };
  },

  PutRuntimeManagementConfig(ctx, input) {
    const { row, qualifier } = resolve(ctx, input.FunctionName, input.Qualifier);
    if (input.UpdateRuntimeOn === "Manual" && input.RuntimeVersionArn === undefined) throw invalidParameter("You must specify a RuntimeVersionArn when UpdateRuntimeOn is set to Manual.");
    if (input.UpdateRuntimeOn !== "Manual" && input.RuntimeVersionArn !== undefined) throw invalidParameter("RuntimeVersionArn can only be specified when UpdateRuntimeOn is set to Manual.");
    const updateOn = input.UpdateRuntimeOn === "Manual" ? "Manual" : input.UpdateRuntimeOn === "FunctionUpdate" ? "FunctionUpdate" : "Auto";
    ctx.store.configs.put("runtime", row.functionName, qualifier ?? LATEST, { updateOn, runtimeVersionArn: input.RuntimeVersionArn });
    return { UpdateRuntimeOn: updateOn, FunctionArn: functionArn(ctx, row.functionName, qualifier ?? LATEST), RuntimeVersionArn: input.RuntimeVersionArn };
  },

  GetRuntimeManagementConfig(ctx, input) {
    const { row, qualifier } = resolve(ctx, input.FunctionName, input.Qualifier);
    const config = ctx.store.configs.get("runtime", row.functionName, qualifier ?? LATEST);
    const updateOn = config?.updateOn ?? "Auto";
    return {
      UpdateRuntimeOn: updateOn,
      FunctionArn: functionArn(ctx, row.functionName, qualifier ?? LATEST),
      RuntimeVersionArn: config?.runtimeVersionArn ?? (updateOn === "FunctionUpdate" && row.settings.runtime !== undefined ? runtimeVersionArn(ctx.partition, ctx.region, row.settings.runtime) : undefined),
    };
  },
};
