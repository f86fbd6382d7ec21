/** S3 Control: the public access block of an account, access points, and tags by ARN. */
import { CreateBucketCommand, DeleteBucketCommand, DeletePublicAccessBlockCommand as DeleteBucketBlock, GetBucketTaggingCommand, GetObjectCommand, HeadBucketCommand, ListObjectsV2Command, PutBucketAbacCommand, PutBucketPolicyCommand, PutBucketTaggingCommand, PutBucketVersioningCommand, CopyObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  CreateAccessPointCommand, DeleteAccessPointCommand, DeleteAccessPointPolicyCommand, DeletePublicAccessBlockCommand, GetAccessPointCommand, GetAccessPointPolicyCommand, GetAccessPointPolicyStatusCommand,
  GetPublicAccessBlockCommand, ListAccessPointsCommand, ListTagsForResourceCommand, PutAccessPointPolicyCommand, PutPublicAccessBlockCommand, S3ControlClient, TagResourceCommand, UntagResourceCommand,
} from "@aws-sdk/client-s3-control";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failure, localAgent, s3Platform } from "./platform.ts";

const platform = await s3Platform({ config: { authorization: "strict" } });
const AccountId = "111111111111";
const byHost = { endpoint: platform.endpoint.replace("127.0.0.1", "localhost"), forcePathStyle: false, requestHandler: { httpAgent: localAgent() } };
const control = new S3ControlClient({ ...platform.clientConfig(AccountId), ...byHost });
const s3 = platform.client(AccountId, "us-east-1", byHost);
const stranger = platform.client("222222222222", "us-east-1", byHost);
const Bucket = "controlled";
const arn = `arn:aws:s3:us-east-1:${AccountId}:accesspoint/door`;
const everything = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };

afterAll(() => control.destroy());
beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
});

