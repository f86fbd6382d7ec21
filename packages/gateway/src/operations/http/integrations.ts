import type { Operations } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { ApiItem, IntegrationItem, Store } from "../../store.ts";
import { serviceIntegrationProblem } from "../../domain/service-integrations.ts";
import { mappingKeyProblem } from "../../domain/http-mapping.ts";
import { badRequest, checkQuota, conflict, decodeCursor, defined, encodeCursor, newId, notFound, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findIntegration } from "./find.ts";

/** Quick create and imports tell a function from an endpoint by its address. */
export function integrationTypeOf(uri: string): "AWS_PROXY" | "HTTP_PROXY" {
  return uri.startsWith("arn:") ? "AWS_PROXY" : "HTTP_PROXY";
}

function checkIntegration(api: ApiItem, integration: Partial<V2.Integration>): void {
  const { IntegrationType: type, TimeoutInMillis: timeout } = integration;
  const http = api.ProtocolType === "HTTP";
  if (http && type !== "AWS_PROXY" && type !== "HTTP_PROXY") throw badRequest("HTTP APIs only support AWS_PROXY and HTTP_PROXY integrations");
  if (type === "HTTP_PROXY" && integration.IntegrationMethod === undefined) throw badRequest("HttpMethod is required for HTTP_PROXY integrations");
  if ((type === "HTTP_PROXY" || type === "HTTP") && integration.ConnectionType !== "VPC_LINK" && !/^https?:\/\//.test(integration.IntegrationUri ?? "") && !(integration.IntegrationUri ?? "").includes("${stageVariables.")) {
    throw badRequest("Invalid HTTP endpoint specified for URI");
  }
  if (type === "AWS_PROXY" && integration.IntegrationSubtype === undefined && integration.IntegrationUri === undefined) throw badRequest("IntegrationUri is required for AWS_PROXY integrations");
  if (integration.IntegrationSubtype !== undefined && integration.CredentialsArn === undefined) throw badRequest("CredentialsArn must be specified for integrations with an IntegrationSubtype");
  if (integration.PayloadFormatVersion !== undefined && !["1.0", "2.0"].includes(integration.PayloadFormatVersion)) throw badRequest("Invalid payloadFormatVersion specified. Must be one of [1.0, 2.0]");
  if (timeout !== undefined && (timeout < 50 || timeout > (http ? 30_000 : 29_000))) throw badRequest(`Timeout should be between 50 ms and ${http ? 30_000 : 29_000} ms`);
  if (!http) return;
  if (integration.IntegrationSubtype !== undefined) {
    const problem = serviceIntegrationProblem(integration.IntegrationSubtype, integration.RequestParameters);
    if (problem !== undefined) throw badRequest(problem);
  } else {
    for (const key of Object.keys(integration.RequestParameters ?? {})) {
      const problem = mappingKeyProblem(key, "request");
      if (problem !== undefined) throw badRequest(problem);
    }
  }
  for (const parameters of Object.values(integration.ResponseParameters ?? {})) {
    for (const key of Object.keys(parameters)) {
      const problem = mappingKeyProblem(key, "response");
      if (problem !== undefined) throw badRequest(problem);
    }
  }
}

/** Adds an integration, all checks made; imports use it too. */
export function createIntegration(ctx: Ctx, api: ApiItem, input: Omit<V2.CreateIntegrationRequest, "ApiId">): IntegrationItem {
  const { store } = ctx;
  const http = api.ProtocolType === "HTTP";
  const { TlsConfig: tls, ...rest } = input;
  const id = newId(ctx, 7);
  const integration: IntegrationItem = defined({
    ...rest,
    ConnectionType: input.ConnectionType ?? "INTERNET",
    IntegrationId: id,
    IntegrationMethod: input.IntegrationMethod ?? (input.IntegrationType === "AWS_PROXY" && input.IntegrationSubtype === undefined ? "POST" : undefined),
    IntegrationResponseSelectionExpression: http ? undefined : responseSelection(input.IntegrationType),
    PassthroughBehavior: http ? undefined : (input.PassthroughBehavior ?? "WHEN_NO_MATCH"),
    PayloadFormatVersion: input.PayloadFormatVersion ?? "1.0",
    TimeoutInMillis: input.TimeoutInMillis ?? (http ? 30_000 : 29_000),
    TlsConfig: tls === undefined ? undefined : defined({ ServerNameToVerify: tls.ServerNameToVerify }),
  });
  checkIntegration(api, integration);
  checkQuota(ctx, "integrations", 300, store.integrations.count(api.ApiId), "integrations");
  store.integrations.put(api.ApiId, id, integration);
  return integration;
}

function responseSelection(type: string): string | undefined {
  return type === "AWS" ? "${integration.response.body.errorMessage}" : type === "HTTP" || type === "MOCK" ? "${integration.response.statuscode}" : undefined;
}

