/** Layers: versions, their policies. */
import type { Operations } from "@cumulet/core";
import type { GetLayerVersionResponse, LayerVersionsListItem, PublishLayerVersionResponse } from "@cumulet/protocol/models/lambda.d.ts";
import { storeZip } from "../code/upload.ts";
import { codeLocation } from "../data-plane/code.ts";
import { conflict, invalidParameter, notFound, preconditionFailed, resourceDoesNotExist } from "../domain/errors.ts";
import { timestamp } from "../domain/function.ts";
import { layerArn } from "../domain/names.ts";
import { permissionStatement, policyDocument } from "../domain/policy.ts";
import type { LambdaStore } from "../store.ts";
import type { LayerRow } from "../store/layers.ts";
import { dropBlobs, markerOf, pageOf, type LambdaContext } from "./lookup.ts";

const PAGE_MAX = 50;
const RUNTIMES_MAX = 15;

export const layerOperations: Operations<"lambda", LambdaStore> = {
  async PublishLayerVersion(ctx, input) {
    const { content } = { content: input.Content };
    if (content.ZipFile === undefined && (content.S3Bucket === undefined || content.S3Key === undefined)) throw invalidParameter("Please provide a source for layer content.");
    if ((input.CompatibleRuntimes?.length ?? 0) > RUNTIMES_MAX) throw invalidParameter(`Cannot list more than ${RUNTIMES_MAX} compatible runtimes.`);
    const zip = await storeZip(ctx, content);
    const name = input.LayerName.split(":").at(-1)!;
    const row = ctx.transaction(() => {
      const made: LayerRow = {
        name, version: ctx.store.layers.nextVersion(name), deleted: false, blob: zip.blob, sha256: zip.sha256, size: zip.size, unzippedBytes: zip.unzippedBytes,
        createdMs: ctx.clock.now(), description: input.Description ?? "", licenseInfo: input.LicenseInfo,
        compatibleRuntimes: input.CompatibleRuntimes, compatibleArchitectures: input.CompatibleArchitectures, policy: undefined,
      };
      ctx.store.layers.put(made);
      return made;
    });
    return describeVersion(ctx, row);
  },

  GetLayerVersion(ctx, input) {
    return describeVersion(ctx, existing(ctx, input.LayerName, input.VersionNumber));
  },

  GetLayerVersionByArn(ctx, input) {
    const at = input.Arn.lastIndexOf(":");
    return describeVersion(ctx, existing(ctx, input.Arn.slice(0, at), Number(input.Arn.slice(at + 1))));
  },

  ListLayerVersions(ctx, input) {
    const name = input.LayerName.split(":").at(-1)!;
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const rows = ctx.store.layers.versions(name, after === "" ? Number.MAX_SAFE_INTEGER : Number(after), size + 1);
    const page = rows.slice(0, size);
    return {
      LayerVersions: page.filter((row) => compatible(row, input.CompatibleRuntime, input.CompatibleArchitecture)).map((row) => listItem(ctx, row)),
      NextMarker: rows.length > size ? markerOf(String(page.at(-1)!.version)) : undefined,
    };
  },

  ListLayers(ctx, input) {
    const { after, size } = pageOf(input.Marker, input.MaxItems, PAGE_MAX);
    const names = ctx.store.layers.names(after, size + 1);
    const page = names.slice(0, size);
    return {
      Layers: page.flatMap((name) => {
        const latest = ctx.store.layers.versions(name, Number.MAX_SAFE_INTEGER, 1)[0];
        if (latest === undefined || !compatible(latest, input.CompatibleRuntime, input.CompatibleArchitecture)) return [];
        return [{ LayerName: name, LayerArn: layerArn(ctx, name), LatestMatchingVersion: listItem(ctx, latest) }];
      }),
      NextMarker: names.length > size ? markerOf(page.at(-1)!) : undefined,
    };
  },

  async DeleteLayerVersion(ctx, input) {
    const { layers } = ctx.store;
    checkNumber(input.VersionNumber);
    const row = layers.get(input.LayerName.split(":").at(-1)!, input.VersionNumber);
    // Deleting what is not there succeeds.
    if (row === undefined || row.deleted) return {};
    const free = ctx.transaction(() => {
      layers.put({ ...row, deleted: true, policy: undefined });
      return layers.release([row.blob]);
    });
    await dropBlobs(ctx, free);
    return {};
  },

  AddLayerVersionPermission(ctx, input) {
    const row = existing(ctx, input.LayerName, input.VersionNumber);
    const arn = layerArn(ctx, row.name, row.version);
    if (input.RevisionId !== undefined && input.RevisionId !== row.policy?.revisionId) {
      throw preconditionFailed("The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id");
    }
    if (row.policy?.statements.some(({ Sid }) => Sid === input.StatementId) === true) {
      throw conflict(`The statement id (${input.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`);
    }
    const statement = permissionStatement({ StatementId: input.StatementId, Action: input.Action, Principal: input.Principal, PrincipalOrgID: input.OrganizationId }, ctx.partition, arn);
    const revisionId = ctx.ids.uuid();
    ctx.store.layers.put({ ...row, policy: { revisionId, statements: [...(row.policy?.statements ?? []), statement] } });
    return { Statement: JSON.stringify(statement), RevisionId: revisionId };
  },

  GetLayerVersionPolicy(ctx, input) {
    const { policy } = existing(ctx, input.LayerName, input.VersionNumber);
    if (policy === undefined) throw notFound("No policy is associated with the given resource.");
    return { Policy: policyDocument(policy.statements), RevisionId: policy.revisionId };
  },

  RemoveLayerVersionPermission(ctx, input) {
    const row = existing(ctx, input.LayerName, input.VersionNumber);
    if (row.policy === undefined) throw notFound("No policy is associated with the given resource.");
    if (input.RevisionId !== undefined && input.RevisionId !== row.policy.revisionId) {
      throw preconditionFailed("The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id");
    }
    const statements = row.policy.statements.filter(({ Sid }) => Sid !== input.StatementId);
    if (statements.length === row.policy.statements.length) throw notFound(`Statement ${input.StatementId} is not found in resource policy.`);
    ctx.store.layers.put({ ...row, policy: statements.length === 0 ? undefined : { revisionId: ctx.ids.uuid(), statements } });
    return {};
  },
};

