import { createHash } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import { invalidArgument, invalidRequest } from "../domain/errors.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Store } from "../store.ts";
import type { Bucket } from "./bucket.ts";

/** How a version is encrypted, where it is not SSE-S3 (the row then says nothing). */
export type ObjectEncryption =
  | { kind: "kms"; algorithm: "aws:kms" | "aws:kms:dsse"; keyArn: string; bucketKey: boolean; context?: string }
  | { kind: "customer"; keyMd5: string };

/** Encryption members of inputs that write. */
export interface EncryptionInput {
  ServerSideEncryption?: string;
  SSEKMSKeyId?: string;
  SSEKMSEncryptionContext?: string;
  BucketKeyEnabled?: boolean;
  SSECustomerAlgorithm?: string;
  SSECustomerKey?: string;
  SSECustomerKeyMD5?: string;
}

const HEADER = "x-amz-server-side-encryption";
const sseArgument = (message: string, value?: string) => invalidArgument(message, HEADER, value);
const invalidAlgorithm = (message: string, value: string) => new AwsError("InvalidEncryptionAlgorithmError", message, { status: 400, fields: { ArgumentName: HEADER, ArgumentValue: value } });

/**
 * How a write is to be encrypted: what its headers say, else the bucket's default. Undefined is SSE-S3. Throws in the order
 * and with the words recorded from S3; keys of KMS are looked up.
 */
export async function encryptionOfWrite(ctx: Context<Store>, bucket: Bucket, input: EncryptionInput): Promise<ObjectEncryption | undefined> {
  const customer = customerKey(input);
  if (customer !== undefined) {
    if (input.ServerSideEncryption !== undefined) {
      throw sseArgument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified", input.ServerSideEncryption);
    }
    return { kind: "customer", keyMd5: customer.keyMd5 };
  }
  const { ServerSideEncryption: asked, SSEKMSKeyId } = input;
  if (asked !== undefined && asked !== "AES256" && asked !== "aws:kms" && asked !== "aws:kms:dsse") {
    throw sseArgument("The encryption method specified is not supported", asked);
  }
  const defaults = bucket.configs.encryption?.Rules[0];
  const algorithm = asked ?? (SSEKMSKeyId === undefined ? defaults?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm : undefined);
  if (algorithm === undefined || algorithm === "AES256") {
    if (SSEKMSKeyId !== undefined || input.SSEKMSEncryptionContext !== undefined) {
      throw sseArgument(`Server Side Encryption with AWS KMS managed key requires HTTP header ${HEADER} : aws:kms`, asked);
    }
    return undefined;
  }
  const keyId = SSEKMSKeyId ?? (asked === undefined || asked === defaults?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ? defaults?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID : undefined);
  const keyArn = await resolveKey(ctx, bucket, keyId);
  return {
    kind: "kms",
    algorithm: algorithm as "aws:kms" | "aws:kms:dsse",
    keyArn,
    bucketKey: input.BucketKeyEnabled ?? defaults?.BucketKeyEnabled ?? false,
    ...(input.SSEKMSEncryptionContext === undefined ? {} : { context: checkContext(input.SSEKMSEncryptionContext) }),
  };
}

/** Checks the key that a client brings (SSE-C); undefined when it brings none. */
export function customerKey(input: EncryptionInput): { keyMd5: string } | undefined {
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = input;
  if (SSECustomerAlgorithm === undefined && SSECustomerKey === undefined && SSECustomerKeyMD5 === undefined) return undefined;
  if (SSECustomerAlgorithm === undefined) throw sseArgument("Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.");
  if (SSECustomerKey === undefined) throw sseArgument("Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.");
  if (SSECustomerAlgorithm !== "AES256") throw invalidAlgorithm("The Encryption request you specified is not valid. Supported value: AES256.", SSECustomerAlgorithm);
  const key = Buffer.from(SSECustomerKey, "base64");
  if (key.length !== 32 || SSECustomerKeyMD5 === undefined) throw sseArgument("The secret key was invalid for the specified algorithm.");
  const keyMd5 = createHash("md5").update(key).digest("base64");
  if (keyMd5 !== SSECustomerKeyMD5) throw sseArgument("The calculated MD5 hash of the key did not match the hash that was provided.");
  return { keyMd5 };
}

/** The encryption that a stored version has. */
export function encryptionOf(row: Pick<ObjectRow, "encryption">): ObjectEncryption | undefined {
  return row.encryption === null ? undefined : (JSON.parse(row.encryption) as ObjectEncryption);
}

/** Lets a read pass that has the right to the bytes: the client's own key for SSE-C, none otherwise; a KMS key that still works. */
export async function checkReadKey(ctx: Context<Store>, row: Pick<ObjectRow, "encryption">, input: EncryptionInput): Promise<void> {
  const encryption = encryptionOf(row);
  const customer = customerKey(input);
  const asked = ctx.http?.method === "GET" || ctx.http?.method === "HEAD" ? ctx.http.headers[HEADER] : undefined;
  if (asked !== undefined) throw sseArgument(`${HEADER} header is not supported for this operation.`, String(asked));
  if (encryption?.kind === "customer") {
    if (customer === undefined) throw invalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.");
    if (customer.keyMd5 !== encryption.keyMd5) throw new AwsError("AccessDenied", "Access Denied", { status: 403 });
    return;
  }
  if (customer !== undefined) throw invalidRequest("The encryption parameters are not applicable to this object.");
  if (encryption?.kind === "kms") await requireUsable(ctx, encryption.keyArn);
}

