import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { AwsError, PayloadStream, checksumAlgorithms, checksumHeaders, checksumOf, planPayload, preparePayload, readPayload, withHoistedHeaders } from "../src/index.ts";
import type { ChecksumTraits, PayloadOptions } from "../src/index.ts";
import { random } from "./random.ts";

const body = Buffer.from("hello world");
const put: ChecksumTraits = { httpChecksum: { requestAlgorithmMember: "ChecksumAlgorithm", requestChecksumRequired: false } };
const configure: ChecksumTraits = { httpChecksum: { requestAlgorithmMember: "ChecksumAlgorithm", requestChecksumRequired: true } };
const hex = createHash("sha256").update(body).digest("hex");

type Headers = Record<string, string>;
const read = (headers: Headers, data: Buffer | string = body, traits = put, options: PayloadOptions = {}) => readPayload(Buffer.from(data), planPayload(headers, traits, options));

function refusal(run: () => unknown): { code: string; message: string; fields: Record<string, unknown>; status: number | undefined } {
  try {
    run();
  } catch (error) {
    if (error instanceof AwsError) return { code: error.code, message: error.message, fields: error.fields, status: error.status };
    throw error;
  }
  throw new Error("accepted");
}

describe("accepted", () => {
  test("a plain body", () => {
    const result = read({});
    expect(result).toMatchObject({ length: 11, checksum: undefined });
    expect(result.data).toEqual(body);
  });

  test.each(checksumAlgorithms)("%s in a header", async (algorithm) => {
    const headers = { [checksumHeaders.get(algorithm)!]: "" };
    const probe = planPayload({}, put, { also: [algorithm] });
    await preparePayload(probe);
    const value = readPayload(body, probe).digests.get(algorithm)!;
    headers[checksumHeaders.get(algorithm)!] = value;
    expect(read({ ...headers, "x-amz-sdk-checksum-algorithm": algorithm }).checksum).toEqual({ algorithm, value });
    expect(refusal(() => read(headers, "hello World"))).toMatchObject({ code: "BadDigest", message: `The ${algorithm} you specified did not match the calculated checksum.`, status: 400 });
  });

  test("a checksum in a trailer, with other digests taken on the way", () => {
    const headers = { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "11", "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm": "CRC32" };
    const crc = checksumOf("CRC32", body);
    const chunked = (value: string) => `b\r\n${body.toString()}\r\n0\r\nx-amz-checksum-crc32:${value}\r\n\r\n`;
    const result = read(headers, chunked(crc), put, { also: ["MD5", "CRC64NVME"] });
    expect(result.data.toString()).toBe("hello world");
    expect(result.checksum).toEqual({ algorithm: "CRC32", value: crc });
    expect(result.digests.get("MD5")).toBe(checksumOf("MD5", body));
    expect(result.digests.get("CRC64NVME")).toBe(checksumOf("CRC64NVME", body));
    expect(refusal(() => read(headers, chunked("AAAAAA==")))).toMatchObject({ code: "BadDigest", message: "The CRC32 you specified did not match the calculated checksum." });
    expect(refusal(() => read(headers, chunked("AA==")))).toMatchObject({ code: "InvalidRequest", message: "Value for x-amz-checksum-crc32 trailing header is invalid." });
    expect(refusal(() => read(headers, `b\r\n${body.toString()}\r\n0\r\n\r\n`))).toMatchObject({ code: "MalformedTrailerError" });
  });

  test("the hex digest in x-amz-content-sha256, beside and without the same checksum", () => {
    expect(read({ "x-amz-content-sha256": hex }).length).toBe(11);
    expect(read({ "x-amz-content-sha256": hex, "x-amz-checksum-sha256": checksumOf("SHA256", body) }).checksum?.algorithm).toBe("SHA256");
    const wrong = { ClientComputedContentSHA256: hex, S3ComputedContentSHA256: createHash("sha256").update("x").digest("hex") };
    expect(refusal(() => read({ "x-amz-content-sha256": hex }, "x"))).toEqual({
      code: "XAmzContentSHA256Mismatch", message: "The provided 'x-amz-content-sha256' header does not match what was computed.", status: 400, fields: wrong,
    });
    expect(read({ "x-amz-content-sha256": hex }, "x", put, { checkSha256: false }).length).toBe(1);
  });

  test("Content-MD5", () => {
    const md5 = checksumOf("MD5", body);
    expect(read({ "content-md5": md5 }).length).toBe(11);
    expect(refusal(() => read({ "content-md5": md5 }, "x"))).toMatchObject({
      code: "BadDigest", message: "The Content-MD5 you specified did not match what we received.", fields: { ExpectedDigest: md5, CalculatedDigest: checksumOf("MD5", Buffer.from("x")) },
    });
    expect(refusal(() => read({ "content-md5": "abc" }))).toMatchObject({ code: "InvalidDigest", message: "The Content-MD5 you specified was invalid.", fields: { "Content-MD5": "abc" } });
  });

  test("a checksum that speaks of the object, not of the body, is let alone", () => {
    expect(read({ "x-amz-checksum-crc32": "AAAAAA==" }, body, {}).checksum).toBeUndefined();
  });
});

