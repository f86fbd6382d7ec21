import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const s3 = platform.client();
const Bucket = "objects";

beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
});

async function body(Key: string, more: object = {}): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

describe("an object", () => {
  it.each([0, 1, 1000, 16 * 1024, 16 * 1024 + 1, 200_000, 3_000_000])("of %d bytes comes back as it was", async (size) => {
    const bytes = Buffer.alloc(size, "0123456789");
    const put = await s3.send(new PutObjectCommand({ Bucket, Key: `sized/${size}`, Body: bytes }));
    expect(put.ChecksumCRC32).toBeDefined();
    expect(put.ServerSideEncryption).toBe("AES256");
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: `sized/${size}` }));
    expect(got.ETag).toBe(put.ETag);
    expect(got.ContentLength).toBe(size);
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    expect((await body(`sized/${size}`, size > 10 ? { Range: "bytes=3-9" } : {})).equals(size > 10 ? bytes.subarray(3, 10) : bytes)).toBe(true);
  });

  it("keeps what is said of it", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "said", Body: "x", ContentType: "text/plain", CacheControl: "no-cache", Metadata: { Colour: "blue" }, ContentEncoding: "gzip" }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "said" }));
    expect(head).toMatchObject({ ContentType: "text/plain", CacheControl: "no-cache", Metadata: { colour: "blue" }, ContentEncoding: "gzip", ContentLength: 1, AcceptRanges: "bytes" });
  });

  it("is gone when it is deleted", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "gone", Body: "x" }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
    expect(await failure(s3.send(new GetObjectCommand({ Bucket, Key: "gone" })))).toMatchObject({ name: "NoSuchKey", message: "The specified key does not exist.", status: 404, fields: { Key: "gone" } });
    expect((await failure(s3.send(new HeadObjectCommand({ Bucket, Key: "gone" })))).status).toBe(404);
  });

  it("is listed", async () => {
    const { Contents, KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "sized/", MaxKeys: 2 }));
    expect(KeyCount).toBe(2);
    expect(Contents?.[0]).toMatchObject({ Key: "sized/0", Size: 0, StorageClass: "STANDARD" });
  });
});