describe("the public access block of an account", () => {
  it("is over those of its buckets", async () => {
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*` }] });
    expect(await failure(control.send(new GetPublicAccessBlockCommand({ AccountId })))).toMatchObject({ name: "NoSuchPublicAccessBlockConfiguration", status: 404 });
    await s3.send(new DeleteBucketBlock({ Bucket }));
    await control.send(new PutPublicAccessBlockCommand({ AccountId, PublicAccessBlockConfiguration: { BlockPublicPolicy: true } }));
    expect((await control.send(new GetPublicAccessBlockCommand({ AccountId }))).PublicAccessBlockConfiguration).toEqual({ BlockPublicAcls: false, IgnorePublicAcls: false, BlockPublicPolicy: true, RestrictPublicBuckets: false });
    expect(await failure(s3.send(new PutBucketPolicyCommand({ Bucket, Policy })))).toMatchObject({ name: "AccessDenied" });

    await control.send(new DeletePublicAccessBlockCommand({ AccountId }));
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "public", Body: "x" }));
    expect(await (await stranger.send(new GetObjectCommand({ Bucket, Key: "public" }))).Body!.transformToString()).toBe("x");
    await control.send(new PutPublicAccessBlockCommand({ AccountId, PublicAccessBlockConfiguration: { RestrictPublicBuckets: true } }));
    expect(await failure(stranger.send(new GetObjectCommand({ Bucket, Key: "public" })))).toMatchObject({ name: "AccessDenied" });
    await control.send(new DeletePublicAccessBlockCommand({ AccountId }));
  });

  it("is nobody else's to read", async () => {
    expect(await failure(control.send(new GetPublicAccessBlockCommand({ AccountId: "222222222222" })))).toMatchObject({ name: "AccessDenied", status: 403 });
  });
});

describe("an access point", () => {
  let alias: string;

  it("is made once, described and listed", async () => {
    const made = await control.send(new CreateAccessPointCommand({ AccountId, Name: "door", Bucket }));
    expect(made).toMatchObject({ AccessPointArn: arn, Alias: expect.stringMatching(/^door-[a-z0-9]{34}-s3alias$/) });
    alias = made.Alias!;
    expect(await failure(control.send(new CreateAccessPointCommand({ AccountId, Name: "door", Bucket })))).toMatchObject({ name: "AccessPointAlreadyOwnedByYou", status: 409 });
    expect(await failure(control.send(new CreateAccessPointCommand({ AccountId, Name: "Door_", Bucket })))).toMatchObject({ name: "InvalidAccessPoint", status: 400 });
    await control.send(new CreateAccessPointCommand({ AccountId, Name: "gate", Bucket, VpcConfiguration: { VpcId: "vpc-1" } }));
    expect(await control.send(new GetAccessPointCommand({ AccountId, Name: "door" }))).toMatchObject({
      Name: "door", Bucket, NetworkOrigin: "Internet", Alias: alias, AccessPointArn: arn, BucketAccountId: AccountId, PublicAccessBlockConfiguration: everything, CreationDate: new Date(platform.clock.now()),
      Endpoints: { ipv4: "s3-accesspoint.us-east-1.amazonaws.com" },
    });
    const page = await control.send(new ListAccessPointsCommand({ AccountId, Bucket, MaxResults: 1 }));
    expect(page.AccessPointList).toMatchObject([{ Name: "door" }]);
    expect((await control.send(new ListAccessPointsCommand({ AccountId, Bucket, NextToken: page.NextToken }))).AccessPointList).toMatchObject([{ Name: "gate", NetworkOrigin: "VPC", VpcConfiguration: { VpcId: "vpc-1" } }]);
  });

  it("stands where its bucket's name would, by ARN and by alias", async () => {
    await s3.send(new PutObjectCommand({ Bucket: arn, Key: "a/b", Body: "through the door" }));
    expect(await (await s3.send(new GetObjectCommand({ Bucket: alias, Key: "a/b" }))).Body!.transformToString()).toBe("through the door");
    expect((await s3.send(new ListObjectsV2Command({ Bucket: alias, Prefix: "a/" }))).Contents).toMatchObject([{ Key: "a/b" }]);
    expect(await s3.send(new HeadBucketCommand({ Bucket: alias }))).toMatchObject({ AccessPointAlias: true });
    await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${arn}/object/a/b` }));
    expect(await (await s3.send(new GetObjectCommand({ Bucket, Key: "copy" }))).Body!.transformToString()).toBe("through the door");
    expect(await failure(s3.send(new PutBucketVersioningCommand({ Bucket: alias, VersioningConfiguration: { Status: "Enabled" } })))).toMatchObject({ name: "MethodNotAllowed", status: 405 });
  });

  it("opens what both its policy and its bucket's open", async () => {
    const statement = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::222222222222:root" }, Action: "s3:GetObject" };
    const delegate = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`], Condition: { StringEquals: { "s3:DataAccessPointAccount": AccountId } } }] });
    const get = () => stranger.send(new GetObjectCommand({ Bucket: alias, Key: "a/b" }));
    expect(await failure(get())).toMatchObject({ name: "AccessDenied" });
    expect(await failure(control.send(new GetAccessPointPolicyCommand({ AccountId, Name: "door" })))).toMatchObject({ name: "NoSuchAccessPointPolicy", status: 404 });
    expect(await failure(control.send(new PutAccessPointPolicyCommand({ AccountId, Name: "door", Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Resource: `arn:aws:s3:::${Bucket}/*` }] }) })))).toMatchObject({ name: "MalformedPolicy" });
    await control.send(new PutAccessPointPolicyCommand({ AccountId, Name: "door", Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Resource: `${arn}/object/a/*` }] }) }));
    expect((await control.send(new GetAccessPointPolicyStatusCommand({ AccountId, Name: "door" }))).PolicyStatus).toEqual({ IsPublic: false });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: delegate }));
    expect(await (await get()).Body!.transformToString()).toBe("through the door");
    expect(await failure(stranger.send(new GetObjectCommand({ Bucket, Key: "a/b" })))).toMatchObject({ name: "AccessDenied" });
    expect(await failure(stranger.send(new GetObjectCommand({ Bucket: alias, Key: "public" })))).toMatchObject({ name: "AccessDenied" });
    await control.send(new DeleteAccessPointPolicyCommand({ AccountId, Name: "door" }));
    expect(await failure(get())).toMatchObject({ name: "AccessDenied" });
  });

  it("keeps its bucket from being deleted", async () => {
    expect(await failure(s3.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({ name: "BucketHasAccessPointsAttached", status: 400 });
    await control.send(new DeleteAccessPointCommand({ AccountId, Name: "door" }));
    expect(await failure(control.send(new GetAccessPointCommand({ AccountId, Name: "door" })))).toMatchObject({ name: "NoSuchAccessPoint", status: 404 });
    expect(await failure(s3.send(new GetObjectCommand({ Bucket: alias, Key: "a/b" })))).toMatchObject({ name: "NoSuchBucket" });
  });
});

describe("tags by ARN", () => {
  it("are those of the bucket, and the only way to them where they decide on access", async () => {
    const ResourceArn = `arn:aws:s3:::${Bucket}`;
    await control.send(new TagResourceCommand({ AccountId, ResourceArn, Tags: [{ Key: "a", Value: "1" }, { Key: "b", Value: "2" }] }));
    await control.send(new TagResourceCommand({ AccountId, ResourceArn, Tags: [{ Key: "b", Value: "3" }] }));
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual([{ Key: "a", Value: "1" }, { Key: "b", Value: "3" }]);
    await control.send(new UntagResourceCommand({ AccountId, ResourceArn, TagKeys: ["a"] }));
    expect((await control.send(new ListTagsForResourceCommand({ AccountId, ResourceArn }))).Tags).toEqual([{ Key: "b", Value: "3" }]);
    await s3.send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status: "Enabled" } }));
    expect(await failure(s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [] } })))).toMatchObject({ name: "InvalidRequest" });
  });

  it("are those of an access point", async () => {
    const ResourceArn = `arn:aws:s3:us-east-1:${AccountId}:accesspoint/gate`;
    await control.send(new TagResourceCommand({ AccountId, ResourceArn, Tags: [{ Key: "a", Value: "1" }] }));
    expect((await control.send(new ListTagsForResourceCommand({ AccountId, ResourceArn }))).Tags).toEqual([{ Key: "a", Value: "1" }]);
  });
});
