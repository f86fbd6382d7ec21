import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BatchGetSecretValueCommand, CancelRotateSecretCommand, CreateSecretCommand, DeleteResourcePolicyCommand, DeleteSecretCommand, DescribeSecretCommand, GetRandomPasswordCommand, GetResourcePolicyCommand, GetSecretValueCommand, ListSecretsCommand,
  ListSecretVersionIdsCommand, PutResourcePolicyCommand, PutSecretValueCommand, RemoveRegionsFromReplicationCommand, ReplicateSecretToRegionsCommand, RestoreSecretCommand, RotateSecretCommand, SecretsManagerClient,
  StopReplicationToReplicaCommand, TagResourceCommand, UntagResourceCommand, UpdateSecretCommand, UpdateSecretVersionStageCommand,
  ValidateResourcePolicyCommand,
} from "@aws-sdk/client-secrets-manager";
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let secrets: SecretsManagerClient;
let names = 0;

beforeAll(async () => {
  platform = await testPlatform(services);
  secrets = new SecretsManagerClient(platform.clientConfig());
});
afterAll(async () => {
  secrets.destroy();
  await platform.close();
});

const create = async (input: object = {}) => secrets.send(new CreateSecretCommand({ Name: `s${++names}`, SecretString: "one", ...input }));
const value = (SecretId: string, more: object = {}) => secrets.send(new GetSecretValueCommand({ SecretId, ...more }));
const stages = async (SecretId: string) => (await secrets.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages;
const dayMs = 86_400_000;

describe("secrets", () => {
  it("are found by name, ARN and the beginning of it", async () => {
    const { ARN, Name, VersionId } = await create({ Name: "Valid/_+=.@-Name-a1b2c3-", Description: "d", Tags: [{ Key: "k", Value: "v" }] });
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:Valid\/_\+=\.@-Name-a1b2c3--[A-Za-z0-9]{6}$/);
    for (const id of [Name!, ARN!, ARN!.slice(0, -7)]) expect(await value(id)).toMatchObject({ ARN, Name, VersionId, SecretString: "one", VersionStages: ["AWSCURRENT"] });
    expect(await secrets.send(new DescribeSecretCommand({ SecretId: Name }))).toMatchObject({ Description: "d", Tags: [{ Key: "k", Value: "v" }], VersionIdsToStages: { [VersionId!]: ["AWSCURRENT"] } });
  });

  it("hold bytes as well as texts, and nothing at first when asked to", async () => {
    const { Name } = await create({ SecretString: undefined, SecretBinary: Buffer.from([0, 255]) });
    expect([...(await value(Name!)).SecretBinary!]).toEqual([0, 255]);
    const empty = await create({ SecretString: undefined });
    expect(empty.VersionId).toBeUndefined();
    await expect(value(empty.Name!)).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT" });
    expect(await secrets.send(new PutSecretValueCommand({ SecretId: empty.Name, SecretString: "first" }))).toMatchObject({ VersionStages: ["AWSCURRENT"] });
  });

  // Recorded from AWS.
  it("are refused with AWS's words", async () => {
    await expect(create({ Name: " Inv*Name? " })).rejects.toMatchObject({ name: "ValidationException", message: "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!" });
    await expect(value("absent")).rejects.toMatchObject({ name: "ResourceNotFoundException", message: "Secrets Manager can't find the specified secret." });
    const { Name } = await create();
    await expect(value(Name!, { VersionStage: "AWSPENDING" })).rejects.toMatchObject({ message: "Secrets Manager can't find the specified secret value for staging label: AWSPENDING" });
    await expect(value(Name!, { VersionId: "00000000-0000-4000-8000-000000000000" })).rejects.toMatchObject({ message: "Secrets Manager can't find the specified secret value for VersionId: 00000000-0000-4000-8000-000000000000" });
    await expect(create({ Name })).rejects.toMatchObject({ name: "ResourceExistsException" });
    const response = await fetch(platform.endpoint, {
      method: "POST", body: JSON.stringify({ SecretId: Name, SecretString: "x" }),
      headers: { "X-Amz-Target": "secretsmanager.PutSecretValue", "Content-Type": "application/x-amz-json-1.1", authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260102/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0" },
    });
    expect([response.status, await response.json()]).toEqual([400, { __type: "InvalidRequestException", Message: "You must provide a ClientRequestToken value. We recommend a UUID-type value." }]);
  });

  it("wait before they go, and may come back", async () => {
    const { Name, ARN } = await create();
    const deleted = await secrets.send(new DeleteSecretCommand({ SecretId: Name, RecoveryWindowInDays: 7 }));
    expect(deleted).toMatchObject({ ARN, Name, DeletionDate: new Date(platform.clock.now() + 7 * dayMs) });
    const marked = { name: "InvalidRequestException", message: "You can't perform this operation on the secret because it was marked for deletion." };
    await expect(value(Name!)).rejects.toMatchObject(marked);
    await expect(secrets.send(new TagResourceCommand({ SecretId: Name, Tags: [{ Key: "a", Value: "b" }] }))).rejects.toMatchObject(marked);
    await expect(create({ Name })).rejects.toMatchObject({ name: "InvalidRequestException", message: "You can't create this secret because a secret with this name is already scheduled for deletion." });
    await secrets.send(new RestoreSecretCommand({ SecretId: Name }));
    expect((await value(Name!)).SecretString).toBe("one");
    await secrets.send(new DeleteSecretCommand({ SecretId: Name, RecoveryWindowInDays: 7 }));
    await platform.clock.advance(7 * dayMs);
    await expect(secrets.send(new DescribeSecretCommand({ SecretId: Name }))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    const again = await create({ Name });
    expect(again.ARN).not.toBe(ARN);
    await secrets.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
    await secrets.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
  });

  it("are listed by what they are", async () => {
    await create({ Name: "list/a", Tags: [{ Key: "team", Value: "red" }] });
    await create({ Name: "list/b", Description: "quiet water" });
    const list = async (...Filters: { Key: string; Values: string[] }[]) => (await secrets.send(new ListSecretsCommand({ Filters: Filters as never, SortOrder: "asc", SortBy: "name" }))).SecretList!.map(({ Name }) => Name);
    expect(await list({ Key: "name", Values: ["list/"] })).toEqual(["list/a", "list/b"]);
    expect(await list({ Key: "name", Values: ["list/"] }, { Key: "tag-key", Values: ["team"] })).toEqual(["list/a"]);
    expect(await list({ Key: "description", Values: ["WATER"] })).toEqual(["list/b"]);
    const { SecretValues, Errors } = await secrets.send(new BatchGetSecretValueCommand({ SecretIdList: ["list/a", "absent"] }));
    expect(SecretValues).toMatchObject([{ Name: "list/a", SecretString: "one" }]);
    expect(Errors).toMatchObject([{ SecretId: "absent", ErrorCode: "ResourceNotFoundException" }]);
    await secrets.send(new UntagResourceCommand({ SecretId: "list/a", TagKeys: ["team"] }));
    expect((await secrets.send(new DescribeSecretCommand({ SecretId: "list/a" }))).Tags).toBeUndefined();
  });

  it("have policies", async () => {
    const { Name } = await create();
    const ResourcePolicy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "secretsmanager:GetSecretValue", Resource: "*" }] });
    await expect(secrets.send(new PutResourcePolicyCommand({ SecretId: Name, ResourcePolicy, BlockPublicPolicy: true }))).rejects.toMatchObject({ name: "PublicPolicyException" });
    await secrets.send(new PutResourcePolicyCommand({ SecretId: Name, ResourcePolicy }));
    expect((await secrets.send(new GetResourcePolicyCommand({ SecretId: Name }))).ResourcePolicy).toBe(ResourcePolicy);
    await secrets.send(new DeleteResourcePolicyCommand({ SecretId: Name }));
    expect((await secrets.send(new GetResourcePolicyCommand({ SecretId: Name }))).ResourcePolicy).toBeUndefined();
    expect(await secrets.send(new ValidateResourcePolicyCommand({ ResourcePolicy }))).toMatchObject({ PolicyValidationPassed: true, ValidationErrors: [] });
    expect(await secrets.send(new ValidateResourcePolicyCommand({ ResourcePolicy: "{" }))).toMatchObject({ PolicyValidationPassed: false });
  });
});

