import { Readable } from "node:stream";
import { PayloadStream, checksumOfHeader, planPayload, prepareChecksum } from "@cumulet/protocol";
import type { ChecksumAlgorithm, PayloadResult } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import { DEFAULT_ALGORITHM } from "../domain/checksums.ts";
import { incompleteBody } from "../domain/errors.ts";
import type { NewContent } from "../store/contents.ts";
import type { Store } from "../store.ts";

/** Bodies up to here live in their row; larger ones in a blob. */
const INLINE_MAX = 16 * 1024;

/** Bytes that have arrived and been checked, not yet named by any row. */
export interface Received {
  content: NewContent;
  /** Hex. */
  md5: string;
  payload: PayloadResult;
}

/**
 * Takes a body in, in constant memory, hashing and checking on the way: MD5 for the entity tag, and CRC64NVME where no
 * checksum came with it. When anything is wrong with it nothing remains: the failure is the AwsError to answer.
 *
 * @param body a checked stream from the pipeline; anything else (calls in process, forms) is hashed here.
 * @param always digests that are wanted even when a checksum came with the body.
 */
export async function receive(ctx: Context<Store>, body: Readable | Uint8Array | string | undefined, always: readonly ChecksumAlgorithm[] = []): Promise<Received> {
  const stream = body instanceof PayloadStream ? body : hashed(body);
  const digests = new Set<ChecksumAlgorithm>(["MD5", ...always]);
  if (!(body instanceof PayloadStream) || !bringsChecksum(ctx)) digests.add(DEFAULT_ALGORITHM);
  for (const algorithm of digests) await prepareChecksum(algorithm);
  stream.want(...digests);
  // A failure between two readers of the stream is met by the next one.
  stream.on("error", () => undefined);
  const small = await gather(stream, INLINE_MAX);
  const content: NewContent = small === undefined ? await writeBlob(ctx, stream) : { size: small.length, bytes: small };
  const payload = stream.result;
  if (payload === undefined) throw new Error("a body ended without its digests");
  return { content, md5: Buffer.from(payload.digests.get("MD5") as string, "base64").toString("hex"), payload };
}

function bringsChecksum(ctx: Context<Store>): boolean {
  const headers = ctx.http?.headers ?? {};
  if (String(headers["x-amz-trailer"] ?? "").includes("x-amz-checksum-")) return true;
  return Object.keys(headers).some((name) => checksumOfHeader(name) !== undefined);
}

async function writeBlob(ctx: Context<Store>, stream: Readable): Promise<NewContent> {
  const { id, size } = await ctx.blobs.write(stream);
  return { size, blob: id };
}

/** Gives back what was received, when the request fails after all. */
export async function discard(ctx: Context<Store>, { content }: Received): Promise<void> {
  if ("blob" in content) await ctx.blobs.delete(content.blob);
}

function hashed(body: Readable | Uint8Array | string | undefined): PayloadStream {
  const plan = planPayload({});
  if (body instanceof Readable) {
    const stream = new PayloadStream(plan, body);
    body.once("close", () => {
      if (!body.readableEnded) stream.destroy(incompleteBody());
    });
    return stream;
  }
  const stream = new PayloadStream(plan);
  stream.end(body ?? Buffer.alloc(0));
  return stream;
}

/** All of a stream when it has at most `max` bytes; otherwise undefined, and the stream is as it was. */
function gather(stream: Readable, max: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (): void => {
      stream.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= max) return;
      stream.pause();
      settle();
      stream.unshift(chunks.length === 1 ? chunk : Buffer.concat(chunks, size));
      resolve(undefined);
    };
    const onEnd = (): void => {
      settle();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onClose = (): void => onError(incompleteBody());
    stream.on("data", onData).once("end", onEnd).once("error", onError).once("close", onClose);
  });
}
