import type { Readable } from "node:stream";

/**
 * Immutable byte streams on disk under unguessable ids. The row that names an id is the commit point: write the blob,
 * then the row; delete the row, then the blob. A sweep at start removes blobs that no row names.
 */
export interface Blobs {
  /** Streams `source` to a new blob; nothing remains when it fails. `transforms` (hashes, decoders) run in between. */
  write(source: Readable | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ id: string; size: number }>;
  /** Bytes of a blob, of the inclusive range when given. */
  read(id: string, range?: { start: number; end: number }): Readable;
  /** All of a small blob in one read. */
  readAll(id: string): Promise<Buffer>;
  /** Path of the blob's file, for handing to a child process read-only. */
  path(id: string): string;
  size(id: string): Promise<number>;
  /** A second id for the same bytes (hard link): no byte is read. */
  link(id: string): Promise<string>;
  /** Joins blobs into a new one (multipart complete without re-reading where the file system can). */
  concat(ids: readonly string[]): Promise<{ id: string; size: number }>;
  /** Removes after the row is gone; unknown ids are fine. */
  delete(id: string): Promise<void>;
}
