import type { ChecksumAlgorithm } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import type { CopyObjectOutput, CopyObjectRequest } from "@cumulet/protocol/models/s3.d.ts";
import { DEFAULT_ALGORITHM, checksumMembers, parseAlgorithm } from "../domain/checksums.ts";
import { invalidArgument, invalidRequest } from "../domain/errors.ts";
import { formatTagHeader } from "../domain/tagging.ts";
import type { Tag } from "../domain/tagging.ts";
import { checkWriteConditions, requireWriteConditions } from "../domain/write-conditions.ts";
import { authorize } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { committed, entityTag, expirationOfRow } from "../requests/commit.ts";
import { digestsOf, duplicate, isUnchanged, openCopySource } from "../requests/copy-source.ts";
import type { CopySource } from "../requests/copy-source.ts";
import { encryptionMembers, encryptionOf } from "../requests/encryption.ts";
import type { ObjectHeaders } from "../requests/object-headers.ts";
import { putVersion, shownVersion, writtenVersion } from "../requests/versions.ts";
import { settingsOfWrite } from "../requests/write.ts";
import type { WriteInput, WriteSettings } from "../requests/write.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { PUT_BYTES_MAX, requestTagValues } from "./put.ts";

/** How often a copy starts again because its source was replaced meanwhile. */
const ATTEMPTS = 5;

export const copyOperations = {
  async CopyObject(ctx, input) {
    for (let attempt = 1; ; attempt++) {
      const output = await copy(ctx, input, attempt === ATTEMPTS);
      if (output !== "source changed") return output;
    }
  },
} satisfies Operations<"s3", Store>;

async function copy(ctx: Context<Store>, input: CopyObjectRequest, last: boolean): Promise<CopyObjectOutput | "source changed"> {
  const bucket = openBucket(ctx, input);
  authorize(ctx, bucket, "s3:PutObject", { key: input.Key, values: requestTagValues(input.Tagging) });
  checkDirective("metadata", input.MetadataDirective);
  checkDirective("tagging", input.TaggingDirective);
  checkWriteConditions(input);
  const source = await openCopySource(ctx, input);
  if (source.row.size > PUT_BYTES_MAX) {
    throw invalidRequest(`The specified copy source is larger than the maximum allowable size for a copy source: ${PUT_BYTES_MAX}`);
  }
  checkSelfCopy(bucket, source, input);
  const settings = await settingsOfCopy(ctx, bucket, source, input);
  const algorithm = parseAlgorithm(input.ChecksumAlgorithm) ?? (source.row.algorithm as ChecksumAlgorithm | null) ?? DEFAULT_ALGORITHM;
  const { md5, checksum } = await digestsOf(source, algorithm);
  const bytes = source.row.content === null ? undefined : await duplicate(source.bucket.ctx, bucket.ctx, source.row.content);
  let row: ObjectRow | undefined;
  try {
    row = bucket.ctx.transaction(() => {
      const { objects } = bucket.ctx.store;
      requireWriteConditions(input, input.Key, objects.current(bucket.id, input.Key));
      if (!isUnchanged(source)) return undefined;
      const written = putVersion(ctx, bucket, {
        key: input.Key,
        marker: 0,
        modifiedMs: ctx.clock.now(),
        size: source.row.size,
        etag: entityTag(ctx, md5, settings.encryption),
        algorithm,
        checksum,
        checksumType: "FULL_OBJECT",
        // Claimed first: the version that goes may be the only other one with these bytes.
        content: bytes === undefined ? null : bytes.claim(),
        parts: null,
        restore: null,
        replication: null,
        ...settings,
      });
      committed(ctx, bucket, written, "ObjectCreated:Copy");
      return written;
    });
  } finally {
    if (row === undefined) await bytes?.discard();
  }
  if (row === undefined) {
    if (last) throw invalidRequest("The source of the copy was replaced while it was being copied.");
    return "source changed";
  }
  return answer(bucket, source, row);
}

function answer(bucket: Bucket, source: CopySource, row: ObjectRow): CopyObjectOutput {
  const output: CopyObjectOutput = {
    CopyObjectResult: { ETag: `"${row.etag}"`, LastModified: Math.floor(row.modifiedMs / 1000) * 1000, ...checksumMembers(row) },
    ...encryptionMembers(encryptionOf(row)),
  };
  const version = writtenVersion(bucket, row);
  if (version !== undefined) output.VersionId = version;
  const copied = shownVersion(source.bucket, source.row);
  if (copied !== undefined) output.CopySourceVersionId = copied;
  const expiration = expirationOfRow(bucket, row);
  if (expiration !== undefined) output.Expiration = expiration;
  return output;
}

function checkDirective(what: "metadata" | "tagging", directive: string | undefined): void {
  if (directive !== undefined && directive !== "COPY" && directive !== "REPLACE") throw invalidArgument(`Unknown ${what} directive.`, `x-amz-${what}-directive`, directive);
}

/** An object is copied to itself only to change something about it. An older version may always come back. */
function checkSelfCopy(bucket: Bucket, source: CopySource, input: CopyObjectRequest): void {
  if (source.bucket.name !== bucket.name || source.row.key !== input.Key || source.version !== undefined) return;
  const changes = input.MetadataDirective === "REPLACE"
    || [input.StorageClass, input.WebsiteRedirectLocation, input.ServerSideEncryption, input.SSECustomerAlgorithm, input.CopySourceSSECustomerAlgorithm, input.ChecksumAlgorithm].some((member) => member !== undefined)
    || bucket.configs.encryption !== undefined;
  if (!changes) {
    throw invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.");
  }
}

/** Columns of the copy: the source's headers and tags unless they are replaced; never its list, class, lock or redirection. */
async function settingsOfCopy(ctx: Context<Store>, bucket: Bucket, source: CopySource, input: CopyObjectRequest): Promise<WriteSettings> {
  const write: WriteInput = { ...input };
  const kept = input.MetadataDirective !== "REPLACE";
  if (kept) for (const name of ["CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires", "Metadata"] as const) delete write[name];
  if (input.TaggingDirective !== "REPLACE") {
    delete write.Tagging;
    const tags = source.row.tags === null ? [] : (JSON.parse(source.row.tags) as Tag[]);
    if (tags.length > 0) write.Tagging = formatTagHeader(tags);
  }
  const settings = await settingsOfWrite(ctx, bucket, input.Key, write);
  if (!kept || source.row.headers === null) return settings;
  // As they are stored, so that they are not decoded twice.
  const { WebsiteRedirectLocation: _own, ...headers } = JSON.parse(source.row.headers) as ObjectHeaders;
  if (input.WebsiteRedirectLocation !== undefined) Object.assign(headers, { WebsiteRedirectLocation: input.WebsiteRedirectLocation });
  return { ...settings, headers: Object.keys(headers).length === 0 ? null : JSON.stringify(headers) };
}
