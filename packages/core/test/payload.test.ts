import { createHash, createHmac } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { PutBucketTaggingCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { signRequest } from "@cumulet/protocol";
import type { PayloadResult, PayloadStream } from "@cumulet/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineService, defineStore } from "../src/index.ts";
import { testPlatform, type TestPlatform } from "../src/testing.ts";

/** What the last PutObject got: its bytes and what its stream had found out about them. */
let last: { body: Buffer; result: PayloadResult | undefined; acl: string | undefined };

const service = defineService({
  model: "s3",
  store: defineStore({ name: "payload", scope: "regional", migrations: [], open: () => ({}) }),
  operations: {
    PutObject: async (_ctx, input) => {
      const stream = input.Body as PayloadStream;
      stream.want("MD5");
      const body = await buffer(stream);
      last = { body, result: stream.result, acl: input.ACL };
      return {};
    },
    PutBucketTagging: () => ({}),
  },
});

let cloud: TestPlatform;
let client: S3Client;
beforeAll(async () => {
  cloud = await testPlatform([service]);
  client = new S3Client({ ...cloud.clientConfig(), forcePathStyle: true });
});
afterAll(() => cloud.close());

const put = { Bucket: "b", Key: "k" };

describe("S3 bodies", () => {
  test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)("of the SDK with %s, small and streamed", async (algorithm) => {
    await client.send(new PutObjectCommand({ ...put, Body: "hello", ChecksumAlgorithm: algorithm }));
    expect(last.body.toString()).toBe("hello");
    expect(last.result?.checksum?.algorithm).toBe(algorithm);
    expect(last.result?.digests.get("MD5")).toBe("XUFAKrxLKna5cZ2REBfFkg==");

    const big = Buffer.alloc(300_000, "0123456789");
    const source = Readable.from([big.subarray(0, 100_000), big.subarray(100_000)], { objectMode: false });
    await client.send(new PutObjectCommand({ ...put, Body: source, ContentLength: big.length, ChecksumAlgorithm: algorithm }));
    expect(last.body.equals(big)).toBe(true);
    expect([...last.result!.trailers.keys()]).toEqual([`x-amz-checksum-${algorithm.toLowerCase()}`]);
  });

  test("that their checksum refuses fail in S3's words", async () => {
    await expect(client.send(new PutObjectCommand({ ...put, Body: "hello", ChecksumCRC32: "AAAAAA==" }))).rejects.toMatchObject({
      name: "BadDigest", message: "The CRC32 you specified did not match the calculated checksum.", $metadata: { httpStatusCode: 400 },
    });
    await expect(client.send(new PutBucketTaggingCommand({ Bucket: "b", Tagging: { TagSet: [] }, ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" }))).rejects.toMatchObject({ name: "BadDigest" });
  });

  test("that need a checksum and have none are refused", async () => {
    const response = await fetch(`${cloud.endpoint}/b?tagging`, { method: "PUT", body: "<Tagging><TagSet></TagSet></Tagging>" });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("<Message>Missing required header for this request: Content-MD5 OR x-amz-checksum-*</Message>");
  });

  test("of a presigned URL, whose headers stand in its query", async () => {
    const options = { expiresIn: 60, signingDate: new Date(cloud.clock.now()) };
    const url = await getSignedUrl(client, new PutObjectCommand({ ...put, ACL: "public-read" }), options);
    expect((await fetch(url, { method: "PUT", body: "" })).status).toBe(200);
    expect(last.acl).toBe("public-read");
    // The SDK puts the checksum of no body into the URL: real S3 refuses any other too.
    const refused = await fetch(url, { method: "PUT", body: "hello" });
    expect(url.includes("x-amz-checksum-crc32=AAAAAA")).toBe(true);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("<Code>BadDigest</Code>");
  });
});

test("chunk signatures are verified where signatures are enforced", async () => {
  await using strict = await testPlatform([service], { config: { signatures: "enforce" } });
  const { credentials } = strict.clientConfig();
  const send = async (tamper: (body: string) => string, key = credentials.secretAccessKey): Promise<Response> => {
    const headers = signRequest({
      method: "PUT", path: "/b/k", payloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      headers: { host: new URL(strict.endpoint).host, "content-encoding": "aws-chunked", "x-amz-decoded-content-length": "5" },
    }, { credentials, region: "us-east-1", service: "s3", nowMs: strict.clock.now() });
    return fetch(`${strict.endpoint}/b/k`, { method: "PUT", headers, body: tamper(signedChunks("hello", headers, key)) });
  };
  expect((await send((body) => body)).status).toBe(200);
  expect(last.body.toString()).toBe("hello");
  for (const refused of [await send((body) => body.replace("hello", "hellO")), await send((body) => body, "another secret")]) {
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain("<Code>SignatureDoesNotMatch</Code>");
  }
});

/** One chunk and the last, signed as S3's reference says; the chain starts at the request's signature. */
function signedChunks(data: string, headers: Record<string, string>, secret: string): string {
  const [, scope = "", seed = ""] = /Credential=[^/]+\/(\S+), .*Signature=(\w+)/.exec(headers["authorization"]!)!;
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const [day = "", region = "", name = "", end = ""] = scope.split("/");
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), name), end);
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  let previous = seed;
  return [data, ""].map((chunk) => {
    previous = hmac(key, ["AWS4-HMAC-SHA256-PAYLOAD", headers["x-amz-date"], scope, previous, sha256(""), sha256(chunk)].join("\n")).toString("hex");
    return `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}\r\n`;
  }).join("");
}
