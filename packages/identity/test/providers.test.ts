import { generateKeyPairSync, sign } from "node:crypto";
import {
  AddClientIDToOpenIDConnectProviderCommand, CreateOpenIDConnectProviderCommand, CreateRoleCommand, CreateSAMLProviderCommand, CreateServiceLinkedRoleCommand, DeleteOpenIDConnectProviderCommand, DeleteRoleCommand,
  DeleteSAMLProviderCommand, DeleteServiceLinkedRoleCommand, GetOpenIDConnectProviderCommand, GetRoleCommand, GetSAMLProviderCommand, GetServiceLinkedRoleDeletionStatusCommand, type IAMClient, ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProvidersCommand, ListOpenIDConnectProviderTagsCommand, ListSAMLProvidersCommand, ListSAMLProviderTagsCommand, RemoveClientIDFromOpenIDConnectProviderCommand, TagOpenIDConnectProviderCommand,
  TagSAMLProviderCommand, UntagOpenIDConnectProviderCommand, UntagSAMLProviderCommand, UpdateOpenIDConnectProviderThumbprintCommand, UpdateRoleCommand, UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedBy, parseJwt } from "../src/domain/jwt.ts";
import { ACCOUNT, identity, policy, type Identity } from "./clients.ts";

let id: Identity;
let iam: IAMClient;
beforeAll(async () => {
  id = await identity("strict");
  iam = id.iam;
});
afterAll(() => id[Symbol.asyncDispose]());

describe("OpenID Connect providers", () => {
  it("are kept with their clients, thumbprints and tags", async () => {
    const { OpenIDConnectProviderArn } = await iam.send(new CreateOpenIDConnectProviderCommand({ Url: "https://token.example.com/path", ClientIDList: ["app"], ThumbprintList: ["a".repeat(40)], Tags: [{ Key: "a", Value: "b" }] }));
    expect(OpenIDConnectProviderArn).toBe(`arn:aws:iam::${ACCOUNT}:oidc-provider/token.example.com/path`);
    await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: "web" }));
    await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: "app" }));
    await iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ OpenIDConnectProviderArn, ThumbprintList: ["b".repeat(40)] }));
    await iam.send(new TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, Tags: [{ Key: "c", Value: "d" }] }));
    await iam.send(new UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, TagKeys: ["a"] }));
    expect(await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).toMatchObject({ Url: "token.example.com/path", ClientIDList: ["web"], ThumbprintList: ["b".repeat(40)], Tags: [{ Key: "c", Value: "d" }] });
    expect((await iam.send(new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn }))).Tags).toHaveLength(1);
    expect((await iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList).toEqual([{ Arn: OpenIDConnectProviderArn }]);
    await expect(iam.send(new CreateOpenIDConnectProviderCommand({ Url: "https://token.example.com/path" }))).rejects.toMatchObject({ name: "EntityAlreadyExistsException", message: "Provider with url https://token.example.com/path already exists." });
    await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
    await expect(iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).rejects.toMatchObject({ name: "NoSuchEntityException" });
  });
});

describe("tokens of a web identity", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (claims: object): string => {
    const signed = `${encode({ alg: "RS256", kid: "k1" })}.${encode(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  };
  const RoleSessionName = "browser";

  it("open a role to whom its trust policy lets in", async () => {
    await using open = await identity("off");
    const Url = "https://login.example.com";
    const { OpenIDConnectProviderArn } = await open.iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ["app"] }));
    await open.iam.send(new CreateRoleCommand({ RoleName: "web", AssumeRolePolicyDocument: policy({ Effect: "Allow", Action: "sts:AssumeRoleWithWebIdentity", Principal: { Federated: OpenIDConnectProviderArn } }) }));
    const RoleArn = `arn:aws:iam::${ACCOUNT}:role/web`;
    const exp = Math.floor(open.cloud.clock.now() / 1000) + 600;
    const assume = (WebIdentityToken: string) => open.sts.send(new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName, WebIdentityToken }));
    const answer = await assume(token({ iss: Url, sub: "ann", aud: "app", exp }));
    expect(answer).toMatchObject({ SubjectFromWebIdentityToken: "ann", Audience: "app", Provider: OpenIDConnectProviderArn, AssumedRoleUser: { Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/web/browser` } });
    expect((await open.as(answer.Credentials!).sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/web/browser`);
    await expect(assume(token({ iss: Url, sub: "ann", aud: "other", exp }))).rejects.toMatchObject({ name: "InvalidIdentityTokenException", message: "Incorrect token audience" });
    await expect(assume(token({ iss: Url, sub: "ann", aud: "app", exp: 1 }))).rejects.toMatchObject({ name: "ExpiredTokenException" });
    await expect(assume(token({ iss: "https://nobody.example.com", sub: "ann", aud: "app", exp }))).rejects.toMatchObject({ message: "No OpenIDConnect provider found in your account for https://nobody.example.com" });
    await expect(assume("no.token.at-all")).rejects.toMatchObject({ name: "InvalidIdentityTokenException" });
  });

  it("are verified with the keys that their issuer publishes", async () => {
    const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1" };
    expect(signedBy(parseJwt(token({ sub: "ann" }))!, [jwk])).toBe(true);
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
    expect(signedBy(parseJwt(token({ sub: "ann" }))!, [other])).toBe(false);
    const [head, , signature] = token({ sub: "ann" }).split(".");
    expect(signedBy(parseJwt(`${head}.${encode({ sub: "eve" })}.${signature}`)!, [jwk])).toBe(false);
    expect(signedBy(parseJwt(`${encode({ alg: "none" })}.${encode({ sub: "eve" })}.`)!, [jwk])).toBe(false);
  });

  it("of an issuer that cannot be asked are refused where signatures are enforced", async () => {
    // Nothing listens there.
    const Url = "https://nobody.invalid";
    const { OpenIDConnectProviderArn } = await iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ["app"] }));
    await iam.send(new CreateRoleCommand({ RoleName: "far", AssumeRolePolicyDocument: policy({ Effect: "Allow", Action: "sts:AssumeRoleWithWebIdentity", Principal: { Federated: OpenIDConnectProviderArn } }) }));
    const WebIdentityToken = token({ iss: Url, sub: "ann", aud: "app", exp: Math.floor(id.cloud.clock.now() / 1000) + 600 });
    await expect(id.sts.send(new AssumeRoleWithWebIdentityCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/far`, RoleSessionName, WebIdentityToken }))).rejects.toMatchObject({
      name: "InvalidIdentityTokenException", message: expect.stringContaining("Couldn't retrieve verification key from your identity provider"),
    });
  });
});

