import type { Context } from "@cumulet/core";
import { AwsError, checksumOf } from "@cumulet/protocol";
import type { ChecksumAlgorithm } from "@cumulet/protocol";
import { invalidArgument, invalidRequest, noSuchUpload } from "../domain/errors.ts";
import type { UploadRow } from "../store/uploads.ts";
import type { Store } from "../store.ts";
import type { Bucket } from "./bucket.ts";
import { customerKey } from "./encryption.ts";
import type { EncryptionInput, ObjectEncryption } from "./encryption.ts";
import type { WriteSettings } from "./write.ts";

/** Multipart uploads in progress. */

export const PARTS_MAX = 10_000;

/** The upload that a request means. Throws NoSuchUpload. */
export function findUpload(bucket: Bucket, key: string, uploadId: string): UploadRow {
  const upload = bucket.ctx.store.uploads.find(uploadId);
  if (upload === undefined || upload.bucket !== bucket.id || upload.key !== key) throw noSuchUpload(uploadId);
  return upload;
}

export function settingsOf(upload: UploadRow): WriteSettings {
  return JSON.parse(upload.settings) as WriteSettings;
}

export function uploadEncryption(upload: UploadRow): ObjectEncryption | undefined {
  const { encryption } = settingsOf(upload);
  return encryption === null ? undefined : (JSON.parse(encryption) as ObjectEncryption);
}

export function checkPartNumber(number: number): void {
  if (!Number.isInteger(number) || number < 1 || number > PARTS_MAX) {
    throw invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", String(number));
  }
}

/** A part of an SSE-C upload comes with the upload's key, of another one with none. */
export function checkPartKey(upload: UploadRow, input: EncryptionInput): void {
  const encryption = uploadEncryption(upload);
  const customer = customerKey(input);
  if (encryption?.kind === "customer") {
    if (customer === undefined) throw invalidRequest("The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.");
    if (customer.keyMd5 !== encryption.keyMd5) throw invalidRequest("The provided encryption parameters did not match the ones used originally.");
  } else if (customer !== undefined) {
    throw invalidRequest("The multipart upload initiate did not request encryption. Please resend the request without sending encryption parameters.");
  }
}

/** The algorithm of the checksums that parts keep: the upload's, else the one for S3's own checksum of the whole. */
export function partAlgorithm(upload: UploadRow): ChecksumAlgorithm {
  return (upload.algorithm as ChecksumAlgorithm | null) ?? "CRC64NVME";
}

/** Whoever began the upload, as lists show them. */
export function initiatorOf(ctx: Context<Store>, canonical: string): { id: string; name: string } {
  const { principal } = ctx;
  if (principal.kind === "root" || principal.kind === "anonymous" || principal.kind === "service") return { id: canonical, name: principal.account };
  return { id: principal.arn, name: principal.arn.slice(principal.arn.lastIndexOf("/") + 1) };
}

/** An id like S3's: long, and safe in a URL. */
export function newUploadId(ctx: Context<Store>): string {
  return ctx.ids.token(96, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._");
}

export const invalidPart = (upload: string, part: number, etag: string) =>
  new AwsError("InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.", {
    status: 400, fields: { UploadId: upload, PartNumber: String(part), ETag: etag },
  });

/** The checksum of no bytes: what a part of none has. */
export function emptyChecksum(algorithm: ChecksumAlgorithm): string {
  return checksumOf(algorithm, Buffer.alloc(0));
}
