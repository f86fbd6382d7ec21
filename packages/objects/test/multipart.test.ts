import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand, CreateMultipartUploadCommand, GetObjectAttributesCommand, GetObjectCommand, HeadObjectCommand,
  ListMultipartUploadsCommand, ListPartsCommand, PutObjectCommand, UploadPartCommand, UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { ChecksumAlgorithm, ChecksumType, CompletedPart } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { checksumOf } from "@cumulet/protocol";
import { beforeAll, describe, expect, it } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const s3 = platform.client();
const Bucket = "multipart";
const MiB = 1024 * 1024;
const first = Buffer.alloc(5 * MiB, "a");
const second = Buffer.alloc(1000, "b");
const whole = Buffer.concat([first, second]);

beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
});

async function upload(Key: string, bodies: readonly Buffer[], more: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: ChecksumType; Metadata?: Record<string, string> } = {}) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  const Parts: CompletedPart[] = [];
  for (const [at, Body] of bodies.entries()) {
    const part = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: at + 1, Body, ChecksumAlgorithm: more.ChecksumAlgorithm }));
    const name = `Checksum${more.ChecksumAlgorithm}` as "ChecksumSHA256";
    Parts.push({ ETag: part.ETag, PartNumber: at + 1, ...(more.ChecksumAlgorithm === undefined ? {} : { [name]: part[name] }) });
  }
  return { UploadId, Parts, complete: (parts: object[] = Parts, extra: object = {}) => s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts }, ...extra })) };
}

describe("a multipart upload", () => {
  it("becomes one object, read whole, by range and by part", async () => {
    const { complete, UploadId } = await upload("k", [first, second], { Metadata: { a: "b" } });
    const done = await complete();
    expect(done).toMatchObject({ Bucket, Key: "k", ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/) as string, ChecksumType: "FULL_OBJECT", ChecksumCRC64NVME: checksumOf("CRC64NVME", whole) });
    expect(await complete()).toMatchObject({ ETag: done.ETag });
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "k" }));
    expect(got.Metadata).toEqual({ a: "b" });
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true);
    const across = await s3.send(new GetObjectCommand({ Bucket, Key: "k", Range: `bytes=${5 * MiB - 2}-${5 * MiB + 1}` }));
    expect(await across.Body?.transformToString()).toBe("aabb");
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: "k", PartNumber: 2 }));
    expect(part).toMatchObject({ ContentLength: 1000, PartsCount: 2, ContentRange: `bytes ${5 * MiB}-${5 * MiB + 999}/${5 * MiB + 1000}` });
    expect(part.$metadata.httpStatusCode).toBe(206);
    expect(await failure(s3.send(new GetObjectCommand({ Bucket, Key: "k", PartNumber: 3 })))).toMatchObject({ name: "InvalidPartNumber", status: 416, fields: { ActualPartCount: "2", PartNumberRequested: "3" } });
    expect((await failure(s3.send(new ListPartsCommand({ Bucket, Key: "k", UploadId })))).name).toBe("NoSuchUpload");
  });

  it("is nowhere to be seen before, nor after it is aborted", async () => {
    const { UploadId } = await upload("aborted", [second]);
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toMatchObject([{ Key: "aborted", UploadId, StorageClass: "STANDARD" }]);
    expect(await s3.send(new ListPartsCommand({ Bucket, Key: "aborted", UploadId }))).toMatchObject({ Parts: [{ PartNumber: 1, Size: 1000 }], IsTruncated: false, NextPartNumberMarker: "1", MaxParts: 1000 });
    expect((await failure(s3.send(new HeadObjectCommand({ Bucket, Key: "aborted" })))).status).toBe(404);
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "aborted", UploadId }));
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toBeUndefined();
    expect(await failure(s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "aborted", UploadId })))).toMatchObject({ name: "NoSuchUpload", message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", fields: { UploadId } });
  });

  it("takes the last of parts with one number, and only the parts it is told", async () => {
    const Key = "chosen";
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const part = (PartNumber: number, Body: string) => s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    await part(1, "old");
    const { ETag } = await part(1, "new");
    await part(7, "left out");
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } }));
    expect(await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()).toBe("new");
  });

  // Recorded from S3.
  it("is refused as S3 refuses it", async () => {
    const small = await upload("small", [second, second]);
    expect(await failure(small.complete())).toMatchObject({ name: "EntityTooSmall", fields: { MinSizeAllowed: "5242880", PartNumber: "1", ProposedSize: "1000" } });
    expect(await failure(small.complete([...small.Parts].reverse()))).toMatchObject({ name: "InvalidPartOrder", message: "The list of parts was not in ascending order. Parts must be ordered by part number." });
    expect(await failure(small.complete([{ PartNumber: 1, ETag: '"0123"' }]))).toMatchObject({ name: "InvalidPart", fields: { ETag: "0123", PartNumber: "1" } });
    expect(await failure(small.complete([]))).toMatchObject({ name: "InvalidRequest", message: "You must specify at least one part" });
    const range = { name: "InvalidArgument", message: "Part number must be an integer between 1 and 10000, inclusive", fields: { ArgumentName: "partNumber", ArgumentValue: "10001" } };
    expect(await failure(s3.send(new UploadPartCommand({ Bucket, Key: "small", UploadId: small.UploadId, PartNumber: 10_001, Body: "x" })))).toMatchObject(range);
    expect((await failure(s3.send(new UploadPartCommand({ Bucket, Key: "other", UploadId: small.UploadId, PartNumber: 1, Body: "x" })))).name).toBe("NoSuchUpload");
    expect(await failure(upload("x", [second], { ChecksumAlgorithm: "SHA1", ChecksumType: "FULL_OBJECT" }))).toMatchObject({ name: "InvalidRequest", message: "The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm." });
  });

  it("copies parts of other objects", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: "0123456789" }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "copied" }));
    const copy = (CopySourceRange: string) => s3.send(new UploadPartCopyCommand({ Bucket, Key: "copied", UploadId, PartNumber: 1, CopySource: `${Bucket}/source`, CopySourceRange }));
    const { CopyPartResult } = await copy("bytes=2-4");
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: "copied", UploadId, MultipartUpload: { Parts: [{ ETag: CopyPartResult?.ETag, PartNumber: 1 }] } }));
    expect(await (await s3.send(new GetObjectCommand({ Bucket, Key: "copied" }))).Body?.transformToString()).toBe("234");
    expect((await failure(copy("2-4"))).name).toBe("NoSuchUpload");
  });

  it("is what lib-storage does with a stream", async () => {
    const body = Buffer.alloc(12 * MiB, "stream");
    await new Upload({ client: s3, params: { Bucket, Key: "lib", Body: body }, partSize: 5 * MiB, queueSize: 2 }).done();
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "lib" }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
  });
});

