/** A function's life: create, get, list, update, delete. */
import type { CreateFunctionRequest, FunctionConfiguration, UpdateFunctionCodeRequest, UpdateFunctionConfigurationRequest } from "@cumulet/protocol/models/lambda.d.ts";
import { AwsError } from "@cumulet/protocol";
import type { Operations } from "@cumulet/core";
import { createHash } from "node:crypto";
import { storeZip } from "../code/upload.ts";
import { checkFolder, HOT_RELOAD_BUCKET } from "../dev/hot-folders.ts";
import { conflict, invalidParameter, preconditionFailed } from "../domain/errors.ts";
import { configurationOf, listedConfigurationOf, revisionOf, type CodeReference, type LayerReference, type VersionRow } from "../domain/function.ts";
import { functionArn, isVersion, LATEST, parseReference, resolveReference, checkPlace } from "../domain/names.ts";
import { checkTags, createSettings, updateSettings } from "../domain/settings.ts";
import { liveOf } from "../live.ts";
import type { LambdaStore } from "../store.ts";
import { codeLocation } from "../data-plane/code.ts";
import { URL_NAMES } from "./urls.ts";
import { checkSettled, dropBlobs, functionNotFound, markerOf, pageOf, resolve, settlesMs, type LambdaContext } from "./lookup.ts";
import { checkUnzipped, layersFor } from "./function-layers.ts";

const NAME_MAX = 64;
/** Lists of functions and versions have at most this many on a page. */
const PAGE_MAX = 50;

export const functionOperations: Operations<"lambda", LambdaStore> = {
  async CreateFunction(ctx, input) {
    const name = newFunctionName(ctx, input.FunctionName);
    checkTags(input.Tags ?? {});
    if (ctx.store.functions.function(name) !== undefined) throw conflict(`Function already exist: ${name}`);
    const settings = createSettings({ ...input, FunctionName: name }, await layersFor(ctx, input.Layers ?? []));
    const code = await newCode(ctx, settings.packageType, input.Code, settings.layers);
    const row: VersionRow = {
      functionName: name, version: 0, settings, ...code, lastModifiedMs: ctx.clock.now(), settlesMs: settlesMs(ctx), change: "create",
      revisionId: ctx.ids.uuid(), settledRevisionId: ctx.ids.uuid(),
    };
    const created = ctx.transaction(() => {
      // Somebody may have taken the name while the code came in.
      if (ctx.store.functions.function(name) !== undefined) return undefined;
      ctx.store.functions.putFunction({
        name, nextVersion: 1, reservedConcurrency: undefined, recursiveLoop: "Terminate",
        codeSigningConfigArn: input.CodeSigningConfigArn, tags: input.Tags ?? {},
      });
      ctx.store.functions.putVersion(row);
      return input.Publish === true ? publish(ctx, row, settings.description, "create") : row;
    });
    if (created === undefined) {
      await discard(ctx, code.code);
      throw conflict(`Function already exist: ${name}`);
    }
    return configurationOf(ctx, created, ctx.clock.now(), created.version === 0 ? undefined : String(created.version));
  },

  GetFunction(ctx, input) {
    const { fn, row, qualifier } = resolve(ctx, input.FunctionName, input.Qualifier);
    return {
      Configuration: configurationOf(ctx, row, ctx.clock.now(), qualifier),
      Code: describeCode(ctx, row.code, row.codeSha256),
      Tags: Object.keys(fn.tags).length === 0 ? undefined : fn.tags,
      Concurrency: fn.reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: fn.reservedConcurrency },
    };
  },

  GetFunctionConfiguration(ctx, input) {
    const { row, qualifier } = resolve(ctx, input.FunctionName, input.Qualifier);
    return configurationOf(ctx, row, ctx.clock.now(), qualifier);
  },

  ListFunctions(ctx, input) {
    const { functions } = ctx.store;
    const now = ctx.clock.now();
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    if (input.MasterRegion !== undefined && input.MasterRegion !== "ALL" && input.MasterRegion !== ctx.region) return { Functions: [] };
    if (input.FunctionVersion === "ALL") {
      const slash = after.lastIndexOf("/");
      const rows = functions.allVersions(slash < 0 ? "" : after.slice(0, slash), slash < 0 ? -1 : Number(after.slice(slash + 1)), size + 1);
      const page = rows.slice(0, size);
      return {
        Functions: page.map((row) => listedConfigurationOf(ctx, row, now, row.version === 0 ? LATEST : String(row.version))),
        NextMarker: rows.length > size ? markerOf(`${page.at(-1)!.functionName}/${page.at(-1)!.version}`) : undefined,
      };
    }
    const rows = functions.functions(after, size + 1);
    const page = rows.slice(0, size);
    return {
      Functions: page.map((row) => listedConfigurationOf(ctx, functions.version(row.name, 0)!, now, undefined)),
      NextMarker: rows.length > size ? markerOf(page.at(-1)!.name) : undefined,
    };
  },

  async UpdateFunctionCode(ctx, input) {
    const before = changeable(ctx, input.FunctionName, input.RevisionId);
    const { packageType } = before.settings;
    if (packageType === "Image" && input.ImageUri === undefined) throw invalidParameter("Please provide ImageUri when updating a function with packageType Image.");
    if (packageType === "Zip" && input.ImageUri !== undefined) throw invalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.");
    const code = await newCode(ctx, packageType, input, before.settings.layers);
    if (input.DryRun === true) {
      await discard(ctx, code.code);
      return configurationOf(ctx, { ...before, ...code }, ctx.clock.now(), undefined);
    }
    const architectures = input.Architectures ?? before.settings.architectures;
    return change(ctx, { ...before, ...code, settings: { ...before.settings, architectures } }, input.Publish === true);
  },

  async UpdateFunctionConfiguration(ctx, input) {
    const before = changeable(ctx, input.FunctionName, input.RevisionId);
    const layers = input.Layers === undefined ? undefined : await layersFor(ctx, input.Layers);
    if (layers !== undefined) checkUnzipped(before.unzippedBytes, layers);
    return change(ctx, { ...before, settings: updateSettings(before.settings, before.functionName, input, layers) }, false);
  },

  async DeleteFunction(ctx, input) {
    const { name, qualifier } = resolveReference(ctx, input.FunctionName, input.Qualifier);
    const { functions } = ctx.store;
    if (qualifier === LATEST) throw invalidParameter("$LATEST version cannot be deleted without deleting the function.");
    if (qualifier !== undefined && !isVersion(qualifier)) {
      // Names that no alias can have are looked up, others are taken for aliases.
      if (qualifier.startsWith("$")) throw functionNotFound(ctx, name);
      throw invalidParameter("Deletion of aliases is not currently supported.");
    }
    if (functions.function(name) === undefined) throw functionNotFound(ctx, name);
    const orphans = ctx.transaction(() => {
      if (qualifier === undefined) return deleteWhole(ctx, name);
      const version = Number(qualifier);
      for (const alias of functions.aliases(name, "", 10_000)) {
        if (alias.version === version || alias.weights?.[qualifier] !== undefined) {
          throw conflict(`Version ${qualifier} cannot be deleted, because it is referenced by alias ${alias.name}.`);
        }
      }
      ctx.store.configs.deleteQualifier(name, qualifier);
      return freed(ctx, functions.deleteVersion(name, version));
    });
    liveOf(ctx).fleet.retire(`${ctx.account}/${ctx.region}/${name}:${qualifier ?? ""}`);
    await dropBlobs(ctx, orphans);
    return { StatusCode: 204 };
  },
};

