import type { Context, Operations } from "@cumulet/core";
import type { DeleteMarkerEntry, ListObjectVersionsOutput, ListObjectVersionsRequest, ListObjectsOutput, ListObjectsV2Output, Object as ListedObject, ObjectVersion } from "@cumulet/protocol/models/s3.d.ts";
import { invalidArgument } from "../domain/errors.ts";
import { encodeListedKey } from "../domain/keys.ts";
import { entryPage, listPage, startPlace } from "../domain/listing.ts";
import type { ListPage } from "../domain/listing.ts";
import type { Restore } from "../domain/storage-class.ts";
import { NULL_VERSION, readVersionId } from "../domain/versions.ts";
import { authorize } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { ownerOf } from "../requests/display.ts";
import type { ListedRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { decodeToken, encodeToken } from "./buckets.ts";

/** The most that a page of any list holds. */
const PAGE_MAX = 1000;

/** What the three lists have in common. */
interface ListInput {
  Bucket: string;
  ExpectedBucketOwner?: string;
  Prefix?: string;
  Delimiter?: string;
  MaxKeys?: number;
  EncodingType?: string;
  OptionalObjectAttributes?: string[];
}

export const listOperations = {
  ListObjects(ctx, input) {
    const { bucket, max, encode } = open(ctx, input, "s3:ListBucket");
    const { Prefix = "", Delimiter = "", Marker = "" } = input;
    const page = scanPage(bucket, { prefix: Prefix, delimiter: Delimiter, after: Marker, max });
    const output: ListObjectsOutput = {
      ...common(bucket, input, page, max, encode),
      Marker: encode(Marker),
      Contents: page.rows.map((row) => entry(ctx, row, encode, input, true)),
    };
    // Without a delimiter a client goes on from the last key it got.
    if (page.truncated && Delimiter !== "") output.NextMarker = encode(page.last);
    return output;
  },

  ListObjectsV2(ctx, input) {
    const { bucket, max, encode } = open(ctx, input, "s3:ListBucket");
    const { Prefix = "", Delimiter = "", StartAfter = "", ContinuationToken, FetchOwner = false } = input;
    if (ContinuationToken === "") throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
    const after = ContinuationToken === undefined ? StartAfter : decodeToken(ContinuationToken);
    const page = scanPage(bucket, { prefix: Prefix, delimiter: Delimiter, after, max });
    const output: ListObjectsV2Output = {
      ...common(bucket, input, page, max, encode),
      KeyCount: page.rows.length + page.prefixes.length,
      Contents: page.rows.map((row) => entry(ctx, row, encode, input, FetchOwner)),
    };
    if (ContinuationToken !== undefined) output.ContinuationToken = ContinuationToken;
    if (input.StartAfter !== undefined) output.StartAfter = encode(StartAfter);
    if (page.truncated) output.NextContinuationToken = encodeToken(page.last);
    return output;
  },

  ListObjectVersions(ctx, input) {
    const { KeyMarker = "", VersionIdMarker } = input;
    if (VersionIdMarker === "") throw invalidArgument("A version-id marker cannot be empty.", "version-id-marker", "");
    if (VersionIdMarker !== undefined && KeyMarker === "") {
      throw invalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", VersionIdMarker);
    }
    const { bucket, max, encode } = open(ctx, input, "s3:ListBucketVersions");
    return versionPage(ctx, bucket, input, max, encode);
  },
} satisfies Operations<"s3", Store>;

function open(ctx: Context<Store>, input: ListInput, action: string): { bucket: Bucket; max: number; encode: (key: string) => string } {
  const { EncodingType, MaxKeys, Prefix, Delimiter } = input;
  if (EncodingType !== undefined && EncodingType !== "url") throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", EncodingType || null);
  if (MaxKeys !== undefined && (MaxKeys < 0 || MaxKeys > 2 ** 31 - 1)) throw invalidArgument("Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys", String(MaxKeys));
  const bucket = openBucket(ctx, input);
  authorize(ctx, bucket, action, { values: { "s3:prefix": Prefix, "s3:delimiter": Delimiter, "s3:max-keys": MaxKeys === undefined ? undefined : String(MaxKeys) } });
  return { bucket, max: Math.min(MaxKeys ?? PAGE_MAX, PAGE_MAX), encode: EncodingType === "url" ? encodeListedKey : (key) => key };
}

function scanPage(bucket: Bucket, query: { prefix: string; delimiter: string; after: string; max: number }): ListPage<ListedRow> {
  const { objects } = bucket.ctx.store;
  return listPage(query, (from, inclusive, limit) => objects.scan(bucket.id, from, inclusive, limit));
}

function common(bucket: Bucket, input: ListInput, page: { prefixes: string[]; truncated: boolean }, max: number, encode: (key: string) => string) {
  const { Prefix = "", Delimiter = "", EncodingType } = input;
  return {
    Name: bucket.name,
    Prefix: encode(Prefix),
    MaxKeys: max,
    IsTruncated: page.truncated,
    ...(Delimiter === "" ? {} : { Delimiter: encode(Delimiter) }),
    ...(EncodingType === undefined ? {} : { EncodingType }),
    ...(page.prefixes.length === 0 ? {} : { CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })) }),
  };
}

