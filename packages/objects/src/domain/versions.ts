import { crc32 } from "node:zlib";

/**
 * Version ids: opaque to clients as on AWS, 32 characters of `[A-Za-z0-9._]`. Inside: 12 random bytes, the version's rank
 * among the versions of its key (masked by the random ones), a checksum of these and one of them with the key. So an id
 * leads straight to its row, a list can go on after a version that has been deleted, and S3's three answers are told
 * apart: an id that it never gave out (`Invalid version id specified`), one of another key, and one that is gone.
 */

/** The version id of an object written while the bucket had no versioning, or had it suspended. */
export const NULL_VERSION = "null";

const RANDOM_BYTES = 12;
const RANK_BYTES = 6;
const SIGNED_BYTES = RANDOM_BYTES + RANK_BYTES;
const CHECK_BYTES = 3;
const FORM = /^[A-Za-z0-9._]{32}$/;

/** Makes the id of the version of a key at `rank` (0, -1, -2...: newer is less). `random` gives that many random bytes. */
export function newVersionId(key: string, rank: number, random: (length: number) => Buffer): string {
  const id = Buffer.alloc(SIGNED_BYTES + 2 * CHECK_BYTES);
  random(RANDOM_BYTES).copy(id);
  id.writeUIntBE(-rank, RANDOM_BYTES, RANK_BYTES);
  mask(id);
  id.writeUIntBE(check(id, ""), SIGNED_BYTES, CHECK_BYTES);
  id.writeUIntBE(check(id, key), SIGNED_BYTES + CHECK_BYTES, CHECK_BYTES);
  return id.toString("base64").replaceAll("+", ".").replaceAll("/", "_");
}

/** The rank inside an id, and whether the id was given out for this key; undefined when S3 cannot have given it out at all. */
export function readVersionId(version: string, key: string): { rank: number; ofKey: boolean } | undefined {
  if (!FORM.test(version)) return undefined;
  const id = Buffer.from(version.replaceAll(".", "+").replaceAll("_", "/"), "base64");
  if (id.readUIntBE(SIGNED_BYTES, CHECK_BYTES) !== check(id, "")) return undefined;
  const ofKey = id.readUIntBE(SIGNED_BYTES + CHECK_BYTES, CHECK_BYTES) === check(id, key);
  mask(id);
  const rank = id.readUIntBE(RANDOM_BYTES, RANK_BYTES);
  return { rank: rank === 0 ? 0 : -rank, ofKey };
}

function mask(id: Buffer): void {
  for (let i = 0; i < RANK_BYTES; i++) id[RANDOM_BYTES + i] = (id[RANDOM_BYTES + i] as number) ^ (id[i] as number);
}

function check(id: Buffer, key: string): number {
  return crc32(key, crc32(id.subarray(0, SIGNED_BYTES))) >>> 8;
}
