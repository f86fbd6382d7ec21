import { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand, CreateMultipartUploadCommand, DeleteBucketCommand, DeleteObjectsCommand, GetObjectAttributesCommand, GetObjectCommand, HeadBucketCommand, ListMultipartUploadsCommand, ListObjectsCommand, ListObjectVersionsCommand, ListPartsCommand, PutBucketVersioningCommand, PutObjectCommand, UploadPartCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const client = platform.client();
const Bucket = "parts";
await client.send(new CreateBucketCommand({ Bucket }));
const part = Buffer.alloc(5 * 1024 * 1024, "p");

test("an upload in parts: listed while it runs, whole when it is complete, gone when it is aborted", async () => {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "big" }));
  expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toEqual([expect.objectContaining({ Key: "big", UploadId })]);
  const first = await client.send(new UploadPartCommand({ Bucket, Key: "big", UploadId, PartNumber: 1, Body: part }));
  await client.send(new PutObjectCommand({ Bucket, Key: "source", Body: "0123456789" }));
  const second = await client.send(new UploadPartCopyCommand({ Bucket, Key: "big", UploadId, PartNumber: 2, CopySource: `${Bucket}/source`, CopySourceRange: "bytes=2-5" }));
  expect((await client.send(new ListPartsCommand({ Bucket, Key: "big", UploadId }))).Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([[1, part.length], [2, 4]]);
  const parts = [{ PartNumber: 1, ETag: first.ETag }, { PartNumber: 2, ETag: second.CopyPartResult?.ETag }];
  expect(await failure(client.send(new CompleteMultipartUploadCommand({ Bucket, Key: "big", UploadId, MultipartUpload: { Parts: [...parts].reverse() } })))).toMatchObject({ name: "InvalidPartOrder", status: 400 });
  const done = await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: "big", UploadId, MultipartUpload: { Parts: parts } }));
  expect(done.ETag).toMatch(/-2"$/);
  const tail = await client.send(new GetObjectCommand({ Bucket, Key: "big", Range: "bytes=-6" }));
  expect(await tail.Body!.transformToString()).toBe("pp2345");
  const attributes = await client.send(new GetObjectAttributesCommand({ Bucket, Key: "big", ObjectAttributes: ["ObjectSize", "ETag"] }));
  expect(attributes.ObjectSize).toBe(part.length + 4);

  const again = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "never" }));
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key: "never", UploadId: again.UploadId }));
  expect(await failure(client.send(new ListPartsCommand({ Bucket, Key: "never", UploadId: again.UploadId })))).toMatchObject({ name: "NoSuchUpload", status: 404 });
});

test("copies, versions, and deleting many", async () => {
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  await client.send(new CopyObjectCommand({ Bucket, Key: "copy ü", CopySource: `${Bucket}/source`, MetadataDirective: "REPLACE", Metadata: { a: "b" } }));
  await client.send(new PutObjectCommand({ Bucket, Key: "copy ü", Body: "newer" }));
  expect((await client.send(new ListObjectsCommand({ Bucket, Prefix: "copy" }))).Contents?.map(({ Key }) => Key)).toEqual(["copy ü"]);
  const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: "copy" }));
  expect(Versions?.map(({ IsLatest, Size }) => [IsLatest, Size])).toEqual([[true, 5], [false, 10]]);
  expect(await failure(client.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({ name: "BucketNotEmpty", status: 409 });
  const all = (await client.send(new ListObjectVersionsCommand({ Bucket }))).Versions!.map(({ Key, VersionId }) => ({ Key, VersionId }));
  const { Deleted } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: all } }));
  expect(Deleted).toHaveLength(all.length);
  await client.send(new DeleteBucketCommand({ Bucket }));
  expect(await failure(client.send(new HeadBucketCommand({ Bucket })))).toMatchObject({ status: 404 });
});
