import type { Operations } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { DeploymentItem, StageItem, Store } from "../../store.ts";
import { currentDeployment, deploy } from "../../deploy.ts";
import { badRequest, checkQuota, conflict, decodeCursor, defined, encodeCursor, notFound, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findDeployment, findStage } from "./find.ts";

/** AWS's default for routes of a stage that say nothing else. */
const DEFAULT_ROUTE_SETTINGS: V2.RouteSettings = { DetailedMetricsEnabled: false };

function checkVariables(variables: { [key: string]: string } | undefined): void {
  for (const [name, value] of Object.entries(variables ?? {})) {
    if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) throw badRequest(`Invalid stage variable name specified: ${name}`);
    if (!/^[A-Za-z0-9-._~:/?#&=,]{0,512}$/.test(value)) throw badRequest(`Invalid stage variable value: ${value}. Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.`);
  }
  if (Object.keys(variables ?? {}).length > 100) throw badRequest("Stage variables cannot exceed 100");
}

/** Settings are for routes that exist (the words are those that Terraform's users report from AWS). */
function checkRouteSettings(ctx: Ctx, apiId: string, settings: { [key: string]: V2.RouteSettings } | undefined): void {
  if (settings === undefined) return;
  const keys = new Set(ctx.store.routes.all(apiId).map((route) => route.RouteKey));
  for (const key of Object.keys(settings)) {
    if (!keys.has(key)) throw notFound(`Unable to find Route by key ${key} within the provided RouteSettings`);
  }
}

/** Adds a stage, all checks made; imports use it too. */
export function createStage(ctx: Ctx, apiId: string, input: Omit<V2.CreateStageRequest, "ApiId">): StageItem {
  const { store } = ctx;
  const api = findApi(ctx, apiId);
  if (!/^(?:\$default|[A-Za-z0-9_-]{1,128})$/.test(input.StageName)) throw badRequest("Stage name only allows a-zA-Z0-9_- characters or $default");
  if (input.StageName === "$default" && api.ProtocolType !== "HTTP") throw badRequest("Stage name $default is only supported for HTTP APIs");
  if (store.stages.get(apiId, input.StageName) !== undefined) throw conflict("Stage already exists");
  if (input.DeploymentId !== undefined && store.deployments.get(apiId, input.DeploymentId) === undefined) throw notFound(`Invalid Deployment identifier specified ${input.DeploymentId}`);
  checkVariables(input.StageVariables);
  checkRouteSettings(ctx, apiId, input.RouteSettings);
  checkQuota(ctx, "stages", 10, store.stages.count(apiId), "stages");
  const now = ctx.clock.now();
  const stage: StageItem = defined({
    AccessLogSettings: input.AccessLogSettings,
    AutoDeploy: input.AutoDeploy,
    ClientCertificateId: input.ClientCertificateId,
    CreatedDate: now,
    DefaultRouteSettings: { ...DEFAULT_ROUTE_SETTINGS, ...input.DefaultRouteSettings },
    DeploymentId: input.DeploymentId,
    Description: input.Description,
    LastUpdatedDate: now,
    RouteSettings: input.RouteSettings ?? {},
    StageName: input.StageName,
    StageVariables: input.StageVariables ?? {},
    Tags: input.Tags ?? {},
  });
  store.stages.put(apiId, input.StageName, stage);
  return stage;
}

/** A stage that deploys by itself shows the deployment that it would serve now. */
function stageView(ctx: Ctx, apiId: string, stage: StageItem): V2.Stage {
  if (stage.AutoDeploy !== true) return stage;
  currentDeployment(ctx, apiId, stage.StageName);
  return ctx.store.stages.get(apiId, stage.StageName) ?? stage;
}

const deploymentView = ({ definition: _definition, ...deployment }: DeploymentItem): V2.Deployment => deployment;

export const stageOperations: Operations<"apigatewayv2", Store> = {
  CreateStage: (ctx, { ApiId, ...input }) => createStage(ctx, ApiId, input),
  GetStage: (ctx, input) => stageView(ctx, input.ApiId, findStage(ctx, input.ApiId, input.StageName)),
  GetStages(ctx, input) {
    findApi(ctx, input.ApiId);
    const { items, next } = ctx.store.stages.page(input.ApiId, pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items.map((stage) => stageView(ctx, input.ApiId, stage)), NextToken: encodeCursor(next) };
  },
  UpdateStage(ctx, { ApiId, StageName, ...changes }) {
    const stage = findStage(ctx, ApiId, StageName);
    if (changes.DeploymentId !== undefined) {
      if (stage.AutoDeploy === true && changes.AutoDeploy !== false) throw badRequest("Deployment ID cannot be set on a stage with automatic deployment");
      findDeployment(ctx, ApiId, changes.DeploymentId);
    }
    checkVariables(changes.StageVariables);
    checkRouteSettings(ctx, ApiId, changes.RouteSettings);
    const variables = changes.StageVariables === undefined ? stage.StageVariables : mergeVariables(stage.StageVariables, changes.StageVariables);
    const updated: StageItem = defined({
      ...stage,
      ...defined(changes),
      StageVariables: variables,
      DefaultRouteSettings: { ...stage.DefaultRouteSettings, ...changes.DefaultRouteSettings },
      RouteSettings: changes.RouteSettings === undefined ? stage.RouteSettings : { ...stage.RouteSettings, ...changes.RouteSettings },
      LastUpdatedDate: ctx.clock.now(),
    });
    ctx.store.stages.put(ApiId, StageName, updated);
    return stageView(ctx, ApiId, updated);
  },
  DeleteStage(ctx, input) {
    findStage(ctx, input.ApiId, input.StageName);
    ctx.store.stages.delete(input.ApiId, input.StageName);
    return {};
  },
  DeleteAccessLogSettings(ctx, input) {
    const { AccessLogSettings: _settings, ...stage } = findStage(ctx, input.ApiId, input.StageName);
    ctx.store.stages.put(input.ApiId, input.StageName, stage);
    return {};
  },
  DeleteRouteSettings(ctx, input) {
    const stage = findStage(ctx, input.ApiId, input.StageName);
    const settings = { ...stage.RouteSettings };
    if (!Object.hasOwn(settings, input.RouteKey)) throw notFound(`Invalid route key specified ${input.RouteKey}`);
    delete settings[input.RouteKey];
    ctx.store.stages.put(input.ApiId, input.StageName, { ...stage, RouteSettings: settings });
    return {};
  },
  CreateDeployment(ctx, input) {
    const api = findApi(ctx, input.ApiId);
    if (ctx.store.routes.count(api.ApiId) === 0) throw badRequest("At least one route is required before deploying the Api.");
    const stage = input.StageName === undefined ? undefined : findStage(ctx, input.ApiId, input.StageName);
    if (stage?.AutoDeploy === true) throw badRequest("Deployment cannot be created for a stage with automatic deployment");
    const deployment = deploy(ctx, input.ApiId, { description: input.Description, auto: false });
    if (stage !== undefined) ctx.store.stages.put(input.ApiId, stage.StageName, { ...stage, DeploymentId: deployment.DeploymentId, LastUpdatedDate: ctx.clock.now() });
    return deploymentView(deployment);
  },
  GetDeployment: (ctx, input) => deploymentView(findDeployment(ctx, input.ApiId, input.DeploymentId)),
  GetDeployments(ctx, input) {
    findApi(ctx, input.ApiId);
    for (const stage of ctx.store.stages.all(input.ApiId)) if (stage.AutoDeploy === true) currentDeployment(ctx, input.ApiId, stage.StageName);
    const { items, next } = ctx.store.deployments.page(input.ApiId, pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items.map(deploymentView), NextToken: encodeCursor(next) };
  },
  UpdateDeployment(ctx, input) {
    const deployment = findDeployment(ctx, input.ApiId, input.DeploymentId);
    const updated = { ...deployment, ...defined({ Description: input.Description }) };
    ctx.store.deployments.put(input.ApiId, input.DeploymentId, updated);
    return deploymentView(updated);
  },
  DeleteDeployment(ctx, input) {
    findDeployment(ctx, input.ApiId, input.DeploymentId);
    if (ctx.store.stages.all(input.ApiId).some((stage) => stage.DeploymentId === input.DeploymentId)) throw badRequest("Active stages pointing to this deployment must be moved or deleted");
    ctx.store.deployments.delete(input.ApiId, input.DeploymentId);
    return {};
  },
};

/** Updating a variable to the empty text removes it. */
function mergeVariables(before: { [key: string]: string } | undefined, changes: { [key: string]: string }): { [key: string]: string } {
  const merged = { ...before, ...changes };
  for (const [key, value] of Object.entries(changes)) if (value === "") delete merged[key];
  return merged;
}
