import type {
  CreateEndpointResponse, CreatePlatformApplicationInput, CreatePlatformApplicationResponse, CreatePlatformEndpointInput, DeleteEndpointInput, DeletePlatformApplicationInput,
  GetEndpointAttributesInput, GetEndpointAttributesResponse, GetPlatformApplicationAttributesInput, GetPlatformApplicationAttributesResponse, ListEndpointsByPlatformApplicationInput,
  ListEndpointsByPlatformApplicationResponse, ListPlatformApplicationsInput, ListPlatformApplicationsResponse, SetEndpointAttributesInput, SetPlatformApplicationAttributesInput,
} from "@cumulet/protocol/models/sns.d.ts";
import { readArn } from "../domain/arns.ts";
import { invalidParameter, notFound } from "../domain/errors.ts";
import type { Attributes } from "../store.ts";
import { page, readToken } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const pageSize = 100;
const platforms = new Set(["ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU", "GCM", "MACOS", "MACOS_SANDBOX", "MPNS", "WNS"]);
const applicationAttributes = new Set([
  "PlatformCredential", "PlatformPrincipal", "ApplePlatformBundleID", "ApplePlatformTeamID", "AuthenticationMethod", "EventEndpointCreated", "EventEndpointDeleted", "EventEndpointUpdated",
  "EventDeliveryFailure", "FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate",
]);
/** Never shown again. */
const secrets = new Set(["PlatformCredential", "PlatformPrincipal"]);

export function createPlatformApplication(ctx: Ctx, input: CreatePlatformApplicationInput): CreatePlatformApplicationResponse {
  const { Name: name, Platform: platform, Attributes: attributes } = input;
  if (name.length > 256) throw invalidParameter(name, "must be at most 256 characters long");
  if (name === "") throw invalidParameter(name, "cannot be empty");
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) throw invalidParameter(name, "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'");
  if (!platforms.has(platform)) throw invalidParameter("Platform", `${platform} is not supported`);
  checkApplication(attributes);
  if (attributes.PlatformCredential === undefined) throw invalidParameter("Attributes", "PlatformCredential attribute must be provided");
  // Recorded for platforms that know both; Firebase has no principal.
  if (attributes.PlatformPrincipal === undefined && platform !== "GCM") throw invalidParameter("Attributes", "PlatformCredential attribute provided without PlatformPrincipal");
  const arn = `arn:${ctx.partition}:sns:${ctx.region}:${ctx.account}:app/${platform}/${name}`;
  ctx.store.putApplication(arn, { ...attributes, Enabled: "true" });
  return { PlatformApplicationArn: arn };
}

function checkApplication(attributes: Attributes): void {
  for (const name of Object.keys(attributes)) if (!applicationAttributes.has(name)) throw invalidParameter("Attributes", `Invalid attribute name: ${name}`);
}

function shown(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !secrets.has(name)));
}

function applicationOf(ctx: Ctx, arn: string): Attributes {
  const { rest } = readArn(arn, "PlatformApplicationArn");
  if (rest[0]!.split("/").length !== 3) throw invalidParameter("PlatformApplicationArn", "Wrong number of slashes in relative portion of the ARN.");
  const attributes = ctx.store.application(arn);
  if (attributes === undefined) throw notFound("PlatformApplication");
  return attributes;
}

export function getPlatformApplicationAttributes(ctx: Ctx, input: GetPlatformApplicationAttributesInput): GetPlatformApplicationAttributesResponse {
  return { Attributes: shown(applicationOf(ctx, input.PlatformApplicationArn)) };
}

export function setPlatformApplicationAttributes(ctx: Ctx, input: SetPlatformApplicationAttributesInput): void {
  const attributes = applicationOf(ctx, input.PlatformApplicationArn);
  checkApplication(input.Attributes);
  ctx.store.putApplication(input.PlatformApplicationArn, { ...attributes, ...input.Attributes });
}

export function deletePlatformApplication(ctx: Ctx, input: DeletePlatformApplicationInput): void {
  readArn(input.PlatformApplicationArn, "PlatformApplicationArn");
  ctx.store.deleteApplication(input.PlatformApplicationArn);
}

