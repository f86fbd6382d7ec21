import { checksumAlgorithms, compositeChecksum, fullObjectChecksum } from "@cumulet/protocol";
import type { ChecksumAlgorithm } from "@cumulet/protocol";
import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import type { CompleteMultipartUploadOutput, CompleteMultipartUploadRequest, CompletedPart } from "@cumulet/protocol/models/s3.d.ts";
import { checksumMembers, checksumMismatch, multipartEtag } from "../domain/checksums.ts";
import type { ChecksumMembers, ChecksumType } from "../domain/checksums.ts";
import { unquote } from "../domain/conditions.ts";
import { entityTooSmall, invalidRequest, malformedXml } from "../domain/errors.ts";
import { DAY_MS } from "../domain/lifecycle.ts";
import { lockOfWrite } from "../domain/retention.ts";
import { checkWriteConditions, requireWriteConditions } from "../domain/write-conditions.ts";
import { authorize } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { committed, expirationOfRow } from "../requests/commit.ts";
import { dropContent } from "../requests/content.ts";
import { checkPartKey, findUpload, invalidPart, partAlgorithm, settingsOf, uploadEncryption } from "../requests/uploads.ts";
import { encryptionMembers } from "../requests/encryption.ts";
import { putVersion, writtenVersion } from "../requests/versions.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { PartRow, UploadRow } from "../store/uploads.ts";
import type { Store } from "../store.ts";

/** Every part but the last has at least this many bytes. */
const PART_BYTES_MIN = 5 * 1024 ** 2;
/** How long a completed upload can be completed again. */
const REMEMBERED_MS = DAY_MS;

export const completeOperations = {
  CompleteMultipartUpload(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutObject", { key: input.Key });
    checkWriteConditions(input);
    const parts = requestedParts(input);
    const etag = etagOf(parts);
    const before = bucket.ctx.store.uploads.completed(input.UploadId);
    if (before !== undefined && before.bucket === bucket.id && before.key === input.Key) {
      const answer = before.answer as CompleteMultipartUploadOutput;
      // A client that lost the answer asks again with the same parts.
      if (etag === undefined || answer.ETag === `"${etag}"`) return answer;
    }
    const upload = findUpload(bucket, input.Key, input.UploadId);
    checkPartKey(upload, input.SSECustomerKey === undefined ? {} : input);
    const rows = storedParts(bucket, upload, parts);
    const size = rows.reduce((sum, row) => sum + row.size, 0);
    if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== size) {
      throw invalidRequest(`The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`);
    }
    const checksum = wholeChecksum(upload, rows, input);
    checkPartChecksums(upload, parts, rows);
    checkSizes(rows);
    requireWriteConditions(input, input.Key, bucket.ctx.store.objects.current(bucket.id, input.Key));
    const row = assemble(ctx, bucket, upload, rows, size, checksum);
    const output = answerOf(ctx, bucket, upload, row);
    const { uploads } = bucket.ctx.store;
    uploads.complete(upload.uploadId, bucket.id, upload.key, output, ctx.clock.now());
    uploads.forgetCompleted(ctx.clock.now() - REMEMBERED_MS);
    return output;
  },
} satisfies Operations<"s3", Store>;

type RequestedPart = CompletedPart & { PartNumber: number; ETag: string };

function requestedParts(input: CompleteMultipartUploadRequest): RequestedPart[] {
  // No document at all is no XML; one without parts is a request for nothing.
  if (input.MultipartUpload === undefined) throw malformedXml();
  const parts = input.MultipartUpload.Parts ?? [];
  if (parts.length === 0) throw invalidRequest("You must specify at least one part");
  let previous = 0;
  for (const { PartNumber, ETag } of parts) {
    if (PartNumber === undefined || ETag === undefined) throw malformedXml();
    if (PartNumber <= previous) {
      throw new AwsError("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.", { status: 400, fields: { UploadId: input.UploadId } });
    }
    previous = PartNumber;
  }
  return parts as RequestedPart[];
}

/** The entity tag that these parts would make; undefined when one of them is no MD5. */
function etagOf(parts: readonly RequestedPart[]): string | undefined {
  const etags = parts.map(({ ETag }) => unquote(ETag));
  return etags.every((etag) => /^[0-9a-f]{32}$/.test(etag)) ? multipartEtag(etags) : undefined;
}

/** The rows of the parts asked for; throws InvalidPart for one that is not as the client thinks. */
function storedParts(bucket: Bucket, upload: UploadRow, parts: readonly RequestedPart[]): PartRow[] {
  const { uploads } = bucket.ctx.store;
  return parts.map((part) => {
    const etag = unquote(part.ETag);
    const row = uploads.part(upload.id, part.PartNumber);
    if (row === undefined || row.etag !== etag) throw invalidPart(upload.uploadId, part.PartNumber, etag);
    return row;
  });
}

