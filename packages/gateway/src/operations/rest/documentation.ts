import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { Store } from "../../store.ts";
import { badRequest, checkQuota, conflict, defined, newId, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { documentationOf } from "../../domain/openapi/documentation.ts";
import { parseDocument, DocumentError } from "../../domain/openapi/document.ts";
import { findApi, findStage } from "./find.ts";
import { pageOf, pageOfList } from "./paging.ts";
import { applyPatch, text } from "./patch.ts";

type Part = Rest.DocumentationPart & { id: string };

/** Kinds of entities whose location may hold a path, a method, a status code and must hold a name. */
const WITH_PATH = ["RESOURCE", "METHOD", "PATH_PARAMETER", "QUERY_PARAMETER", "REQUEST_HEADER", "REQUEST_BODY", "RESPONSE", "RESPONSE_HEADER", "RESPONSE_BODY"];
const WITH_METHOD = WITH_PATH.slice(1);
const WITH_STATUS = ["RESPONSE", "RESPONSE_HEADER", "RESPONSE_BODY"];
const WITH_NAME = ["AUTHORIZER", "MODEL", "PATH_PARAMETER", "QUERY_PARAMETER", "REQUEST_HEADER", "RESPONSE_HEADER"];

function checkLocation(location: Rest.DocumentationPartLocation): void {
  const { type, path, method, statusCode, name } = location;
  const invalid = (member: string): Error => badRequest(`Invalid documentation part location: ${member} is not valid for type ${type}`);
  if (path !== undefined && !WITH_PATH.includes(type)) throw invalid("path");
  if (method !== undefined && !WITH_METHOD.includes(type)) throw invalid("method");
  if (statusCode !== undefined && !WITH_STATUS.includes(type)) throw invalid("statusCode");
  if (name !== undefined && !WITH_NAME.includes(type)) throw invalid("name");
  if (name === undefined && WITH_NAME.includes(type)) throw badRequest(`Invalid documentation part location: name is required for type ${type}`);
}

function checkProperties(properties: string | undefined): void {
  let value: unknown;
  try {
    value = JSON.parse(properties ?? "");
  } catch {
    throw badRequest("Invalid documentation part properties: must be a JSON object");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badRequest("Invalid documentation part properties: must be a JSON object");
}

function findPart(ctx: Ctx, apiId: string, id: string): Part {
  const part = ctx.store.documentationParts.get(apiId, id);
  if (part === undefined) throw notFound("Invalid Documentation part identifier specified");
  return part;
}

/** Locations without what their defaults say: `/`, any method, any status. */
function locationKey({ type, path, method, statusCode, name }: Rest.DocumentationPartLocation): string {
  return JSON.stringify([type, path ?? "/", method ?? "*", statusCode ?? "*", name ?? ""]);
}

/** Adds a part, all checks made; imports use it too. */
export function createPart(ctx: Ctx, apiId: string, given: Rest.DocumentationPartLocation, properties: string): Part {
  // Terraform spells out what it has no value for.
  const location = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")) as Rest.DocumentationPartLocation;
  checkLocation(location);
  checkProperties(properties);
  const key = locationKey(location);
  if (ctx.store.documentationParts.all(apiId).some((part) => locationKey(part.location!) === key)) throw conflict("Documentation part already exists for the specified location: " + describe(location));
  checkQuota(ctx, "documentationParts", 2000, ctx.store.documentationParts.count(apiId), "documentation parts");
  // Recorded: an entity that has a path is at `/` unless told.
  const part: Part = { id: newId(ctx, 6), location: defined({ path: WITH_PATH.includes(location.type) ? "/" : undefined, ...location }), properties };
  ctx.store.documentationParts.put(apiId, part.id, part);
  return part;
}

const describe = (location: Rest.DocumentationPartLocation): string => Object.entries(defined(location)).map(([name, value]) => `${name} '${String(value)}'`).join(", ");

function findVersion(ctx: Ctx, apiId: string, version: string) {
  const found = ctx.store.documentationVersions.get(apiId, version);
  if (found === undefined) throw notFound("Invalid Documentation version specified");
  return found;
}

type StoredVersion = ReturnType<typeof findVersion>;
const versionView = ({ parts: _parts, ...version }: StoredVersion): Rest.DocumentationVersion => version;

export const documentationOperations: Operations<"apigateway", Store> = {
  CreateDocumentationPart(ctx, input) {
    findApi(ctx, input.restApiId);
    return createPart(ctx, input.restApiId, input.location, input.properties);
  },
  GetDocumentationPart(ctx, input) {
    findApi(ctx, input.restApiId);
    return findPart(ctx, input.restApiId, input.documentationPartId);
  },
  GetDocumentationParts(ctx, input) {
    findApi(ctx, input.restApiId);
    const parts = ctx.store.documentationParts.all(input.restApiId).filter(({ location, properties }) =>
      (input.type === undefined || location!.type === input.type) && (input.path === undefined || (location!.path ?? "/").startsWith(input.path)) && (input.nameQuery === undefined || (location!.name ?? "").includes(input.nameQuery)) &&
      (input.locationStatus !== "UNDOCUMENTED" || properties === "{}"));
    return pageOfList(parts, input);
  },
  UpdateDocumentationPart(ctx, input) {
    // Recorded: here an unknown API is an unknown part.
    const part = applyPatch(findPart(ctx, input.restApiId, input.documentationPartId), input.patchOperations, [
      {
        path: "/properties",
        replace: (item, value) => {
          checkProperties(value);
          item.properties = value!;
        },
      },
    ], "listed");
    ctx.store.documentationParts.put(input.restApiId, part.id, part);
    return part;
  },
  DeleteDocumentationPart(ctx, input) {
    findApi(ctx, input.restApiId);
    findPart(ctx, input.restApiId, input.documentationPartId);
    ctx.store.documentationParts.delete(input.restApiId, input.documentationPartId);
    return {};
  },
  ImportDocumentationParts(ctx, input) {
    findApi(ctx, input.restApiId);
    let parts;
    try {
      parts = documentationOf(parseDocument(Buffer.from(input.body).toString("utf8")));
    } catch (error) {
      if (error instanceof DocumentError) throw badRequest("Unable to build importer with provided input.");
      throw error;
    }
    if (input.mode === "overwrite") ctx.store.documentationParts.clear(input.restApiId);
    const ids = parts.map(({ location, properties }) => {
      const key = locationKey(location);
      const existing = ctx.store.documentationParts.all(input.restApiId).find((part) => locationKey(part.location!) === key);
      if (existing === undefined) return createPart(ctx, input.restApiId, location, properties).id;
      const merged = JSON.stringify({ ...(JSON.parse(existing.properties ?? "{}") as object), ...(JSON.parse(properties) as object) });
      ctx.store.documentationParts.put(input.restApiId, existing.id, { ...existing, properties: merged });
      return existing.id;
    });
    return { ids, warnings: undefined };
  },
  CreateDocumentationVersion(ctx, input) {
    findApi(ctx, input.restApiId);
    const { documentationVersion: version } = input;
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(version)) throw badRequest("Invalid documentation version specified");
    if (ctx.store.documentationVersions.get(input.restApiId, version) !== undefined) throw conflict("Documentation version already exists");
    const parts = ctx.store.documentationParts.all(input.restApiId);
    if (parts.length === 0) throw badRequest("At least one documentation part is required before creating a documentation version");
    const item = defined({ version, createdDate: ctx.clock.now(), description: input.description, parts });
    ctx.store.documentationVersions.put(input.restApiId, version, item);
    if (input.stageName !== undefined) {
      const stage = findStage(ctx, input.restApiId, input.stageName);
      ctx.store.restStages.put(input.restApiId, input.stageName, { ...stage, documentationVersion: version });
    }
    return versionView(item);
  },
  GetDocumentationVersion(ctx, input) {
    findApi(ctx, input.restApiId);
    return versionView(findVersion(ctx, input.restApiId, input.documentationVersion));
  },
  GetDocumentationVersions(ctx, input) {
    findApi(ctx, input.restApiId);
    const { items, position } = pageOf(ctx.store.documentationVersions, input.restApiId, input);
    return defined({ items: items.map(versionView), position });
  },
  UpdateDocumentationVersion(ctx, input) {
    findApi(ctx, input.restApiId);
    const version = applyPatch(findVersion(ctx, input.restApiId, input.documentationVersion), input.patchOperations, [text("/description", "description")], "listed");
    ctx.store.documentationVersions.put(input.restApiId, input.documentationVersion, version);
    return versionView(version);
  },
  DeleteDocumentationVersion(ctx, input) {
    findApi(ctx, input.restApiId);
    findVersion(ctx, input.restApiId, input.documentationVersion);
    if (ctx.store.restStages.all(input.restApiId).some((stage) => stage.documentationVersion === input.documentationVersion)) throw conflict("Cannot delete documentation version, it is associated with a stage");
    ctx.store.documentationVersions.delete(input.restApiId, input.documentationVersion);
    return {};
  },
};