export function listPlatformApplications(ctx: Ctx, input: ListPlatformApplicationsInput): ListPlatformApplicationsResponse {
  const { shown: rows, next } = page(ctx.store.applications(readToken(input.NextToken), pageSize + 1), pageSize, ({ arn }) => arn);
  return { PlatformApplications: rows.map(({ arn, attributes }) => ({ PlatformApplicationArn: arn, Attributes: shown(attributes) })), ...next };
}

export function createPlatformEndpoint(ctx: Ctx, input: CreatePlatformEndpointInput): CreateEndpointResponse {
  const application = input.PlatformApplicationArn;
  applicationOf(ctx, application);
  const given: Attributes = { ...(input.CustomUserData === undefined ? {} : { CustomUserData: input.CustomUserData }), ...input.Attributes };
  checkEndpoint(given);
  const attributes: Attributes = { Enabled: "true", ...given, Token: input.Token };
  const existing = ctx.store.endpointOf(application, input.Token);
  if (existing !== undefined) {
    const differs = existing.attributes.Enabled !== attributes.Enabled || (existing.attributes.CustomUserData ?? "") !== (attributes.CustomUserData ?? "");
    if (differs) throw invalidParameter("Token", `Endpoint ${existing.arn} already exists with the same Token, but different attributes.`);
    return { EndpointArn: existing.arn };
  }
  const arn = `${application.replace(":app/", ":endpoint/")}/${ctx.ids.uuid()}`;
  ctx.store.putEndpoint(arn, application, attributes);
  return { EndpointArn: arn };
}

function checkEndpoint(attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!["CustomUserData", "Enabled", "Token"].includes(name)) throw invalidParameter("Attributes", `Invalid attribute name: ${name}`);
    if (name === "CustomUserData" && Buffer.byteLength(value) > 2048) throw invalidParameter("Attributes", "Invalid value for attribute: CustomUserData: must be at most 2048 bytes long in UTF-8 encoding");
    if (name === "Enabled" && !/^(?:true|false)$/i.test(value)) throw invalidParameter("Attributes", "Invalid value for attribute: Enabled: must be true or false");
  }
}

function endpointOf(ctx: Ctx, arn: string): Attributes {
  const { rest } = readArn(arn, "EndpointArn");
  if (rest[0]!.split("/").length !== 4) throw invalidParameter("EndpointArn", "Wrong number of slashes in relative portion of the ARN.");
  const attributes = ctx.store.endpoint(arn);
  if (attributes === undefined) throw notFound("Endpoint");
  return attributes;
}

export function getEndpointAttributes(ctx: Ctx, input: GetEndpointAttributesInput): GetEndpointAttributesResponse {
  return { Attributes: endpointOf(ctx, input.EndpointArn) };
}

export function setEndpointAttributes(ctx: Ctx, input: SetEndpointAttributesInput): void {
  const attributes = endpointOf(ctx, input.EndpointArn);
  checkEndpoint(input.Attributes);
  const application = input.EndpointArn.replace(":endpoint/", ":app/").split("/").slice(0, 3).join("/");
  const changed = Object.fromEntries(Object.entries(input.Attributes).map(([name, value]) => [name, name === "Enabled" ? value.toLowerCase() : value]));
  ctx.store.putEndpoint(input.EndpointArn, application, { ...attributes, ...changed });
}

export function deleteEndpoint(ctx: Ctx, input: DeleteEndpointInput): void {
  readArn(input.EndpointArn, "EndpointArn");
  ctx.store.deleteEndpoint(input.EndpointArn);
}

export function listEndpointsByPlatformApplication(ctx: Ctx, input: ListEndpointsByPlatformApplicationInput): ListEndpointsByPlatformApplicationResponse {
  applicationOf(ctx, input.PlatformApplicationArn);
  const { shown: rows, next } = page(ctx.store.endpoints(input.PlatformApplicationArn, readToken(input.NextToken), pageSize + 1), pageSize, ({ arn }) => arn);
  return { Endpoints: rows.map(({ arn, attributes }) => ({ EndpointArn: arn, Attributes: attributes })), ...next };
}