function checkPartChecksums(upload: UploadRow, parts: readonly RequestedPart[], rows: readonly PartRow[]): void {
  const algorithm = upload.algorithm as ChecksumAlgorithm | null;
  parts.forEach((part, at) => {
    const etag = unquote(part.ETag);
    if (algorithm === null) {
      // Parts of an upload without a checksum have none that a client could name (recorded from S3).
      if (checksumAlgorithms.some((one) => (part as ChecksumMembers)[`Checksum${one}`] !== undefined)) throw invalidPart(upload.uploadId, part.PartNumber, etag);
      return;
    }
    const given = (part as ChecksumMembers)[`Checksum${algorithm}`];
    if (given === undefined && upload.checksumType === "COMPOSITE") {
      throw invalidRequest(`The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.PartNumber} in the request.`);
    }
    if (given !== undefined && given !== rows[at]?.checksum) throw invalidPart(upload.uploadId, part.PartNumber, etag);
  });
}

function checkSizes(rows: readonly PartRow[]): void {
  const small = rows.slice(0, -1).find(({ size }) => size < PART_BYTES_MIN);
  if (small !== undefined) throw entityTooSmall(small.size, PART_BYTES_MIN, { PartNumber: String(small.number), ETag: small.etag });
}

/** The checksum of the whole, of the parts' checksums, and what the client thinks it is. */
function wholeChecksum(upload: UploadRow, rows: readonly PartRow[], input: CompleteMultipartUploadRequest): { algorithm: ChecksumAlgorithm; type: ChecksumType; value: string } | undefined {
  const algorithm = partAlgorithm(upload);
  const type = upload.checksumType ?? "FULL_OBJECT";
  if (input.ChecksumType !== undefined && input.ChecksumType !== upload.checksumType) {
    throw invalidRequest(`The upload was created using the ${upload.checksumType} checksum mode. The complete request must use the same checksum mode.`);
  }
  // What only the customer can read S3 takes no checksum of its own of.
  if (upload.algorithm === null && uploadEncryption(upload)?.kind === "customer") return undefined;
  const value = type === "COMPOSITE"
    ? compositeChecksum(algorithm, rows.map(({ checksum }) => checksum as string))
    : fullObjectChecksum(algorithm, rows.map(({ checksum, size }) => ({ value: checksum as string, length: size })));
  const given = (input as ChecksumMembers)[`Checksum${algorithm}`];
  if (given !== undefined && given !== value && given !== value.replace(/-\d+$/, "")) throw checksumMismatch(algorithm);
  return { algorithm, type, value };
}

/** Makes an object of the parts, whose bytes stay where they are; those that were not asked for go. */
function assemble(
  ctx: Context<Store>, bucket: Bucket, upload: UploadRow, rows: readonly PartRow[], size: number, checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType; value: string } | undefined,
): ObjectRow {
  const { uploads, contents } = bucket.ctx.store;
  const settings = settingsOf(upload);
  const used = new Set(rows.map(({ content }) => content));
  for (const { content } of uploads.parts(upload.id, 0, 10_000)) if (!used.has(content)) dropContent(bucket.ctx, content);
  uploads.remove(upload.id);
  const nowMs = ctx.clock.now();
  const lock = settings.lockMode === null ? lockOfWrite({}, { locked: bucket.objectLock === 1, config: bucket.configs.objectLock }, nowMs) : undefined;
  const row = putVersion(ctx, bucket, {
    key: upload.key,
    marker: 0,
    // "For multipart uploads, the object creation date is the date of initiation of the multipart upload" (Amazon S3 User Guide, "Working with object metadata").
    modifiedMs: upload.initiatedMs,
    size,
    etag: multipartEtag(rows.map(({ etag }) => etag)),
    algorithm: checksum?.algorithm ?? null,
    checksumType: checksum?.type ?? null,
    checksum: checksum?.value ?? null,
    content: contents.insertPieces(size, rows.map((part) => ({ number: part.number, size: part.size, content: part.content, checksum: part.checksum }))),
    parts: rows.length,
    restore: null,
    replication: null,
    ...settings,
    ...(lock === undefined ? {} : { lockMode: lock.lockMode, lockUntilMs: lock.lockUntilMs }),
  });
  committed(ctx, bucket, row, "ObjectCreated:CompleteMultipartUpload");
  return row;
}

function answerOf(ctx: Context<Store>, bucket: Bucket, upload: UploadRow, row: ObjectRow): CompleteMultipartUploadOutput {
  const path = upload.key.split("/").map((part) => encodeURIComponent(part)).join("/");
  const encryption = uploadEncryption(upload);
  const version = writtenVersion(bucket, row);
  const expiration = expirationOfRow(bucket, row);
  return {
    Location: `${ctx.endpoint}/${bucket.name}/${path}`,
    Bucket: bucket.name,
    Key: upload.key,
    ETag: `"${row.etag}"`,
    // Recorded from S3: with KMS the answer has no checksum, though the object has.
    ...(encryption === undefined ? checksumMembers(row) : {}),
    ...(version === undefined ? {} : { VersionId: version }),
    ...(expiration === undefined ? {} : { Expiration: expiration }),
    ...encryptionMembers(encryption),
  };
}
