import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { Store } from "../../store.ts";
import { DEFAULT_TEMPLATES } from "../../data-plane/rest/gateway-responses.ts";
import { RESPONSE_TYPES } from "../../data-plane/rest/errors.ts";
import type { ResponseType } from "../../data-plane/rest/errors.ts";
import { badRequest, defined, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi } from "./find.ts";
import { applyPatch, entries } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

/** A kind's response as answers show it: the API's own, else what DEFAULT_4XX or DEFAULT_5XX make of it, else AWS's. Recorded. */
function effective(ctx: Ctx, apiId: string, type: ResponseType): Rest.GatewayResponse {
  const own = ctx.store.gatewayResponses.get(apiId, type);
  if (own !== undefined) return own;
  const { status } = RESPONSE_TYPES[type];
  const base = status === undefined ? undefined : ctx.store.gatewayResponses.get(apiId, status >= 500 ? "DEFAULT_5XX" : "DEFAULT_4XX");
  return view(type, base, true);
}

function view(type: ResponseType, input: Pick<Rest.GatewayResponse, "statusCode" | "responseParameters" | "responseTemplates"> | undefined, isDefault: boolean): Rest.GatewayResponse {
  const templates = input?.responseTemplates;
  return defined({
    responseType: type,
    statusCode: input?.statusCode ?? (RESPONSE_TYPES[type].status === undefined ? undefined : String(RESPONSE_TYPES[type].status)),
    responseParameters: input?.responseParameters ?? {},
    responseTemplates: templates === undefined || Object.keys(templates).length === 0 ? DEFAULT_TEMPLATES : templates,
    defaultResponse: isDefault,
  });
}

function checkParameters(parameters: { [target: string]: string } | undefined): void {
  for (const [target, source] of Object.entries(parameters ?? {})) {
    if (!/^gatewayresponse\.header\.\S+$/.test(target)) throw badRequest(`Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: ${target}]`);
    if (!/^(?:'.*'|method\.request\.(?:header|querystring|path|multivalueheader|multivaluequerystring)\..+|context\..+|stageVariables\..+)$/s.test(source)) {
      throw badRequest(`Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: ${source}]`);
    }
  }
}

/** Replacing an entry that is not there, or by nothing, is refused. Recorded. */
function strict(rule: PatchRule<Rest.GatewayResponse>, key: "responseParameters" | "responseTemplates"): PatchRule<Rest.GatewayResponse> {
  return {
    ...rule,
    add: (item, value, name) => {
      if (value === undefined || value === "") throw badRequest(`Invalid null or empty value in ${key}`);
      rule.add!(item, value, name);
    },
    replace: (item, value, name) => {
      if (value === undefined || value === "") throw badRequest(`Invalid null or empty value in ${key}`);
      if (!Object.hasOwn(item[key] ?? {}, name)) throw notFound("Invalid parameter name specified");
      rule.replace!(item, value, name);
    },
  };
}

const RULES: readonly PatchRule<Rest.GatewayResponse>[] = [
  { path: "/statusCode", replace: (item, value) => void (item.statusCode = value ?? "") },
  strict(entries("/responseParameters/{}", "responseParameters"), "responseParameters"),
  strict(entries("/responseTemplates/{}", "responseTemplates"), "responseTemplates"),
];

export const gatewayResponseOperations: Operations<"apigateway", Store> = {
  PutGatewayResponse(ctx, input) {
    findApi(ctx, input.restApiId);
    checkParameters(input.responseParameters);
    const response = view(input.responseType as ResponseType, input, false);
    ctx.store.gatewayResponses.put(input.restApiId, input.responseType, response);
    return response;
  },
  GetGatewayResponse(ctx, input) {
    findApi(ctx, input.restApiId);
    return effective(ctx, input.restApiId, input.responseType as ResponseType);
  },
  GetGatewayResponses(ctx, input) {
    findApi(ctx, input.restApiId);
    // AWS gives all kinds at once, sorted by name, whatever the limit.
    return { items: (Object.keys(RESPONSE_TYPES) as ResponseType[]).sort().map((type) => effective(ctx, input.restApiId, type)) };
  },
  UpdateGatewayResponse(ctx, input) {
    findApi(ctx, input.restApiId);
    for (const { op, path } of input.patchOperations ?? []) {
      // Recorded: for this kind of item a wrong operation is a wrong path.
      if (path === "/statusCode" && op !== "replace") throw badRequest(`Invalid patch path ${path}`);
    }
    const response = applyPatch(effective(ctx, input.restApiId, input.responseType as ResponseType), input.patchOperations, RULES);
    checkParameters(response.responseParameters);
    const saved = { ...response, responseParameters: response.responseParameters ?? {}, responseTemplates: response.responseTemplates ?? {}, defaultResponse: false };
    ctx.store.gatewayResponses.put(input.restApiId, input.responseType, saved);
    return saved;
  },
  DeleteGatewayResponse(ctx, input) {
    findApi(ctx, input.restApiId);
    if (!ctx.store.gatewayResponses.delete(input.restApiId, input.responseType)) throw notFound("Gateway response type not defined on api");
    return {};
  },
};
