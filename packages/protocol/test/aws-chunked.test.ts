import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { AwsChunkedDecoder, AwsError, awsChunkedOptions, decodeAwsChunked, payloadForm, withoutAwsChunked } from "../src/index.ts";
import type { AwsChunkedOptions } from "../src/index.ts";

const unsigned = payloadForm("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
const signed = payloadForm("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
const crc = { form: unsigned, trailerNames: ["x-amz-checksum-crc32"] };

function codeOf(body: string | Buffer, options: AwsChunkedOptions): string {
  try {
    decodeAwsChunked(Buffer.from(body), options);
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("x-amz-content-sha256", () => {
  test.each([
    [undefined, { kind: "unsigned" }],
    ["UNSIGNED-PAYLOAD", { kind: "unsigned" }],
    ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", { kind: "digest", sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }],
    ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", { kind: "chunked", signed: false, trailer: true }],
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", { kind: "chunked", signed: true, trailer: false, asymmetric: false }],
    ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", { kind: "chunked", signed: true, trailer: true, asymmetric: false }],
    ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", { kind: "chunked", signed: true, trailer: false, asymmetric: true }],
    ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", { kind: "chunked", signed: true, trailer: true, asymmetric: true }],
  ])("%s", (value, form) => {
    expect(payloadForm(value)).toMatchObject(form);
  });

  test("anything else is refused", () => {
    expect(() => payloadForm("nonsense")).toThrow(AwsError);
  });
});

describe("decoding", () => {
  test("chunks and a trailer", () => {
    const { data, trailers } = decodeAwsChunked(Buffer.from("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), { ...crc, decodedLength: 5 });
    expect(data.toString()).toBe("hello");
    expect(Object.fromEntries(trailers)).toEqual({ "x-amz-checksum-crc32": "NhCmhg==" });
  });

  test("cut anywhere, byte by byte", async () => {
    const body = Buffer.from(`2000;chunk-signature=ab\r\n${"a".repeat(8192)}\r\n3;chunk-signature=cd\r\nxyz\r\n0;chunk-signature=ef\r\n\r\n`);
    const decoder = new AwsChunkedDecoder({ form: signed, decodedLength: 8195 });
    const pieces = Array.from(body, (byte) => Buffer.of(byte));
    const [decoded] = await Promise.all([buffer(decoder), pipeline(Readable.from(pieces), decoder)]);
    expect(decoded.toString()).toBe(`${"a".repeat(8192)}xyz`);
  });

  test("an empty body", () => {
    expect(decodeAwsChunked(Buffer.from("0\r\n\r\n"), { form: unsigned, decodedLength: 0 }).data.length).toBe(0);
  });

  test("the stream fails with the error", async () => {
    const decoder = new AwsChunkedDecoder({ form: unsigned });
    await expect(pipeline(Readable.from([Buffer.from("5\r\nhel")]), decoder, async (source) => { for await (const _ of source); })).rejects.toMatchObject({ code: "IncompleteBody" });
  });

  test.each<[string, string, AwsChunkedOptions, string]>([
    ["cut in the data", "5\r\nhel", { form: unsigned }, "IncompleteBody"],
    ["cut before the last chunk", "5\r\nhello\r\n", { form: unsigned }, "IncompleteBody"],
    ["no size", "\r\n", { form: unsigned }, "IncompleteBody"],
    ["a size that is no number", "zz\r\n", { form: unsigned }, "IncompleteBody"],
    ["a negative size", "-5\r\nhello\r\n", { form: unsigned }, "IncompleteBody"],
    ["a size beyond reason", "ffffffffffffffffff\r\n", { form: unsigned }, "IncompleteBody"],
    ["a bare line feed", "5\nhello\r\n0\r\n\r\n", { form: unsigned }, "IncompleteBody"],
    ["data longer than its size", "5\r\nhello!\r\n0\r\n\r\n", { form: unsigned }, "IncompleteBody"],
    ["bytes after the end", "0\r\n\r\nx", { form: unsigned }, "IncompleteBody"],
    ["an endless line", "1".repeat(5000), { form: unsigned }, "IncompleteBody"],
    ["no signature where one must be", "5\r\nhello\r\n0\r\n\r\n", { form: signed }, "IncompleteBody"],
    ["too short", "5\r\nhello\r\n0\r\n\r\n", { form: unsigned, decodedLength: 6 }, "IncompleteBody"],
    ["too long", "5\r\nhello\r\n0\r\n\r\n", { form: unsigned, decodedLength: 4 }, "IncompleteBody"],
    ["a small chunk in the middle", "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", { form: unsigned }, "InvalidChunkSizeError"],
    ["an announced trailer missing", "0\r\n\r\n", crc, "MalformedTrailerError"],
    ["another trailer", "0\r\nx-amz-checksum-sha1:abc\r\n\r\n", crc, "MalformedTrailerError"],
    ["a trailer nobody announced", "0\r\nx-amz-checksum-sha1:abc\r\n\r\n", { form: unsigned }, "MalformedTrailerError"],
    ["a trailer without a colon", "0\r\nnonsense\r\n\r\n", crc, "MalformedTrailerError"],
    ["trailers without end", `0\r\n${"x-amz-checksum-crc32:abc\r\n".repeat(1000)}\r\n`, crc, "MalformedTrailerError"],
  ])("%s", (_name, body, options, code) => {
    expect(codeOf(body, options)).toBe(code);
  });
});

test("options from headers", () => {
  expect(awsChunkedOptions({ "x-amz-decoded-content-length": "5", "x-amz-trailer": "X-Amz-Checksum-Crc32, x-amz-meta-a" }, unsigned))
    .toMatchObject({ decodedLength: 5, trailerNames: ["x-amz-checksum-crc32", "x-amz-meta-a"] });
  expect(() => awsChunkedOptions({}, unsigned)).toThrow("You must provide the Content-Length HTTP header.");
  expect(() => awsChunkedOptions({ "x-amz-decoded-content-length": "-1" }, unsigned)).toThrow(AwsError);
});

test.each([
  ["aws-chunked,gzip", "gzip"], ["gzip,aws-chunked", "gzip"], ["gzip, br, aws-chunked", "gzip,br"],
  ["aws-chunked", undefined], ["gzip", "gzip"], [undefined, undefined],
])("Content-Encoding %s is stored as %s", (sent, stored) => {
  expect(withoutAwsChunked(sent)).toBe(stored);
});
