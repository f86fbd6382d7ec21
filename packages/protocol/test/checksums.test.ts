import { createHash } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import { AwsCrc32c } from "@aws-crypto/crc32c";
import { Crc64Nvme } from "@aws-sdk/crc64-nvme";
import { describe, expect, test } from "vitest";
import {
  checksumAlgorithm, checksumAlgorithms, checksumHeaders, checksumOf, checksumOfHeader, compositeChecksum, createChecksum, fullObjectChecksum, isChecksumValue,
  prepareChecksum, supportsComposite, supportsFullObject,
} from "../src/index.ts";
import type { ChecksumAlgorithm } from "../src/index.ts";
import { random } from "./random.ts";

const rng = random(7);
for (const algorithm of checksumAlgorithms) await prepareChecksum(algorithm);

const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

// The check values of the CRC catalogue and of the XXH and FIPS references, for "123456789" and "".
test.each<[ChecksumAlgorithm, string, string]>([
  ["CRC32", "123456789", "cbf43926"],
  ["CRC32C", "123456789", "e3069283"],
  ["CRC64NVME", "123456789", "ae8b14860a799888"],
  ["SHA1", "123456789", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"],
  ["SHA256", "123456789", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"],
  ["MD5", "123456789", "25f9e794323b453885f5181f1b624d0b"],
  ["CRC32", "", "00000000"],
  ["CRC32C", "", "00000000"],
  ["CRC64NVME", "", "0000000000000000"],
  ["XXHASH64", "", "ef46db3751d8e999"],
  ["XXHASH3", "", "2d06800538d394c2"],
  ["XXHASH128", "", "99aa06d3014798d86001c324468d497f"],
])("%s of %j", (algorithm, text, hex) => {
  expect(checksumOf(algorithm, Buffer.from(text))).toBe(base64(hex));
});

test("a value that AWS recorded: the CRC32 of an object that says test", () => {
  expect(checksumOf("CRC32", Buffer.from("test"))).toBe("2H9+DA==");
});

const oracles: Partial<Record<ChecksumAlgorithm, (data: Buffer) => Uint8Array | Promise<Uint8Array>>> = {
  CRC32: (data) => Buffer.from(zlibCrc32(data).toString(16).padStart(8, "0"), "hex"),
  CRC32C: (data) => sdkDigest(new AwsCrc32c(), data),
  CRC64NVME: (data) => sdkDigest(new Crc64Nvme(), data),
  SHA512: (data) => createHash("sha512").update(data).digest(),
};

function sdkDigest(sum: AwsCrc32c | Crc64Nvme, data: Buffer): Promise<Uint8Array> {
  sum.update(data);
  return sum.digest();
}

test.each(Object.keys(oracles) as ChecksumAlgorithm[])("%s against another implementation, in random pieces", async (algorithm) => {
  for (let i = 0; i < 60; i++) {
    const data = rng.bytes(rng.below(400));
    expect(inPieces(algorithm, data)).toBe(Buffer.from(await oracles[algorithm]!(data)).toString("base64"));
  }
});

test.each(checksumAlgorithms)("%s: two at a time, and over a buffer's size", (algorithm) => {
  const data = Buffer.alloc(300_001, "0123456789abcdef!");
  const one = createChecksum(algorithm);
  const two = createChecksum(algorithm);
  for (let at = 0; at < data.length; at += 70_001) {
    one.update(data.subarray(at, at + 70_001));
    two.update(data.subarray(at, Math.min(at + 35_000, at + 70_001)));
    two.update(data.subarray(at + 35_000, at + 70_001));
  }
  const whole = checksumOf(algorithm, data);
  expect(one.digest().toString("base64")).toBe(whole);
  expect(two.digest().toString("base64")).toBe(whole);
});

function inPieces(algorithm: ChecksumAlgorithm, data: Buffer): string {
  const sum = createChecksum(algorithm);
  for (let at = 0; at < data.length;) {
    const length = 1 + rng.below(100);
    sum.update(data.subarray(at, at + length));
    at += length;
  }
  return sum.digest().toString("base64");
}

describe("multipart uploads", () => {
  test.each(["CRC32", "CRC32C", "CRC64NVME"] as const)("the %s of the whole comes of its parts'", (algorithm) => {
    for (let i = 0; i < 30; i++) {
      const parts = Array.from({ length: 1 + rng.below(6) }, () => rng.bytes(rng.below(300)));
      const combined = fullObjectChecksum(algorithm, parts.map((part) => ({ value: checksumOf(algorithm, part), length: part.length })));
      expect(combined).toBe(checksumOf(algorithm, Buffer.concat(parts)));
    }
    const big = Buffer.alloc(5 * 1024 * 1024, "x");
    const part = { value: checksumOf(algorithm, big), length: big.length };
    expect(fullObjectChecksum(algorithm, [part, part, part])).toBe(checksumOf(algorithm, Buffer.concat([big, big, big])));
  });

  test("composite", () => {
    const parts = ["hello", " world"].map((text) => checksumOf("SHA256", Buffer.from(text)));
    const raw = createHash("sha256").update(Buffer.concat(parts.map((part) => Buffer.from(part, "base64")))).digest("base64");
    expect(compositeChecksum("SHA256", parts)).toBe(`${raw}-2`);
  });

  test("which algorithm takes which type", () => {
    expect(checksumAlgorithms.filter(supportsFullObject)).toEqual(["CRC32", "CRC32C", "CRC64NVME"]);
    expect(checksumAlgorithms.filter((algorithm) => !supportsComposite(algorithm))).toEqual(["CRC64NVME"]);
    expect(() => fullObjectChecksum("SHA1", [])).toThrow();
  });
});

test("names", () => {
  expect(checksumAlgorithm("crc64nvme")).toBe("CRC64NVME");
  expect(checksumAlgorithm("crc64")).toBeUndefined();
  expect(checksumAlgorithm("constructor")).toBeUndefined();
  for (const [algorithm, header] of checksumHeaders) expect(checksumOfHeader(header)).toBe(algorithm);
  expect(checksumHeaders.get("CRC64NVME")).toBe("x-amz-checksum-crc64nvme");
});

test.each<[ChecksumAlgorithm, string, boolean]>([
  ["CRC32", "2H9+DA==", true], ["CRC32", "2H9+DA", false], ["CRC32", "short===", false], ["CRC32", "", false], ["CRC32", "2H9+DAAA", false], ["CRC32", "!!!!!!==", false],
  ["CRC32", "2H9+DB==", false], ["CRC64NVME", "rosUhgp5mIg=", true], ["SHA256", "2H9+DA==", false],
])("%s value %j: %s", (algorithm, text, valid) => {
  expect(isChecksumValue(algorithm, text)).toBe(valid);
});
