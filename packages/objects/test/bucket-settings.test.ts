/** Every setting of a bucket, set, read back, listed and taken away, as its own call answers it before and after. */
import * as s3 from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const client = platform.client();
const Bucket = "settings";
await client.send(new s3.CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
await client.send(new s3.CreateBucketCommand({ Bucket: "plain" }));
await client.send(new s3.PutObjectCommand({ Bucket, Key: "k", Body: "x" }));

type Call = (...args: any[]) => Promise<any>;
const call = (command: new (input: any) => any): Call => (input = {}) => client.send(new command({ Bucket, ...input }));
const body = async (answer: Promise<any>): Promise<unknown> => {
  const { $metadata: _metadata, ...rest } = await answer;
  return rest;
};

test.each([
  ["encryption", s3.PutBucketEncryptionCommand, s3.GetBucketEncryptionCommand, s3.DeleteBucketEncryptionCommand, "ServerSideEncryptionConfiguration", { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }] }, undefined],
  ["ownership", s3.PutBucketOwnershipControlsCommand, s3.GetBucketOwnershipControlsCommand, s3.DeleteBucketOwnershipControlsCommand, "OwnershipControls", { Rules: [{ ObjectOwnership: "BucketOwnerPreferred" }] }, "OwnershipControlsNotFoundError"],
  ["public access", s3.PutPublicAccessBlockCommand, s3.GetPublicAccessBlockCommand, s3.DeletePublicAccessBlockCommand, "PublicAccessBlockConfiguration", { BlockPublicAcls: true, IgnorePublicAcls: false, BlockPublicPolicy: true, RestrictPublicBuckets: false }, "NoSuchPublicAccessBlockConfiguration"],
] as const)("%s", async (_what, put, get, remove, member, value, missing) => {
  await call(put)({ [member]: value });
  expect(await body(call(get)())).toMatchObject({ [member]: value });
  await call(remove)();
  if (missing === undefined) expect(await body(call(get)())).toMatchObject({ [member]: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }] } });
  else expect(await failure(call(get)())).toMatchObject({ name: missing, status: 404 });
});

test("CORS, tags, website and lifecycle: each its own error when there is none", async () => {
  const settings: [Call, Call, Call, object, object, string][] = [
    [call(s3.PutBucketCorsCommand), call(s3.GetBucketCorsCommand), call(s3.DeleteBucketCorsCommand), { CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] } }, { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] }, "NoSuchCORSConfiguration"],
    [call(s3.PutBucketTaggingCommand), call(s3.GetBucketTaggingCommand), call(s3.DeleteBucketTaggingCommand), { Tagging: { TagSet: [{ Key: "a", Value: "b" }] } }, { TagSet: [{ Key: "a", Value: "b" }] }, "NoSuchTagSet"],
    [call(s3.PutBucketWebsiteCommand), call(s3.GetBucketWebsiteCommand), call(s3.DeleteBucketWebsiteCommand), { WebsiteConfiguration: { IndexDocument: { Suffix: "index.html" } } }, { IndexDocument: { Suffix: "index.html" } }, "NoSuchWebsiteConfiguration"],
    [call(s3.PutBucketLifecycleConfigurationCommand), call(s3.GetBucketLifecycleConfigurationCommand), call(s3.DeleteBucketLifecycleCommand), { LifecycleConfiguration: { Rules: [{ ID: "r", Status: "Enabled", Filter: { Prefix: "tmp/" }, Expiration: { Days: 1 } }] } }, { Rules: [{ ID: "r", Status: "Enabled", Filter: { Prefix: "tmp/" }, Expiration: { Days: 1 } }] }, "NoSuchLifecycleConfiguration"],
  ];
  for (const [put, get, remove, input, output, missing] of settings) {
    expect(await failure(get())).toMatchObject({ name: missing, status: 404 });
    await put(input);
    expect(await body(get())).toMatchObject(output);
    await remove();
    expect(await failure(get())).toMatchObject({ name: missing, status: 404 });
  }
});

