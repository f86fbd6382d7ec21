import type { Context } from "@cumulet/core";
import type { DeploymentItem, Store } from "./store.ts";
import type { HttpDefinition } from "./domain/http-definition.ts";

/** Automatic deployments whose definition is kept; older ones stay in the list as records. */
const KEPT_AUTOMATIC = 10;

const SHORT_ID = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Freezes what an HTTP or WebSocket API is at this moment. */
export function snapshot(store: Store, apiId: string): HttpDefinition {
  return {
    api: store.apis.get("", apiId)!,
    routes: store.routes.all(apiId),
    routeResponses: store.routeResponses.all(apiId),
    integrations: store.integrations.all(apiId),
    integrationResponses: store.integrationResponses.all(apiId),
    authorizers: store.authorizers.all(apiId),
    models: store.models.all(apiId),
  };
}

/** Makes a deployment of an API as it is now. */
export function deploy(ctx: Context<Store>, apiId: string, options: { description?: string | undefined; auto: boolean }): DeploymentItem {
  const { store } = ctx;
  const deployment: DeploymentItem = {
    AutoDeployed: options.auto,
    CreatedDate: ctx.clock.now(),
    DeploymentId: ctx.ids.token(6, SHORT_ID),
    DeploymentStatus: "DEPLOYED",
    ...(options.description === undefined ? {} : { Description: options.description }),
    definition: snapshot(store, apiId),
  };
  store.deployments.put(apiId, deployment.DeploymentId, deployment);
  return deployment;
}

/**
 * The deployment that a stage serves. A stage with automatic deployment gets a new one here when anything of the API
 * changed since its last: AWS deploys such stages in the background, gathering changes that come together.
 */
export function currentDeployment(ctx: Context<Store>, apiId: string, stageName: string): DeploymentItem | undefined {
  const { store } = ctx;
  const known = store.memo<{ deployment: DeploymentItem | undefined } | undefined>(apiId, `deployment ${stageName}`, () => {
    const stage = store.stages.get(apiId, stageName);
    if (stage === undefined) return { deployment: undefined };
    const current = stage.DeploymentId === undefined ? undefined : store.deployments.get(apiId, stage.DeploymentId);
    if (stage.AutoDeploy !== true || (current?.definition !== undefined && sameDefinition(current.definition, snapshot(store, apiId)))) return { deployment: current };
    return undefined;
  });
  if (known !== undefined) return known.deployment;
  return ctx.transaction(() => {
    const stage = store.stages.get(apiId, stageName)!;
    const deployment = deploy(ctx, apiId, { description: "Automatic deployment triggered by changes to the Api configuration", auto: true });
    store.stages.put(apiId, stageName, { ...stage, DeploymentId: deployment.DeploymentId, LastDeploymentStatusMessage: `Successfully deployed stage with deployment ID '${deployment.DeploymentId}'`, LastUpdatedDate: ctx.clock.now() });
    forgetOld(store, apiId);
    return deployment;
  });
}

function sameDefinition(a: HttpDefinition, b: HttpDefinition): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function forgetOld(store: Store, apiId: string): void {
  const used = new Set(store.stages.all(apiId).map((stage) => stage.DeploymentId));
  const automatic = store.deployments.all(apiId).filter((deployment) => deployment.AutoDeployed === true && deployment.definition !== undefined && !used.has(deployment.DeploymentId));
  for (const old of automatic.slice(0, Math.max(0, automatic.length - KEPT_AUTOMATIC))) store.deployments.put(apiId, old.DeploymentId, { ...old, definition: undefined });
}
