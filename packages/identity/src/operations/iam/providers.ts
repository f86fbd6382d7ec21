import type {
  CreateOpenIDConnectProviderRequest, CreateOpenIDConnectProviderResponse, CreateSAMLProviderRequest, CreateSAMLProviderResponse, GetOpenIDConnectProviderResponse,
  GetSAMLProviderResponse, ListOpenIDConnectProvidersResponse, ListSAMLProvidersResponse, UpdateSAMLProviderRequest, UpdateSAMLProviderResponse,
} from "@cumulet/protocol/models/iam.d.ts";
import { createHash } from "node:crypto";
import { parseArn } from "../../domain/names.ts";
import type { Entity } from "../../store/entities.ts";
import { uniqueId } from "../../domain/ids.ts";
import { alreadyExists, arnOf, checkQuota, invalidInput, limitExceeded, noSuchEntity, type Ctx } from "./common.ts";
import { checkedTags, listTags, shownTags, tag, untag } from "./tags.ts";

type TagsInput = { Tags: { Key: string; Value: string }[] };

// ---- OpenID Connect

/** The provider of an ARN; its name is the URL without its scheme, so it may have slashes. */
export function findOidc(ctx: Ctx, arn: string): Entity<"oidc-provider"> | undefined {
  const name = /^arn:aws[a-z-]*:iam::(\d{12}):oidc-provider\/(.+)$/.exec(arn);
  return name === null || name[1] !== ctx.account ? undefined : ctx.store.entities.find("oidc-provider", name[2]!);
}

function needOidc(ctx: Ctx, arn: string): Entity<"oidc-provider"> {
  const found = findOidc(ctx, arn);
  if (found === undefined) throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
  return found;
}

