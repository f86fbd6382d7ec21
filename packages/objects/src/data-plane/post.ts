import { createHmac, timingSafeEqual } from "node:crypto";
import { Transform } from "node:stream";
import { AwsError, signV2 } from "@cumulet/protocol";
import { defineDataPlane } from "@cumulet/core";
import type { Context, Exchange } from "@cumulet/core";
import { checksumMismatch, declaredChecksum } from "../domain/checksums.ts";
import type { ChecksumMembers } from "../domain/checksums.ts";
import { accessDenied, invalidArgument, malformedXml, noSuchBucket, preconditionFailed } from "../domain/errors.ts";
import { checkPostLength, checkPostPolicy, parsePostPolicy } from "../domain/post-policy.ts";
import type { PostPolicy } from "../domain/post-policy.ts";
import { formatTagHeader } from "../domain/tagging.ts";
import { authorize } from "../requests/authorize.ts";
import { BUCKET_NAMES, openBucket } from "../requests/bucket.ts";
import type { Bucket } from "../requests/bucket.ts";
import { commitReceived, expirationOfRow } from "../requests/commit.ts";
import { encryptionMembers, encryptionOf } from "../requests/encryption.ts";
import { discard, receive } from "../requests/receive.ts";
import { writtenVersion } from "../requests/versions.ts";
import { settingsOfWrite } from "../requests/write.ts";
import type { WriteInput } from "../requests/write.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import { s3Address } from "./address.ts";
import { answering, escapeXml, send, sendError } from "./answer.ts";
import { readForm } from "./form.ts";

/** Browser-based uploads: a form posted to a bucket. Source: Amazon S3 API Reference, "POST Object", and recorded answers. */
export const postPlane = defineDataPlane<Store, { bucket: string }>({
  name: "s3-post",

  claim(address, names) {
    if (address.method !== "POST" || address.query !== "") return undefined;
    const match = s3Address(address);
    if (match === undefined || match.key !== "") return undefined;
    const owner = names.find(BUCKET_NAMES, match.bucket);
    if (owner !== undefined) return { account: owner.account, region: owner.region, match };
    const form = String(address.headers["content-type"] ?? "").startsWith("multipart/form-data");
    // A form for a bucket that does not exist is still a form for a bucket.
    return form ? { account: "000000000000", region: address.region ?? "us-east-1", match } : undefined;
  },

  async handle(ctx, exchange, { bucket }) {
    await answering(ctx, () => post(ctx, exchange, bucket), (error) => sendError(exchange, ctx, error));
  },
});

async function post(ctx: Context<Store>, exchange: Exchange, name: string): Promise<void> {
  const type = String(exchange.request.headers["content-type"] ?? "");
  if (!type.startsWith("multipart/form-data")) throw preconditionFailed("Bucket POST must be of the enclosure-type multipart/form-data");
  if (ctx.names.find(BUCKET_NAMES, name) === undefined) throw noSuchBucket(name);
  const { fields, file, filename } = await readForm(exchange.request);
  try {
    const base = filename.slice(Math.max(filename.lastIndexOf("/"), filename.lastIndexOf("\\")) + 1);
    const key = fields.get("key")?.replaceAll("${filename}", base);
    if (key === undefined || key === "") throw missingField("key");
    fields.set("key", key);
    const { principal, policy } = verify(ctx, name, fields);
    const asked = ctx.madeBy(principal);
    const bucket = openBucket(asked, { Bucket: name }, { anyRegion: true });
    authorize(asked, bucket, "s3:PutObject", { key, values: conditionFields(fields) });
    const input = inputOf(fields);
    const settings = await settingsOfWrite(asked, bucket, key, input);
    const declared = declaredChecksum(checksumFields(fields));
    const limited = file.pipe(limiter(policy));
    file.once("error", (error) => limited.destroy(error));
    const received = await receive(bucket.ctx, limited, declared === undefined ? [] : [declared.algorithm]);
    try {
      checkPostLength(policy, received.content.size);
      if (declared !== undefined) {
        if (received.payload.digests.get(declared.algorithm) !== declared.value) throw checksumMismatch(declared.algorithm);
        received.payload = { ...received.payload, checksum: declared };
      }
    } catch (error) {
      await discard(bucket.ctx, received);
      throw error;
    }
    const row = await commitReceived(asked, { Bucket: name }, { key, received, settings, conditions: {}, event: "ObjectCreated:Post" });
    await bucket.ctx.committed();
    answer(asked, exchange, bucket, row, fields);
  } finally {
    file.resume();
  }
}

