import { crc32 } from "node:zlib";

/**
 * Version ids: opaque to clients as on AWS, 32 characters of `[A-Za-z0-9._]`. Inside: 14 random bytes, the version's rank
 * among the versions of its key (masked by the random ones) and a checksum. So an id leads straight to its row, a list
 * can go on after a version that has been deleted, and an id that S3 never gave out is told from one that is gone
 * (`Invalid version id specified` against `NoSuchVersion`), all of which S3 does.
 */

/** The version id of an object written while the bucket had no versioning, or had it suspended. */
export const NULL_VERSION = "null";

const RANDOM_BYTES = 14;
const RANK_BYTES = 6;
const SIGNED_BYTES = RANDOM_BYTES + RANK_BYTES;
const FORM = /^[A-Za-z0-9._]{32}$/;

/** Makes the id of the version at `rank` (0, -1, -2...: newer is less). `random` gives that many random bytes. */
export function newVersionId(rank: number, random: (length: number) => Buffer): string {
  const id = Buffer.alloc(SIGNED_BYTES + 4);
  random(RANDOM_BYTES).copy(id);
  id.writeUIntBE(-rank, RANDOM_BYTES, RANK_BYTES);
  for (let i = 0; i < RANK_BYTES; i++) id[RANDOM_BYTES + i] = (id[RANDOM_BYTES + i] as number) ^ (id[i] as number);
  id.writeUInt32BE(crc32(id.subarray(0, SIGNED_BYTES)), SIGNED_BYTES);
  return id.toString("base64").replaceAll("+", ".").replaceAll("/", "_");
}

/** The rank inside an id; undefined when S3 cannot have given it out. */
export function rankOf(version: string): number | undefined {
  if (!FORM.test(version)) return undefined;
  const id = Buffer.from(version.replaceAll(".", "+").replaceAll("_", "/"), "base64");
  if (id.readUInt32BE(SIGNED_BYTES) !== crc32(id.subarray(0, SIGNED_BYTES))) return undefined;
  for (let i = 0; i < RANK_BYTES; i++) id[RANDOM_BYTES + i] = (id[RANDOM_BYTES + i] as number) ^ (id[i] as number);
  const rank = id.readUIntBE(RANDOM_BYTES, RANK_BYTES);
  return rank === 0 ? 0 : -rank;
}