describe("versions", () => {
  it("move their stages along", async () => {
    const first = await create();
    const second = await secrets.send(new PutSecretValueCommand({ SecretId: first.Name, SecretString: "two" }));
    const third = await secrets.send(new UpdateSecretCommand({ SecretId: first.Name, SecretString: "three" }));
    expect(await stages(first.Name!)).toEqual({ [second.VersionId!]: ["AWSPREVIOUS"], [third.VersionId!]: ["AWSCURRENT"] });
    expect((await value(first.Name!, { VersionStage: "AWSPREVIOUS" })).SecretString).toBe("two");
    const listed = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: first.Name, IncludeDeprecated: true }));
    expect(listed.Versions!.map(({ VersionId, VersionStages }) => [VersionId, VersionStages])).toEqual([[first.VersionId, undefined], [second.VersionId, ["AWSPREVIOUS"]], [third.VersionId, ["AWSCURRENT"]]]);
    expect(listed.Versions![0]!.KmsKeyIds).toEqual(["DefaultEncryptionKey"]);
  });

  // Recorded from AWS.
  it("go through pending with stages of somebody's own", async () => {
    const first = await create({ SecretString: "SS" });
    const second = await secrets.send(new PutSecretValueCommand({ SecretId: first.Name, SecretString: "S1", VersionStages: ["PENDING"] }));
    expect(await stages(first.Name!)).toEqual({ [first.VersionId!]: ["AWSCURRENT"], [second.VersionId!]: ["PENDING"] });
    await expect(secrets.send(new UpdateSecretVersionStageCommand({ SecretId: first.Name, VersionStage: "AWSCURRENT", MoveToVersionId: second.VersionId }))).rejects.toMatchObject({ name: "InvalidParameterException" });
    await secrets.send(new UpdateSecretVersionStageCommand({ SecretId: first.Name, VersionStage: "AWSCURRENT", RemoveFromVersionId: first.VersionId, MoveToVersionId: second.VersionId }));
    expect(await stages(first.Name!)).toEqual({ [first.VersionId!]: ["AWSPREVIOUS"], [second.VersionId!]: ["AWSCURRENT", "PENDING"] });
    await secrets.send(new UpdateSecretVersionStageCommand({ SecretId: first.Name, VersionStage: "PENDING", RemoveFromVersionId: second.VersionId }));
    expect(await stages(first.Name!)).toEqual({ [first.VersionId!]: ["AWSPREVIOUS"], [second.VersionId!]: ["AWSCURRENT"] });
  });

  it("are made once for a token", async () => {
    const ClientRequestToken = "11111111-1111-4111-8111-111111111111";
    const { Name } = await create();
    const put = (SecretString: string) => secrets.send(new PutSecretValueCommand({ SecretId: Name, SecretString, ClientRequestToken }));
    await put("same");
    expect((await put("same")).VersionId).toBe(ClientRequestToken);
    await expect(put("other")).rejects.toMatchObject({ name: "ResourceExistsException" });
  });
});

