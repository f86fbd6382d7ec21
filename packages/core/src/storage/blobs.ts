import type { Readable } from "node:stream";

/**
 * Immutable byte streams on disk under unguessable ids. The row that names an id is the commit point: write the blob,
 * then the row; delete the row, then the blob. A sweep after an unclean stop removes blobs that no row names, so a store
 * that writes blobs declares `blobIds`.
 *
 * A blob survives the end of the process, `kill -9` included, from the moment `write` resolves; it is not forced to the
 * disk, so a power cut may lose the latest (like commits). Failures of the disk are `StorageError`s.
 */
export interface Blobs {
  /** Streams `source` to a new blob, in constant memory; nothing remains when it fails, or the source does. */
  write(source: Readable | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ id: string; size: number }>;
  /**
   * Bytes of a blob, of the inclusive range when given. The file is opened before this returns, so a delete meanwhile does
   * no harm; the stream must be read or destroyed.
   *
   * @throws StorageError `missing`.
   */
  read(id: string, range?: { start: number; end: number }): Readable;
  /** All of a small blob in one read. Rejects with a StorageError `missing`. */
  readAll(id: string): Promise<Buffer>;
  /** Path of the blob's file, for handing to a child process read-only. */
  path(id: string): string;
  size(id: string): Promise<number>;
  /** A second id for the same bytes (hard link): no byte is read. */
  link(id: string): Promise<string>;
  /** Joins blobs into a new one, in order (multipart complete). The first is cloned where the file system can. */
  concat(ids: readonly string[]): Promise<{ id: string; size: number }>;
  /**
   * Removes a blob whose row is gone, once what the store has written so far is committed (a blob whose row came back with
   * a failed commit stays). Unknown ids are fine.
   */
  delete(id: string): Promise<void>;
}
