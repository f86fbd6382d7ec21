import {
  CopyObjectCommand, CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListObjectVersionsCommand, PutBucketVersioningCommand,
  PutObjectCommand, PutObjectLegalHoldCommand, PutObjectLockConfigurationCommand, PutObjectRetentionCommand, GetObjectRetentionCommand, GetObjectTaggingCommand, PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const s3 = platform.client();
let count = 0;

async function bucket(status?: "Enabled" | "Suspended", locked = false): Promise<string> {
  const Bucket = `versions-${count++}`;
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: locked }));
  if (status !== undefined) await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: status } }));
  return Bucket;
}

const put = (Bucket: string, Key: string, Body: string, more: object = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const text = async (Bucket: string, Key: string, VersionId?: string) => (await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString();
const versions = async (Bucket: string, more: object = {}) => s3.send(new ListObjectVersionsCommand({ Bucket, ...more }));

describe("versions", () => {
  it("stay until they are deleted by id", async () => {
    const Bucket = await bucket("Enabled");
    const one = await put(Bucket, "k", "1");
    const two = await put(Bucket, "k", "2");
    expect(await text(Bucket, "k")).toBe("2");
    expect(await text(Bucket, "k", one.VersionId)).toBe("1");
    const gone = await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    expect(gone.DeleteMarker).toBe(true);
    expect(await failure(text(Bucket, "k"))).toMatchObject({ name: "NoSuchKey", status: 404 });
    expect(await failure(text(Bucket, "k", gone.VersionId))).toMatchObject({ name: "MethodNotAllowed", status: 405, fields: { Method: "GET", ResourceType: "DeleteMarker" } });
    expect(await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: gone.VersionId }))).toMatchObject({ DeleteMarker: true, VersionId: gone.VersionId });
    expect(await text(Bucket, "k")).toBe("2");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: two.VersionId }));
    expect(await text(Bucket, "k")).toBe("1");
    expect(await failure(text(Bucket, "k", two.VersionId))).toMatchObject({ name: "NoSuchVersion", fields: { Key: "k", VersionId: two.VersionId } });
    expect(await failure(text(Bucket, "k", `${two.VersionId?.slice(0, -4)}zzzz`))).toMatchObject({ name: expect.stringMatching(/InvalidArgument|NoSuchVersion/) as string });
    expect(await failure(text(Bucket, "k", "nonsense"))).toMatchObject({ name: "InvalidArgument", message: "Invalid version id specified" });
  });

  it("have a null one from before and while suspended", async () => {
    const Bucket = await bucket();
    expect((await put(Bucket, "k", "before")).VersionId).toBeUndefined();
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    await put(Bucket, "k", "enabled");
    expect(await text(Bucket, "k", "null")).toBe("before");
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } }));
    expect((await put(Bucket, "k", "suspended")).VersionId).toBeUndefined();
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "k" }))).VersionId).toBe("null");
    const { Versions } = await versions(Bucket);
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId === "null", IsLatest])).toEqual([[true, true], [false, false]]);
    expect(await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }))).toMatchObject({ DeleteMarker: true, VersionId: "null" });
    expect((await versions(Bucket)).Versions).toHaveLength(1);
  });

  it("are listed in pages, also from a version that has gone", async () => {
    const Bucket = await bucket("Enabled");
    const ids: (string | undefined)[] = [];
    for (const Body of ["1", "2", "3", "4", "5"]) ids.unshift((await put(Bucket, "k", Body)).VersionId);
    const first = await versions(Bucket, { MaxKeys: 3 });
    expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: "k", NextVersionIdMarker: ids[2] });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: ids[2] }));
    const { Versions, IsTruncated } = await versions(Bucket, { KeyMarker: "k", VersionIdMarker: ids[2] });
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([[ids[3], false], [ids[4], false]]);
    expect(IsTruncated).toBe(false);
    expect(await failure(versions(Bucket, { VersionIdMarker: ids[0] }))).toMatchObject({ name: "InvalidArgument", message: "A version-id marker cannot be specified without a key marker." });
  });

  it("keep a bucket from being deleted", async () => {
    const Bucket = await bucket("Enabled");
    const { VersionId } = await put(Bucket, "k", "x");
    expect(await failure(s3.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({ name: "BucketNotEmpty", message: "The bucket you tried to delete is not empty. You must delete all versions in the bucket.", status: 409 });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });

  it("go in batches, of which every key is told apart", async () => {
    const Bucket = await bucket("Enabled");
    const { VersionId } = await put(Bucket, "a", "x");
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "a", VersionId }, { Key: "b", VersionId }, { Key: "c" }] } }));
    expect(Deleted).toMatchObject([{ Key: "a", VersionId }, { Key: "c", DeleteMarker: true }]);
    expect(Errors).toMatchObject([{ Key: "b", Code: "NoSuchVersion", VersionId }]);
    expect((await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects: [{ Key: "a" }] } }))).Deleted).toBeUndefined();
    expect((await failure(s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: Array.from({ length: 1001 }, (_, i) => ({ Key: String(i) })) } })))).name).toBe("MalformedXML");
  });

  it("come back by copying an old one over the new", async () => {
    const Bucket = await bucket("Enabled");
    const { VersionId } = await put(Bucket, "k", "old");
    await put(Bucket, "k", "new");
    const { CopySourceVersionId } = await s3.send(new CopyObjectCommand({ Bucket, Key: "k", CopySource: `${Bucket}/k?versionId=${VersionId}` }));
    expect(CopySourceVersionId).toBe(VersionId);
    expect(await text(Bucket, "k")).toBe("old");
  });

  it("have tags of their own", async () => {
    const Bucket = await bucket("Enabled");
    const { VersionId } = await put(Bucket, "k", "1", { Tagging: "a=1" });
    await put(Bucket, "k", "2");
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: "k", Tagging: { TagSet: [{ Key: "b", Value: "2" }] } }));
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "k", VersionId }))).TagSet).toEqual([{ Key: "a", Value: "1" }]);
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "k" }))).TagSet).toEqual([{ Key: "b", Value: "2" }]);
  });
});

