import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { ResourceItem, Store } from "../../store.ts";
import { badRequest, checkQuota, conflict, newId, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findResource } from "./find.ts";
import { pageOfList } from "./paging.ts";
import { applyPatch } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

const isVariable = (part: string): boolean => /^\{.+\}$/.test(part);
const isGreedy = (part: string): boolean => /^\{.+\+\}$/.test(part);

function checkPathPart(part: string): void {
  if (!/^(?:[a-zA-Z0-9._\-:$!*'(),;=@&~+%]+|\{[a-zA-Z0-9._\-:]+\+?\})$/.test(part)) {
    throw badRequest("Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.");
  }
}

/** What a new or moved resource must respect among the children of its parent. */
function checkSiblings(ctx: Ctx, apiId: string, parent: ResourceItem, part: string, self?: string): void {
  if (parent.pathPart !== undefined && isGreedy(parent.pathPart)) throw badRequest(`Cannot create a child of a resource with a greedy path variable: ${parent.pathPart}`);
  const siblings = ctx.store.resources.all(apiId).filter((resource) => resource.parentId === parent.id && resource.id !== self);
  if (siblings.some((sibling) => sibling.pathPart === part)) throw conflict(`Another resource with the same parent already has this name: ${part}`);
  if (!isVariable(part)) return;
  const other = siblings.find((sibling) => isVariable(sibling.pathPart ?? ""));
  if (other !== undefined) throw badRequest(`A sibling (${other.pathPart}) of this resource already has a variable path part -- only one is allowed`);
}

const joinPath = (parent: string, part: string): string => (parent === "/" ? `/${part}` : `${parent}/${part}`);

/** Adds a resource; imports use it too. */
export function createResource(ctx: Ctx, apiId: string, parent: ResourceItem, part: string): ResourceItem {
  checkPathPart(part);
  checkSiblings(ctx, apiId, parent, part);
  checkQuota(ctx, "resources", 300, ctx.store.resources.count(apiId), "resources");
  const id = newId(ctx, 6);
  const resource: ResourceItem = { id, parentId: parent.id, pathPart: part, path: joinPath(parent.path, part), resourceMethods: {} };
  ctx.store.resources.put(apiId, id, resource);
  return resource;
}

/** A resource as answers show it: methods only by name unless they are embedded, none at all without methods. */
export function resourceView(resource: ResourceItem, embedMethods: boolean): Rest.Resource {
  const { resourceMethods, ...rest } = resource;
  const names = Object.keys(resourceMethods);
  if (names.length === 0) return rest;
  return { ...rest, resourceMethods: embedMethods ? resourceMethods : Object.fromEntries(names.map((name) => [name, {}])) };
}

/** New paths of a moved or renamed resource and all below it. */
function repath(ctx: Ctx, apiId: string, resource: ResourceItem): void {
  for (const child of ctx.store.resources.all(apiId)) {
    if (child.parentId !== resource.id) continue;
    const moved = { ...child, path: joinPath(resource.path, child.pathPart ?? "") };
    ctx.store.resources.put(apiId, child.id, moved);
    repath(ctx, apiId, moved);
  }
}

function descendants(ctx: Ctx, apiId: string, id: string): string[] {
  const all = ctx.store.resources.all(apiId);
  const found = [id];
  for (let i = 0; i < found.length; i++) for (const resource of all) if (resource.parentId === found[i]) found.push(resource.id);
  return found;
}

function rules(ctx: Ctx, apiId: string): readonly PatchRule<ResourceItem>[] {
  const parentOf = (id: string | undefined): ResourceItem => {
    const parent = id === undefined ? undefined : ctx.store.resources.get(apiId, id);
    if (parent === undefined) throw notFound("Invalid Resource identifier specified");
    return parent;
  };
  return [
    {
      path: "/parentId",
      replace: (resource, value) => {
        if (resource.parentId === undefined) throw badRequest("Root resource cannot update its parentId.");
        const parent = parentOf(value);
        if (descendants(ctx, apiId, resource.id).includes(parent.id)) throw badRequest("Resources cannot be cyclical.");
        checkSiblings(ctx, apiId, parent, resource.pathPart ?? "", resource.id);
        resource.parentId = parent.id;
        resource.path = joinPath(parent.path, resource.pathPart ?? "");
      },
    },
    {
      path: "/pathPart",
      replace: (resource, value) => {
        if (resource.parentId === undefined) throw badRequest("Root resource cannot update its pathPart.");
        const part = value ?? "";
        checkPathPart(part);
        const parent = parentOf(resource.parentId);
        checkSiblings(ctx, apiId, parent, part, resource.id);
        resource.pathPart = part;
        resource.path = joinPath(parent.path, part);
      },
    },
  ];
}

export const resourceOperations: Operations<"apigateway", Store> = {
  CreateResource(ctx, input) {
    findApi(ctx, input.restApiId);
    const parent = findResource(ctx, input.restApiId, input.parentId);
    return resourceView(createResource(ctx, input.restApiId, parent, input.pathPart), false);
  },
  GetResource(ctx, input) {
    return resourceView(findResource(ctx, input.restApiId, input.resourceId), input.embed?.includes("methods") ?? false);
  },
  GetResources(ctx, input) {
    findApi(ctx, input.restApiId);
    const embed = input.embed?.includes("methods") ?? false;
    const { items, position } = pageOfList(ctx.store.resources.all(input.restApiId), input);
    return { items: items.map((resource) => resourceView(resource, embed)), ...(position === undefined ? {} : { position }) };
  },
  UpdateResource(ctx, input) {
    const before = findResource(ctx, input.restApiId, input.resourceId);
    const resource = applyPatch(before, input.patchOperations, rules(ctx, input.restApiId), "listed");
    ctx.store.resources.put(input.restApiId, resource.id, resource);
    if (resource.path !== before.path) repath(ctx, input.restApiId, resource);
    return resourceView(resource, false);
  },
  DeleteResource(ctx, input) {
    const resource = findResource(ctx, input.restApiId, input.resourceId);
    if (resource.parentId === undefined) throw badRequest("Root resource cannot be deleted.");
    for (const id of descendants(ctx, input.restApiId, resource.id)) ctx.store.resources.delete(input.restApiId, id);
    return {};
  },
};
