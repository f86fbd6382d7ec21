import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { RestDefinition } from "../../domain/rest-definition.ts";
import type { RestDeploymentItem, RestStageItem, Store } from "../../store.ts";
import { badRequest, checkQuota, conflict, defined, newId } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findDeployment, findStage } from "./find.ts";
import { pageOf } from "./paging.ts";
import { applyPatch } from "./patch.ts";
import { cacheSize, patchStage, setCache } from "./stage-patch.ts";

/** Freezes what a REST API is at this moment. */
export function snapshotRest(ctx: Ctx, apiId: string): RestDefinition {
  const { store } = ctx;
  return {
    api: findApi(ctx, apiId),
    resources: store.resources.all(apiId),
    models: store.restModels.all(apiId),
    validators: store.validators.all(apiId),
    authorizers: store.restAuthorizers.all(apiId),
    gatewayResponses: store.gatewayResponses.all(apiId),
  };
}

function checkVariable(name: string, value: string): void {
  if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) throw badRequest(`Stage variable name '${name}' is invalid. Please use alphanumeric and underscore characters`);
  if (value.length > 512 || !/^[A-Za-z0-9-._~:/?#&=, ]*$/.test(value)) throw badRequest(`Invalid stage variable value: ${value}. Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.`);
}

function checkVariables(variables: { [name: string]: string } | undefined): void {
  const list = Object.entries(variables ?? {});
  if (list.length > 100) throw badRequest("Stage variables cannot exceed 100");
  for (const [name, value] of list) checkVariable(name, value);
}

function checkStageName(name: string): void {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(name)) throw badRequest("Stage name only allows a-zA-Z0-9_");
}

interface StageInput {
  stageName: string;
  deploymentId: string;
  description?: string | undefined;
  variables?: { [name: string]: string } | undefined;
  cacheClusterEnabled?: boolean | undefined;
  cacheClusterSize?: string | undefined;
  documentationVersion?: string | undefined;
  canarySettings?: Rest.CanarySettings | undefined;
  tracingEnabled?: boolean | undefined;
  tags?: { [name: string]: string } | undefined;
}

function newStage(ctx: Ctx, apiId: string, input: StageInput): RestStageItem {
  checkStageName(input.stageName);
  checkVariables(input.variables);
  checkQuota(ctx, "stages", 10, ctx.store.restStages.count(apiId), "stages");
  const now = ctx.clock.now();
  const canary = input.canarySettings;
  const stage: RestStageItem = defined({
    deploymentId: input.deploymentId,
    stageName: input.stageName,
    description: input.description,
    cacheClusterSize: input.cacheClusterSize === undefined ? undefined : cacheSize(input.cacheClusterSize),
    methodSettings: {},
    variables: input.variables,
    documentationVersion: input.documentationVersion,
    canarySettings: canary === undefined ? undefined : defined({ percentTraffic: canary.percentTraffic ?? 0, deploymentId: canary.deploymentId ?? input.deploymentId, stageVariableOverrides: canary.stageVariableOverrides, useStageCache: canary.useStageCache ?? false }),
    tracingEnabled: input.tracingEnabled ?? false,
    tags: input.tags,
    createdDate: now,
    lastUpdatedDate: now,
  });
  setCache(stage, input.cacheClusterEnabled ?? false);
  ctx.store.restStages.put(apiId, stage.stageName, stage);
  return stage;
}

function deploy(ctx: Ctx, apiId: string, description: string | undefined): RestDeploymentItem {
  const definition = snapshotRest(ctx, apiId);
  const methods = definition.resources.flatMap((resource) => Object.values(resource.resourceMethods ?? {}));
  if (methods.length === 0) throw badRequest("The REST API doesn't contain any methods");
  if (methods.some((method) => method.methodIntegration === undefined)) throw badRequest("No integration defined for method");
  const deployment: RestDeploymentItem = defined({ id: newId(ctx, 6), description, createdDate: ctx.clock.now(), definition });
  ctx.store.restDeployments.put(apiId, deployment.id, deployment);
  return deployment;
}

const deploymentView = ({ definition: _definition, ...deployment }: RestDeploymentItem): Rest.Deployment => deployment;

/** What each method of a deployment asks of its callers (`embed=apisummary`). */
function withSummary(deployment: RestDeploymentItem): Rest.Deployment {
  const apiSummary: { [path: string]: { [method: string]: Rest.MethodSnapshot } } = {};
  for (const resource of deployment.definition.resources) {
    for (const [name, method] of Object.entries(resource.resourceMethods ?? {})) {
      (apiSummary[resource.path ?? "/"] ??= {})[name] = { authorizationType: method.authorizationType, apiKeyRequired: method.apiKeyRequired };
    }
  }
  return { ...deploymentView(deployment), apiSummary };
}

