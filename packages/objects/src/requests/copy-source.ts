import { AwsError, createChecksum, prepareChecksum } from "@cumulet/protocol";
import type { ChecksumAlgorithm } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import { failedCondition } from "../domain/conditions.ts";
import { invalidArgument, preconditionFailed } from "../domain/errors.ts";
import { isArchive, isRestored } from "../domain/storage-class.ts";
import type { Restore } from "../domain/storage-class.ts";
import type { NewContent } from "../store/contents.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { authorize, authorizeMissing } from "./authorize.ts";
import { openBucket } from "./bucket.ts";
import type { Bucket } from "./bucket.ts";
import { contentChunks } from "./content.ts";
import { checkReadKey } from "./encryption.ts";
import { existing, findVersion } from "./versions.ts";

/** Members of CopyObject and UploadPartCopy that speak of the source. */
export interface CopySourceInput {
  CopySource: string;
  ExpectedSourceBucketOwner?: string;
  CopySourceIfMatch?: string;
  CopySourceIfNoneMatch?: string;
  CopySourceIfModifiedSince?: number;
  CopySourceIfUnmodifiedSince?: number;
  CopySourceSSECustomerAlgorithm?: string;
  CopySourceSSECustomerKey?: string;
  CopySourceSSECustomerKeyMD5?: string;
}

export interface CopySource {
  bucket: Bucket;
  row: ObjectRow;
  /** As the request named it. */
  version: string | undefined;
}

/** Reads `bucket/key?versionId=id`, its key percent-encoded, with or without a slash in front. */
export function parseCopySource(text: string): { bucket: string; key: string; version: string | undefined } {
  const question = text.lastIndexOf("?versionId=");
  const version = question < 0 ? undefined : text.slice(question + "?versionId=".length);
  const path = decode(question < 0 ? text : text.slice(0, question)).replace(/^\//, "");
  const object = /^(arn:[^/]*:accesspoint\/[^/]+)\/object\/(.+)$/s.exec(path);
  if (object !== null) return { bucket: object[1]!, key: object[2]!, version };
  const slash = path.indexOf("/");
  if (slash <= 0 || slash === path.length - 1) throw invalidArgument("Invalid copy source object key", "x-amz-copy-source", text);
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1), version };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument("Invalid copy source encoding.", "x-amz-copy-source", text);
  }
}

/** The version to copy, once the caller may read it, brings its key and its conditions hold. */
export async function openCopySource(ctx: Context<Store>, input: CopySourceInput): Promise<CopySource> {
  const { bucket: name, key, version } = parseCopySource(input.CopySource);
  const bucket = openBucket(ctx, { Bucket: name, ...(input.ExpectedSourceBucketOwner === undefined ? {} : { ExpectedBucketOwner: input.ExpectedSourceBucketOwner }) }, { anyRegion: true });
  const found = findVersion(bucket, key, version);
  if (found === undefined || found.marker === 1) authorizeMissing(ctx, bucket, key);
  if (found?.marker === 1 && version !== undefined) {
    throw new AwsError("InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.", { status: 400 });
  }
  const row = existing(bucket, key, version, found, "GET");
  authorize(ctx, bucket, version === undefined ? "s3:GetObject" : "s3:GetObjectVersion", { key, row, values: { "s3:versionid": version } });
  await checkReadKey(ctx, row, {
    ...(input.CopySourceSSECustomerAlgorithm === undefined ? {} : { SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm }),
    ...(input.CopySourceSSECustomerKey === undefined ? {} : { SSECustomerKey: input.CopySourceSSECustomerKey }),
    ...(input.CopySourceSSECustomerKeyMD5 === undefined ? {} : { SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5 }),
  });
  const failed = failedCondition({
    ifMatch: input.CopySourceIfMatch, ifNoneMatch: input.CopySourceIfNoneMatch,
    ifModifiedSince: input.CopySourceIfModifiedSince, ifUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
  }, row.etag, row.modifiedMs, ctx.clock.now());
  if (failed !== undefined) throw preconditionFailed(`x-amz-copy-source-${failed}`);
  const restore = row.restore === null ? undefined : (JSON.parse(row.restore) as Restore);
  if (isArchive(row.storageClass) && !isRestored(restore, ctx.clock.now())) {
    throw new AwsError("ObjectNotInActiveTierError", "The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.", { status: 403 });
  }
  return { bucket, row, version };
}

/** Whether a source is still what it was before something was waited for. */
export function isUnchanged({ bucket, row }: CopySource): boolean {
  const now = bucket.ctx.store.objects.at(row.bucket, row.key, row.rank);
  return now !== undefined && now.version === row.version && now.content === row.content && now.modifiedMs === row.modifiedMs;
}

/** Digests of a version: those it is known by, else taken from its bytes. MD5 in hex, the checksum in base64. */
export async function digestsOf({ bucket, row }: CopySource, algorithm: ChecksumAlgorithm): Promise<{ md5: string; checksum: string }> {
  const md5 = row.encryption === null && row.parts === null ? row.etag : undefined;
  const checksum = row.algorithm === algorithm && row.checksumType === "FULL_OBJECT" ? row.checksum ?? undefined : undefined;
  if (md5 !== undefined && checksum !== undefined) return { md5, checksum };
  await prepareChecksum(algorithm);
  const hash = createChecksum("MD5");
  const sum = createChecksum(algorithm);
  if (row.content !== null) {
    for await (const chunk of contentChunks(bucket.ctx, row.content)) {
      if (md5 === undefined) hash.update(chunk);
      if (checksum === undefined) sum.update(chunk);
    }
  }
  return { md5: md5 ?? hash.digest().toString("hex"), checksum: checksum ?? sum.digest().toString("base64") };
}

/** Bytes for another object, ready to be named by a row: shared within a store, linked into another. */
export interface Duplicate {
  /** In the transaction of the row: the id of the content. */
  claim(): number;
  /** Instead, when there will be no row. */
  discard(): Promise<void>;
}

/** A second name for a content's bytes; none are read. `from` and `to` are the two stores' sides. */
export async function duplicate(from: Context<Store>, to: Context<Store>, id: number): Promise<Duplicate> {
  if (from.store === to.store) {
    return {
      claim: () => {
        to.store.contents.share(id);
        return id;
      },
      discard: async () => undefined,
    };
  }
  const content = from.store.contents.get(id);
  if (content === undefined) throw new Error(`content ${id} has no row`);
  const { size, bytes, blob } = content;
  if (bytes !== null || blob !== null) {
    const copy: NewContent = bytes !== null ? { size, bytes } : { size, blob: await to.blobs.link(blob as string) };
    return {
      claim: () => to.store.contents.insert(copy),
      discard: async () => {
        if ("blob" in copy) await to.blobs.delete(copy.blob);
      },
    };
  }
  const parts: { number: number; size: number; checksum: string | null; copy: Duplicate }[] = [];
  for (const { number, size: partSize, checksum, source } of from.store.contents.pieces(id, 0, 10_000)) {
    parts.push({ number, size: partSize, checksum, copy: await duplicate(from, to, source) });
  }
  return {
    claim: () => to.store.contents.insertPieces(size, parts.map(({ copy, ...part }) => ({ ...part, content: copy.claim() }))),
    discard: async () => {
      for (const { copy } of parts) await copy.discard();
    },
  };
}
