import { Readable } from "node:stream";
import type { Context, Operations } from "@cumulet/core";
import type { ListMultipartUploadsOutput, MultipartUpload, UploadPartCopyRequest } from "@cumulet/protocol/models/s3.d.ts";
import { checksumMembers, parseAlgorithm, uploadChecksumType } from "../domain/checksums.ts";
import { invalidArgument, invalidRange, invalidRequest } from "../domain/errors.ts";
import { encodeListedKey } from "../domain/keys.ts";
import { abortionOf } from "../domain/lifecycle.ts";
import { entryPage, startPlace } from "../domain/listing.ts";
import { canonicalIdOf } from "../domain/owner.ts";
import { parseCopyRange } from "../domain/ranges.ts";
import type { ByteRange } from "../domain/ranges.ts";
import { authorize } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { contentChunks, dropContent, dropUpload } from "../requests/content.ts";
import { openCopySource } from "../requests/copy-source.ts";
import { ownerOf } from "../requests/display.ts";
import { encryptionMembers } from "../requests/encryption.ts";
import { discard, receive } from "../requests/receive.ts";
import type { Received } from "../requests/receive.ts";
import { checkPartKey, checkPartNumber, findUpload, initiatorOf, newUploadId, partAlgorithm, settingsOf, uploadEncryption } from "../requests/uploads.ts";
import { settingsOfWrite } from "../requests/write.ts";
import { entityTag } from "../requests/commit.ts";
import type { ListedUpload, PartRow, UploadRow } from "../store/uploads.ts";
import type { Store } from "../store.ts";
import { checkLength, requestTagValues } from "./put.ts";

const PAGE_MAX = 1000;