test("a policy, and whether it is public", async () => {
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::plain/*" }] });
  expect(await failure(call(s3.GetBucketPolicyCommand)({ Bucket: "plain" }))).toMatchObject({ name: "NoSuchBucketPolicy", status: 404 });
  expect(await failure(call(s3.PutBucketPolicyCommand)({ Bucket: "plain", Policy }))).toMatchObject({ name: "AccessDenied", status: 403 });
  await call(s3.DeletePublicAccessBlockCommand)({ Bucket: "plain" });
  await call(s3.PutBucketPolicyCommand)({ Bucket: "plain", Policy });
  expect(JSON.parse((await call(s3.GetBucketPolicyCommand)({ Bucket: "plain" })).Policy)).toEqual(JSON.parse(Policy));
  expect((await call(s3.GetBucketPolicyStatusCommand)({ Bucket: "plain" })).PolicyStatus).toEqual({ IsPublic: true });
  await call(s3.DeleteBucketPolicyCommand)({ Bucket: "plain" });
  expect(await failure(call(s3.PutBucketPolicyCommand)({ Bucket: "plain", Policy: "{" }))).toMatchObject({ name: "MalformedPolicy", status: 400 });
});

test("settings that always have a value", async () => {
  expect(await body(call(s3.GetBucketLoggingCommand)())).toEqual({});
  await call(s3.PutBucketLoggingCommand)({ BucketLoggingStatus: {} });
  expect((await call(s3.GetBucketRequestPaymentCommand)()).Payer).toBe("BucketOwner");
  await call(s3.PutBucketRequestPaymentCommand)({ RequestPaymentConfiguration: { Payer: "Requester" } });
  expect((await call(s3.GetBucketRequestPaymentCommand)()).Payer).toBe("Requester");
  expect((await call(s3.GetBucketAccelerateConfigurationCommand)()).Status).toBeUndefined();
  await call(s3.PutBucketAccelerateConfigurationCommand)({ AccelerateConfiguration: { Status: "Enabled" } });
  expect((await call(s3.GetBucketAccelerateConfigurationCommand)()).Status).toBe("Enabled");
  expect((await call(s3.GetBucketVersioningCommand)({ Bucket: "plain" })).Status).toBeUndefined();
  await call(s3.PutBucketVersioningCommand)({ Bucket: "plain", VersioningConfiguration: { Status: "Enabled" } });
  expect((await call(s3.GetBucketVersioningCommand)({ Bucket: "plain" })).Status).toBe("Enabled");
  expect(await body(call(s3.GetBucketNotificationConfigurationCommand)())).toEqual({});
  await call(s3.PutBucketNotificationConfigurationCommand)({ NotificationConfiguration: { EventBridgeConfiguration: {} } });
  expect((await call(s3.GetBucketNotificationConfigurationCommand)()).EventBridgeConfiguration).toEqual({});
  expect((await call(s3.GetBucketAbacCommand)()).AbacStatus).toEqual({ Status: "Disabled" });
  await call(s3.PutBucketAbacCommand)({ AbacStatus: { Status: "Enabled" } });
  expect((await call(s3.GetBucketAbacCommand)()).AbacStatus).toEqual({ Status: "Enabled" });
  await call(s3.PutBucketAbacCommand)({ AbacStatus: { Status: "Disabled" } });
});

test.each([
  ["analytics", s3.PutBucketAnalyticsConfigurationCommand, s3.GetBucketAnalyticsConfigurationCommand, s3.ListBucketAnalyticsConfigurationsCommand, s3.DeleteBucketAnalyticsConfigurationCommand, "AnalyticsConfiguration", { StorageClassAnalysis: {} }],
  ["metrics", s3.PutBucketMetricsConfigurationCommand, s3.GetBucketMetricsConfigurationCommand, s3.ListBucketMetricsConfigurationsCommand, s3.DeleteBucketMetricsConfigurationCommand, "MetricsConfiguration", { Filter: { Prefix: "a/" } }],
  ["intelligent tiering", s3.PutBucketIntelligentTieringConfigurationCommand, s3.GetBucketIntelligentTieringConfigurationCommand, s3.ListBucketIntelligentTieringConfigurationsCommand, s3.DeleteBucketIntelligentTieringConfigurationCommand, "IntelligentTieringConfiguration", { Status: "Enabled", Tierings: [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" }] }],
  ["inventory", s3.PutBucketInventoryConfigurationCommand, s3.GetBucketInventoryConfigurationCommand, s3.ListBucketInventoryConfigurationsCommand, s3.DeleteBucketInventoryConfigurationCommand, "InventoryConfiguration", { IsEnabled: true, IncludedObjectVersions: "All", Schedule: { Frequency: "Daily" }, Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::plain", Format: "CSV" } } }],
] as const)("%s configurations by id", async (_what, put, get, list, remove, member, value) => {
  const configuration = { Id: "one", ...value };
  await call(put)({ Id: "one", [member]: configuration });
  expect((await call(get)({ Id: "one" }))[member]).toMatchObject(configuration);
  expect((await call(list)())[`${member}List`]).toEqual([expect.objectContaining({ Id: "one" })]);
  await call(remove)({ Id: "one" });
  expect(await failure(call(get)({ Id: "one" }))).toMatchObject({ name: "NoSuchConfiguration", status: 404 });
});

test("ACLs, where ownership lets them be", async () => {
  expect(await failure(call(s3.PutBucketAclCommand)({ Bucket: "plain", ACL: "public-read" }))).toMatchObject({ name: "AccessControlListNotSupported", status: 400 });
  await call(s3.PutBucketOwnershipControlsCommand)({ OwnershipControls: { Rules: [{ ObjectOwnership: "ObjectWriter" }] } });
  await call(s3.DeletePublicAccessBlockCommand)();
  await call(s3.PutBucketAclCommand)({ ACL: "public-read" });
  expect((await call(s3.GetBucketAclCommand)()).Grants).toHaveLength(2);
  await call(s3.PutObjectAclCommand)({ Key: "k", ACL: "public-read" });
  expect((await call(s3.GetObjectAclCommand)({ Key: "k" })).Grants.map((grant: s3.Grant) => grant.Permission)).toEqual(["FULL_CONTROL", "READ"]);
});

test("object lock: default, retention, legal hold", async () => {
  expect(await failure(call(s3.GetObjectLockConfigurationCommand)({ Bucket: "plain" }))).toMatchObject({ name: "ObjectLockConfigurationNotFoundError", status: 404 });
  const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled" as const, Rule: { DefaultRetention: { Mode: "GOVERNANCE" as const, Days: 1 } } };
  await call(s3.PutObjectLockConfigurationCommand)({ ObjectLockConfiguration });
  expect((await call(s3.GetObjectLockConfigurationCommand)()).ObjectLockConfiguration).toEqual(ObjectLockConfiguration);
  const { VersionId } = await call(s3.PutObjectCommand)({ Key: "locked", Body: "x" });
  expect((await call(s3.GetObjectRetentionCommand)({ Key: "locked" })).Retention.Mode).toBe("GOVERNANCE");
  expect(await failure(call(s3.DeleteObjectCommand)({ Key: "locked", VersionId }))).toMatchObject({ name: "AccessDenied", status: 403 });
  const until = new Date(platform.clock.now() + 3 * 86_400_000);
  await call(s3.PutObjectRetentionCommand)({ Key: "locked", Retention: { Mode: "GOVERNANCE", RetainUntilDate: until } });
  await call(s3.PutObjectLegalHoldCommand)({ Key: "locked", LegalHold: { Status: "ON" } });
  expect((await call(s3.GetObjectLegalHoldCommand)({ Key: "locked" })).LegalHold).toEqual({ Status: "ON" });
  await call(s3.PutObjectLegalHoldCommand)({ Key: "locked", LegalHold: { Status: "OFF" } });
  await call(s3.DeleteObjectCommand)({ Key: "locked", VersionId, BypassGovernanceRetention: true });
});

test("tags of an object", async () => {
  await call(s3.PutObjectTaggingCommand)({ Key: "k", Tagging: { TagSet: [{ Key: "a", Value: "1" }] } });
  expect((await call(s3.GetObjectTaggingCommand)({ Key: "k" })).TagSet).toEqual([{ Key: "a", Value: "1" }]);
  await call(s3.DeleteObjectTaggingCommand)({ Key: "k" });
  expect((await call(s3.GetObjectTaggingCommand)({ Key: "k" })).TagSet).toEqual([]);
});

test("replication, taken away", async () => {
  const Role = "arn:aws:iam::000000000000:role/replicator";
  await call(s3.PutBucketVersioningCommand)({ Bucket: "plain", VersioningConfiguration: { Status: "Enabled" } });
  await call(s3.PutBucketReplicationCommand)({ ReplicationConfiguration: { Role, Rules: [{ Status: "Enabled", Priority: 1, Filter: { Prefix: "" }, DeleteMarkerReplication: { Status: "Disabled" }, Destination: { Bucket: "arn:aws:s3:::plain" } }] } });
  await call(s3.DeleteBucketReplicationCommand)();
  expect(await failure(call(s3.GetBucketReplicationCommand)())).toMatchObject({ name: "ReplicationConfigurationNotFoundError", status: 404 });
});