/** Removes a function with all that belongs to it; answers the blobs that are free then. Inside a transaction. */
function deleteWhole(ctx: LambdaContext, name: string): string[] {
  for (const { config } of [{ config: ctx.store.configs.get("url", name, "") }, ...ctx.store.configs.list("url", name, "", 10_000)]) {
    if (config !== undefined) ctx.names.release(URL_NAMES, config.id);
  }
  ctx.store.configs.deleteFunction(name);
  return freed(ctx, ctx.store.functions.deleteFunction(name));
}

/** Of blobs that no version needs any more, those that are no layer's of this account either. Inside a transaction. */
function freed(ctx: LambdaContext, blobs: readonly string[]): string[] {
  const layers = new Set(ctx.store.layers.blobIds());
  return [...blobs.filter((blob) => !layers.has(blob)), ...ctx.store.layers.release(blobs.filter((blob) => layers.has(blob)))];
}

/** Makes the next version out of `$LATEST`; the same one again when nothing has changed since the last. Inside a transaction. */
export function publish(ctx: LambdaContext, latest: VersionRow, description: string, change: "create" | "settled"): VersionRow {
  const { functions } = ctx.store;
  const fn = functions.function(latest.functionName)!;
  const previous = functions.latestPublished(latest.functionName);
  if (previous !== undefined && previous.codeSha256 === latest.codeSha256 && sameSettings(previous, latest)) return previous;
  const now = ctx.clock.now();
  const revisionId = ctx.ids.uuid();
  const row: VersionRow = {
    ...latest, version: fn.nextVersion, settings: { ...latest.settings, description },
    settlesMs: change === "create" ? settlesMs(ctx) : now, change: "create",
    revisionId, settledRevisionId: change === "create" ? ctx.ids.uuid() : revisionId,
  };
  functions.putVersion(row);
  functions.putFunction({ ...fn, nextVersion: fn.nextVersion + 1 });
  // Publishing gives `$LATEST` a new revision as well.
  const latestRevision = ctx.ids.uuid();
  functions.putVersion({ ...latest, revisionId: latest.revisionId, settledRevisionId: latestRevision });
  return row;
}

