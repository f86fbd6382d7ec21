import { notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { ResourceItem, RestApiItem, RestDeploymentItem, RestStageItem } from "../../store.ts";

/** Items of REST APIs by their identifiers, or the NotFoundException that AWS gives for each. */
export function findApi(ctx: Ctx, id: string): RestApiItem {
  const api = ctx.store.restApis.get("", id);
  if (api === undefined) throw notFound(`Invalid API identifier specified ${ctx.account}:${id}`);
  return api;
}

/** Recorded: with an unknown API it is the resource that AWS calls invalid. */
export function findResource(ctx: Ctx, apiId: string, id: string): ResourceItem {
  const resource = ctx.store.resources.get(apiId, id);
  if (resource === undefined) throw notFound("Invalid Resource identifier specified");
  return resource;
}

export function findMethod(ctx: Ctx, apiId: string, resourceId: string, name: string): { resource: ResourceItem; method: Rest.Method } {
  const resource = findResource(ctx, apiId, resourceId);
  const method = Object.hasOwn(resource.resourceMethods, name) ? resource.resourceMethods[name] : undefined;
  if (method === undefined) throw notFound("Invalid Method identifier specified");
  return { resource, method };
}

export function findIntegration(ctx: Ctx, apiId: string, resourceId: string, name: string): { resource: ResourceItem; method: Rest.Method; integration: Rest.Integration } {
  const resource = findResource(ctx, apiId, resourceId);
  const method = Object.hasOwn(resource.resourceMethods, name) ? resource.resourceMethods[name] : undefined;
  if (method?.methodIntegration === undefined) throw notFound("Invalid Integration identifier specified");
  return { resource, method, integration: method.methodIntegration };
}

export function findDeployment(ctx: Ctx, apiId: string, id: string): RestDeploymentItem {
  const deployment = ctx.store.restDeployments.get(apiId, id);
  if (deployment === undefined) throw notFound("Invalid Deployment identifier specified");
  return deployment;
}

export function findStage(ctx: Ctx, apiId: string, name: string): RestStageItem {
  const stage = ctx.store.restStages.get(apiId, name);
  if (stage === undefined) throw notFound("Invalid stage identifier specified");
  return stage;
}