describe("SAML providers", () => {
  it("are kept with their metadata", async () => {
    const SAMLMetadataDocument = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com" validUntil="2040-01-01T00:00:00Z">${" ".repeat(1000)}</EntityDescriptor>`;
    const { SAMLProviderArn } = await iam.send(new CreateSAMLProviderCommand({ Name: "idp", SAMLMetadataDocument }));
    expect(SAMLProviderArn).toBe(`arn:aws:iam::${ACCOUNT}:saml-provider/idp`);
    expect(await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn }))).toMatchObject({ SAMLMetadataDocument, ValidUntil: new Date("2040-01-01T00:00:00Z") });
    await iam.send(new UpdateSAMLProviderCommand({ SAMLProviderArn, SAMLMetadataDocument: SAMLMetadataDocument.replace("2040", "2041") }));
    await iam.send(new TagSAMLProviderCommand({ SAMLProviderArn, Tags: [{ Key: "a", Value: "b" }] }));
    await iam.send(new UntagSAMLProviderCommand({ SAMLProviderArn, TagKeys: ["a"] }));
    expect((await iam.send(new ListSAMLProviderTagsCommand({ SAMLProviderArn }))).Tags).toEqual([]);
    expect((await iam.send(new ListSAMLProvidersCommand({}))).SAMLProviderList).toMatchObject([{ Arn: SAMLProviderArn, ValidUntil: new Date("2041-01-01T00:00:00Z") }]);
    await expect(iam.send(new CreateSAMLProviderCommand({ Name: "bad", SAMLMetadataDocument: "x".repeat(1000) }))).rejects.toMatchObject({ name: "InvalidInputException" });
    await iam.send(new DeleteSAMLProviderCommand({ SAMLProviderArn }));
  });
});

describe("service-linked roles", () => {
  it("belong to their service", async () => {
    const { Role } = await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }));
    const RoleName = Role!.RoleName!;
    expect(Role).toMatchObject({ RoleName: "AWSServiceRoleForBatch", Path: "/aws-service-role/batch.amazonaws.com/", Arn: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch` });
    expect((await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies).toEqual([{ PolicyName: "BatchServiceRolePolicy", PolicyArn: "arn:aws:iam::aws:policy/aws-service-role/BatchServiceRolePolicy" }]);
    await expect(iam.send(new DeleteRoleCommand({ RoleName }))).rejects.toMatchObject({ name: "UnmodifiableEntityException" });
    await iam.send(new UpdateRoleCommand({ RoleName, Description: "mine" }));
    await expect(iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }))).rejects.toMatchObject({ name: "InvalidInputException" });
    const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
    expect(DeletionTaskId).toMatch(/^task\/aws-service-role\/batch\.amazonaws\.com\/AWSServiceRoleForBatch\/[0-9a-f-]{36}$/);
    expect((await iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))).Status).toBe("SUCCEEDED");
    await expect(iam.send(new GetRoleCommand({ RoleName }))).rejects.toMatchObject({ name: "NoSuchEntityException" });
  });

  it("take a suffix where AWS lets them", async () => {
    const { Role } = await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "lexv2.amazonaws.com", CustomSuffix: "one" }));
    expect(Role!.RoleName).toBe("AWSServiceRoleForLexV2Bots_one");
    await expect(iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "rds.amazonaws.com", CustomSuffix: "one" }))).rejects.toMatchObject({ name: "InvalidInputException", message: "Custom suffix is not allowed for rds.amazonaws.com" });
  });
});
