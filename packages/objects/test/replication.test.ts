import {
  CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, GetObjectTaggingCommand, HeadObjectCommand, ListObjectVersionsCommand, PutBucketReplicationCommand, PutBucketVersioningCommand,
  PutObjectCommand, PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import type { ReplicationRule, S3Client } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const here = platform.client();
const there = platform.client(undefined, "eu-west-1");
const Role = "arn:aws:iam::000000000000:role/replicator";
let count = 0;

async function versioned(s3: S3Client, status: "Enabled" | "Suspended" = "Enabled"): Promise<string> {
  const Bucket = `replication-${count++}`;
  const region = s3 === here ? {} : { CreateBucketConfiguration: { LocationConstraint: "eu-west-1" as const } };
  await s3.send(new CreateBucketCommand({ Bucket, ...region }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: status } }));
  return Bucket;
}

async function pair(rule: Partial<ReplicationRule> = {}): Promise<{ from: string; to: string }> {
  const from = await versioned(here);
  const to = await versioned(there);
  await here.send(new PutBucketReplicationCommand({
    Bucket: from,
    ReplicationConfiguration: { Role, Rules: [{ ID: "r", Status: "Enabled", Priority: 1, Filter: { Prefix: "" }, DeleteMarkerReplication: { Status: "Enabled" }, Destination: { Bucket: `arn:aws:s3:::${to}` }, ...rule }] },
  }));
  return { from, to };
}

describe("replication", () => {
  it("copies versions and markers to another region, under their own ids", async () => {
    const { from, to } = await pair();
    const put = await here.send(new PutObjectCommand({ Bucket: from, Key: "k", Body: Buffer.alloc(40_000, "r"), ContentType: "text/plain", Metadata: { a: "b" }, Tagging: "t=1" }));
    expect((await here.send(new HeadObjectCommand({ Bucket: from, Key: "k" }))).ReplicationStatus).toMatch(/^(PENDING|COMPLETED)$/);
    await platform.platform.idle();
    expect((await here.send(new HeadObjectCommand({ Bucket: from, Key: "k" }))).ReplicationStatus).toBe("COMPLETED");
    const replica = await there.send(new GetObjectCommand({ Bucket: to, Key: "k", VersionId: put.VersionId }));
    expect(replica).toMatchObject({ ReplicationStatus: "REPLICA", ContentType: "text/plain", Metadata: { a: "b" }, ETag: put.ETag, VersionId: put.VersionId, TagCount: 1 });
    expect((await replica.Body?.transformToByteArray())?.length).toBe(40_000);

    await here.send(new PutObjectTaggingCommand({ Bucket: from, Key: "k", Tagging: { TagSet: [{ Key: "t", Value: "2" }] } }));
    await platform.platform.idle();
    expect((await there.send(new GetObjectTaggingCommand({ Bucket: to, Key: "k" }))).TagSet).toEqual([{ Key: "t", Value: "2" }]);

    await here.send(new DeleteObjectCommand({ Bucket: from, Key: "k" }));
    await platform.platform.idle();
    expect((await there.send(new ListObjectVersionsCommand({ Bucket: to }))).DeleteMarkers).toMatchObject([{ Key: "k", IsLatest: true }]);
  });

  it("keeps to its filter, and leaves markers out when told so", async () => {
    const { from, to } = await pair({ Filter: { Prefix: "yes/" }, DeleteMarkerReplication: { Status: "Disabled" } });
    for (const Key of ["yes/a", "no/a"]) await here.send(new PutObjectCommand({ Bucket: from, Key, Body: "x" }));
    await here.send(new DeleteObjectCommand({ Bucket: from, Key: "yes/a" }));
    await platform.platform.idle();
    const { Versions, DeleteMarkers } = await there.send(new ListObjectVersionsCommand({ Bucket: to }));
    expect(Versions?.map(({ Key }) => Key)).toEqual(["yes/a"]);
    expect(DeleteMarkers).toBeUndefined();
    expect((await here.send(new HeadObjectCommand({ Bucket: from, Key: "no/a" }))).ReplicationStatus).toBeUndefined();
  });

  it("says that it failed when the destination has gone away", async () => {
    const { from, to } = await pair();
    await there.send(new PutBucketVersioningCommand({ Bucket: to, VersioningConfiguration: { Status: "Suspended" } }));
    await here.send(new PutObjectCommand({ Bucket: from, Key: "k", Body: "x" }));
    await platform.platform.idle();
    expect((await here.send(new HeadObjectCommand({ Bucket: from, Key: "k" }))).ReplicationStatus).toBe("FAILED");
  });

  it("wants versioning on both sides", async () => {
    const to = await versioned(there, "Suspended");
    const from = await versioned(here);
    const configure = (Bucket: string) => here.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration: { Role, Rules: [{ Status: "Enabled", Destination: { Bucket: `arn:aws:s3:::${to}` }, Prefix: "" }] } }));
    expect(await failure(configure(from))).toMatchObject({ name: "InvalidRequest", message: "Destination bucket must have versioning enabled." });
    expect(await failure(configure(await versioned(here, "Suspended")))).toMatchObject({ name: "InvalidRequest", message: "Versioning must be 'Enabled' on the bucket to apply a replication configuration" });
  });
});
