import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import type { IHasher } from "hash-wasm";

import { combineCrc, crc32, crc32c, crc64nvme, updateCrc } from "./crc.ts";
import type { CrcKind } from "./crc.ts";

/** S3's checksum algorithms, named as on the wire. */
export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256" | "SHA512" | "MD5" | "XXHASH64" | "XXHASH3" | "XXHASH128";

/** A checksum being computed. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  update(data: Uint8Array): void;
  /** The big-endian bytes. Once: the checksum is used up. */
  digest(): Buffer;
}

interface AlgorithmFacts {
  /** Bytes of the value. */
  bytes: number;
  create: () => Checksum;
  /** CRCs can be combined: only they can be FULL_OBJECT checksums of a multipart upload. */
  crc?: CrcKind;
}

const hashed = (algorithm: ChecksumAlgorithm, name: string, bytes: number): [ChecksumAlgorithm, AlgorithmFacts] =>
  [algorithm, { bytes, create: () => new HashChecksum(algorithm, createHash(name)) }];

const facts: ReadonlyMap<string, AlgorithmFacts> = new Map<ChecksumAlgorithm, AlgorithmFacts>([
  ["CRC32", { bytes: 4, create: () => new ZlibCrc(), crc: crc32 }],
  ["CRC32C", { bytes: 4, create: () => new Crc("CRC32C", crc32c), crc: crc32c }],
  ["CRC64NVME", { bytes: 8, create: () => new Crc("CRC64NVME", crc64nvme), crc: crc64nvme }],
  hashed("SHA1", "sha1", 20),
  hashed("SHA256", "sha256", 32),
  hashed("SHA512", "sha512", 64),
  hashed("MD5", "md5", 16),
  ["XXHASH64", { bytes: 8, create: () => new XxHash("XXHASH64") }],
  ["XXHASH3", { bytes: 8, create: () => new XxHash("XXHASH3") }],
  ["XXHASH128", { bytes: 16, create: () => new XxHash("XXHASH128") }],
]);

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = [...facts.keys()] as ChecksumAlgorithm[];

/** `x-amz-checksum-crc32`, ... by algorithm. */
export const checksumHeaders: ReadonlyMap<ChecksumAlgorithm, string> = new Map(checksumAlgorithms.map((name) => [name, `x-amz-checksum-${name.toLowerCase()}`]));

const algorithmsByHeader: ReadonlyMap<string, ChecksumAlgorithm> = new Map([...checksumHeaders].map(([algorithm, header]) => [header, algorithm]));

/** The algorithm whose value a header or trailer of this (lower-case) name carries. */
export function checksumOfHeader(name: string): ChecksumAlgorithm | undefined {
  return algorithmsByHeader.get(name);
}

/** Reads `x-amz-sdk-checksum-algorithm`, `x-amz-checksum-algorithm`: any case. */
export function checksumAlgorithm(text: string): ChecksumAlgorithm | undefined {
  const upper = text.toUpperCase();
  return facts.has(upper) ? (upper as ChecksumAlgorithm) : undefined;
}

/** Starts a checksum. The XXHASH ones must have been made ready once (`prepareChecksum`). */
export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  return facts.get(algorithm)!.create();
}

/** The base64 checksum of bytes at hand. */
export function checksumOf(algorithm: ChecksumAlgorithm, data: Uint8Array): string {
  const checksum = createChecksum(algorithm);
  checksum.update(data);
  return checksum.digest().toString("base64");
}

/** True for base64 of exactly the algorithm's length, in its canonical spelling. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, text: string): boolean {
  const { bytes } = facts.get(algorithm)!;
  if (text.length !== Math.ceil(bytes / 3) * 4) return false;
  const decoded = Buffer.from(text, "base64");
  return decoded.length === bytes && decoded.toString("base64") === text;
}

/** Whether a multipart upload's FULL_OBJECT checksum can be made of its parts'. */
export function supportsFullObject(algorithm: ChecksumAlgorithm): boolean {
  return facts.get(algorithm)!.crc !== undefined;
}

