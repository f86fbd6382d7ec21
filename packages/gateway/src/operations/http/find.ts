import { notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import type { ApiItem, AuthorizerItem, DeploymentItem, IntegrationItem, RouteItem, StageItem } from "../../store.ts";

/** Items by their identifiers, or version 2's NotFoundException. */
export function findApi(ctx: Ctx, id: string): ApiItem {
  const api = ctx.store.apis.get("", id);
  if (api === undefined) throw notFound(`Invalid API identifier specified ${id}`);
  return api;
}

export function findRoute(ctx: Ctx, apiId: string, id: string): RouteItem {
  findApi(ctx, apiId);
  const route = ctx.store.routes.get(apiId, id);
  if (route === undefined) throw notFound(`Invalid Route identifier specified ${id}`);
  return route;
}

export function findIntegration(ctx: Ctx, apiId: string, id: string): IntegrationItem {
  findApi(ctx, apiId);
  const integration = ctx.store.integrations.get(apiId, id);
  if (integration === undefined) throw notFound(`Invalid Integration identifier specified ${id}`);
  return integration;
}

export function findAuthorizer(ctx: Ctx, apiId: string, id: string): AuthorizerItem {
  findApi(ctx, apiId);
  const authorizer = ctx.store.authorizers.get(apiId, id);
  if (authorizer === undefined) throw notFound(`Invalid Authorizer identifier specified ${id}`);
  return authorizer;
}

export function findStage(ctx: Ctx, apiId: string, name: string): StageItem {
  findApi(ctx, apiId);
  const stage = ctx.store.stages.get(apiId, name);
  if (stage === undefined) throw notFound("Invalid stage identifier specified");
  return stage;
}

export function findDeployment(ctx: Ctx, apiId: string, id: string): DeploymentItem {
  findApi(ctx, apiId);
  const deployment = ctx.store.deployments.get(apiId, id);
  if (deployment === undefined) throw notFound(`Invalid Deployment identifier specified ${id}`);
  return deployment;
}