function checkNumber(version: number): void {
  if (version < 1) throw invalidParameter("Layer Version Cannot be less than 1");
}

/** A layer version by name or ARN; the ARN may belong to another account of the same region. */
function existing(ctx: LambdaContext, nameOrArn: string, version: number): LayerRow {
  checkNumber(version);
  const parts = nameOrArn.split(":");
  const place = parts.length > 1 ? ctx.at(parts[4]!, parts[3]!) : ctx;
  const row = place.store.layers.get(parts.at(-1)!, version);
  if (row === undefined || row.deleted) throw resourceDoesNotExist();
  return row;
}

function compatible(row: LayerRow, runtime: string | undefined, architecture: string | undefined): boolean {
  return (runtime === undefined || (row.compatibleRuntimes?.includes(runtime) ?? false)) && (architecture === undefined || (row.compatibleArchitectures?.includes(architecture) ?? false));
}

function listItem(ctx: LambdaContext, row: LayerRow): LayerVersionsListItem {
  return {
    LayerVersionArn: layerArn(ctx, row.name, row.version),
    Version: row.version,
    Description: row.description,
    CreatedDate: timestamp(row.createdMs),
    CompatibleRuntimes: row.compatibleRuntimes as LayerVersionsListItem["CompatibleRuntimes"],
    CompatibleArchitectures: row.compatibleArchitectures as LayerVersionsListItem["CompatibleArchitectures"],
    LicenseInfo: row.licenseInfo,
  };
}

function describeVersion(ctx: LambdaContext, row: LayerRow): PublishLayerVersionResponse & GetLayerVersionResponse {
  return {
    ...listItem(ctx, row),
    LayerArn: layerArn(ctx, row.name),
    Content: { Location: codeLocation(ctx, row.blob), CodeSha256: Buffer.from(row.sha256, "hex").toString("base64"), CodeSize: row.size },
  };
}