export const multipartOperations = {
  async CreateMultipartUpload(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutObject", { key: input.Key, values: requestTagValues(input.Tagging) });
    const algorithm = parseAlgorithm(input.ChecksumAlgorithm);
    const checksumType = uploadChecksumType(algorithm, input.ChecksumType);
    const settings = await settingsOfWrite(ctx, bucket, input.Key, input);
    const uploadId = newUploadId(ctx);
    const initiatedMs = ctx.clock.now();
    const initiator = initiatorOf(ctx, canonicalIdOf(ctx.principal));
    bucket.ctx.store.uploads.insert({
      uploadId, initiatedMs, bucket: bucket.id, key: input.Key, owner: settings.owner, initiator: JSON.stringify(initiator),
      algorithm: algorithm ?? null, checksumType: checksumType ?? null, storageClass: settings.storageClass, settings: JSON.stringify(settings),
    });
    const abortion = abortionOf(bucket.configs.lifecycle, initiatedMs, input.Key);
    return {
      Bucket: bucket.name,
      Key: input.Key,
      UploadId: uploadId,
      ...(algorithm === undefined ? {} : { ChecksumAlgorithm: algorithm, ChecksumType: checksumType }),
      ...(abortion === undefined ? {} : { AbortDate: abortion.atMs, AbortRuleId: abortion.rule }),
      ...encryptionMembers(settings.encryption === null ? undefined : JSON.parse(settings.encryption)),
    };
  },

  async UploadPart(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutObject", { key: input.Key });
    checkPartNumber(input.PartNumber);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    checkPartKey(upload, input);
    checkLength(ctx, input.ContentLength);
    const received = await receive(bucket.ctx, input.Body, [partAlgorithm(upload)]);
    const part = await storePart(ctx, input, received);
    const checksum = received.payload.checksum;
    return {
      ETag: `"${part.etag}"`,
      ...(checksum === undefined ? checksumMembers({ algorithm: upload.algorithm, checksum: part.checksum }) : checksumMembers({ algorithm: checksum.algorithm, checksum: checksum.value })),
      ...encryptionMembers(uploadEncryption(upload)),
    };
  },

  async UploadPartCopy(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutObject", { key: input.Key });
    checkPartNumber(input.PartNumber);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    checkPartKey(upload, input);
    const source = await openCopySource(ctx, input);
    const range = copyRange(input, source.row.size);
    const bytes = source.row.content === null ? Buffer.alloc(0) : Readable.from(contentChunks(source.bucket.ctx, source.row.content, range), { objectMode: false });
    const received = await receive(bucket.ctx, bytes, [partAlgorithm(upload)]);
    const part = await storePart(ctx, input, received);
    return {
      CopyPartResult: {
        ETag: `"${part.etag}"`,
        LastModified: Math.floor(part.modifiedMs / 1000) * 1000,
        ...checksumMembers({ algorithm: upload.algorithm, checksum: part.checksum }),
      },
      ...(source.row.version === null ? {} : { CopySourceVersionId: source.row.version }),
      ...encryptionMembers(uploadEncryption(upload)),
    };
  },

  AbortMultipartUpload(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:AbortMultipartUpload", { key: input.Key });
    dropUpload(bucket.ctx, findUpload(bucket, input.Key, input.UploadId).id);
    return {};
  },

  ListParts(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:ListMultipartUploadParts", { key: input.Key });
    const upload = findUpload(bucket, input.Key, input.UploadId);
    const max = Math.min(input.MaxParts ?? PAGE_MAX, PAGE_MAX);
    const after = input.PartNumberMarker ?? 0;
    if (max < 0) throw invalidArgument("Argument max-parts must be an integer between 0 and 2147483647", "max-parts", String(input.MaxParts));
    const parts = bucket.ctx.store.uploads.parts(upload.id, after, max + 1);
    const page = parts.slice(0, max);
    const initiator = JSON.parse(upload.initiator) as { id: string; name: string };
    const abortion = abortionOf(bucket.configs.lifecycle, upload.initiatedMs, upload.key);
    return {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.uploadId,
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: max,
      IsTruncated: parts.length > max,
      Initiator: { ID: initiator.id, DisplayName: initiator.name },
      Owner: ownerOf(ctx, upload.owner),
      StorageClass: upload.storageClass ?? "STANDARD",
      ...(upload.algorithm === null ? {} : { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType ?? undefined }),
      ...(abortion === undefined ? {} : { AbortDate: abortion.atMs, AbortRuleId: abortion.rule }),
      ...(page.length === 0 ? {} : {
        Parts: page.map((part) => ({
          PartNumber: part.number,
          LastModified: Math.floor(part.modifiedMs / 1000) * 1000,
          ETag: `"${part.etag}"`,
          Size: part.size,
          ...checksumMembers({ algorithm: upload.algorithm, checksum: part.checksum }),
        })),
      }),
    };
  },

  ListMultipartUploads(ctx, input) {
    const { EncodingType, Prefix: prefix = "", Delimiter: delimiter = "", KeyMarker = "", UploadIdMarker = "", MaxUploads } = input;
    if (EncodingType !== undefined && EncodingType !== "url") throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", EncodingType || null);
    if (MaxUploads !== undefined && (MaxUploads < 0 || MaxUploads > 2 ** 31 - 1)) throw invalidArgument("Argument max-uploads must be an integer between 0 and 2147483647", "max-uploads", String(MaxUploads));
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:ListBucketMultipartUploads", { values: { "s3:prefix": input.Prefix, "s3:delimiter": input.Delimiter } });
    const { uploads } = bucket.ctx.store;
    const max = Math.min(MaxUploads ?? PAGE_MAX, PAGE_MAX);
    // A marker of an upload counts only beside one of a key.
    const marked = KeyMarker === "" || UploadIdMarker === "" ? undefined : uploads.find(UploadIdMarker)?.id;
    const page = entryPage<ListedUpload>({ prefix, delimiter, max }, startPlace(prefix, delimiter, KeyMarker, marked), ({ key, rank }, limit) => uploads.scan(bucket.id, key, rank, limit));
    const encode = EncodingType === "url" ? encodeListedKey : (key: string) => key;
    const last = page.last;
    const output: ListMultipartUploadsOutput = {
      Bucket: bucket.name,
      KeyMarker: encode(KeyMarker),
      UploadIdMarker,
      NextKeyMarker: last === undefined ? "" : encode("prefix" in last ? last.prefix : last.row.key),
      NextUploadIdMarker: last === undefined || "prefix" in last ? "" : last.row.uploadId,
      MaxUploads: max,
      IsTruncated: page.truncated,
      ...(prefix === "" ? {} : { Prefix: encode(prefix) }),
      ...(delimiter === "" ? {} : { Delimiter: encode(delimiter) }),
      ...(EncodingType === undefined ? {} : { EncodingType }),
      ...(page.rows.length === 0 ? {} : { Uploads: page.rows.map((row) => listed(ctx, row, encode)) }),
      ...(page.prefixes.length === 0 ? {} : { CommonPrefixes: page.prefixes.map((one) => ({ Prefix: encode(one) })) }),
    };
    return output;
  },
} satisfies Operations<"s3", Store>;