/** An empty text among updated parameters removes that parameter. */
function mergeParameters<T extends string | object>(before: { [key: string]: T } | undefined, changes: { [key: string]: T } | undefined): { [key: string]: T } | undefined {
  if (changes === undefined) return before;
  const merged = { ...before, ...changes };
  for (const [key, value] of Object.entries(changes)) if (value === "" || (typeof value === "object" && Object.keys(value).length === 0)) delete merged[key];
  return Object.keys(merged).length === 0 ? undefined : merged;
}

export const integrationOperations: Operations<"apigatewayv2", Store> = {
  CreateIntegration: (ctx, { ApiId, ...input }) => createIntegration(ctx, findApi(ctx, ApiId), input),
  GetIntegration: (ctx, input) => findIntegration(ctx, input.ApiId, input.IntegrationId),
  GetIntegrations(ctx, input) {
    findApi(ctx, input.ApiId);
    const { items, next } = ctx.store.integrations.page(input.ApiId, pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items, NextToken: encodeCursor(next) };
  },
  UpdateIntegration(ctx, { ApiId, IntegrationId, ...changes }) {
    const api = findApi(ctx, ApiId);
    const before = findIntegration(ctx, ApiId, IntegrationId);
    const updated: IntegrationItem = defined({
      ...before,
      ...defined(changes),
      RequestParameters: mergeParameters(before.RequestParameters, changes.RequestParameters),
      ResponseParameters: mergeParameters(before.ResponseParameters, changes.ResponseParameters),
    });
    checkIntegration(api, updated);
    ctx.store.integrations.put(ApiId, IntegrationId, updated);
    return updated;
  },
  DeleteIntegration(ctx, input) {
    findIntegration(ctx, input.ApiId, input.IntegrationId);
    const user = ctx.store.routes.all(input.ApiId).find((route) => route.Target === `integrations/${input.IntegrationId}`);
    if (user !== undefined) throw conflict(`Cannot delete Integration '${input.IntegrationId}', it is referenced in Route: ${user.RouteId}`);
    for (const response of ctx.store.integrationResponses.all(input.ApiId)) if (response.IntegrationId === input.IntegrationId) ctx.store.integrationResponses.delete(input.ApiId, response.IntegrationResponseId);
    ctx.store.integrations.delete(input.ApiId, input.IntegrationId);
    return {};
  },
  CreateIntegrationResponse(ctx, { ApiId, IntegrationId, ...input }) {
    findIntegration(ctx, ApiId, IntegrationId);
    if (ctx.store.integrationResponses.all(ApiId).some((response) => response.IntegrationId === IntegrationId && response.IntegrationResponseKey === input.IntegrationResponseKey)) {
      throw conflict(`Integration response with key ${input.IntegrationResponseKey} already exists for this integration`);
    }
    const id = newId(ctx, 7);
    const response = defined({ ...input, IntegrationResponseId: id });
    ctx.store.integrationResponses.put(ApiId, id, { ...response, IntegrationId });
    return response;
  },
  GetIntegrationResponse: (ctx, input) => view(findResponse(ctx, input.ApiId, input.IntegrationId, input.IntegrationResponseId)),
  GetIntegrationResponses(ctx, input) {
    findIntegration(ctx, input.ApiId, input.IntegrationId);
    return { Items: ctx.store.integrationResponses.all(input.ApiId).filter((response) => response.IntegrationId === input.IntegrationId).map(view) };
  },
  UpdateIntegrationResponse(ctx, { ApiId, IntegrationId, IntegrationResponseId, ...changes }) {
    const updated = { ...findResponse(ctx, ApiId, IntegrationId, IntegrationResponseId), ...defined(changes) };
    ctx.store.integrationResponses.put(ApiId, IntegrationResponseId, updated);
    return view(updated);
  },
  DeleteIntegrationResponse(ctx, input) {
    findResponse(ctx, input.ApiId, input.IntegrationId, input.IntegrationResponseId);
    ctx.store.integrationResponses.delete(input.ApiId, input.IntegrationResponseId);
    return {};
  },
};

type StoredResponse = V2.IntegrationResponse & { IntegrationResponseId: string; IntegrationId: string };

function findResponse(ctx: Ctx, apiId: string, integrationId: string, id: string): StoredResponse {
  findIntegration(ctx, apiId, integrationId);
  const response = ctx.store.integrationResponses.get(apiId, id);
  if (response === undefined || response.IntegrationId !== integrationId) throw notFound(`Invalid IntegrationResponse identifier specified ${id}`);
  return response;
}

function view({ IntegrationId: _integration, ...response }: StoredResponse): V2.IntegrationResponse {
  return response;
}
