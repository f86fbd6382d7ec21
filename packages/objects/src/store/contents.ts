import type { Database } from "@cumulet/core";

/** Where bytes are: in the row, in a blob, or (both null) in pieces. */
export interface ContentRow {
  id: number;
  size: number;
  bytes: Buffer | null;
  blob: string | null;
}

/** A part of a finished multipart upload. */
export interface PieceRow {
  number: number;
  /** Where it begins in the object. */
  start: number;
  size: number;
  source: number;
  checksum: string | null;
}

/** New bytes, on their way to a row. */
export type NewContent = { size: number; bytes: Uint8Array } | { size: number; blob: string };

export type Contents = ReturnType<typeof openContents>;

/** Statements on bytes. Whoever drops the last reference removes the blobs that `release` returns, after the commit. */
export function openContents(db: Database) {
  const insert = db.prepare<never, [number, Uint8Array | null, string | null]>("INSERT INTO content (refs, size, bytes, blob) VALUES (1, ?, ?, ?)");
  const get = db.prepare<ContentRow, [number]>("SELECT id, size, bytes, blob FROM content WHERE id = ?");
  const share = db.prepare<never, [number]>("UPDATE content SET refs = refs + 1 WHERE id = ?");
  const drop = db.prepare<{ refs: number; blob: string | null; pieces: number }, [number]>(
    "UPDATE content SET refs = refs - 1 WHERE id = ? RETURNING refs, blob, bytes IS NULL AND blob IS NULL AS pieces");
  const remove = db.prepare<never, [number]>("DELETE FROM content WHERE id = ?");
  const addPiece = db.prepare<never, [number, number, number, number, number, string | null]>(
    "INSERT INTO piece (content, number, start, size, source, checksum) VALUES (?, ?, ?, ?, ?, ?)");
  const pieces = db.prepare<PieceRow, [number, number, number]>(
    "SELECT number, start, size, source, checksum FROM piece WHERE content = ? AND number > ? ORDER BY number LIMIT ?");
  const piece = db.prepare<PieceRow, [number, number]>("SELECT number, start, size, source, checksum FROM piece WHERE content = ? AND number = ?");
  const nthPiece = db.prepare<PieceRow, [number, number]>("SELECT number, start, size, source, checksum FROM piece WHERE content = ? ORDER BY number LIMIT 1 OFFSET ?");
  const pieceAt = db.prepare<PieceRow, [number, number]>(
    "SELECT number, start, size, source, checksum FROM piece WHERE content = ? AND start <= ? ORDER BY start DESC LIMIT 1");
  const removePieces = db.prepare<never, [number]>("DELETE FROM piece WHERE content = ?");
  const blobs = db.prepare<{ blob: string }, []>("SELECT blob FROM content WHERE blob IS NOT NULL");

  const contents = {
    insert(content: NewContent): number {
      const result = "bytes" in content ? insert.run(content.size, content.bytes, null) : insert.run(content.size, null, content.blob);
      return Number(result.lastInsertRowid);
    },
    /** Bytes made of other contents, in order; takes over the references that the caller has on them. */
    insertPieces(size: number, parts: readonly { number: number; size: number; content: number; checksum: string | null }[]): number {
      const id = Number(insert.run(size, null, null).lastInsertRowid);
      let start = 0;
      for (const part of parts) {
        addPiece.run(id, part.number, start, part.size, part.content, part.checksum);
        start += part.size;
      }
      return id;
    },
    get: (id: number): ContentRow | undefined => get.get(id),
    /** One more reference. */
    share(id: number): void {
      share.run(id);
    },
    /** One reference less; with the last, the row goes. Returns the blobs that nothing refers to any more. */
    release(id: number): string[] {
      const row = drop.get(id);
      if (row === undefined || row.refs > 0) return [];
      remove.run(id);
      if (row.blob !== null) return [row.blob];
      if (row.pieces === 0) return [];
      const gone: string[] = [];
      for (const { source } of pieces.all(id, 0, 10_000)) gone.push(...contents.release(source));
      removePieces.run(id);
      return gone;
    },
    /** Pieces in order, after part `after`. At most 10,000 exist. */
    pieces: (content: number, after: number, limit: number): PieceRow[] => pieces.all(content, after, limit),
    piece: (content: number, number: number): PieceRow | undefined => piece.get(content, number),
    /** The nth piece, counted from 0, whatever its part number. */
    nthPiece: (content: number, n: number): PieceRow | undefined => nthPiece.get(content, n),
    /** The piece that holds a byte. */
    pieceAt: (content: number, offset: number): PieceRow | undefined => pieceAt.get(content, offset),
    /** Every blob that a row names. */
    *blobs(): Iterable<string> {
      for (const { blob } of blobs.iterate()) yield blob;
    },
  };
  return contents;
}
