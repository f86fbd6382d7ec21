import * as S3 from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const s3 = platform.client();
const Bucket = "settings";
const send = s3.send.bind(s3) as (command: unknown) => Promise<Record<string, unknown>>;

beforeAll(async () => {
  await s3.send(new S3.CreateBucketCommand({ Bucket }));
});

describe("what nobody has configured", () => {
  it.each([
    ["GetBucketCors", "NoSuchCORSConfiguration", "The CORS configuration does not exist"],
    ["GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"],
    ["GetBucketPolicy", "NoSuchBucketPolicy", "The bucket policy does not exist"],
    ["GetBucketPolicyStatus", "NoSuchBucketPolicy", "The bucket policy does not exist"],
    ["GetBucketReplication", "ReplicationConfigurationNotFoundError", "The replication configuration was not found"],
    ["GetBucketTagging", "NoSuchTagSet", "The TagSet does not exist"],
    ["GetBucketWebsite", "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"],
    ["GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"],
  ])("%s says %s", async (operation, name, message) => {
    const Command = (S3 as unknown as Record<string, new (input: object) => unknown>)[`${operation}Command`]!;
    expect(await failure(send(new Command({ Bucket })))).toMatchObject({ name, message, status: 404, fields: { BucketName: Bucket } });
  });

  it.each([
    ["GetBucketVersioning", {}], ["GetBucketLogging", {}], ["GetBucketAccelerateConfiguration", {}], ["GetBucketNotificationConfiguration", {}], ["GetBucketRequestPayment", { Payer: "BucketOwner" }],
    ["GetBucketOwnershipControls", { OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } }],
    ["GetPublicAccessBlock", { PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true } }],
    ["GetBucketEncryption", { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }] } }],
    ["GetBucketLocation", {}],
  ])("%s has a default", async (operation, expected) => {
    const Command = (S3 as unknown as Record<string, new (input: object) => unknown>)[`${operation}Command`]!;
    const { $metadata: _metadata, ...answer } = await send(new Command({ Bucket }));
    expect(JSON.parse(JSON.stringify(answer))).toEqual(expected);
  });

  it("is the same for a bucket that is not there", async () => {
    const commands: readonly (new (input: never) => unknown)[] = [S3.GetBucketCorsCommand, S3.PutBucketTaggingCommand, S3.GetBucketEncryptionCommand, S3.ListObjectsV2Command, S3.DeleteBucketPolicyCommand];
    for (const Command of commands) {
      expect(await failure(send(new Command({ Bucket: "nobodys-bucket", Tagging: { TagSet: [] } } as never)))).toMatchObject({ name: "NoSuchBucket", message: "The specified bucket does not exist", fields: { BucketName: "nobodys-bucket" } });
    }
  });
});