function listed(ctx: Context<Store>, row: ListedUpload, encode: (key: string) => string): MultipartUpload {
  const initiator = JSON.parse(row.initiator) as { id: string; name: string };
  return {
    UploadId: row.uploadId,
    Key: encode(row.key),
    Initiated: Math.floor(row.initiatedMs / 1000) * 1000,
    StorageClass: row.storageClass ?? "STANDARD",
    Owner: ownerOf(ctx, row.owner),
    Initiator: { ID: initiator.id, DisplayName: initiator.name },
    ...(row.algorithm === null ? {} : { ChecksumAlgorithm: row.algorithm, ChecksumType: row.checksumType ?? undefined }),
  };
}

/** Makes a part of what has arrived, in the place of one with the same number. The upload may have gone while it came. */
async function storePart(ctx: Context<Store>, input: { Bucket: string; Key: string; UploadId: string; PartNumber: number }, received: Received): Promise<PartRow> {
  try {
    const bucket = openBucket(ctx, { Bucket: input.Bucket });
    return bucket.ctx.transaction(() => {
      const { uploads, contents } = bucket.ctx.store;
      const upload = findUpload(bucket, input.Key, input.UploadId);
      checkPartChecksum(upload, received);
      const previous = uploads.part(upload.id, input.PartNumber);
      const part: PartRow = {
        upload: upload.id,
        number: input.PartNumber,
        content: contents.insert(received.content),
        size: received.content.size,
        modifiedMs: ctx.clock.now(),
        etag: entityTag(ctx, received.md5, settingsOf(upload).encryption),
        checksum: received.payload.digests.get(partAlgorithm(upload)) as string,
      };
      uploads.putPart(part);
      if (previous !== undefined) dropContent(bucket.ctx, previous.content);
      return part;
    });
  } catch (error) {
    await discard(ctx, received);
    throw error;
  }
}

/** Parts of an upload with a checksum come with one of the same kind. S3 takes the whole's from the parts', so it takes those without one when it can compute it itself. */
function checkPartChecksum(upload: UploadRow, { payload }: Received): void {
  if (upload.algorithm === null || payload.checksum === undefined || payload.checksum.algorithm === upload.algorithm) return;
  throw invalidRequest(`Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${payload.checksum.algorithm.toLowerCase()}`);
}

function copyRange(input: UploadPartCopyRequest, size: number): ByteRange | undefined {
  const { CopySourceRange } = input;
  if (CopySourceRange === undefined) return undefined;
  const range = parseCopyRange(CopySourceRange);
  if (range === undefined) {
    throw invalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy", "x-amz-copy-source-range", CopySourceRange);
  }
  if (range.end >= size) throw invalidRange(CopySourceRange, size);
  return range;
}