/** CRC64NVME has no COMPOSITE form ("The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm."). */
export function supportsComposite(algorithm: ChecksumAlgorithm): boolean {
  return algorithm !== "CRC64NVME";
}

/**
 * The FULL_OBJECT checksum of an object from its parts', without reading them again.
 * @param parts base64 value and length in bytes of each, in order.
 */
export function fullObjectChecksum(algorithm: ChecksumAlgorithm, parts: Iterable<{ value: string; length: number }>): string {
  const { crc, bytes } = facts.get(algorithm)!;
  if (crc === undefined) throw new Error(`${algorithm} checksums cannot be combined`);
  let combined = 0n;
  for (const { value, length } of parts) combined = combineCrc(crc, combined, BigInt(`0x${Buffer.from(value, "base64").toString("hex") || "0"}`), length);
  return bigEndian(combined, bytes).toString("base64");
}

/** The COMPOSITE checksum: that of the parts' raw checksums after each other, with `-` and their number. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): string {
  return `${checksumOf(algorithm, Buffer.concat(parts.map((part) => Buffer.from(part, "base64"))))}-${parts.length}`;
}

// --- implementations --------------------------------------------------------------------------------------------------

function bigEndian(value: bigint, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(bytes * 2, "0"), "hex");
}

class HashChecksum implements Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: ChecksumAlgorithm, hash: Hash) {
    this.algorithm = algorithm;
    this.#hash = hash;
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Buffer {
    return this.#hash.digest();
  }
}

class ZlibCrc implements Checksum {
  readonly algorithm = "CRC32";
  #value = 0;

  update(data: Uint8Array): void {
    this.#value = zlibCrc32(data, this.#value);
  }

  digest(): Buffer {
    return bigEndian(BigInt(this.#value), 4);
  }
}

class Crc implements Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly #kind: CrcKind;
  #value = 0n;

  constructor(algorithm: ChecksumAlgorithm, kind: CrcKind) {
    this.algorithm = algorithm;
    this.#kind = kind;
  }

  update(data: Uint8Array): void {
    this.#value = updateCrc(this.#kind, this.#value, data);
  }

  digest(): Buffer {
    return bigEndian(this.#value, this.#kind.width / 8);
  }
}

const xxHashFactories = { XXHASH64: "createXXHash64", XXHASH3: "createXXHash3", XXHASH128: "createXXHash128" } as const;
const xxHashers = new Map<ChecksumAlgorithm, IHasher>();

/**
 * Makes an algorithm ready where that takes time: the XXHASH family is loaded on first use, since few clients send it.
 * @returns `undefined` when there is nothing to wait for.
 */
export function prepareChecksum(algorithm: ChecksumAlgorithm): Promise<void> | undefined {
  if (!Object.hasOwn(xxHashFactories, algorithm) || xxHashers.has(algorithm)) return undefined;
  return loadXxHash(algorithm as keyof typeof xxHashFactories);
}

async function loadXxHash(algorithm: keyof typeof xxHashFactories): Promise<void> {
  const library = await import("hash-wasm");
  xxHashers.set(algorithm, await library[xxHashFactories[algorithm]](0, 0));
}

/** One hasher serves every stream: each keeps its own state and puts it in for the length of a call. */
class XxHash implements Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly #hasher: IHasher;
  #state: Uint8Array;

  constructor(algorithm: ChecksumAlgorithm) {
    this.algorithm = algorithm;
    const hasher = xxHashers.get(algorithm);
    if (hasher === undefined) throw new Error(`${algorithm} was not prepared`);
    this.#hasher = hasher;
    this.#state = hasher.init().save();
  }

  update(data: Uint8Array): void {
    this.#state = this.#hasher.load(this.#state).update(data).save();
  }

  digest(): Buffer {
    return Buffer.from(this.#hasher.load(this.#state).digest("binary"));
  }
}