describe("settings", () => {
  it.each([
    ["Cors", { CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"], ID: "a" }] } }, { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"], ID: "a" }] }],
    ["Tagging", { Tagging: { TagSet: [{ Key: "a", Value: "b" }] } }, { TagSet: [{ Key: "a", Value: "b" }] }],
    ["Website", { WebsiteConfiguration: { IndexDocument: { Suffix: "i" } } }, { IndexDocument: { Suffix: "i" } }],
    ["AccelerateConfiguration", { AccelerateConfiguration: { Status: "Enabled" } }, { Status: "Enabled" }],
    ["RequestPayment", { RequestPaymentConfiguration: { Payer: "Requester" } }, { Payer: "Requester" }],
    ["Encryption", { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" }, BucketKeyEnabled: true }] } }, { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" }, BucketKeyEnabled: true }] } }],
    ["Logging", { BucketLoggingStatus: { LoggingEnabled: { TargetBucket: "settings-kept", TargetPrefix: "log" } } }, { LoggingEnabled: { TargetBucket: "settings-kept", TargetPrefix: "log" } }],
  ])("%s come back as they were put", async (what, input, expected) => {
    await s3.send(new S3.CreateBucketCommand({ Bucket: "settings-kept" }));
    const commands = S3 as unknown as Record<string, new (input: object) => unknown>;
    await send(new commands[`PutBucket${what}Command`]!({ Bucket: "settings-kept", ...input }));
    const { $metadata: _metadata, ...answer } = await send(new commands[`GetBucket${what}Command`]!({ Bucket: "settings-kept" }));
    expect(JSON.parse(JSON.stringify(answer))).toEqual(expected);
  });

  it.each([
    ["Analytics", { StorageClassAnalysis: {} }], ["Inventory", { Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::x", Format: "CSV" } }, IsEnabled: true, IncludedObjectVersions: "All", Schedule: { Frequency: "Daily" } }],
    ["Metrics", {}], ["IntelligentTiering", { Status: "Enabled", Tierings: [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" }] }],
  ])("%s configurations are kept by id", async (kind, config) => {
    const commands = S3 as unknown as Record<string, new (input: object) => unknown>;
    const run = (verb: string, input: object) => send(new commands[`${verb}Bucket${kind}Configuration${verb === "List" ? "s" : ""}Command`]!({ Bucket, ...input }));
    const put = (Id: string, other = Id) => run("Put", { Id, [`${kind}Configuration`]: { Id: other, ...config } });
    for (const Id of ["z", "a"]) await put(Id);
    expect((await failure(put("a", "b"))).name).toBe("MalformedXML");
    expect((await run("Get", { Id: "a" }))[`${kind}Configuration`]).toMatchObject({ Id: "a", ...config });
    const listed = await run("List", {});
    expect((listed[`${kind}ConfigurationList`] as { Id: string }[]).map(({ Id }) => Id)).toEqual(["a", "z"]);
    await run("Delete", { Id: "a" });
    for (const verb of ["Get", "Delete"]) expect(await failure(run(verb, { Id: "a" }))).toMatchObject({ name: "NoSuchConfiguration", message: "The specified configuration does not exist.", status: 404 });
  });

  // Recorded from S3.
  it.each([
    ["tags twice", new S3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: "Key1", Value: "1" }, { Key: "Key1", Value: "2" }] } }), "InvalidTag", "Cannot provide multiple Tags with the same key"],
    ["tags of AWS", new S3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: "aws:prefixed", Value: "1" }] } }), "InvalidTag", "System tags cannot be added/updated by requester"],
    ["tags with commas", new S3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: "Key1,Key2", Value: "1" }] } }), "InvalidTag", "The TagKey you have provided is invalid"],
    ["a method of its own", new S3.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [{ AllowedMethods: ["MYMETHOD"], AllowedOrigins: ["*"] }] } }), "InvalidRequest", "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD"],
    ["no status", new S3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: {} }), "IllegalVersioningConfigurationException", "The Versioning element must be specified"],
    ["a status of its own", new S3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "enabled" as never } }), "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"],
    ["a log nowhere", new S3.PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled: { TargetBucket: "nowhere-at-all", TargetPrefix: "" } } }), "InvalidTargetBucketForLogging", "The target bucket for logging does not exist"],
    ["a place of no region", new S3.CreateBucketCommand({ Bucket: "placed", CreateBucketConfiguration: { LocationConstraint: "us-east-1" as never } }), "InvalidLocationConstraint", "The specified location-constraint is not valid"],
    ["a place elsewhere", new S3.CreateBucketCommand({ Bucket: "placed", CreateBucketConfiguration: { LocationConstraint: "us-west-1" } }), "IllegalLocationConstraintException", "The us-west-1 location constraint is incompatible for the region specific endpoint this request was sent to."],
    ["an owner of no form", new S3.GetBucketTaggingCommand({ Bucket, ExpectedBucketOwner: "abcd" }), "InvalidBucketOwnerAWSAccountID", "The value of the expected bucket owner parameter must be an AWS Account ID... [abcd]"],
    ["another owner", new S3.GetBucketTaggingCommand({ Bucket, ExpectedBucketOwner: "111111111111" }), "AccessDenied", "Access Denied"],
    ["a queue of no form", new S3.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: { QueueConfigurations: [{ QueueArn: "invalid_arn", Events: ["s3:ObjectCreated:*"] }] } }), "InvalidArgument", "The ARN could not be parsed"],
  ])("are refused with %s", async (_what, command, name, message) => {
    expect(await failure(send(command))).toMatchObject({ name, message });
  });

  it("hold for buckets that old defaults made", async () => {
    const old = await s3Platform({ config: { settings: { "s3.bucket_defaults": "legacy" } } });
    const client = old.client();
    await client.send(new S3.CreateBucketCommand({ Bucket: "old", ACL: "public-read" }));
    expect((await failure(client.send(new S3.GetPublicAccessBlockCommand({ Bucket: "old" })))).name).toBe("NoSuchPublicAccessBlockConfiguration");
    expect((await failure(client.send(new S3.GetBucketOwnershipControlsCommand({ Bucket: "old" })))).name).toBe("OwnershipControlsNotFoundError");
    const { Owner, Grants } = await client.send(new S3.GetBucketAclCommand({ Bucket: "old" }));
    expect(Owner?.DisplayName).toBe("000000000000");
    expect(Grants).toHaveLength(2);
  });
});

describe("lists of buckets", () => {
  it("page by name, prefix and region", async () => {
    const west = platform.client("333333333333", "us-west-2");
    const east = platform.client("333333333333");
    await west.send(new S3.CreateBucketCommand({ Bucket: "list-w", CreateBucketConfiguration: { LocationConstraint: "us-west-2" } }));
    for (const name of ["list-a", "list-b", "other"]) await east.send(new S3.CreateBucketCommand({ Bucket: name }));
    const names = async (input: S3.ListBucketsCommandInput) => (await east.send(new S3.ListBucketsCommand(input))).Buckets?.map(({ Name }) => Name);
    expect(await names({})).toEqual(["list-a", "list-b", "list-w", "other"]);
    expect(await names({ Prefix: "list-" })).toEqual(["list-a", "list-b", "list-w"]);
    expect(await names({ BucketRegion: "us-west-2" })).toEqual(["list-w"]);
    const first = await east.send(new S3.ListBucketsCommand({ MaxBuckets: 2 }));
    expect(first.Buckets?.[0]).toMatchObject({ Name: "list-a", BucketRegion: "us-east-1", BucketArn: "arn:aws:s3:::list-a" });
    expect(await names({ ContinuationToken: first.ContinuationToken })).toEqual(["list-w", "other"]);
  });
});
