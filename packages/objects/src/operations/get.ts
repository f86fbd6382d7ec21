import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import type { GetObjectOutput, GetObjectRequest, HeadObjectOutput, HeadObjectRequest } from "@cumulet/protocol/models/s3.d.ts";
import { checksumMembers } from "../domain/checksums.ts";
import { etagMatches, failedCondition } from "../domain/conditions.ts";
import { invalidArgument, invalidObjectState, invalidPartNumber, invalidRange, invalidRequest, preconditionFailed } from "../domain/errors.ts";
import { expirationHeader, expirationOf } from "../domain/lifecycle.ts";
import { parseRange } from "../domain/ranges.ts";
import type { ByteRange } from "../domain/ranges.ts";
import { isArchive, isRestored, restoreHeader } from "../domain/storage-class.ts";
import type { Restore } from "../domain/storage-class.ts";
import type { Tag } from "../domain/tagging.ts";
import { authorize, authorizeMissing } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { readContent } from "../requests/content.ts";
import { checkReadKey, encryptionMembers, encryptionOf } from "../requests/encryption.ts";
import { headersOf } from "../requests/object-headers.ts";
import { existing, findVersion, shownVersion } from "../requests/versions.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";

type Described = GetObjectOutput & HeadObjectOutput;

export const getOperations = {
  async GetObject(ctx, input) {
    checkOverrides(ctx, input);
    const { bucket, row } = await readable(ctx, input, "GET");
    if (isArchive(row.storageClass) && !isRestored(restoreOf(row), ctx.clock.now())) throw invalidObjectState(row.storageClass as string);
    const span = spanOf(ctx, bucket, row, input);
    const output: GetObjectOutput = { ...describe(ctx, bucket, row, input, span), ...overrides(input) };
    output.Body = row.content === null ? Buffer.alloc(0) : ((await readContent(bucket.ctx, row.content, span?.range)) as NonNullable<GetObjectOutput["Body"]>);
    return output;
  },

  async HeadObject(ctx, input) {
    checkOverrides(ctx, input);
    const { bucket, row } = await readable(ctx, input, "HEAD");
    return { ...describe(ctx, bucket, row, input, spanOf(ctx, bucket, row, input)), ...overrides(input) } as HeadObjectOutput;
  },
} satisfies Operations<"s3", Store>;