function entry(ctx: Context<Store>, row: ListedRow, encode: (key: string) => string, input: ListInput, owner: boolean): ListedObject {
  const object: ListedObject = {
    Key: encode(row.key),
    LastModified: Math.floor(row.modifiedMs / 1000) * 1000,
    ETag: `"${row.etag}"`,
    Size: row.size,
    StorageClass: row.storageClass ?? "STANDARD",
  };
  if (row.algorithm !== null) {
    object.ChecksumAlgorithm = [row.algorithm];
    object.ChecksumType = row.checksumType ?? "FULL_OBJECT";
  }
  if (owner) object.Owner = ownerOf(ctx, row.owner);
  if (input.OptionalObjectAttributes?.includes("RestoreStatus") === true && row.restore !== null) {
    const { ongoing, expiresMs } = JSON.parse(row.restore) as Restore;
    object.RestoreStatus = { IsRestoreInProgress: ongoing, ...(ongoing ? {} : { RestoreExpiryDate: expiresMs }) };
  }
  return object;
}

/** Versions in list order: keys ascending, versions of a key newest first, common prefixes among them. */
function versionPage(ctx: Context<Store>, bucket: Bucket, input: ListObjectVersionsRequest, max: number, encode: (key: string) => string): ListObjectVersionsOutput {
  const { Prefix: prefix = "", Delimiter: delimiter = "", KeyMarker = "", VersionIdMarker } = input;
  const { objects } = bucket.ctx.store;
  const start = startPlace(prefix, delimiter, KeyMarker, markedRank(bucket, KeyMarker, VersionIdMarker));
  const page = entryPage({ prefix, delimiter, max }, start, ({ key, rank }, limit) => objects.scanVersions(bucket.id, key, rank, limit));
  const Versions: ObjectVersion[] = [];
  const DeleteMarkers: DeleteMarkerEntry[] = [];
  let previous: string | undefined;
  for (const row of page.rows) {
    // The first row of a key is its newest, except on a page that begins among its versions.
    const IsLatest = row.key !== previous && (row.key !== KeyMarker || objects.newer(bucket.id, row.key, row.rank) === undefined);
    const VersionId = row.version ?? NULL_VERSION;
    if (row.marker === 1) DeleteMarkers.push({ Owner: ownerOf(ctx, row.owner), Key: encode(row.key), VersionId, IsLatest, LastModified: Math.floor(row.modifiedMs / 1000) * 1000 });
    else Versions.push({ ...entry(ctx, row, encode, input, true), VersionId, IsLatest });
    previous = row.key;
  }
  const output: ListObjectVersionsOutput = {
    ...common(bucket, input, page, max, encode),
    KeyMarker: encode(KeyMarker),
    VersionIdMarker: VersionIdMarker ?? "",
    ...(Versions.length === 0 ? {} : { Versions }),
    ...(DeleteMarkers.length === 0 ? {} : { DeleteMarkers }),
  };
  if (page.truncated && page.last !== undefined) {
    if ("prefix" in page.last) {
      output.NextKeyMarker = encode(page.last.prefix);
    } else {
      output.NextKeyMarker = encode(page.last.row.key);
      output.NextVersionIdMarker = page.last.row.version ?? NULL_VERSION;
    }
  }
  return output;
}

/** The place that a version id marks, even when the version has been deleted meanwhile. */
function markedRank(bucket: Bucket, key: string, version: string | undefined): number | undefined {
  if (version === undefined) return undefined;
  if (version === NULL_VERSION) return bucket.ctx.store.objects.nullVersion(bucket.id, key)?.rank;
  const rank = bucket.ctx.store.objects.withVersion(bucket.id, key, version)?.rank ?? readVersionId(version, key)?.rank;
  if (rank === undefined) throw invalidArgument("Invalid version id specified", "version-id-marker", version);
  return rank;
}