describe("refused for their headers", () => {
  const crc32 = checksumOf("CRC32", body);
  test.each<[string, Headers, ChecksumTraits, string]>([
    ["two checksums", { "x-amz-checksum-crc32": crc32, "x-amz-checksum-sha1": checksumOf("SHA1", body) }, put, "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."],
    ["a header and a trailer", { "x-amz-checksum-crc32": crc32, "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "1", "x-amz-trailer": "x-amz-checksum-sha1" }, put, "Expecting a single x-amz-checksum- header"],
    ["not base64", { "x-amz-checksum-crc32": "short===" }, put, "Value for x-amz-checksum-crc32 header is invalid."],
    ["the wrong length", { "x-amz-checksum-sha256": crc32 }, put, "Value for x-amz-checksum-sha256 header is invalid."],
    ["an algorithm that is none", { "x-amz-checksum-crc16": crc32 }, put, "The algorithm type you specified in x-amz-checksum- header is invalid."],
    ["an algorithm without a checksum", { "x-amz-sdk-checksum-algorithm": "CRC32" }, put, "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."],
    ["another algorithm", { "x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": crc32 }, put, "Value for x-amz-sdk-checksum-algorithm header is invalid."],
    ["a trailer that is no checksum", { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "1", "x-amz-trailer": "x-amz-meta-a" }, put, "The value specified in the x-amz-trailer header is not supported"],
    ["none where one is required", {}, configure, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"],
    ["none where MD5 is required", {}, { httpChecksumRequired: true }, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"],
  ])("%s", (_name, headers, traits, message) => {
    expect(refusal(() => planPayload(headers, traits))).toMatchObject({ code: "InvalidRequest", message, status: 400 });
  });

  test("and a required one that is there", () => {
    expect(read({ "content-md5": checksumOf("MD5", body) }, body, configure).length).toBe(11);
    expect(read({ "x-amz-checksum-crc32": crc32 }, body, configure).length).toBe(11);
  });
});

test("as a stream: the bytes, then the result; or the error", async () => {
  const big = Buffer.alloc(1_000_000, "abc");
  const stream = new PayloadStream(planPayload({ "x-amz-checksum-crc32c": checksumOf("CRC32C", big) }, put, { also: ["MD5"] }));
  const pieces = Array.from({ length: 20 }, (_, i) => big.subarray(i * 50_000, (i + 1) * 50_000));
  const [data] = await Promise.all([buffer(stream), pipeline(Readable.from(pieces), stream)]);
  expect(data.equals(big)).toBe(true);
  expect(stream.result).toMatchObject({ length: 1_000_000 });
  expect(stream.result?.digests.get("MD5")).toBe(checksumOf("MD5", big));

  const failing = new PayloadStream(planPayload({ "x-amz-checksum-crc32": "AAAAAA==" }, put));
  await expect(pipeline(Readable.from([body]), failing, async (source) => { for await (const _ of source); })).rejects.toMatchObject({ code: "BadDigest" });
  expect(failing.result).toBeUndefined();
});

test("a stream with a source reads nothing before it is read, and takes wishes until then", async () => {
  const source = Readable.from([body.subarray(0, 5), body.subarray(5)], { objectMode: false });
  const stream = new PayloadStream(planPayload({}, put), source);
  expect(source.readableFlowing).toBe(null);
  stream.want("MD5", "CRC64NVME");
  expect((await buffer(stream)).equals(body)).toBe(true);
  expect(stream.result?.digests.get("CRC64NVME")).toBe(checksumOf("CRC64NVME", body));
  expect(() => stream.want("SHA1")).toThrow();

  const broken = new PayloadStream(planPayload({}, put), new Readable({ read() { this.destroy(new Error("gone")); } }));
  await expect(buffer(broken)).rejects.toThrow("gone");
});

describe("presigned URLs", () => {
  test("a checksum of nothing in the URL refuses the real body, as on AWS", () => {
    const query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject";
    const headers = withHoistedHeaders({ host: "h" } as Headers, query);
    expect(headers).toEqual({ host: "h", "x-amz-checksum-crc32": "AAAAAA==", "x-amz-sdk-checksum-algorithm": "CRC32" });
    expect(refusal(() => read(headers))).toMatchObject({ code: "BadDigest" });
    expect(read(headers, "").length).toBe(0);
  });

  test("headers in the query, in any case; a sent one wins; the signature's own are none", () => {
    const query = "X-Amz-Date=1&X-Amz-Expires=2&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Meta-Note=a%20b&x-amz-acl=private&prefix=x";
    expect(withHoistedHeaders({ "x-amz-acl": "public-read" } as Headers, query)).toEqual({ "x-amz-acl": "public-read", "x-amz-meta-note": "a b" });
    const headers = {};
    expect(withHoistedHeaders(headers, "prefix=x")).toBe(headers);
    expect(withHoistedHeaders(headers, "X-Amz-Date=1")).toBe(headers);
  });
});

test("random headers and bodies: only AwsErrors come out", () => {
  const rng = random(99);
  const values = ["", "AAAAAA==", "CRC32", "sha1", "x-amz-checksum-crc32", "x-amz-checksum-crc32,x-amz-checksum-sha1", hex, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "UNSIGNED-PAYLOAD", "0", "5", "11", "-1", "1e3", "é"];
  const names = ["x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-sdk-checksum-algorithm", "x-amz-checksum-crc32", "x-amz-checksum-sha1", "x-amz-checksum-nope", "content-md5"];
  const pieces = ["5\r\nhello\r\n", "0\r\n", "\r\n", "x-amz-checksum-crc32:NhCmhg==\r\n", "5;chunk-signature=abc\r\n", "\n", "\r", "hello", ":", "ffffffffff\r\n", "0;chunk-signature=x\r\n", "x-amz-trailer-signature:y\r\n", "é"];
  let accepted = 0;
  for (let i = 0; i < 5000; i++) {
    const headers: Headers = {};
    for (let n = rng.below(5); n > 0; n--) headers[rng.pick(names)] = rng.pick(values);
    const data = Array.from({ length: rng.below(7) }, () => rng.pick(pieces)).join("");
    try {
      read(headers, data);
      accepted++;
    } catch (error) {
      expect(error).toBeInstanceOf(AwsError);
    }
  }
  expect(accepted).toBeGreaterThan(0);
});