/** Ends what is longer than the policy allows as soon as that is known. */
function limiter(policy: PostPolicy | undefined): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (policy?.length !== undefined && size > policy.length.max) {
        try {
          checkPostLength(policy, size);
        } catch (error) {
          return done(error as Error);
        }
      }
      done(null, chunk);
    },
  });
}

const missingField = (name: string) =>
  invalidArgument(`Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`, name, null);

/** Who posts: the owner of the key that signed the policy, or nobody, who needs no policy but a bucket open to the world. */
function verify(ctx: Context<Store>, bucket: string, fields: ReadonlyMap<string, string>): { principal: Context["principal"]; policy: PostPolicy | undefined } {
  const text = fields.get("policy");
  const v4 = ["x-amz-signature", "x-amz-credential", "x-amz-algorithm", "x-amz-date"].some((name) => fields.has(name));
  const v2 = fields.has("signature") || fields.has("awsaccesskeyid");
  if (text === undefined && !v4 && !v2) return { principal: ctx.principal, policy: undefined };
  if (text === undefined) throw missingField("policy");
  if (!v4 && !v2) throw accessDenied();
  const required = v4 ? ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"] : ["AWSAccessKeyId", "signature"];
  for (const name of required) if (!fields.has(name.toLowerCase())) throw missingField(name);
  const scope = (fields.get("x-amz-credential") ?? "").split("/");
  const [keyId = "", date = "", region = "", service = ""] = v4 ? scope : [fields.get("awsaccesskeyid")];
  if (v4 && (scope.length !== 5 || scope[4] !== "aws4_request")) {
    throw invalidArgument('Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".', "x-amz-credential", fields.get("x-amz-credential") ?? "");
  }
  const { principal, secret, active, sessionToken, expiresMs } = ctx.credential(keyId);
  if (!active) throw new AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", { status: 403, fields: { AWSAccessKeyId: keyId } });
  if (sessionToken !== undefined) {
    if (fields.get("x-amz-security-token") !== sessionToken) throw new AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.", { status: 400 });
    if (expiresMs !== undefined && expiresMs <= ctx.clock.now()) throw new AwsError("ExpiredToken", "The provided token has expired.", { status: 400 });
  }
  const provided = fields.get(v4 ? "x-amz-signature" : "signature") as string;
  if (secret !== undefined) {
    const expected = v4 ? signV4(secret, date, region, service, text) : signV2(secret, text);
    if (!same(expected, provided)) {
      throw new AwsError("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.", {
        status: 403, fields: { AWSAccessKeyId: keyId, StringToSign: text, SignatureProvided: provided, StringToSignBytes: Buffer.from(text).toString("hex").replace(/..(?=.)/g, "$& ") },
      });
    }
  }
  const policy = parsePostPolicy(text);
  checkPostPolicy(policy, new Map([...fields, ["bucket", bucket]]), ctx.clock.now());
  return { principal, policy };
}

