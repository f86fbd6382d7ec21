import { createHash } from "node:crypto";
import { checksumAlgorithm, checksumAlgorithms, isChecksumValue, supportsComposite, supportsFullObject } from "@cumulet/protocol";
import type { ChecksumAlgorithm } from "@cumulet/protocol";
import { badDigest, invalidRequest } from "./errors.ts";

/** What S3 says about checksums of objects and parts. Source: Amazon S3 User Guide, "Checking object integrity". */

export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** The member that carries a checksum of an algorithm, in every shape that has one. */
export type ChecksumMembers = { [member in `Checksum${ChecksumAlgorithm}`]?: string };

const MEMBERS = checksumAlgorithms.map((algorithm) => [algorithm, `Checksum${algorithm}`] as const);

/** What S3 computes when the client sends nothing. */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = "CRC64NVME";

/**
 * The one checksum that a request declares; undefined when none. Throws for several, and for a value that cannot be a
 * checksum.
 */
export function declaredChecksum(input: ChecksumMembers): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const declared = MEMBERS.filter(([, member]) => input[member] !== undefined);
  if (declared.length > 1) throw invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  const [algorithm, member] = declared[0] ?? [];
  if (algorithm === undefined || member === undefined) return undefined;
  const value = input[member] as string;
  if (!isChecksumValue(algorithm, value)) throw invalidRequest(`Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`);
  return { algorithm, value };
}

/** The algorithm that `x-amz-checksum-algorithm` asks for. */
export function parseAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined) return undefined;
  const algorithm = checksumAlgorithm(name);
  if (algorithm === undefined) throw invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  return algorithm;
}

/** The members that show a stored checksum. */
export function checksumMembers(stored: { algorithm: string | null; checksum: string | null; checksumType?: string | null }): ChecksumMembers & { ChecksumType?: ChecksumType } {
  if (stored.algorithm === null || stored.checksum === null) return {};
  return { [`Checksum${stored.algorithm}`]: stored.checksum, ...(stored.checksumType ? { ChecksumType: stored.checksumType as ChecksumType } : {}) };
}

export const checksumMismatch = (algorithm: ChecksumAlgorithm) => badDigest(`The ${algorithm} you specified did not match the calculated checksum.`);

/** The type of an upload's checksum; throws for one that the algorithm cannot have. */
export function uploadChecksumType(algorithm: ChecksumAlgorithm | undefined, type: string | undefined): ChecksumType | undefined {
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
  }
  if (type === undefined) return supportsComposite(algorithm) ? "COMPOSITE" : "FULL_OBJECT";
  if (type !== "COMPOSITE" && type !== "FULL_OBJECT") throw invalidRequest("Value for x-amz-checksum-type header is invalid.");
  if (type === "COMPOSITE" ? !supportsComposite(algorithm) : !supportsFullObject(algorithm)) {
    throw invalidRequest(`The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`);
  }
  return type;
}

/** The entity tag of a multipart upload: MD5 over the MD5s of its parts, with their number behind. */
export function multipartEtag(partEtags: readonly string[]): string {
  const hash = createHash("md5");
  for (const etag of partEtags) hash.update(Buffer.from(etag, "hex"));
  return `${hash.digest("hex")}-${partEtags.length}`;
}