/** All but the description, which a published version has of its own. */
function sameSettings(a: VersionRow, b: VersionRow): boolean {
  return JSON.stringify({ ...a.settings, description: "" }) === JSON.stringify({ ...b.settings, description: "" });
}

/** `$LATEST` of a function that may be changed now. */
function changeable(ctx: LambdaContext, functionName: string, revisionId: string | undefined): VersionRow {
  const { row } = resolve(ctx, functionName);
  if (revisionId !== undefined && revisionId !== revisionOf(row, ctx.clock.now())) {
    throw preconditionFailed("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id");
  }
  checkSettled(ctx, row);
  return row;
}

async function change(ctx: LambdaContext, changed: VersionRow, andPublish: boolean): Promise<FunctionConfiguration> {
  const row: VersionRow = {
    ...changed, lastModifiedMs: ctx.clock.now(), settlesMs: settlesMs(ctx), change: "update", revisionId: ctx.ids.uuid(), settledRevisionId: ctx.ids.uuid(),
  };
  const { result, orphans } = ctx.transaction(() => {
    if (ctx.store.functions.function(row.functionName) === undefined) throw functionNotFound(ctx, row.functionName);
    const replaced = ctx.store.functions.putVersion(row);
    return { result: andPublish ? publish(ctx, row, row.settings.description, "create") : row, orphans: freed(ctx, replaced) };
  });
  await dropBlobs(ctx, orphans);
  return configurationOf(ctx, result, ctx.clock.now(), result.version === 0 ? undefined : String(result.version));
}

/** A name for a new function: no qualifier, no other account or region, 64 characters. */
function newFunctionName(ctx: LambdaContext, functionName: string): string {
  const reference = parseReference(functionName);
  checkPlace(ctx, reference);
  if (reference.name.length > NAME_MAX) {
    throw invalidParameter(`1 validation error detected: Value '${reference.name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${NAME_MAX}`);
  }
  return reference.name;
}

/** The code that a request brings, stored. */
async function newCode(ctx: LambdaContext, packageType: "Zip" | "Image", code: CreateFunctionRequest["Code"] | UpdateFunctionCodeRequest, layers: readonly LayerReference[]): Promise<Pick<VersionRow, "code" | "codeSha256" | "codeSize" | "unzippedBytes">> {
  if (packageType === "Image") {
    if (code.ImageUri === undefined) throw invalidParameter("Please provide a source for function code.");
    // The engine's own digest when it has the image already; it may still be pulled when the function is first run.
    const known = await liveOf(ctx).docker.imageDigest(code.ImageUri);
    const digest = known?.replace(/^sha256:/, "") ?? /@sha256:([0-9a-f]{64})$/.exec(code.ImageUri)?.[1] ?? "";
    return { code: { kind: "image", uri: code.ImageUri, digest }, codeSha256: digest, codeSize: 0, unzippedBytes: 0 };
  }
  if (code.ImageUri !== undefined) throw invalidParameter("Please don't provide ImageUri when the intended function PackageType is Zip.");
  if (code.ZipFile === undefined && (code.S3Bucket === undefined || code.S3Key === undefined)) throw invalidParameter("Please provide a source for function code.");
  if (code.ZipFile !== undefined && (code.S3Bucket !== undefined || code.S3Key !== undefined)) {
    throw invalidParameter("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  }
  if (code.S3Bucket === HOT_RELOAD_BUCKET) {
    const path = checkFolder(code.S3Key!);
    return { code: { kind: "folder", path }, codeSha256: createHash("sha256").update(path).digest("base64"), codeSize: 0, unzippedBytes: 0 };
  }
  const zip = await storeZip(ctx, code);
  try {
    checkUnzipped(zip.unzippedBytes, layers);
  } catch (error) {
    await ctx.blobs.delete(zip.blob);
    throw error;
  }
  return { code: { kind: "zip", sha256: zip.sha256, blob: zip.blob, size: zip.size }, codeSha256: Buffer.from(zip.sha256, "hex").toString("base64"), codeSize: zip.size, unzippedBytes: zip.unzippedBytes };
}

async function discard(ctx: LambdaContext, code: CodeReference): Promise<void> {
  if (code.kind === "zip") await ctx.blobs.delete(code.blob);
}

function describeCode(ctx: LambdaContext, code: CodeReference, sha256: string): { RepositoryType: string; Location?: string; ImageUri?: string; ResolvedImageUri?: string } {
  if (code.kind === "image") {
    const repository = code.uri.replace(/(@sha256:[0-9a-f]+|:[^:/]+)$/, "");
    return { RepositoryType: "ECR", ImageUri: code.uri, ...(sha256 === "" ? {} : { ResolvedImageUri: `${repository}@sha256:${sha256}` }) };
  }
  if (code.kind === "folder") return { RepositoryType: "S3", Location: `file://${code.path}` };
  return { RepositoryType: "S3", Location: codeLocation(ctx, code.blob) };
}
