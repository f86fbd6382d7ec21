import { Readable } from "node:stream";
import type { Context } from "@cumulet/core";
import type { ByteRange } from "../domain/ranges.ts";
import type { ContentRow } from "../store/contents.ts";
import type { Store } from "../store.ts";

/** Up to here a blob is read at once: several times quicker than a stream. */
const READ_AT_ONCE_MAX = 128 * 1024;

/** Bytes of a content, of the range when given: in memory when there are few, else as a stream. */
export async function readContent(ctx: Context<Store>, id: number, range?: ByteRange): Promise<Uint8Array | Readable> {
  const content = getContent(ctx, id);
  const { bytes, blob } = content;
  if (bytes !== null) return range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
  if (blob !== null) {
    if (content.size > READ_AT_ONCE_MAX) return ctx.blobs.read(blob, range);
    const all = await ctx.blobs.readAll(blob);
    return range === undefined ? all : all.subarray(range.start, range.end + 1);
  }
  return Readable.from(readPieces(ctx, content, range ?? { start: 0, end: content.size - 1 }), { objectMode: false });
}

/** Bytes of a content as chunks, however it is kept. */
export async function* contentChunks(ctx: Context<Store>, id: number, range?: ByteRange): AsyncGenerator<Uint8Array> {
  const bytes = await readContent(ctx, id, range);
  if (bytes instanceof Uint8Array) yield bytes;
  else yield* bytes as AsyncIterable<Uint8Array>;
}

/** Piece after piece: each is opened when its turn comes, so all of them are kept until the reader is done. */
async function* readPieces(ctx: Context<Store>, content: ContentRow, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
  const { contents } = ctx.store;
  using _pin = pin(ctx, content.id);
  let piece = contents.pieceAt(content.id, start);
  while (piece !== undefined && piece.start <= end) {
    const from = Math.max(0, start - piece.start);
    const to = Math.min(piece.size - 1, end - piece.start);
    if (piece.size > 0) yield* contentChunks(ctx, piece.source, { start: from, end: to });
    piece = contents.pieces(content.id, piece.number, 1)[0];
  }
}

function getContent(ctx: Context<Store>, id: number): ContentRow {
  const row = ctx.store.contents.get(id);
  if (row === undefined) throw new Error(`content ${id} has no row`);
  return row;
}

/** Contents that are being read piece by piece, and those of them that are to be dropped afterwards. */
const pins = new WeakMap<Store, Map<number, { readers: number; drops: number }>>();

function pin(ctx: Context<Store>, id: number): Disposable {
  let pinned = pins.get(ctx.store);
  if (pinned === undefined) pins.set(ctx.store, (pinned = new Map()));
  const entry = pinned.get(id) ?? { readers: 0, drops: 0 };
  pinned.set(id, entry);
  entry.readers++;
  return {
    [Symbol.dispose]: () => {
      if (--entry.readers > 0) return;
      pinned.delete(id);
      for (; entry.drops > 0; entry.drops--) dropContent(ctx, id);
    },
  };
}

/** One reference less to a content; bytes that nobody refers to any more go after the commit, or after their last reader. */
export function dropContent(ctx: Context<Store>, id: number): void {
  const pinned = pins.get(ctx.store)?.get(id);
  if (pinned !== undefined) {
    pinned.drops++;
    return;
  }
  for (const blob of ctx.store.contents.release(id)) {
    ctx.blobs.delete(blob).catch((error: unknown) => ctx.log.warn("a blob could not be removed", { blob, error: String(error) }));
  }
}

/** An upload with all of its parts. In a transaction. */
export function dropUpload(ctx: Context<Store>, upload: number): void {
  const { uploads } = ctx.store;
  for (const { content } of uploads.parts(upload, 0, 10_000)) dropContent(ctx, content);
  uploads.remove(upload);
}
