import type { Context, Operations } from "@cumulet/core";
import type { PutObjectOutput, PutObjectRequest } from "@cumulet/protocol/models/s3.d.ts";
import { checksumMembers } from "../domain/checksums.ts";
import { entityTooLarge, invalidRequest, missingContentLength, notImplemented } from "../domain/errors.ts";
import { checkWriteConditions, requireWriteConditions } from "../domain/write-conditions.ts";
import { authorize } from "../requests/authorize.ts";
import { openBucket } from "../requests/bucket.ts";
import { commitReceived, expirationOfRow } from "../requests/commit.ts";
import { encryptionMembers, encryptionOf } from "../requests/encryption.ts";
import { receive } from "../requests/receive.ts";
import { writtenVersion } from "../requests/versions.ts";
import { settingsOfWrite } from "../requests/write.ts";
import type { Store } from "../store.ts";

/** The largest body of one request. */
export const PUT_BYTES_MAX = 5 * 1024 ** 3;

export const putOperations = {
  async PutObject(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutObject", { key: input.Key, values: requestTagValues(input.Tagging) });
    if (input.WriteOffsetBytes !== undefined) throw notImplemented("x-amz-write-offset-bytes");
    checkWriteConditions(input);
    checkLength(ctx, input.ContentLength);
    const settings = await settingsOfWrite(ctx, bucket, input.Key, input);
    checkLockDigest(ctx, input);
    requireWriteConditions(input, input.Key, bucket.ctx.store.objects.current(bucket.id, input.Key));
    const received = await receive(bucket.ctx, input.Body);
    const row = await commitReceived(ctx, input, { key: input.Key, received, settings, conditions: input, event: "ObjectCreated:Put" });
    const output: PutObjectOutput = { ETag: `"${row.etag}"`, ...checksumMembers(row), ...encryptionMembers(encryptionOf(row)) };
    const version = writtenVersion(bucket, row);
    if (version !== undefined) output.VersionId = version;
    const expiration = expirationOfRow(bucket, row);
    if (expiration !== undefined) output.Expiration = expiration;
    return output;
  },
} satisfies Operations<"s3", Store>;

/** Condition keys that a write's tags give: `s3:RequestObjectTag/<key>` and `s3:RequestObjectTagKeys`. */
export function requestTagValues(header: string | undefined): Record<string, string | string[]> {
  if (header === undefined) return {};
  const tags = [...new URLSearchParams(header)];
  return {
    ...Object.fromEntries(tags.map(([key, value]) => [`s3:requestobjecttag/${key.toLowerCase()}`, value])),
    "s3:requestobjecttagkeys": tags.map(([key]) => key),
  };
}

/** S3 takes no body of unknown length, and none above 5 GiB. */
export function checkLength(ctx: Context<Store>, length: number | undefined): void {
  const { http } = ctx;
  if (http === undefined) return;
  const decoded = http.headers["x-amz-decoded-content-length"];
  if (length === undefined && decoded === undefined) {
    if (http.headers["transfer-encoding"] !== undefined) throw missingContentLength();
    return;
  }
  const size = Number(decoded ?? length);
  if (size > PUT_BYTES_MAX) throw entityTooLarge(size, PUT_BYTES_MAX);
}

/** What is locked must have arrived intact: S3 wants a digest with it. */
function checkLockDigest(ctx: Context<Store>, input: PutObjectRequest): void {
  if (ctx.http === undefined || (input.ObjectLockMode === undefined && input.ObjectLockLegalHoldStatus === undefined)) return;
  const { headers } = ctx.http;
  const checked = headers["content-md5"] !== undefined || headers["x-amz-trailer"] !== undefined
    || Object.keys(headers).some((name) => name.startsWith("x-amz-checksum-"));
  if (!checked) throw invalidRequest("Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters");
}