describe("checksums of uploads", () => {
  it.each(["CRC32", "CRC32C", "CRC64NVME"] as const)("%s of the whole are put together from those of the parts", async (algorithm) => {
    const { complete } = await upload(`full-${algorithm}`, [first, second], { ChecksumAlgorithm: algorithm, ChecksumType: "FULL_OBJECT" });
    expect(await complete()).toMatchObject({ [`Checksum${algorithm}`]: checksumOf(algorithm, whole), ChecksumType: "FULL_OBJECT" });
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: `full-${algorithm}`, ChecksumMode: "ENABLED" }))).toMatchObject({ [`Checksum${algorithm}`]: checksumOf(algorithm, whole) });
  });

  it.each(["CRC32", "CRC32C", "SHA1", "SHA256"] as const)("%s of the parts are hashed together", async (algorithm) => {
    const Key = `composite-${algorithm}`;
    const member = `Checksum${algorithm}`;
    const parts = [first, second].map((body) => checksumOf(algorithm, body));
    const composite = checksumOf(algorithm, Buffer.concat(parts.map((part) => Buffer.from(part, "base64"))));
    const { complete, Parts } = await upload(Key, [first, second], { ChecksumAlgorithm: algorithm });
    expect(await failure(complete(Parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber }))))).toMatchObject({
      name: "InvalidRequest", message: `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.`,
    });
    expect(await complete()).toMatchObject({ [member]: `${composite}-2`, ChecksumType: "COMPOSITE" });
    expect(await s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ["Checksum", "ObjectParts", "ObjectSize"] }))).toMatchObject({
      Checksum: { [member]: composite, ChecksumType: "COMPOSITE" }, ObjectSize: whole.length,
      ObjectParts: { TotalPartsCount: 2, MaxParts: 1000, IsTruncated: false, Parts: [{ PartNumber: 1, Size: first.length, [member]: parts[0] }, { PartNumber: 2, Size: 1000, [member]: parts[1] }] },
    });
    expect(await s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2, ChecksumMode: "ENABLED" }))).toMatchObject({ [member]: parts[1], ChecksumType: "COMPOSITE" });
    // A copy is one piece, and so is its checksum.
    const { CopyObjectResult } = await s3.send(new CopyObjectCommand({ Bucket, Key: `${Key}-copy`, CopySource: `${Bucket}/${Key}` }));
    expect(CopyObjectResult).toMatchObject({ [member]: checksumOf(algorithm, whole), ChecksumType: "FULL_OBJECT", ETag: `"${Buffer.from(checksumOf("MD5", whole), "base64").toString("hex")}"` });
  });
});