function signV4(secret: string, date: string, region: string, service: string, text: string): string {
  const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();
  return hmac(hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request"), text).toString("hex");
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

/** Form fields as the members of a write; the names are those of headers. */
function inputOf(fields: ReadonlyMap<string, string>): WriteInput {
  const members: Record<string, string> = {
    acl: "ACL", "cache-control": "CacheControl", "content-type": "ContentType", "content-disposition": "ContentDisposition", "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage", expires: "Expires", "x-amz-storage-class": "StorageClass", "x-amz-website-redirect-location": "WebsiteRedirectLocation",
    "x-amz-server-side-encryption": "ServerSideEncryption", "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId", "x-amz-server-side-encryption-context": "SSEKMSEncryptionContext",
    "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm", "x-amz-server-side-encryption-customer-key": "SSECustomerKey",
    "x-amz-server-side-encryption-customer-key-md5": "SSECustomerKeyMD5", "x-amz-object-lock-mode": "ObjectLockMode", "x-amz-object-lock-legal-hold": "ObjectLockLegalHoldStatus",
    "x-amz-grant-read": "GrantRead", "x-amz-grant-full-control": "GrantFullControl", "x-amz-grant-read-acp": "GrantReadACP", "x-amz-grant-write-acp": "GrantWriteACP",
  };
  const input: Record<string, unknown> = {};
  const metadata: Record<string, string> = {};
  for (const [name, value] of fields) {
    const member = members[name] ?? (name === "x-amz-acl" ? "ACL" : undefined);
    // Fields are UTF-8; metadata is kept as headers have it, one character a byte.
    if (member !== undefined) input[member] = value;
    else if (name.startsWith("x-amz-meta-")) metadata[name.slice("x-amz-meta-".length)] = Buffer.from(value, "utf8").toString("latin1");
  }
  if (Object.keys(metadata).length > 0) input.Metadata = metadata;
  const until = fields.get("x-amz-object-lock-retain-until-date");
  if (until !== undefined) input.ObjectLockRetainUntilDate = Date.parse(until);
  const tagging = fields.get("tagging");
  if (tagging !== undefined) input.Tagging = formatTagHeader(parseTagDocument(tagging));
  return input as WriteInput;
}

/** The `tagging` field is the document of PutObjectTagging. */
function parseTagDocument(text: string): { Key: string; Value: string }[] {
  if (!/^\s*(<\?xml[^>]*\?>)?\s*<Tagging[\s>]/.test(text)) throw malformedXml();
  return [...text.matchAll(/<Tag>([\s\S]*?)<\/Tag>/g)].map(([, tag = ""]) => {
    const Key = /<Key>([\s\S]*?)<\/Key>/.exec(tag)?.[1];
    const Value = /<Value>([\s\S]*?)<\/Value>|<Value\/>/.exec(tag);
    if (Key === undefined || Value === null) throw malformedXml();
    return { Key: unescape(Key), Value: unescape(Value[1] ?? "") };
  });
}

function unescape(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_whole, name: string) => ({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" })[name] as string);
}

function checksumFields(fields: ReadonlyMap<string, string>): ChecksumMembers {
  return Object.fromEntries([...fields].filter(([name]) => /^x-amz-checksum-(?!algorithm|type)/.test(name)).map(([name, value]) => [`Checksum${name.slice("x-amz-checksum-".length).toUpperCase()}`, value]));
}

/** Condition keys that headers would give. */
function conditionFields(fields: ReadonlyMap<string, string>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of fields) if (name.startsWith("x-amz-")) values[`s3:${name}`] = value;
  const acl = fields.get("acl");
  if (acl !== undefined) values["s3:x-amz-acl"] = acl;
  return values;
}

function answer(ctx: Context<Store>, exchange: Exchange, bucket: Bucket, row: ObjectRow, fields: ReadonlyMap<string, string>): void {
  const etag = `"${row.etag}"`;
  const location = `${ctx.endpoint}/${bucket.name}/${row.key.split("/").map((part) => encodeURIComponent(part)).join("/")}`;
  const headers: [string, string][] = [["ETag", etag], ["Location", location]];
  const version = writtenVersion(bucket, row);
  if (version !== undefined) headers.push(["x-amz-version-id", version]);
  const expiration = expirationOfRow(bucket, row);
  if (expiration !== undefined) headers.push(["x-amz-expiration", expiration]);
  const encryption = encryptionMembers(encryptionOf(row));
  if (encryption.ServerSideEncryption !== undefined) headers.push(["x-amz-server-side-encryption", encryption.ServerSideEncryption]);
  if (encryption.SSEKMSKeyId !== undefined) headers.push(["x-amz-server-side-encryption-aws-kms-key-id", encryption.SSEKMSKeyId]);
  const redirect = redirectOf(fields.get("success_action_redirect") ?? fields.get("redirect"), bucket.name, row.key, etag);
  if (redirect !== undefined) return send(exchange, ctx, 303, [["ETag", etag], ["Location", redirect]]);
  const status = fields.get("success_action_status");
  if (status === "201") {
    const document = `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${escapeXml(location)}</Location><Bucket>${escapeXml(bucket.name)}</Bucket><Key>${escapeXml(row.key)}</Key><ETag>${escapeXml(etag)}</ETag></PostResponse>`;
    return send(exchange, ctx, 201, [...headers, ["Content-Type", "application/xml"]], document);
  }
  send(exchange, ctx, status === "200" ? 200 : 204, headers);
}

/** The page that a browser goes on to; what is no URL is ignored. */
function redirectOf(target: string | undefined, bucket: string, key: string, etag: string): string | undefined {
  if (target === undefined || !URL.canParse(target) || !/^https?:/i.test(target)) return undefined;
  const url = new URL(target);
  const query = `bucket=${encodeURIComponent(bucket)}&key=${encodeURIComponent(key)}&etag=${encodeURIComponent(etag)}`;
  url.search = url.search === "" ? `?${query}` : `${url.search}&${query}`;
  return url.href;
}
