/** Code signing configurations: kept and described. Signatures themselves are not looked at. */
import type { Operations } from "@cumulet/core";
import type { CodeSigningConfig } from "@cumulet/protocol/models/lambda.d.ts";
import { AwsError } from "@cumulet/protocol";
import { conflict } from "../domain/errors.ts";
import { functionArn } from "../domain/names.ts";
import { timestamp } from "../domain/function.ts";
import type { LambdaStore } from "../store.ts";
import type { SigningConfig } from "../store/signing.ts";
import { markerOf, pageOf, resolveFunction, type LambdaContext } from "./lookup.ts";

const PAGE_MAX = 10_000;

export const codeSigningOperations: Operations<"lambda", LambdaStore> = {
  CreateCodeSigningConfig(ctx, input) {
    const config: SigningConfig = {
      id: `csc-${ctx.ids.token(17)}`, description: input.Description ?? "", publishers: input.AllowedPublishers.SigningProfileVersionArns,
      untrusted: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment === "Enforce" ? "Enforce" : "Warn", modifiedMs: ctx.clock.now(), tags: input.Tags ?? {},
    };
    ctx.store.signing.put(config);
    return { CodeSigningConfig: describe(ctx, config) };
  },

  GetCodeSigningConfig(ctx, input) {
    return { CodeSigningConfig: describe(ctx, existing(ctx, input.CodeSigningConfigArn)) };
  },

  UpdateCodeSigningConfig(ctx, input) {
    const before = existing(ctx, input.CodeSigningConfigArn);
    const config: SigningConfig = {
      ...before,
      description: input.Description ?? before.description,
      publishers: input.AllowedPublishers?.SigningProfileVersionArns ?? before.publishers,
      untrusted: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment === undefined ? before.untrusted : input.CodeSigningPolicies.UntrustedArtifactOnDeployment === "Enforce" ? "Enforce" : "Warn",
      modifiedMs: ctx.clock.now(),
    };
    ctx.store.signing.put(config);
    return { CodeSigningConfig: describe(ctx, config) };
  },

  DeleteCodeSigningConfig(ctx, input) {
    const config = existing(ctx, input.CodeSigningConfigArn);
    if (ctx.store.functions.functionsSignedBy(input.CodeSigningConfigArn, "", 1).length > 0) throw conflict("Cannot delete CodeSigningConfig because it is being used by one or more functions.");
    ctx.store.signing.delete(config.id);
    return {};
  },

  ListCodeSigningConfigs(ctx, input) {
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const rows = ctx.store.signing.list(after, size + 1);
    const page = rows.slice(0, size);
    return { CodeSigningConfigs: page.map((config) => describe(ctx, config)), NextMarker: rows.length > size ? markerOf(page.at(-1)!.id) : undefined };
  },

  ListFunctionsByCodeSigningConfig(ctx, input) {
    existing(ctx, input.CodeSigningConfigArn);
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const names = ctx.store.functions.functionsSignedBy(input.CodeSigningConfigArn, after, size + 1);
    const page = names.slice(0, size);
    return { FunctionArns: page.map((name) => functionArn(ctx, name)), NextMarker: names.length > size ? markerOf(page.at(-1)!) : undefined };
  },

  PutFunctionCodeSigningConfig(ctx, input) {
    existing(ctx, input.CodeSigningConfigArn);
    const fn = resolveFunction(ctx, input.FunctionName);
    ctx.store.functions.putFunction({ ...fn, codeSigningConfigArn: input.CodeSigningConfigArn });
    return { CodeSigningConfigArn: input.CodeSigningConfigArn, FunctionName: fn.name };
  },

  GetFunctionCodeSigningConfig(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    // Without one, both members are missing.
    return fn.codeSigningConfigArn === undefined ? {} : { CodeSigningConfigArn: fn.codeSigningConfigArn, FunctionName: fn.name };
  },

  DeleteFunctionCodeSigningConfig(ctx, input) {
    const fn = resolveFunction(ctx, input.FunctionName);
    ctx.store.functions.putFunction({ ...fn, codeSigningConfigArn: undefined });
    return {};
  },
};

function arnOf(ctx: LambdaContext, id: string): string {
  return `arn:${ctx.partition}:lambda:${ctx.region}:${ctx.account}:code-signing-config:${id}`;
}

function existing(ctx: LambdaContext, arn: string): SigningConfig {
  const config = ctx.store.signing.get(arn.split(":").at(-1)!);
  if (config === undefined || arnOf(ctx, config.id) !== arn) {
    throw new AwsError("CodeSigningConfigNotFoundException", `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`, { status: 404, fields: { Type: "User" } });
  }
  return config;
}

function describe(ctx: LambdaContext, config: SigningConfig): CodeSigningConfig {
  return {
    CodeSigningConfigId: config.id,
    CodeSigningConfigArn: arnOf(ctx, config.id),
    Description: config.description,
    AllowedPublishers: { SigningProfileVersionArns: config.publishers },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: config.untrusted },
    LastModified: timestamp(config.modifiedMs),
  };
}
