/** What the other tests of KMS leave out: policies, descriptions, rotation switched off, data keys without plaintext, grants taken back. */
import * as kms from "@aws-sdk/client-kms";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../../src/index.ts";

let cloud: TestPlatform;
let client: kms.KMSClient;
let KeyId: string;
beforeAll(async () => {
  cloud = await testPlatform(services);
  client = new kms.KMSClient(cloud.clientConfig());
  KeyId = (await run(kms.CreateKeyCommand)).KeyMetadata.KeyId;
});
afterAll(() => cloud.close());
const run = <T = any>(command: new (input: any) => any, input: object = {}): Promise<T> => client.send(new command(input)) as Promise<T>;

test("description, policy and rotation", async () => {
  await run(kms.UpdateKeyDescriptionCommand, { KeyId, Description: "ours" });
  expect((await run(kms.DescribeKeyCommand, { KeyId })).KeyMetadata.Description).toBe("ours");
  expect((await run(kms.ListKeyPoliciesCommand, { KeyId })).PolicyNames).toEqual(["default"]);
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action: "kms:*", Resource: "*" }] });
  await run(kms.PutKeyPolicyCommand, { KeyId, PolicyName: "default", Policy });
  expect(JSON.parse((await run(kms.GetKeyPolicyCommand, { KeyId, PolicyName: "default" })).Policy)).toEqual(JSON.parse(Policy));
  await run(kms.EnableKeyRotationCommand, { KeyId });
  await run(kms.DisableKeyRotationCommand, { KeyId });
  expect((await run(kms.GetKeyRotationStatusCommand, { KeyId })).KeyRotationEnabled).toBe(false);
});

test("data keys whose plaintext stays away come back by Decrypt only", async () => {
  const { CiphertextBlob } = await run(kms.GenerateDataKeyWithoutPlaintextCommand, { KeyId, KeySpec: "AES_256" });
  expect((await run(kms.DecryptCommand, { CiphertextBlob })).Plaintext).toHaveLength(32);
  const pair = await run(kms.GenerateDataKeyPairWithoutPlaintextCommand, { KeyId, KeyPairSpec: "ECC_NIST_P256" });
  expect(pair.PrivateKeyPlaintext).toBeUndefined();
  expect((await run(kms.DecryptCommand, { CiphertextBlob: pair.PrivateKeyCiphertextBlob })).Plaintext.length).toBeGreaterThan(64);
});

test("a grant, listed for who may retire it, and taken back", async () => {
  const principal = "arn:aws:iam::000000000000:role/worker";
  const { GrantId } = await run(kms.CreateGrantCommand, { KeyId, GranteePrincipal: principal, RetiringPrincipal: principal, Operations: ["Decrypt"] });
  expect((await run(kms.ListRetirableGrantsCommand, { RetiringPrincipal: principal })).Grants.map((grant: kms.GrantListEntry) => grant.GrantId)).toEqual([GrantId]);
  await run(kms.RevokeGrantCommand, { KeyId, GrantId });
  expect((await run(kms.ListGrantsCommand, { KeyId })).Grants).toEqual([]);
});

test("a key of one region has no primary to move", async () => {
  await expect(run(kms.UpdatePrimaryRegionCommand, { KeyId, PrimaryRegion: "eu-west-1" })).rejects.toMatchObject({ name: "UnsupportedOperationException" });
});
