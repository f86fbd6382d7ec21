import { describe, expect, test } from "vitest";
import { AwsChunkedParser, AwsError, awsChunkedOptions, payloadForm, withoutAwsChunked } from "../src/index.ts";
import type { AwsChunkedOptions } from "../src/index.ts";
import { random } from "./random.ts";

const unsigned = payloadForm("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
const signed = payloadForm("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
const crc = { form: unsigned, trailerNames: ["x-amz-checksum-crc32"] };

/** Decodes a body handed over in pieces that end at `cuts`. */
function decode(body: string | Buffer, options: AwsChunkedOptions, cuts: number[] = []) {
  const bytes = Buffer.from(body);
  const pieces: Buffer[] = [];
  const parser = new AwsChunkedParser(options, (data) => pieces.push(data));
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    // A copy, as a socket's buffer would be: what is kept of it must not depend on its neighbours.
    parser.write(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  parser.end();
  return { data: Buffer.concat(pieces), trailers: parser.trailers };
}

function codeOf(body: string | Buffer, options: AwsChunkedOptions): string {
  try {
    decode(body, options);
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
    const { data, trailers } = decode(("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), { ...crc, decodedLength: 5 });
    expect(data.toString()).toBe("hello");
    expect(Object.fromEntries(trailers)).toEqual({ "x-amz-checksum-crc32": "NhCmhg==" });
  });

  test("cut anywhere", () => {
    const rng = random(3);
    const text = `2000;chunk-signature=ab\r\n${"a".repeat(8192)}\r\n3;chunk-signature=cd\r\nxyz\r\n0;chunk-signature=ef\r\n\r\n`;
    const all = Array.from({ length: text.length }, (_, at) => at);
    expect(decode(text, { form: signed, decodedLength: 8195 }, all).data.toString()).toBe(`${"a".repeat(8192)}xyz`);
    for (let i = 0; i < 200; i++) {
      const cuts = Array.from({ length: rng.below(6) }, () => (rng.below(2) === 0 ? rng.below(30) : text.length - rng.below(80))).sort((a, b) => a - b);
      expect(decode(text, { form: signed, decodedLength: 8195 }, cuts).data.length).toBe(8195);
    }
  });

  test("an empty body", () => {
    expect(decode(("0\r\n\r\n"), { form: unsigned, decodedLength: 0 }).data.length).toBe(0);
  });

  test("damaged anywhere: the same data, or an AwsError", () => {
    const rng = random(4);
    const text = Buffer.from(`2000\r\n${"a".repeat(8192)}\r\n5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n`);
    for (let i = 0; i < 2000; i++) {
      const body = Buffer.from(text);
      const at = rng.below(2) === 0 ? rng.below(8) : body.length - 4 - rng.below(60);
      if (rng.below(3) === 0) body[at] = rng.below(256);
      else if (rng.below(2) === 0) body.copy(body, at, at + 1);
      else body.fill(rng.pick(["\r", "\n", "0", "f", ";", ":"]), at, at + 1 + rng.below(3));
      const code = codeOf(body, { ...crc, decodedLength: 8197 });
      expect(["accepted", "IncompleteBody", "MalformedTrailerError", "InvalidChunkSizeError"]).toContain(code);
    }
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
