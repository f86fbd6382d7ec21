import { execFileSync, spawnSync } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { SignatureV4 } from "@smithy/signature-v4";
import { SignatureV4a } from "@smithy/signature-v4a";
import { describe, expect, test } from "vitest";
import {
  AwsChunkedParser, AwsError, chunkVerifier, createHostParser, hostAliases, parseAmzDate, parseSignature, payloadForm, presignQuery, signRequest, signV2, stringToSignV2, verifySignature,
} from "../src/index.ts";
import type { AwsChunkedOptions, RequestSignature, SignatureStyle, VerifiableRequest } from "../src/index.ts";
import { random } from "./random.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

function split(target: string): { path: string; query: string } {
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

function parsed(request: VerifiableRequest, strict?: SignatureStyle): RequestSignature {
  const signature = parseSignature(request, strict);
  if (signature.kind === "anonymous") throw new Error("anonymous");
  return signature;
}

/** Verifies at the time of signing (or `nowMs`); the code of what was thrown, or "valid". */
function verdict(request: VerifiableRequest, secret: string, style: SignatureStyle, nowMs?: number): string {
  try {
    const signature = parsed(request, style);
    verifySignature(signature, request, secret, nowMs ?? (Number.isNaN(signature.timestampMs) ? 0 : signature.timestampMs), style);
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
  return "valid";
}

function decodeAwsChunked(body: Buffer, options: AwsChunkedOptions) {
  const pieces: Buffer[] = [];
  const parser = new AwsChunkedParser(options, (data) => pieces.push(data));
  parser.write(body);
  parser.end();
  return { data: Buffer.concat(pieces), trailers: parser.trailers };
}

function thrown(run: () => unknown): AwsError {
  try {
    run();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("AWS's published examples", () => {
  // docs.aws.amazon.com, "Signature Version 4 test suite": one day, region and service.
  const suite = "20150830T123600Z";
  test.each<[string, string, string, Record<string, string>, string, string]>([
    ["get-vanilla", "GET", "/", {}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", {}, "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"],
    ["get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", {}, "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"],
    ["normalize-path/get-relative", "GET", "/example/..", {}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["normalize-path/get-slashes", "GET", "//example//", {}, "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"],
    ["get-header-value-trim", "GET", "/", { "my-header1": " value1", "my-header2": ' "a   b   c"' }, "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"],
    ["post-vanilla", "POST", "/", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
  ])("%s", (_name, method, target, headers, _body, signature) => {
    const all = { host: "example.amazonaws.com", "x-amz-date": suite, ...headers };
    const names = Object.keys(all).sort().join(";");
    const request = {
      method, ...split(target),
      headers: { ...all, authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}` },
    };
    expect(verdict(request, credentials.secretAccessKey, "query")).toBe("valid");
  });

  // Amazon S3 API reference, "Examples: Signature Calculations in AWS Signature Version 4".
  const s3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  const s3Scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
  const empty = sha256("");
  test.each<[string, string, string, Record<string, string>, string]>([
    ["GET object", "GET", "/test.txt", { range: "bytes=0-9", "x-amz-content-sha256": empty }, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"],
    ["PUT object", "PUT", "/test%24file.text", { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY", "x-amz-content-sha256": sha256("Welcome to Amazon S3.") }, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"],
    ["GET lifecycle", "GET", "/?lifecycle", { "x-amz-content-sha256": empty }, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
    ["list objects", "GET", "/?max-keys=2&prefix=J", { "x-amz-content-sha256": empty }, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"],
  ])("S3: %s", (_name, method, target, headers, signature) => {
    const all: Record<string, string> = { host: "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z", ...headers };
    const request = {
      method, ...split(target),
      headers: { ...all, authorization: `AWS4-HMAC-SHA256 Credential=${s3Scope},SignedHeaders=${Object.keys(all).sort().join(";")},Signature=${signature}` },
    };
    expect(verdict(request, s3Secret, "s3")).toBe("valid");
  });

  test("S3: presigned", () => {
    const query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    const request = { method: "GET", path: "/test.txt", query, headers: { host: "examplebucket.s3.amazonaws.com" } };
    expect(verdict(request, s3Secret, "s3")).toBe("valid");
    expect(parsed(request)).toMatchObject({ source: "query", expiresSeconds: 86_400, region: "us-east-1" });
  });

  const chunkHeaders = (sha: string, signedHeaders: string, signature: string, extra: Record<string, string>): VerifiableRequest => ({
    method: "PUT", path: "/examplebucket/chunkObject.txt", query: "",
    headers: {
      host: "s3.amazonaws.com", "x-amz-date": "20130524T000000Z", "x-amz-content-sha256": sha, "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": "66560", "x-amz-storage-class": "REDUCED_REDUNDANCY", ...extra,
      authorization: `AWS4-HMAC-SHA256 Credential=${s3Scope},SignedHeaders=${signedHeaders},Signature=${signature}`,
    },
  });
  const chunk = (size: number, signature: string): Buffer => Buffer.from(`${size.toString(16)};chunk-signature=${signature}\r\n${"a".repeat(size)}${size > 0 ? "\r\n" : ""}`);

  test("S3: chunked upload", () => {
    const request = chunkHeaders("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
      "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", { "content-length": "66824" });
    expect(verdict(request, s3Secret, "s3")).toBe("valid");
    const form = payloadForm("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    const options = () => ({ form, decodedLength: 66_560, verifier: chunkVerifier(parsed(request), s3Secret) });
    const body = Buffer.concat([
      chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
      chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
      chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"), Buffer.from("\r\n"),
    ]);
    expect(decodeAwsChunked(body, options()).data.equals(Buffer.alloc(66_560, "a"))).toBe(true);
    for (const at of [50, 65_000, 66_000]) {
      const tampered = Buffer.from(body);
      tampered[at] = tampered[at]! ^ 1;
      expect(thrown(() => decodeAwsChunked(tampered, options())).code).toBe("SignatureDoesNotMatch");
    }
  });

  test("S3: chunked upload with a trailer", () => {
    const request = chunkHeaders("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
      "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", { "x-amz-trailer": "x-amz-checksum-crc32c" });
    expect(verdict(request, s3Secret, "s3")).toBe("valid");
    const decode = (trailer: string) => decodeAwsChunked(Buffer.concat([
      chunk(65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
      chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
      chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
      Buffer.from(`${trailer}\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n`),
    ]), {
      form: payloadForm("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"), decodedLength: 66_560, trailerNames: ["x-amz-checksum-crc32c"], verifier: chunkVerifier(parsed(request), s3Secret),
    });
    expect(decode("x-amz-checksum-crc32c:sOO8/Q==").trailers.get("x-amz-checksum-crc32c")).toBe("sOO8/Q==");
    expect(thrown(() => decode("x-amz-checksum-crc32c:sOO8/A==")).code).toBe("SignatureDoesNotMatch");
  });
});

// --- oracles ----------------------------------------------------------------------------------------------------------

class NodeSha256 {
  readonly #hash;
  constructor(secret?: string | Uint8Array | ArrayBuffer) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as string);
  }
  update(data: string | Uint8Array): void { this.#hash.update(data); }
  digest(): Promise<Uint8Array> { return Promise.resolve(new Uint8Array(this.#hash.digest())); }
  reset(): void {}
}

const rng = random(20_250_801);
const alphabet = "abcXYZ019 -._~!*'()$&+,;=:@/?#[]%éü漢😀";
const text = (max: number): string => Array.from({ length: rng.below(max) }, () => rng.pick([...alphabet])).join("");
const encode = (value: string): string => encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

interface Sample { method: string; path: string; query: Record<string, string>; headers: Record<string, string>; body: string; service: string; region: string; token?: string }

function sample(service: string): Sample {
  const segments = Array.from({ length: rng.below(4) }, () => encode(text(8) || "x"));
  const query: Record<string, string> = {};
  for (let i = rng.below(4); i > 0; i--) query[`${rng.pick(["a", "B", "prefix", "x-id", "marker%", "k e y"])}${i}`] = text(10);
  const headers: Record<string, string> = { host: rng.pick(["localhost:4566", "bucket.s3.localhost", "example.amazonaws.com"]) };
  if (rng.below(2) === 1) headers["x-amz-meta-note"] = rng.pick(["plain", "  two   spaces  ", "a,b"]);
  if (rng.below(2) === 1) headers["content-type"] = "application/json; charset=utf-8";
  const one: Sample = {
    method: rng.pick(["GET", "PUT", "POST", "DELETE"]), path: `/${segments.join("/")}`, query, headers, body: text(30), service, region: rng.pick(["us-east-1", "eu-west-3"]),
  };
  if (rng.below(3) === 0) one.token = `token/${text(5)}+=`.replace(/[^\x20-\x7e]/g, "");
  return one;
}

const wireQuery = (query: Record<string, string | string[] | null>): string =>
  Object.entries(query).flatMap(([k, v]) => (Array.isArray(v) ? v : [v ?? ""]).map((one) => `${encode(k)}=${encode(one)}`)).join("&");

const styleOf = (service: string): SignatureStyle => (service === "s3" ? "s3" : service === "iam" ? "query" : "rest-json");
const lower = (headers: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));

describe.each(["s3", "lambda", "iam"])("the JavaScript SDK's signer, %s", (service) => {
  const signingDate = new Date("2025-08-01T10:20:30Z");
  const signer = (one: Sample) => new SignatureV4({
    service, region: one.region, sha256: NodeSha256 as never, uriEscapePath: service !== "s3",
    credentials: { ...credentials, ...(one.token === undefined ? {} : { sessionToken: one.token }) },
  });
  const plain = (one: Sample) => ({ method: one.method, protocol: "http:", hostname: one.headers["host"]!, path: one.path, query: one.query, headers: one.headers, body: one.body });

  test("its header signatures verify, and tampered ones do not", async () => {
    for (let i = 0; i < 150; i++) {
      const one = sample(service);
      const sent = await signer(one).sign(plain(one), { signingDate });
      const request: VerifiableRequest = { method: one.method, path: one.path, query: wireQuery(one.query), headers: lower(sent.headers), bodySha256: sha256(one.body) };
      expect(verdict(request, credentials.secretAccessKey, styleOf(service)), JSON.stringify(one)).toBe("valid");
      for (const wrong of tampered(request)) expect(verdict(wrong, credentials.secretAccessKey, styleOf(service)), JSON.stringify(wrong)).not.toBe("valid");
      expect(verdict(request, "another secret", styleOf(service))).not.toBe("valid");
    }
  });

  test("its presigned URLs verify, and tampered ones do not", async () => {
    for (let i = 0; i < 80; i++) {
      const one = sample(service);
      const sent = await signer(one).presign({ ...plain(one), body: "" }, { signingDate, expiresIn: 300 });
      const request: VerifiableRequest = {
        method: one.method, path: one.path, query: wireQuery(sent.query as Record<string, string>), headers: lower(sent.headers), bodySha256: sha256(""),
      };
      // The SDK signs the empty body's hash unless told that the payload is unsigned; S3 reads it from the header.
      if (service === "s3") request.headers["x-amz-content-sha256"] = sha256("");
      expect(verdict(request, credentials.secretAccessKey, styleOf(service)), JSON.stringify(one)).toBe("valid");
      expect(verdict({ ...request, path: `${request.path}x` }, credentials.secretAccessKey, styleOf(service))).not.toBe("valid");
      expect(verdict({ ...request, query: `${request.query}&x=1` }, credentials.secretAccessKey, styleOf(service))).not.toBe("valid");
    }
  });
});

function* tampered(request: VerifiableRequest): Generator<VerifiableRequest> {
  yield { ...request, method: request.method === "GET" ? "PUT" : "GET" };
  yield { ...request, path: `${request.path}x` };
  yield { ...request, query: request.query === "" ? "a=1" : `${request.query}&a=1` };
  yield { ...request, headers: { ...request.headers, host: "elsewhere" } };
  yield { ...request, headers: { ...request.headers, authorization: request.headers.authorization!.replace(/.$/, (c) => (c === "0" ? "1" : "0")) } };
  yield { ...request, headers: { ...request.headers, authorization: request.headers.authorization!.replace(/Signature=.*/, "Signature=abc") } };
}

test("the SDK's SigV4A signatures verify, and tampered ones do not", async () => {
  for (let i = 0; i < 20; i++) {
    const one = sample("s3");
    const signer = new SignatureV4a({ service: "s3", region: "*", credentials, sha256: NodeSha256 as never, uriEscapePath: false });
    const sent = await signer.sign({ method: one.method, protocol: "http:", hostname: one.headers["host"]!, path: one.path, query: one.query, headers: one.headers, body: one.body }, { signingDate: new Date("2025-08-01T10:20:30Z") });
    const request: VerifiableRequest = { method: one.method, path: one.path, query: wireQuery(one.query), headers: lower(sent.headers) };
    expect(parsed(request)).toMatchObject({ kind: "sigv4a", region: "", service: "s3", accessKeyId: "AKIDEXAMPLE" });
    expect(verdict(request, credentials.secretAccessKey, "s3"), JSON.stringify(one)).toBe("valid");
    for (const wrong of tampered(request)) expect(verdict(wrong, credentials.secretAccessKey, "s3")).not.toBe("valid");
  }
});

describe("s3-request-presigner", () => {
  const client = new S3Client({ region: "eu-west-1", endpoint: "http://localhost:4566", credentials, forcePathStyle: true });

  test.each(["plain", "with space", "a+b&c=d", "dir/é漢.txt", "100%", "(x)!*'~"])("%s", async (key) => {
    for (const command of [new GetObjectCommand({ Bucket: "b", Key: key }), new PutObjectCommand({ Bucket: "b", Key: key, ContentType: "text/plain" })]) {
      const url = await getSignedUrl(client, command as GetObjectCommand, { expiresIn: 60 });
      const request = { method: command instanceof GetObjectCommand ? "GET" : "PUT", ...split(url.slice("http://localhost:4566".length)), headers: { host: "localhost:4566" } };
      expect(verdict(request, credentials.secretAccessKey, "s3")).toBe("valid");
      expect(verdict(request, credentials.secretAccessKey, "s3", parsed(request).timestampMs + 61_000)).toBe("AccessDenied");
      expect(verdict({ ...request, headers: { host: "host.docker.internal:4566" } }, credentials.secretAccessKey, "s3")).toBe("SignatureDoesNotMatch");
    }
  });

  test("a URL fetched by another of our names verifies through the aliases", async () => {
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: "b", Key: "k" }), { expiresIn: 60 });
    const host = "host.docker.internal:4566";
    const aliases = hostAliases(createHostParser()(host), ["localhost", "localhost.localstack.cloud"], [4566]);
    const request = { method: "GET", ...split(url.slice("http://localhost:4566".length)), headers: { host }, hostAliases: aliases };
    expect(verdict(request, credentials.secretAccessKey, "s3")).toBe("valid");
    expect(verdict({ ...request, path: "/b/other" }, credentials.secretAccessKey, "s3")).toBe("SignatureDoesNotMatch");
  });
});

const hasBotocore = spawnSync("python3", ["-c", "import botocore.auth"]).status === 0;

describe.skipIf(!hasBotocore)("botocore's signers", () => {
  const script = `
import json, sys
from botocore.auth import SigV4Auth, S3SigV4Auth, SigV4QueryAuth, S3SigV4QueryAuth, HmacV1Auth, HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
out = []
for one in json.load(sys.stdin):
    credentials = Credentials(one["accessKeyId"], one["secretAccessKey"], one.get("token"))
    headers = {k: v for k, v in one["headers"].items() if k != "host"}
    request = AWSRequest(method=one["method"], url="http://" + one["headers"]["host"] + one["path"] + ("?" + one["wireQuery"] if one["wireQuery"] else ""), headers=headers, data=one["body"].encode("utf-8"))
    kind = one["kind"]
    if kind == "header": (S3SigV4Auth if one["service"] == "s3" else SigV4Auth)(credentials, one["service"], one["region"]).add_auth(request)
    elif kind == "query": (S3SigV4QueryAuth if one["service"] == "s3" else SigV4QueryAuth)(credentials, one["service"], one["region"], expires=300).add_auth(request)
    elif kind == "v2 header": HmacV1Auth(credentials).add_auth(request)
    else: HmacV1QueryAuth(credentials, expires=300).add_auth(request)
    prepared = request.prepare()
    out.append({"url": prepared.url, "headers": {k: v if isinstance(v, str) else v.decode("utf-8") for k, v in prepared.headers.items()}})
json.dump(out, sys.stdout)
`;
  const kinds = ["header", "query", "v2 header", "v2 query"];
  const samples = kinds.flatMap((kind) => (kind.startsWith("v2") ? ["s3"] : ["s3", "lambda", "iam"]).flatMap((service) =>
    Array.from({ length: 60 }, () => {
      const one = sample(service);
      // botocore moves a body into the query when it presigns: none there.
      return { ...one, ...credentials, kind, body: kind.endsWith("query") ? "" : one.body, wireQuery: wireQuery(one.query) };
    })));
  const answers = hasBotocore
    ? JSON.parse(execFileSync("python3", ["-c", script], { input: JSON.stringify(samples), maxBuffer: 64 << 20 }).toString()) as { url: string; headers: Record<string, string> }[]
    : [];

  test.each(kinds)("%s", (kind) => {
    samples.forEach((one, i) => {
      if (one.kind !== kind) return;
      const { url, headers } = answers[i]!;
      const { path, query } = split(url.slice(url.indexOf("/", 7)));
      const request: VerifiableRequest = { method: one.method, path, query, headers: { ...lower(headers), host: one.headers["host"]! }, bodySha256: sha256(one.body) };
      expect(verdict(request, credentials.secretAccessKey, styleOf(one.service)), `${JSON.stringify(one)} ${url}`).toBe("valid");
      expect(verdict({ ...request, path: `${path}x` }, credentials.secretAccessKey, styleOf(one.service))).not.toBe("valid");
      expect(verdict(request, "another secret", styleOf(one.service))).not.toBe("valid");
    });
  });
});

// --- our own signer ---------------------------------------------------------------------------------------------------

test("our own signatures verify", () => {
  for (const service of ["s3", "lambda"]) {
    for (let i = 0; i < 100; i++) {
      const one = sample(service);
      const options = { credentials: { ...credentials, ...(one.token === undefined ? {} : { sessionToken: one.token }) }, region: one.region, service, nowMs: 1_750_000_000_000 };
      const body = Buffer.from(one.body);
      const unsigned = { method: one.method, path: one.path, query: wireQuery(one.query), headers: one.headers };
      const headers = signRequest({ ...unsigned, body }, options);
      const base = { method: one.method, path: one.path, bodySha256: sha256(body) };
      expect(verdict({ ...base, query: unsigned.query, headers }, credentials.secretAccessKey, styleOf(service))).toBe("valid");
      const query = presignQuery(unsigned, { ...options, expiresSeconds: 60 });
      expect(verdict({ ...base, query, headers: one.headers, bodySha256: sha256("") }, credentials.secretAccessKey, styleOf(service))).toBe("valid");
    }
  }
});

// --- parsing ----------------------------------------------------------------------------------------------------------

describe("lenient parsing", () => {
  const from = (headers: Record<string, string>, query = "") => parseSignature({ method: "GET", path: "/", query, headers });

  test.each([
    [{}, ""], [{ authorization: "Bearer abc" }, ""], [{ authorization: "Basic abc" }, ""], [{ authorization: "" }, ""], [{ authorization: "AWS4-HMAC-SHA256" }, ""],
    [{ authorization: "AWS nonsense" }, ""], [{ authorization: "my-api-key" }, ""], [{}, "X-Amz-Nothing=1"], [{}, "AWSAccessKeyId=&Signature="],
  ])("%j %s is anonymous", (headers, query) => {
    expect(from(headers as Record<string, string>, query)).toEqual({ kind: "anonymous" });
  });

  test("what can be read of a made-up signature is read", () => {
    expect(from({ authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20250101/eu-west-1/S3/aws4_request" }))
      .toMatchObject({ kind: "sigv4", accessKeyId: "000000000000", region: "eu-west-1", service: "s3", signature: "", signedHeaders: [] });
    expect(from({ authorization: "AWS4-HMAC-SHA256 Credential=test" })).toMatchObject({ accessKeyId: "test", region: "", service: "", scope: "" });
    expect(from({ authorization: "AWS4-HMAC-SHA256 Credential=a/b/20250101/us-east-1/s3/aws4_request" })).toMatchObject({ accessKeyId: "a/b", date: "20250101" });
    expect(from({ authorization: "Bearer x" }, "X-Amz-Credential=k%2F20250101%2Fus-east-1%2Fs3%2Faws4_request")).toMatchObject({ source: "query", accessKeyId: "k" });
  });

  test("every part of a good one", () => {
    expect(from({
      authorization: "AWS4-HMAC-SHA256 Credential=AK/20250101/us-west-2/sqs/aws4_request, SignedHeaders=Host;x-amz-date, Signature=abc",
      "x-amz-date": "20250101T000102Z", "x-amz-security-token": "tok", "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    })).toEqual({
      kind: "sigv4", source: "header", accessKeyId: "AK", date: "20250101", region: "us-west-2", service: "sqs", signedHeaders: ["host", "x-amz-date"], signature: "abc",
      timestamp: "20250101T000102Z", timestampMs: Date.UTC(2025, 0, 1, 0, 1, 2), sessionToken: "tok", contentSha256: "UNSIGNED-PAYLOAD", scope: "20250101/us-west-2/sqs/aws4_request",
    });
    expect(from({ authorization: "AWS AK:c2ln", date: "Tue, 27 Mar 2007 19:36:42 +0000" })).toMatchObject({ kind: "sigv2", accessKeyId: "AK", signature: "c2ln", service: "s3", timestampMs: 1_175_024_202_000 });
    expect(from({}, "AWSAccessKeyId=AK&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D&Expires=1141889120")).toMatchObject({ kind: "sigv2", source: "query", signature: "vjbyPxybdZaNmGa+yT272YEAiv4=", timestamp: "1141889120" });
  });

  test("never throws", () => {
    const pieces = ["AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "AWS ", " ", "Credential=", "/", ",", "=", "a", "20250101", "s3", "aws4_request", "SignedHeaders=", ";", "Signature=", "%", "%zz", ":", "X-Amz-Credential", "&", "X-Amz-Date", "AWSAccessKeyId", "é"];
    for (let i = 0; i < 3000; i++) {
      const junk = Array.from({ length: rng.below(14) }, () => rng.pick(pieces)).join("");
      const query = Array.from({ length: rng.below(14) }, () => rng.pick(pieces)).join("");
      const request = { method: "GET", path: "/", query, headers: { authorization: junk, "x-amz-date": rng.pick(["", "x", "20250101T000000Z"]), date: "x", host: "h" } };
      parseSignature(request);
      for (const style of ["s3", "query", "json", "rest-json"] as const) {
        const code = (() => {
          try {
            const signature = parseSignature(request, style);
            if (signature.kind !== "anonymous") verifySignature(signature, request, "secret", 0, style);
            return "";
          } catch (error) {
            return error instanceof AwsError ? error.code : error;
          }
        })();
        expect(typeof code, String(code)).toBe("string");
      }
    }
  });
});

describe("strict parsing", () => {
  const good = "AWS4-HMAC-SHA256 Credential=AK/20250101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc";
  const header = (authorization: string, extra: Record<string, string> = {}) => ({
    method: "GET", path: "/", query: "", headers: { host: "h", authorization, "x-amz-date": "20250101T000000Z", "x-amz-content-sha256": "UNSIGNED-PAYLOAD", ...extra },
  });

  test.each<[string, string, string, string]>([
    ["one component", "AWS4-HMAC-SHA256 Credential=AK", "AuthorizationHeaderMalformed", "The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature."],
    ["a component without a value", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders, Signature=b", "AuthorizationHeaderMalformed", 'The authorization header is malformed; the authorization component "SignedHeaders" is malformed.'],
    ["no space", "AWS4-HMAC-SHA256", "InvalidArgument", "Authorization header is invalid -- one and only one ' ' (space) required."],
    ["a foreign algorithm", good.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5"), "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."],
    ["a short credential", good.replace("/us-east-1", ""), "AuthorizationHeaderMalformed", 'The authorization header is malformed; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'],
    ["a foreign service", good.replace("/s3/", "/ec2/"), "AuthorizationHeaderMalformed", 'The authorization header is malformed; incorrect service "ec2". This endpoint belongs to "s3".'],
    ["a foreign terminal", good.replace("aws4_request", "aws5"), "AuthorizationHeaderMalformed", 'The authorization header is malformed; incorrect terminal "aws5". This endpoint uses "aws4_request".'],
    ["a bad date", good.replace("20250101", "2025"), "AuthorizationHeaderMalformed", 'The authorization header is malformed; incorrect date format "2025". This date in the credential must be in the format "yyyyMMdd".'],
  ])("S3: %s", (_name, authorization, code, message) => {
    expect(thrown(() => parseSignature(header(authorization), "s3"))).toMatchObject({ code, message, status: 400 });
  });

  test.each<[string, string, string]>([
    ["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=AK%2F20250101%2Fus-east-1%2Fs3%2Faws4_request", "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."],
    ["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=AK%252F20250101&X-Amz-Signature=a&X-Amz-Date=20250101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=1", 'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'],
    ["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=AK%2F20250101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=a&X-Amz-Date=20250101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=604801", "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"],
    ["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=AK%2F20250101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=a&X-Amz-Date=20250101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=-1", "X-Amz-Expires must be non-negative"],
    ["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=AK%2F20250101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=a&X-Amz-Date=20250101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=x", "X-Amz-Expires should be a number"],
  ])("S3: %s&%s", (a, b, message) => {
    expect(thrown(() => parseSignature({ method: "GET", path: "/", query: `${a}&${b}`, headers: {} }, "s3"))).toMatchObject({ code: "AuthorizationQueryParametersError", message, status: 400 });
  });

  test("both ways at once", () => {
    expect(thrown(() => parseSignature({ ...header(good), query: "X-Amz-Algorithm=AWS4-HMAC-SHA256" }, "s3"))).toMatchObject({ code: "InvalidArgument", fields: { ArgumentName: "Authorization" } });
  });

  test("the other services list everything that is missing", () => {
    const error = thrown(() => parseSignature({ method: "POST", path: "/", query: "", headers: { authorization: "AWS4-HMAC-SHA256 SignedHeaders=host" } }, "json"));
    expect(error).toMatchObject({
      code: "IncompleteSignatureException", status: 400,
      message: "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256 SignedHeaders=host",
    });
    expect(thrown(() => parseSignature({ method: "POST", path: "/", query: "", headers: { authorization: "AWS4-HMAC-SHA256 SignedHeaders=host" } }, "query"))).toMatchObject({ code: "IncompleteSignature" });
  });
});

// --- refusals ---------------------------------------------------------------------------------------------------------

describe("refusals", () => {
  const now = Date.UTC(2025, 0, 1, 12);
  const signed = (service: string, atMs: number): VerifiableRequest => {
    const unsigned = { method: "GET", path: "/b/k", query: "", headers: { host: "localhost" } };
    return { ...unsigned, headers: signRequest(unsigned, { credentials, region: "us-east-1", service, nowMs: atMs }) };
  };
  const refused = (request: VerifiableRequest, style: SignatureStyle, secret = credentials.secretAccessKey): AwsError =>
    thrown(() => verifySignature(parsed(request, style), request, secret, now, style));

  test("S3: the strings that should have been signed", () => {
    const error = refused(signed("s3", now), "s3", "wrong");
    expect(error).toMatchObject({ code: "SignatureDoesNotMatch", status: 403, message: "The request signature we calculated does not match the signature you provided. Check your key and signing method." });
    expect(Object.keys(error.fields).sort()).toEqual(["AWSAccessKeyId", "CanonicalRequest", "CanonicalRequestBytes", "SignatureProvided", "StringToSign", "StringToSignBytes"]);
    expect(error.fields["CanonicalRequest"]).toMatch(/^GET\n\/b\/k\n\nhost:localhost\n/);
    expect(error.fields["StringToSignBytes"]).toMatch(/^41 57 53 34 2d/);
  });

  test("elsewhere: the canonical string in the message", () => {
    const error = refused(signed("lambda", now), "rest-json", "wrong");
    expect(error).toMatchObject({ code: "InvalidSignatureException", status: 403 });
    expect(error.message).toContain("The Canonical String for this request should have been\n'GET\n/b/k\n");
    expect(refused(signed("dynamodb", now), "json", "wrong")).toMatchObject({ code: "InvalidSignatureException", status: 400 });
    expect(refused(signed("iam", now), "query", "wrong")).toMatchObject({ code: "SignatureDoesNotMatch", status: 403 });
  });

  test("S3: too skewed", () => {
    expect(refused(signed("s3", now - 900_001), "s3")).toMatchObject({
      code: "RequestTimeTooSkewed", status: 403, message: "The difference between the request time and the current time is too large.",
      fields: { RequestTime: "20250101T114459Z", ServerTime: "2025-01-01T12:00:00Z", MaxAllowedSkewMilliseconds: 900_000 },
    });
    expect(refused(signed("s3", now + 901_000), "s3").code).toBe("RequestTimeTooSkewed");
  });

  test("elsewhere: too skewed", () => {
    expect(refused(signed("dynamodb", now - 301_000), "json")).toMatchObject({
      code: "InvalidSignatureException", message: "Signature expired: 20250101T115459Z is now earlier than 20250101T115500Z (20250101T120000Z - 5 min.)",
    });
    expect(refused(signed("iam", now + 901_000), "query")).toMatchObject({
      code: "SignatureDoesNotMatch", message: "Signature not yet current: 20250101T121501Z is still later than 20250101T121500Z (20250101T120000Z + 15 min.)",
    });
  });

  test("S3: a presigned URL past its time, or before it", () => {
    const unsigned = { method: "GET", path: "/b/k", query: "", headers: { host: "localhost" } };
    const at = (nowMs: number) => ({ ...unsigned, query: presignQuery(unsigned, { credentials, region: "us-east-1", service: "s3", nowMs, expiresSeconds: 60 }) });
    expect(refused(at(now - 61_000), "s3")).toMatchObject({
      code: "AccessDenied", status: 403, message: "Request has expired",
      fields: { "X-Amz-Expires": 60, Expires: "2025-01-01T11:59:59Z", ServerTime: "2025-01-01T12:00:00Z" },
    });
    expect(refused(at(now + 901_000), "s3")).toMatchObject({ code: "AccessDenied", message: "Request is not valid yet" });
    expect(verdict(at(now - 59_000), credentials.secretAccessKey, "s3", now)).toBe("valid");
  });

  test("S3: headers that were not signed", () => {
    const request = signed("s3", now);
    request.headers["x-amz-decoded-content-length"] = "5";
    request.headers["x-amz-acl"] = "private";
    expect(refused(request, "s3")).toMatchObject({
      code: "AccessDenied", status: 403, message: "There were headers present in the request which were not signed", fields: { HeadersNotSigned: "x-amz-acl, x-amz-decoded-content-length" },
    });
  });

  test("repeated headers are signed joined by commas, in their order", () => {
    const request = signed("s3", now);
    const { authorization: _, ...rest } = signRequest({ method: "GET", path: "/b/k", headers: { host: "localhost", "x-amz-meta-a": "1,2" } }, { credentials, region: "us-east-1", service: "s3", nowMs: now });
    const headers = { ...rest, authorization: signRequest({ method: "GET", path: "/b/k", headers: { host: "localhost", "x-amz-meta-a": "1,2" } }, { credentials, region: "us-east-1", service: "s3", nowMs: now })["authorization"]! };
    const rawHeaders = Object.entries(headers).flatMap(([name, value]) => (name === "x-amz-meta-a" ? ["X-Amz-Meta-A", "1", "x-amz-meta-a", " 2 "] : [name, value]));
    const both = { ...request, headers: { ...headers, "x-amz-meta-a": "1, 2" }, rawHeaders };
    expect(verdict(both, credentials.secretAccessKey, "s3", now)).toBe("valid");
    expect(verdict({ ...both, rawHeaders: rawHeaders.map((one) => (one === "1" ? "3" : one)) }, credentials.secretAccessKey, "s3", now)).toBe("SignatureDoesNotMatch");
  });
});

test("SigV2: AWS's published examples", () => {
  // Amazon S3 developer guide, "Signing and authenticating REST requests".
  const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  const request = { method: "GET", path: "/photos/puppy.jpg", query: "", headers: { host: "awsexamplebucket1.us-west-1.s3.amazonaws.com", date: "Tue, 27 Mar 2007 19:36:42 +0000", authorization: "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=" }, bucketFromHost: "awsexamplebucket1" };
  expect(stringToSignV2(parsed(request), request)).toBe("GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg");
  expect(verdict(request, secret, "s3")).toBe("valid");
  expect(verdict({ ...request, path: "/photos/kitten.jpg" }, secret, "s3")).toBe("SignatureDoesNotMatch");
  const acl = { ...request, path: "/", query: "acl", headers: { ...request.headers, date: "Tue, 27 Mar 2007 19:44:46 +0000" } };
  expect(signV2(secret, stringToSignV2(parsed(acl), acl))).toMatch(/^[A-Za-z0-9+/]{27}=$/);

  const url = { method: "GET", path: "/b/k", query: "AWSAccessKeyId=AK&Expires=1141889120&Signature=", headers: {} };
  const signature = signV2("s", "GET\n\n\n1141889120\n/b/k");
  const good = { ...url, query: `${url.query}${encodeURIComponent(signature)}` };
  expect(verdict(good, "s", "s3", 1_141_889_119_000)).toBe("valid");
  expect(thrown(() => verifySignature(parsed(good), good, "s", 1_141_889_121_000, "s3"))).toMatchObject({ code: "AccessDenied", message: "Request has expired", fields: { Expires: "2006-03-09T07:25:20Z" } });
});

test("parseAmzDate", () => {
  expect(parseAmzDate("20150830T123600Z")).toBe(Date.UTC(2015, 7, 30, 12, 36));
  for (const bad of ["", "2015-08-30T12:36:00Z", "20150830T123600", "2015083OT123600Z"]) expect(parseAmzDate(bad)).toBeNaN();
});