export function createOidc(ctx: Ctx, { Url, ClientIDList = [], ThumbprintList, Tags }: CreateOpenIDConnectProviderRequest): CreateOpenIDConnectProviderResponse {
  let url: URL;
  try {
    url = new URL(Url);
  } catch {
    throw invalidInput("Invalid Open ID Connect Provider URL");
  }
  if (url.protocol !== "https:" || url.search !== "" || url.hash !== "" || url.port !== "") throw invalidInput("Invalid Open ID Connect Provider URL");
  const name = `${url.hostname}${url.pathname.replace(/\/$/, "")}`;
  const tags = checkedTags(Tags);
  if (ctx.store.entities.taken("oidc-provider", name)) throw alreadyExists(`Provider with url ${Url} already exists.`);
  checkQuota(ctx, "OpenIdConnectProvidersPerAccount", 100, ctx.store.entities.count("oidc-provider"));
  if (ClientIDList.length > 100) throw limitExceeded("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
  if ((ThumbprintList?.length ?? 0) > 5) throw invalidInput("Thumbprint list must contain fewer than 5 entries.");
  const provider: Entity<"oidc-provider"> = {
    kind: "oidc-provider", name, path: "/", id: uniqueId("ASCA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: undefined, tags,
    // Without thumbprints IAM fetches the provider's certificate; this cloud verifies tokens by their keys, and makes up a stable one.
    details: { clientIds: ClientIDList, thumbprints: ThumbprintList ?? [createHash("sha1").update(name).digest("hex")] },
  };
  ctx.store.entities.insert(provider);
  return { OpenIDConnectProviderArn: arnOf(ctx, provider), ...shownTags(tags) };
}

export function getOidc(ctx: Ctx, { OpenIDConnectProviderArn }: { OpenIDConnectProviderArn: string }): GetOpenIDConnectProviderResponse {
  const { name, createdMs, tags, details } = needOidc(ctx, OpenIDConnectProviderArn);
  return { Url: name, ClientIDList: details.clientIds, ThumbprintList: details.thumbprints, CreateDate: createdMs, ...shownTags(tags) };
}

export function listOidc(ctx: Ctx): ListOpenIDConnectProvidersResponse {
  return { OpenIDConnectProviderList: ctx.store.entities.list("oidc-provider", 1000).map((provider) => ({ Arn: arnOf(ctx, provider) })) };
}

export function deleteOidc(ctx: Ctx, { OpenIDConnectProviderArn }: { OpenIDConnectProviderArn: string }): void {
  ctx.store.entities.delete(needOidc(ctx, OpenIDConnectProviderArn).id);
}

export function addClientId(ctx: Ctx, { OpenIDConnectProviderArn, ClientID }: { OpenIDConnectProviderArn: string; ClientID: string }): void {
  const provider = needOidc(ctx, OpenIDConnectProviderArn);
  const { clientIds } = provider.details;
  if (clientIds.includes(ClientID)) return;
  checkQuota(ctx, "ClientIdsPerOpenIdConnectProvider", 100, clientIds.length);
  ctx.store.entities.update({ ...provider, details: { ...provider.details, clientIds: [...clientIds, ClientID] } });
}

export function removeClientId(ctx: Ctx, { OpenIDConnectProviderArn, ClientID }: { OpenIDConnectProviderArn: string; ClientID: string }): void {
  const provider = needOidc(ctx, OpenIDConnectProviderArn);
  ctx.store.entities.update({ ...provider, details: { ...provider.details, clientIds: provider.details.clientIds.filter((one) => one !== ClientID) } });
}

export function updateThumbprints(ctx: Ctx, { OpenIDConnectProviderArn, ThumbprintList }: { OpenIDConnectProviderArn: string; ThumbprintList: string[] }): void {
  const provider = needOidc(ctx, OpenIDConnectProviderArn);
  if (ThumbprintList.length > 5) throw invalidInput("Thumbprint list must contain fewer than 5 entries.");
  ctx.store.entities.update({ ...provider, details: { ...provider.details, thumbprints: ThumbprintList } });
}

export const tagOidc = (ctx: Ctx, input: { OpenIDConnectProviderArn: string } & TagsInput): void => tag(ctx, needOidc(ctx, input.OpenIDConnectProviderArn), input.Tags);
export const untagOidc = (ctx: Ctx, input: { OpenIDConnectProviderArn: string; TagKeys: string[] }): void => untag(ctx, needOidc(ctx, input.OpenIDConnectProviderArn), input.TagKeys);
export const listOidcTags = (ctx: Ctx, input: { OpenIDConnectProviderArn: string; MaxItems?: number; Marker?: string }) => listTags(needOidc(ctx, input.OpenIDConnectProviderArn), input);

// ---- SAML

function needSaml(ctx: Ctx, arn: string): Entity<"saml-provider"> {
  const parts = parseArn(arn);
  if (parts?.type !== "saml-provider") throw invalidInput(`Invalid ARN:  ${arn}`);
  const found = parts.account === ctx.account ? ctx.store.entities.find("saml-provider", parts.name) : undefined;
  if (found === undefined) throw noSuchEntity(`SAMLProvider ${parts.name} does not exist.`);
  return found;
}

/** @throws AwsError InvalidInput for what is no metadata of an identity provider. Returns when it ends, if it says so. */
function checkMetadata(document: string): number | undefined {
  if (!/<([\w-]+:)?EntityDescriptor[\s>]/.test(document)) throw invalidInput("Could not parse metadata");
  const until = /validUntil="([^"]+)"/.exec(document)?.[1];
  const ms = until === undefined ? Number.NaN : Date.parse(until);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Providers without an end are shown one in a hundred years, as on AWS. */
const FOREVER_MS = 100 * 365 * 86_400_000;
const validUntil = ({ createdMs, details }: Entity<"saml-provider">): number => details.validUntilMs ?? createdMs + FOREVER_MS;

export function createSaml(ctx: Ctx, { Name, SAMLMetadataDocument, Tags, AssertionEncryptionMode, AddPrivateKey }: CreateSAMLProviderRequest): CreateSAMLProviderResponse {
  const tags = checkedTags(Tags);
  const validUntilMs = checkMetadata(SAMLMetadataDocument);
  if (ctx.store.entities.taken("saml-provider", Name)) throw alreadyExists(`SAMLProvider ${Name} already exists.`);
  checkQuota(ctx, "SAMLProvidersPerAccount", 100, ctx.store.entities.count("saml-provider"));
  const provider: Entity<"saml-provider"> = {
    kind: "saml-provider", name: Name, path: "/", id: uniqueId("ASCA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: undefined, tags,
    details: {
      metadata: SAMLMetadataDocument, uuid: ctx.ids.uuid(),
      ...(validUntilMs === undefined ? {} : { validUntilMs }),
      ...(AssertionEncryptionMode === undefined ? {} : { assertionEncryption: AssertionEncryptionMode }),
      ...(AddPrivateKey === undefined ? {} : { privateKeys: [{ id: ctx.ids.token(32, "0123456789ABCDEF"), createdMs: ctx.clock.now() }] }),
    },
  };
  ctx.store.entities.insert(provider);
  return { SAMLProviderArn: arnOf(ctx, provider), ...shownTags(tags) };
}

export function getSaml(ctx: Ctx, { SAMLProviderArn }: { SAMLProviderArn: string }): GetSAMLProviderResponse {
  const provider = needSaml(ctx, SAMLProviderArn);
  const { metadata, uuid, assertionEncryption, privateKeys } = provider.details;
  return {
    SAMLProviderUUID: uuid, SAMLMetadataDocument: metadata, CreateDate: provider.createdMs, ValidUntil: validUntil(provider), ...shownTags(provider.tags),
    ...(assertionEncryption === undefined ? {} : { AssertionEncryptionMode: assertionEncryption }),
    ...(privateKeys === undefined ? {} : { PrivateKeyList: privateKeys.map(({ id, createdMs }) => ({ KeyId: id, Timestamp: createdMs })) }),
  };
}

export function listSaml(ctx: Ctx): ListSAMLProvidersResponse {
  return { SAMLProviderList: ctx.store.entities.list("saml-provider", 1000).map((provider) => ({ Arn: arnOf(ctx, provider), ValidUntil: validUntil(provider), CreateDate: provider.createdMs })) };
}

export function updateSaml(ctx: Ctx, { SAMLProviderArn, SAMLMetadataDocument, AssertionEncryptionMode, AddPrivateKey, RemovePrivateKey }: UpdateSAMLProviderRequest): UpdateSAMLProviderResponse {
  const provider = needSaml(ctx, SAMLProviderArn);
  const { validUntilMs: _old, ...rest } = provider.details;
  const until = SAMLMetadataDocument === undefined ? provider.details.validUntilMs : checkMetadata(SAMLMetadataDocument);
  const keys = (rest.privateKeys ?? []).filter(({ id }) => id !== RemovePrivateKey);
  if (AddPrivateKey !== undefined) keys.push({ id: ctx.ids.token(32, "0123456789ABCDEF"), createdMs: ctx.clock.now() });
  ctx.store.entities.update({
    ...provider,
    details: {
      ...rest, metadata: SAMLMetadataDocument ?? rest.metadata, ...(until === undefined ? {} : { validUntilMs: until }),
      ...(AssertionEncryptionMode === undefined ? {} : { assertionEncryption: AssertionEncryptionMode }), ...(keys.length === 0 ? { privateKeys: undefined } : { privateKeys: keys }),
    },
  });
  return { SAMLProviderArn };
}

export function deleteSaml(ctx: Ctx, { SAMLProviderArn }: { SAMLProviderArn: string }): void {
  ctx.store.entities.delete(needSaml(ctx, SAMLProviderArn).id);
}

export const tagSaml = (ctx: Ctx, input: { SAMLProviderArn: string } & TagsInput): void => tag(ctx, needSaml(ctx, input.SAMLProviderArn), input.Tags);
export const untagSaml = (ctx: Ctx, input: { SAMLProviderArn: string; TagKeys: string[] }): void => untag(ctx, needSaml(ctx, input.SAMLProviderArn), input.TagKeys);
export const listSamlTags = (ctx: Ctx, input: { SAMLProviderArn: string; MaxItems?: number; Marker?: string }) => listTags(needSaml(ctx, input.SAMLProviderArn), input);
