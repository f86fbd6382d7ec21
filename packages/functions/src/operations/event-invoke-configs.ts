/** What becomes of asynchronous events: attempts, age, destinations. */
import type { Operations } from "@cumulet/core";
import type { DestinationConfig, FunctionEventInvokeConfig } from "@cumulet/protocol/models/lambda.d.ts";
import { invalidParameter, notFound } from "../domain/errors.ts";
import { functionArn, isVersion, LATEST, parseReference, resolveReference } from "../domain/names.ts";
import type { LambdaStore } from "../store.ts";
import type { InvokeConfig } from "../store/configs.ts";
import { markerOf, pageOf, type LambdaContext } from "./lookup.ts";

const PAGE_MAX = 50;

export const eventInvokeConfigOperations: Operations<"lambda", LambdaStore> = {
  PutFunctionEventInvokeConfig(ctx, input) {
    if (input.MaximumRetryAttempts === undefined && input.MaximumEventAgeInSeconds === undefined && input.DestinationConfig === undefined) {
      throw invalidParameter("You must specify at least one of error handling or destination setting.");
    }
    const { name, qualifier } = existing(ctx, input.FunctionName, input.Qualifier);
    checkDestinations(ctx, name, input.DestinationConfig);
    const config: InvokeConfig = {
      maximumRetryAttempts: input.MaximumRetryAttempts, maximumEventAgeSeconds: input.MaximumEventAgeInSeconds,
      onSuccess: input.DestinationConfig?.OnSuccess?.Destination, onFailure: input.DestinationConfig?.OnFailure?.Destination, modifiedMs: ctx.clock.now(),
    };
    ctx.store.configs.put("invoke", name, qualifier, config);
    return describe(ctx, name, qualifier, config);
  },

  UpdateFunctionEventInvokeConfig(ctx, input) {
    if (input.MaximumRetryAttempts === undefined && input.MaximumEventAgeInSeconds === undefined && input.DestinationConfig === undefined) {
      throw invalidParameter("You must specify at least one of error handling or destination setting.");
    }
    const { name, qualifier } = existing(ctx, input.FunctionName, input.Qualifier);
    const before = ctx.store.configs.get("invoke", name, qualifier);
    if (before === undefined) throw withoutConfig(ctx, name, qualifier);
    checkDestinations(ctx, name, input.DestinationConfig);
    const destination = input.DestinationConfig;
    const config: InvokeConfig = {
      maximumRetryAttempts: input.MaximumRetryAttempts ?? before.maximumRetryAttempts,
      maximumEventAgeSeconds: input.MaximumEventAgeInSeconds ?? before.maximumEventAgeSeconds,
      onSuccess: destination?.OnSuccess === undefined ? before.onSuccess : destination.OnSuccess.Destination,
      onFailure: destination?.OnFailure === undefined ? before.onFailure : destination.OnFailure.Destination,
      modifiedMs: ctx.clock.now(),
    };
    ctx.store.configs.put("invoke", name, qualifier, config);
    return describe(ctx, name, qualifier, config);
  },

  GetFunctionEventInvokeConfig(ctx, input) {
    const { name, qualifier } = named(ctx, input.FunctionName, input.Qualifier);
    const config = ctx.store.configs.get("invoke", name, qualifier);
    if (config === undefined) throw withoutConfig(ctx, name, qualifier);
    return describe(ctx, name, qualifier, config);
  },

  ListFunctionEventInvokeConfigs(ctx, input) {
    const { name } = resolveReference(ctx, input.FunctionName);
    if (ctx.store.functions.function(name) === undefined) throw notFound("The function doesn't exist.");
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const rows = ctx.store.configs.list("invoke", name, after, size + 1);
    const page = rows.slice(0, size);
    return {
      FunctionEventInvokeConfigs: page.map(({ qualifier, config }) => describe(ctx, name, qualifier, config)),
      NextMarker: rows.length > size ? markerOf(page.at(-1)!.qualifier) : undefined,
    };
  },

  DeleteFunctionEventInvokeConfig(ctx, input) {
    const { name, qualifier } = named(ctx, input.FunctionName, input.Qualifier);
    if (ctx.store.configs.get("invoke", name, qualifier) === undefined) throw withoutConfig(ctx, name, qualifier);
    ctx.store.configs.delete("invoke", name, qualifier);
    return {};
  },
};

function named(ctx: LambdaContext, functionName: string, qualifierGiven: string | undefined): { name: string; qualifier: string } {
  const { name, qualifier } = resolveReference(ctx, functionName, qualifierGiven);
  return { name, qualifier: qualifier ?? LATEST };
}

function existing(ctx: LambdaContext, functionName: string, qualifierGiven: string | undefined): { name: string; qualifier: string } {
  const { name, qualifier } = named(ctx, functionName, qualifierGiven);
  const { functions } = ctx.store;
  const there = functions.function(name) !== undefined && (qualifier === LATEST
    || (isVersion(qualifier) ? functions.version(name, Number(qualifier)) !== undefined : functions.alias(name, qualifier) !== undefined));
  if (!there) throw notFound("The function doesn't exist.");
  return { name, qualifier };
}

/** Queues, topics, functions, event buses and buckets; a function not for itself. */
function checkDestinations(ctx: LambdaContext, functionName: string, config: DestinationConfig | undefined): void {
  for (const arn of [config?.OnSuccess?.Destination, config?.OnFailure?.Destination]) {
    if (arn === undefined || arn === "") continue;
    const service = arn.split(":")[2];
    if (service === "lambda") {
      const target = parseReference(arn);
      if (target.name === functionName) throw invalidParameter("You can't specify the function as a destination for itself.");
      if (target.account === ctx.account && target.region === ctx.region && ctx.store.functions.function(target.name) === undefined) {
        throw invalidParameter(`The destination ARN ${arn} is invalid.`);
      }
    } else if (service !== "sqs" && service !== "sns" && service !== "events" && service !== "s3") {
      // The real service prints its own object.
      const show = (kind: string, value: { Destination?: string } | undefined): string => value?.Destination === undefined ? "null" : `${kind}(destination=${value.Destination})`;
      throw invalidParameter(`The provided destination config DestinationConfig(onSuccess=${show("OnSuccess", config?.OnSuccess)}, onFailure=${show("OnFailure", config?.OnFailure)}) is invalid.`);
    }
  }
}

function withoutConfig(ctx: LambdaContext, name: string, qualifier: string): Error {
  return notFound(`The function ${functionArn(ctx, name, qualifier)} doesn't have an EventInvokeConfig`);
}

function describe(ctx: LambdaContext, name: string, qualifier: string, config: InvokeConfig): FunctionEventInvokeConfig {
  const target = (arn: string | undefined): { Destination?: string } => (arn === undefined || arn === "" ? {} : { Destination: arn });
  return {
    FunctionArn: functionArn(ctx, name, qualifier),
    LastModified: config.modifiedMs,
    MaximumRetryAttempts: config.maximumRetryAttempts,
    MaximumEventAgeInSeconds: config.maximumEventAgeSeconds,
    DestinationConfig: { OnSuccess: target(config.onSuccess), OnFailure: target(config.onFailure) },
  };
}