/** A canary deployment changes only the canary of a stage that exists already. Recorded messages, missing blank included. */
function deployCanary(ctx: Ctx, input: Rest.CreateDeploymentRequest, canary: Rest.DeploymentCanarySettings): RestDeploymentItem {
  const name = input.stageName;
  if (name === undefined || name === "") throw badRequest(`Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is ${name === undefined ? "null" : ""}`);
  const stage = ctx.store.restStages.get(input.restApiId, name);
  if (stage === undefined) throw badRequest(`Invalid deployment content specified.Stage ${name} must already be created before making a canary release deployment`);
  const deployment = deploy(ctx, input.restApiId, input.description);
  const canarySettings = defined({ deploymentId: deployment.id, percentTraffic: canary.percentTraffic ?? 0, stageVariableOverrides: canary.stageVariableOverrides, useStageCache: canary.useStageCache ?? false });
  ctx.store.restStages.put(input.restApiId, name, { ...stage, canarySettings });
  return deployment;
}

export const stageOperations: Operations<"apigateway", Store> = {
  CreateDeployment(ctx, input) {
    findApi(ctx, input.restApiId);
    if (input.canarySettings !== undefined) return deploymentView(deployCanary(ctx, input, input.canarySettings));
    if (input.stageName !== undefined && input.stageName !== "") checkStageName(input.stageName);
    const deployment = deploy(ctx, input.restApiId, input.description);
    if (input.stageName !== undefined && input.stageName !== "") {
      const stage = ctx.store.restStages.get(input.restApiId, input.stageName);
      if (stage === undefined) {
        newStage(ctx, input.restApiId, { ...input, stageName: input.stageName, deploymentId: deployment.id, description: input.stageDescription, canarySettings: undefined });
      } else {
        checkVariables(input.variables);
        const updated = defined({ ...stage, deploymentId: deployment.id, ...defined({ description: input.stageDescription, variables: input.variables, tracingEnabled: input.tracingEnabled }), lastUpdatedDate: ctx.clock.now() });
        if (input.cacheClusterSize !== undefined) updated.cacheClusterSize = cacheSize(input.cacheClusterSize);
        if (input.cacheClusterEnabled !== undefined) setCache(updated, input.cacheClusterEnabled);
        ctx.store.restStages.put(input.restApiId, input.stageName, updated);
      }
    }
    return deploymentView(deployment);
  },
  GetDeployment(ctx, input) {
    const deployment = findDeployment(ctx, input.restApiId, input.deploymentId);
    return input.embed?.includes("apisummary") === true ? withSummary(deployment) : deploymentView(deployment);
  },
  GetDeployments(ctx, input) {
    findApi(ctx, input.restApiId);
    const { items, position } = pageOf(ctx.store.restDeployments, input.restApiId, input);
    return defined({ items: items.map(deploymentView), position });
  },
  UpdateDeployment(ctx, input) {
    const deployment = applyPatch(findDeployment(ctx, input.restApiId, input.deploymentId), input.patchOperations, [
      { path: "/description", replace: (item, value) => void (item.description = value ?? "") },
    ]);
    ctx.store.restDeployments.put(input.restApiId, deployment.id, deployment);
    return deploymentView(deployment);
  },
  DeleteDeployment(ctx, input) {
    findDeployment(ctx, input.restApiId, input.deploymentId);
    const used = ctx.store.restStages.all(input.restApiId).some((stage) => stage.deploymentId === input.deploymentId || stage.canarySettings?.deploymentId === input.deploymentId);
    if (used) throw badRequest("Active stages pointing to this deployment must be moved or deleted");
    ctx.store.restDeployments.delete(input.restApiId, input.deploymentId);
    return {};
  },
  CreateStage(ctx, input) {
    findApi(ctx, input.restApiId);
    checkStageName(input.stageName);
    if (ctx.store.restStages.get(input.restApiId, input.stageName) !== undefined) throw conflict("Stage already exists");
    if (ctx.store.restDeployments.get(input.restApiId, input.deploymentId) === undefined) throw badRequest("Deployment id does not exist");
    const canary = input.canarySettings?.deploymentId;
    if (canary !== undefined && ctx.store.restDeployments.get(input.restApiId, canary) === undefined) throw badRequest("Deployment id does not exist");
    return newStage(ctx, input.restApiId, input);
  },
  GetStage(ctx, input) {
    return findStage(ctx, input.restApiId, input.stageName);
  },
  GetStages(ctx, input) {
    findApi(ctx, input.restApiId);
    const stages = ctx.store.restStages.all(input.restApiId);
    return { item: input.deploymentId === undefined ? stages : stages.filter((stage) => stage.deploymentId === input.deploymentId) };
  },
  UpdateStage(ctx, input) {
    const stage = patchStage(findStage(ctx, input.restApiId, input.stageName), input.patchOperations, {
      deploymentExists: (id) => ctx.store.restDeployments.get(input.restApiId, id) !== undefined,
      checkVariable,
    });
    stage.lastUpdatedDate = ctx.clock.now();
    ctx.store.restStages.put(input.restApiId, input.stageName, stage);
    return stage;
  },
  FlushStageCache(ctx, input) {
    findStage(ctx, input.restApiId, input.stageName);
    ctx.store.state.responses.flush(input.restApiId, input.stageName);
    return {};
  },
  DeleteStage(ctx, input) {
    findStage(ctx, input.restApiId, input.stageName);
    ctx.store.state.responses.flush(input.restApiId, input.stageName);
    ctx.store.restStages.delete(input.restApiId, input.stageName);
    return {};
  },
};