/** The version that a read means, once the caller may have it, brings its key and its conditions hold. */
async function readable(ctx: Context<Store>, input: GetObjectRequest | HeadObjectRequest, method: string): Promise<{ bucket: Bucket; row: ObjectRow }> {
  const bucket = openBucket(ctx, input);
  const found = findVersion(bucket, input.Key, input.VersionId);
  if (found === undefined || found.marker === 1) authorizeMissing(ctx, bucket, input.Key);
  const row = existing(bucket, input.Key, input.VersionId, found, method);
  authorize(ctx, bucket, input.VersionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion", { key: input.Key, row, values: { "s3:versionid": input.VersionId } });
  await checkReadKey(ctx, row, input);
  const failed = failedCondition(
    { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch, ifModifiedSince: input.IfModifiedSince, ifUnmodifiedSince: input.IfUnmodifiedSince },
    row.etag, row.modifiedMs, ctx.clock.now());
  if (failed === "If-None-Match" || failed === "If-Modified-Since") throw notModified(bucket, row);
  if (failed !== undefined) throw preconditionFailed(failed);
  return { bucket, row };
}

function notModified(bucket: Bucket, row: ObjectRow): AwsError {
  const version = shownVersion(bucket, row);
  return new AwsError("NotModified", "Not Modified", {
    status: 304,
    headers: { ETag: `"${row.etag}"`, "Last-Modified": new Date(row.modifiedMs).toUTCString(), ...(version === undefined ? {} : { "x-amz-version-id": version }) },
  });
}

/** The bytes that an answer carries, when they are not plainly all, and what is known of the part. */
interface Span {
  range: ByteRange | undefined;
  partsCount?: number;
  /** Of a part of an object with a composite checksum. */
  partChecksum?: string | null;
}

function spanOf(ctx: Context<Store>, bucket: Bucket, row: ObjectRow, input: GetObjectRequest | HeadObjectRequest): Span | undefined {
  const { Range: header, PartNumber: part } = input;
  if (part !== undefined) {
    if (header !== undefined) throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
    return partSpan(bucket, row, part);
  }
  if (header === undefined || !rangeStillHolds(ctx, row)) return undefined;
  const range = parseRange(header, row.size);
  if (range === "unsatisfiable") throw invalidRange(header, row.size);
  return range && { range };
}

/** `If-Range`: a range of another version of the object is answered with all of this one. */
function rangeStillHolds(ctx: Context<Store>, row: ObjectRow): boolean {
  const condition = ctx.http?.headers["if-range"];
  if (typeof condition !== "string") return true;
  const date = condition.includes('"') ? Number.NaN : Date.parse(condition);
  return Number.isNaN(date) ? etagMatches(condition, row.etag) : Math.floor(row.modifiedMs / 1000) * 1000 <= date;
}

function partSpan(bucket: Bucket, row: ObjectRow, part: number): Span {
  if (part < 1 || part > 10_000) throw invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", String(part));
  if (row.parts === null) {
    if (part > 1) throw invalidPartNumber(part, 1);
    return { range: row.size === 0 ? undefined : { start: 0, end: row.size - 1 } };
  }
  // Parts are counted by their place, whatever number they were uploaded with.
  const piece = row.content === null ? undefined : bucket.ctx.store.contents.nthPiece(row.content, part - 1);
  if (piece === undefined) throw invalidPartNumber(part, row.parts);
  return {
    range: piece.size === 0 ? undefined : { start: piece.start, end: piece.start + piece.size - 1 },
    partsCount: row.parts,
    partChecksum: row.checksumType === "COMPOSITE" ? piece.checksum : null,
  };
}

/** Everything that headers say of a version. */
function describe(ctx: Context<Store>, bucket: Bucket, row: ObjectRow, input: GetObjectRequest | HeadObjectRequest, span: Span | undefined): Described {
  const { range } = span ?? {};
  const whole = range === undefined || range.end - range.start + 1 === row.size;
  const output: Described = {
    AcceptRanges: "bytes",
    LastModified: row.modifiedMs,
    ContentLength: range === undefined ? row.size : range.end - range.start + 1,
    ETag: `"${row.etag}"`,
    ...headersOf(row.headers),
    ...encryptionMembers(encryptionOf(row)),
  };
  if (range !== undefined) {
    output.ContentRange = `bytes ${range.start}-${range.end}/${row.size}`;
    output.StatusCode = 206;
  }
  if (span?.partsCount !== undefined) output.PartsCount = span.partsCount;
  const version = shownVersion(bucket, row);
  if (version !== undefined) output.VersionId = version;
  if (row.storageClass !== null) output.StorageClass = row.storageClass;
  if (input.ChecksumMode === "ENABLED") {
    if (typeof span?.partChecksum === "string") Object.assign(output, checksumMembers({ ...row, checksum: span.partChecksum }));
    else if (whole && (span?.partsCount === undefined || row.checksumType === "FULL_OBJECT")) Object.assign(output, checksumMembers(row));
  }
  const tags = row.tags === null ? [] : (JSON.parse(row.tags) as Tag[]);
  if (tags.length > 0) output.TagCount = tags.length;
  if (row.lockMode !== null) {
    output.ObjectLockMode = row.lockMode;
    output.ObjectLockRetainUntilDate = row.lockUntilMs ?? 0;
  }
  if (row.legalHold !== null) output.ObjectLockLegalHoldStatus = row.legalHold === 1 ? "ON" : "OFF";
  if (row.replication !== null) output.ReplicationStatus = row.replication;
  const restore = restoreHeader(restoreOf(row), ctx.clock.now());
  if (restore !== undefined) output.Restore = restore;
  if (input.VersionId === undefined) {
    const expiration = expirationHeader(expirationOf(bucket.configs.lifecycle, row.modifiedMs, { key: row.key, size: row.size, tags }));
    if (expiration !== undefined) output.Expiration = expiration;
  }
  return output;
}

function restoreOf(row: ObjectRow): Restore | undefined {
  return row.restore === null ? undefined : (JSON.parse(row.restore) as Restore);
}

const OVERRIDES = [
  ["ResponseCacheControl", "CacheControl", "response-cache-control"],
  ["ResponseContentDisposition", "ContentDisposition", "response-content-disposition"],
  ["ResponseContentEncoding", "ContentEncoding", "response-content-encoding"],
  ["ResponseContentLanguage", "ContentLanguage", "response-content-language"],
  ["ResponseContentType", "ContentType", "response-content-type"],
] as const;

/** `response-*` parameters: headers of this answer alone. */
function overrides(input: GetObjectRequest | HeadObjectRequest): Described {
  const output: Described = {};
  for (const [from, to] of OVERRIDES) if (input[from] !== undefined) output[to] = input[from];
  if (input.ResponseExpires !== undefined) output.Expires = new Date(input.ResponseExpires).toUTCString();
  return output;
}

function checkOverrides(ctx: Context<Store>, input: GetObjectRequest | HeadObjectRequest): void {
  const used = OVERRIDES.filter(([member]) => input[member] !== undefined);
  if (used.length === 0 && input.ResponseExpires === undefined) return;
  if (ctx.principal.kind === "anonymous") throw invalidRequest("Request specific response headers cannot be used for anonymous GET requests.");
  for (const [member, , parameter] of used) {
    const value = input[member] as string;
    if (/[^\u0000-\u00ff]/.test(value)) throw invalidArgument("Header value cannot be represented using ISO-8859-1.", parameter, value);
  }
}