describe("object lock", () => {
  const later = (days: number) => new Date(platform.clock.now() + days * 86_400_000);

  it("keeps versions: governance with a bypass, compliance without, a legal hold above both", async () => {
    const Bucket = await bucket(undefined, true);
    const governed = await put(Bucket, "g", "x", { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: later(1) });
    const remove = (Key: string, VersionId: string | undefined, more: object = {}) => s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, ...more }));
    expect(await failure(remove("g", governed.VersionId))).toMatchObject({ name: "AccessDenied", message: "Access Denied because object protected by object lock.", status: 403 });
    expect((await s3.send(new DeleteObjectCommand({ Bucket, Key: "g" }))).DeleteMarker).toBe(true);
    await remove("g", governed.VersionId, { BypassGovernanceRetention: true });

    const complied = await put(Bucket, "c", "x", { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: later(1) });
    expect((await failure(remove("c", complied.VersionId, { BypassGovernanceRetention: true }))).name).toBe("AccessDenied");
    expect((await failure(s3.send(new PutObjectRetentionCommand({ Bucket, Key: "c", BypassGovernanceRetention: true, Retention: { Mode: "GOVERNANCE", RetainUntilDate: later(2) } })))).name).toBe("AccessDenied");
    await s3.send(new PutObjectRetentionCommand({ Bucket, Key: "c", Retention: { Mode: "COMPLIANCE", RetainUntilDate: later(3) } }));
    expect((await s3.send(new GetObjectRetentionCommand({ Bucket, Key: "c" }))).Retention?.RetainUntilDate).toEqual(later(3));

    const held = await put(Bucket, "h", "x", { ObjectLockLegalHoldStatus: "ON" });
    expect((await failure(remove("h", held.VersionId, { BypassGovernanceRetention: true }))).name).toBe("AccessDenied");
    await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: "h", LegalHold: { Status: "OFF" } }));
    await remove("h", held.VersionId);
    await platform.clock.advance(4 * 86_400_000);
    await remove("c", complied.VersionId);
  });

  it("gives new versions the bucket's retention", async () => {
    const Bucket = await bucket(undefined, true);
    await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 2 } } } }));
    await put(Bucket, "k", "x");
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: "k" }))).toMatchObject({ ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: later(2) });
    expect(await failure(s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } })))).toMatchObject({ name: "InvalidBucketState", status: 409 });
  });

  // Recorded from S3.
  it("is refused where it makes no sense", async () => {
    const Bucket = await bucket(undefined, true);
    expect(await failure(put(Bucket, "k", "x", { ObjectLockMode: "GOVERNANCE" }))).toMatchObject({ name: "InvalidArgument", message: "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", fields: { ArgumentName: "x-amz-object-lock-retain-until-date" } });
    expect(await failure(put(Bucket, "k", "x", { ObjectLockMode: "BAD-VALUE", ObjectLockRetainUntilDate: later(1) }))).toMatchObject({ name: "InvalidArgument", message: "Unknown wormMode directive.", fields: { ArgumentValue: "BAD-VALUE" } });
    expect((await failure(s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1, Years: 1 } } } })))).name).toBe("MalformedXML");
    const plain = await bucket();
    await put(plain, "k", "x");
    expect(await failure(s3.send(new GetObjectRetentionCommand({ Bucket: plain, Key: "k" })))).toMatchObject({ name: "InvalidRequest", message: "Bucket is missing Object Lock Configuration" });
  });
});