/** Members of answers that tell how a version is encrypted. */
export function encryptionMembers(encryption: ObjectEncryption | undefined): {
  ServerSideEncryption?: "AES256" | "aws:kms" | "aws:kms:dsse"; SSEKMSKeyId?: string; BucketKeyEnabled?: boolean; SSECustomerAlgorithm?: string; SSECustomerKeyMD5?: string; SSEKMSEncryptionContext?: string;
} {
  if (encryption === undefined) return { ServerSideEncryption: "AES256" };
  if (encryption.kind === "customer") return { SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: encryption.keyMd5 };
  return {
    ServerSideEncryption: encryption.algorithm,
    SSEKMSKeyId: encryption.keyArn,
    ...(encryption.bucketKey ? { BucketKeyEnabled: true } : {}),
  };
}

function checkContext(context: string): string {
  try {
    const value: unknown = JSON.parse(Buffer.from(context, "base64").toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((one) => typeof one === "string")) return context;
  } catch {
    // Falls through to the same refusal.
  }
  throw invalidArgument("The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map", "x-amz-server-side-encryption-context", context);
}

/** The ARN of a key, which must exist, be usable and be in the bucket's region; the account's `aws/s3` key when none is named. */
async function resolveKey(ctx: Context<Store>, bucket: Bucket, keyId: string | undefined): Promise<string> {
  const home = `arn:${ctx.partition}:kms:${bucket.region}:${ctx.account}:key`;
  if (keyId === undefined) return await managedKey(ctx, bucket);
  const arn = /^arn:[^:]+:kms:([^:]*):([^:]*):(key|alias)\/.+$/.exec(keyId);
  if (keyId.startsWith("arn:")) {
    if (arn === null) throw kmsNotFound(`Invalid keyId '${keyId}'`);
    if (arn[1] !== bucket.region) throw kmsNotFound(`Invalid arn ${arn[1]}`);
  } else if (!keyId.startsWith("alias/") && !/^(mrk-)?[0-9a-f-]{32,36}$/.test(keyId)) {
    throw kmsNotFound(`Invalid keyId '${keyId}'`);
  }
  const found = await describeKey(ctx, arn?.[2] ?? ctx.account, bucket.region, keyId);
  if (found === "missing") throw kmsNotFound(`Key '${arn === null && !keyId.startsWith("alias/") ? `${home}/${keyId}` : keyId}' does not exist`);
  if (found === "unknown") return arn === null ? `${home}/${keyId}` : keyId;
  checkState(found.arn, found.state);
  return found.arn;
}

/** The key of `aws/s3`; where nobody keeps keys, an id that is always the same for the account and region. */
async function managedKey(ctx: Context<Store>, bucket: Bucket): Promise<string> {
  const found = await describeKey(ctx, ctx.account, bucket.region, "alias/aws/s3");
  if (typeof found === "object") return found.arn;
  const digest = createHash("sha256").update(`aws/s3:${ctx.account}:${bucket.region}`).digest("hex");
  const uuid = [digest.slice(0, 8), digest.slice(8, 12), `4${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)].join("-");
  return `arn:${ctx.partition}:kms:${bucket.region}:${ctx.account}:key/${uuid}`;
}

async function requireUsable(ctx: Context<Store>, keyArn: string): Promise<void> {
  const [, , , region = "", account = ""] = keyArn.split(":");
  const found = await describeKey(ctx, account, region, keyArn);
  if (typeof found === "object") checkState(found.arn, found.state);
}

function checkState(arn: string, state: string): void {
  if (state === "Enabled") return;
  if (state === "Disabled") throw new AwsError("KMS.DisabledException", `${arn} is disabled.`, { status: 400 });
  const words: Record<string, string> = { PendingDeletion: "pending deletion", PendingImport: "pending import", Unavailable: "unavailable" };
  throw new AwsError("KMS.KMSInvalidStateException", `${arn} is ${words[state] ?? state}.`, { status: 400 });
}

/** What KMS says of a key: `unknown` when there is no KMS to ask. */
async function describeKey(ctx: Context<Store>, account: string, region: string, keyId: string): Promise<{ arn: string; state: string } | "missing" | "unknown"> {
  try {
    const { KeyMetadata } = await ctx.as({ account, region }).kms.DescribeKey({ KeyId: keyId });
    return { arn: KeyMetadata?.Arn ?? keyId, state: KeyMetadata?.KeyState ?? "Enabled" };
  } catch (error) {
    if (error instanceof AwsError && error.code === "NotFoundException") return "missing";
    if (error instanceof AwsError && (error.status === 501 || error.code === "UnknownOperationException")) return "unknown";
    throw error;
  }
}

const kmsNotFound = (message: string) => new AwsError("KMS.NotFoundException", message, { status: 400 });
