import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { FunctionCode } from "@cumulet/protocol/models/lambda.d.ts";
import { invalidParameter } from "../domain/errors.ts";
import { measureZip, UNZIPPED_LIMIT } from "./zip.ts";

/** A zip that has been checked and stored as a blob. */
export interface StoredZip {
  blob: string;
  /** Hexadecimal. */
  sha256: string;
  /** Bytes zipped. */
  size: number;
  unzippedBytes: number;
}

/** A zip in the request, or an object in S3 that holds one. */
export type ZipSource = Pick<FunctionCode, "ZipFile" | "S3Bucket" | "S3Key" | "S3ObjectVersion">;

/** Stores the zip of a request. Throws AWS's error for what is missing, is no usable zip or is too large. */
export async function storeZip(ctx: Context, source: ZipSource, limit: number = UNZIPPED_LIMIT): Promise<StoredZip> {
  const bytes = source.ZipFile !== undefined ? [source.ZipFile] : await fromS3(ctx, source);
  const hash = createHash("sha256");
  const { id, size } = await ctx.blobs.write(hashed(bytes, hash));
  try {
    const { unzippedBytes } = await measureZip(ctx.blobs.path(id), limit);
    return { blob: id, size, sha256: hash.digest("hex"), unzippedBytes };
  } catch (error) {
    await ctx.blobs.delete(id);
    throw error;
  }
}

async function* hashed(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function fromS3(ctx: Context, source: ZipSource): Promise<AsyncIterable<Uint8Array>> {
  try {
    const object = await ctx.call.s3.GetObject({ Bucket: source.S3Bucket!, Key: source.S3Key!, VersionId: source.S3ObjectVersion });
    return object.Body as Readable;
  } catch (error) {
    if (error instanceof AwsError) throw invalidParameter(`Error occurred while GetObject. S3 Error Code: ${error.code}. S3 Error Message: ${error.message}`);
    throw error;
  }
}
