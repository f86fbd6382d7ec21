import { AwsError } from "@cumulet/protocol";
import type { Operations } from "@cumulet/core";
import type { GetObjectAttributesOutput, GetObjectAttributesParts } from "@cumulet/protocol/models/s3.d.ts";
import { checksumMembers } from "../domain/checksums.ts";
import { invalidArgument } from "../domain/errors.ts";
import { authorize, authorizeMissing } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { checkReadKey } from "../requests/encryption.ts";
import { existing, findVersion, shownVersion } from "../requests/versions.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";

const ATTRIBUTES: ReadonlySet<string> = new Set(["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]);
const PARTS_MAX = 1000;

export const attributeOperations = {
  async GetObjectAttributes(ctx, input) {
    const wanted = new Set(input.ObjectAttributes);
    if (wanted.size === 0) throw new AwsError("InvalidArgument", "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty", { status: 400 });
    if (![...wanted].every((name) => ATTRIBUTES.has(name))) throw invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes");
    const bucket = openBucket(ctx, input);
    const found = findVersion(bucket, input.Key, input.VersionId);
    if (found === undefined || found.marker === 1) authorizeMissing(ctx, bucket, input.Key);
    const row = existing(bucket, input.Key, input.VersionId, found, "GET");
    const suffix = input.VersionId === undefined ? "" : "Version";
    for (const action of [`s3:GetObject${suffix}`, `s3:GetObject${suffix}Attributes`]) authorize(ctx, bucket, action, { key: input.Key, row, values: { "s3:versionid": input.VersionId } });
    await checkReadKey(ctx, row, input);
    const output: GetObjectAttributesOutput = { LastModified: row.modifiedMs };
    const version = shownVersion(bucket, row);
    if (version !== undefined) output.VersionId = version;
    if (wanted.has("ETag")) output.ETag = row.etag;
    if (wanted.has("StorageClass")) output.StorageClass = row.storageClass ?? "STANDARD";
    if (wanted.has("ObjectSize")) output.ObjectSize = row.size;
    if (wanted.has("Checksum") && row.checksum !== null) {
      // Here a composite checksum goes without the number of its parts (recorded from S3).
      output.Checksum = checksumMembers({ ...row, checksum: row.checksum.replace(/-\d+$/, "") });
    }
    if (wanted.has("ObjectParts") && row.parts !== null) output.ObjectParts = partsOf(bucket, row, input.MaxParts, input.PartNumberMarker);
    return output;
  },
} satisfies Operations<"s3", Store>;

/** The parts of an upload are listed only where they have checksums of their own; of others only their number is told. */
function partsOf(bucket: Bucket, row: ObjectRow, maxParts: number | undefined, marker: number | undefined): GetObjectAttributesParts {
  const TotalPartsCount = row.parts ?? 0;
  if (row.checksumType !== "COMPOSITE" || row.content === null) return { TotalPartsCount };
  const max = Math.min(maxParts ?? PARTS_MAX, PARTS_MAX);
  const after = marker ?? 0;
  const pieces = bucket.ctx.store.contents.pieces(row.content, after, max + 1);
  const page = pieces.slice(0, max);
  return {
    TotalPartsCount,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: max,
    IsTruncated: pieces.length > max,
    Parts: page.map((piece) => ({ PartNumber: piece.number, Size: piece.size, ...checksumMembers({ algorithm: row.algorithm, checksum: piece.checksum }) })),
  };
}