it("encrypts with the key of a secret, which may be disabled", async () => {
  const kms = new KMSClient(platform.clientConfig());
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const { Name } = await create({ KmsKeyId: KeyMetadata!.KeyId });
  expect((await value(Name!)).SecretString).toBe("one");
  await kms.send(new DisableKeyCommand({ KeyId: KeyMetadata!.KeyId }));
  await expect(value(Name!)).rejects.toMatchObject({ name: "DecryptionFailure" });
  await expect(secrets.send(new PutSecretValueCommand({ SecretId: Name, SecretString: "two" }))).rejects.toMatchObject({ name: "EncryptionFailure" });
  kms.destroy();
});

it("copies secrets to other regions, where they only follow", async () => {
  const away = new SecretsManagerClient(platform.clientConfig("000000000000", "eu-west-1"));
  const { Name } = await create();
  await secrets.send(new ReplicateSecretToRegionsCommand({ SecretId: Name, AddReplicaRegions: [{ Region: "eu-west-1" }] }));
  await platform.platform.idle();
  expect((await secrets.send(new DescribeSecretCommand({ SecretId: Name }))).ReplicationStatus).toMatchObject([{ Region: "eu-west-1", Status: "InSync" }]);
  await secrets.send(new PutSecretValueCommand({ SecretId: Name, SecretString: "two" }));
  await platform.platform.idle();
  expect((await away.send(new GetSecretValueCommand({ SecretId: Name }))).SecretString).toBe("two");
  await expect(away.send(new PutSecretValueCommand({ SecretId: Name, SecretString: "three" }))).rejects.toMatchObject({ name: "InvalidRequestException" });
  await secrets.send(new ReplicateSecretToRegionsCommand({ SecretId: Name, AddReplicaRegions: [{ Region: "ap-south-1" }] }));
  await platform.platform.idle();
  await secrets.send(new RemoveRegionsFromReplicationCommand({ SecretId: Name, RemoveReplicaRegions: ["ap-south-1"] }));
  expect((await secrets.send(new DescribeSecretCommand({ SecretId: Name }))).ReplicationStatus).toHaveLength(1);
  await away.send(new StopReplicationToReplicaCommand({ SecretId: Name }));
  await away.send(new PutSecretValueCommand({ SecretId: Name, SecretString: "three" }));
  expect((await value(Name!)).SecretString).toBe("two");
  away.destroy();
});

it("makes passwords of what was asked for", async () => {
  const make = async (input: object) => (await secrets.send(new GetRandomPasswordCommand(input))).RandomPassword!;
  expect(await make({})).toHaveLength(32);
  expect(await make({ PasswordLength: 4, ExcludePunctuation: true, ExcludeUppercase: true })).toMatch(/^(?=.*[a-z])(?=.*\d)[a-z\d]{4}$/);
  await expect(make({ ExcludeLowercase: true, ExcludeUppercase: true, ExcludeNumbers: true, ExcludePunctuation: true })).rejects.toMatchObject({ name: "InvalidParameterException" });
});

it("rotates nothing without a function", async () => {
  const { Name } = await create();
  await expect(secrets.send(new RotateSecretCommand({ SecretId: Name, RotationRules: { AutomaticallyAfterDays: 1 } }))).rejects.toMatchObject({
    name: "InvalidRequestException", message: "No Lambda rotation function ARN is associated with this secret.",
  });
  await expect(secrets.send(new CancelRotateSecretCommand({ SecretId: Name }))).rejects.toMatchObject({ name: "InvalidRequestException" });
});
