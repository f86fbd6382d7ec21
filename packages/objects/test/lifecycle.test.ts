import {
  CreateBucketCommand, CreateMultipartUploadCommand, DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand, PutBucketVersioningCommand, PutObjectCommand, RestoreObjectCommand,
} from "@aws-sdk/client-s3";
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform({ config: { settings: { "s3.restore_seconds": "60" } } });
const s3 = platform.client();
const DAY = 86_400_000;
let count = 0;

async function bucketWith(rules: LifecycleRule[], versioned = false): Promise<string> {
  const Bucket = `lifecycle-${count++}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (versioned) await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: rules } }));
  return Bucket;
}

async function days(n: number): Promise<void> {
  for (let day = 0; day < n; day++) {
    await platform.clock.advance(DAY);
    await platform.platform.idle();
  }
}

const exists = async (Bucket: string, Key: string): Promise<boolean> => s3.send(new HeadObjectCommand({ Bucket, Key })).then(() => true, () => false);

describe("lifecycle rules", () => {
  it("expire objects on the day that the header names, and those alone that they are about", async () => {
    const Bucket = await bucketWith([{ ID: "tmp rule", Status: "Enabled", Filter: { And: { Prefix: "tmp/", Tags: [{ Key: "keep", Value: "no" }] } }, Expiration: { Days: 2 } }]);
    const { Expiration } = await s3.send(new PutObjectCommand({ Bucket, Key: "tmp/a", Body: "x", Tagging: "keep=no" }));
    expect(Expiration).toBe('expiry-date="Mon, 05 Jan 2026 00:00:00 GMT", rule-id="tmp%20rule"');
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "tmp/a" }))).Expiration).toBe(Expiration);
    await s3.send(new PutObjectCommand({ Bucket, Key: "tmp/b", Body: "x" }));
    await days(2);
    expect(await exists(Bucket, "tmp/a")).toBe(true);
    await days(1);
    expect(await exists(Bucket, "tmp/a")).toBe(false);
    expect(await exists(Bucket, "tmp/b")).toBe(true);
  });

  it("hide current versions, delete noncurrent ones but for the newest, and then the marker", async () => {
    const Bucket = await bucketWith([
      { ID: "old", Status: "Enabled", Filter: {}, Expiration: { Days: 3 }, NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 } },
    ], true);
    for (const Body of ["1", "2", "3"]) await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body }));
    await days(2);
    expect((await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions).toHaveLength(2);
    await days(2);
    const { Versions = [], DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(DeleteMarkers).toMatchObject([{ Key: "k", IsLatest: true }]);
    for (const { VersionId } of Versions) await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId }));
    await days(4);
    expect((await s3.send(new ListObjectVersionsCommand({ Bucket }))).DeleteMarkers).toBeUndefined();
  });

  it("move objects between classes, and abort uploads", async () => {
    const Bucket = await bucketWith([
      { ID: "cold", Status: "Enabled", Filter: { ObjectSizeGreaterThan: 3 }, Transitions: [{ Days: 1, StorageClass: "GLACIER" }] },
      { ID: "abort", Status: "Enabled", Filter: { Prefix: "" }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ]);
    await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body: "large" }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "tiny", Body: "x" }));
    expect((await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "m" }))).AbortRuleId).toBe("abort");
    await days(2);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "large" }))).StorageClass).toBe("GLACIER");
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "tiny" }))).StorageClass).toBeUndefined();
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toBeUndefined();
  });

  it.each([
    ["no rules", [], "MalformedXML"],
    ["a status of its own", [{ ID: "a", Status: "enabled", Filter: {}, Expiration: { Days: 1 } }], "MalformedXML"],
    ["no filter and no prefix", [{ ID: "a", Status: "Enabled", Expiration: { Days: 1 } }], "MalformedXML"],
    ["no action", [{ ID: "a", Status: "Enabled", Filter: {} }], "InvalidRequest"],
    ["zero days", [{ ID: "a", Status: "Enabled", Filter: {}, Expiration: { Days: 0 } }], "InvalidArgument"],
    ["a time of day", [{ ID: "a", Status: "Enabled", Filter: {}, Expiration: { Date: new Date("2030-01-01T01:00:00Z") } }], "InvalidArgument"],
    ["an id twice", [{ ID: "a", Status: "Enabled", Filter: {}, Expiration: { Days: 1 } }, { ID: "a", Status: "Enabled", Filter: { Prefix: "b" }, Expiration: { Days: 1 } }], "InvalidArgument"],
    ["a long id", [{ ID: "a".repeat(256), Status: "Enabled", Filter: {}, Expiration: { Days: 1 } }], "InvalidArgument"],
    ["infrequent access too early", [{ ID: "a", Status: "Enabled", Filter: {}, Transitions: [{ Days: 29, StorageClass: "STANDARD_IA" }] }], "InvalidArgument"],
    ["an abort by tag", [{ ID: "a", Status: "Enabled", Filter: { Tag: { Key: "a", Value: "b" } }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }], "InvalidRequest"],
  ])("are refused with %s", async (_what, rules, code) => {
    expect((await failure(bucketWith(rules as LifecycleRule[]))).name).toBe(code);
  });
});

describe("an archived object", () => {
  it("is read once it is restored, for as long as it was asked for", async () => {
    const Bucket = await bucketWith([{ ID: "a", Status: "Enabled", Filter: {}, NoncurrentVersionExpiration: { NoncurrentDays: 9 } }]);
    await s3.send(new PutObjectCommand({ Bucket, Key: "cold", Body: "brr", StorageClass: "DEEP_ARCHIVE" }));
    const read = () => s3.send(new GetObjectCommand({ Bucket, Key: "cold" })).then(({ Body }) => Body?.transformToString());
    expect(await failure(read())).toMatchObject({ name: "InvalidObjectState", status: 403, fields: { StorageClass: "DEEP_ARCHIVE" } });
    const restore = new RestoreObjectCommand({ Bucket, Key: "cold", RestoreRequest: { Days: 1 } });
    expect((await s3.send(restore)).$metadata.httpStatusCode).toBe(202);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "cold" }))).Restore).toBe('ongoing-request="true"');
    await platform.clock.advance(60_000);
    await platform.platform.idle();
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "cold" }))).Restore).toMatch(/^ongoing-request="false", expiry-date="/);
    expect(await read()).toBe("brr");
    expect((await s3.send(restore)).$metadata.httpStatusCode).toBe(200);
    await days(2);
    expect((await failure(read())).name).toBe("InvalidObjectState");
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "cold" }))).Restore).toBeUndefined();
  });

  it("cannot be restored when it is not archived", async () => {
    const Bucket = await bucketWith([{ ID: "a", Status: "Enabled", Filter: {}, Expiration: { Days: 9 } }]);
    await s3.send(new PutObjectCommand({ Bucket, Key: "warm", Body: "x" }));
    expect(await failure(s3.send(new RestoreObjectCommand({ Bucket, Key: "warm", RestoreRequest: { Days: 1 } })))).toMatchObject({ name: "InvalidObjectState", message: "Restore is not allowed for the object's current storage class" });
  });
});
