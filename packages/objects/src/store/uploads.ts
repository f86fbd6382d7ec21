import type { Database } from "@cumulet/core";

/** A multipart upload in progress. */
export interface UploadRow {
  /** Grows with time. */
  id: number;
  /** What clients know it by. */
  uploadId: string;
  bucket: number;
  key: string;
  initiatedMs: number;
  /** Canonical user ids. */
  owner: string;
  initiator: string;
  algorithm: string | null;
  checksumType: "FULL_OBJECT" | "COMPOSITE" | null;
  storageClass: string | null;
  /** JSON: everything that the object will have. */
  settings: string;
}

export interface PartRow {
  upload: number;
  number: number;
  content: number;
  size: number;
  modifiedMs: number;
  /** Without quotes. */
  etag: string;
  /** Base64, of the upload's algorithm. */
  checksum: string | null;
}

/** What a list of uploads pages over. */
export type ListedUpload = Pick<UploadRow, "uploadId" | "key" | "initiatedMs" | "owner" | "initiator" | "algorithm" | "checksumType" | "storageClass"> & {
  /** The row's id: uploads of a key are listed in the order of their beginning. */
  rank: number;
};

const LISTED = "id AS rank, uploadId, key, initiatedMs, owner, initiator, algorithm, checksumType, storageClass";

export type Uploads = ReturnType<typeof openUploads>;

/** Statements on multipart uploads and their parts. */
export function openUploads(db: Database) {
  const find = db.prepare<UploadRow, [string]>("SELECT * FROM upload WHERE uploadId = ?");
  const insert = db.prepare<never, unknown[]>(
    "INSERT INTO upload (uploadId, bucket, key, initiatedMs, owner, initiator, algorithm, checksumType, storageClass, settings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const remove = db.prepare<never, [number]>("DELETE FROM upload WHERE id = ?");
  const removeParts = db.prepare<never, [number]>("DELETE FROM part WHERE upload = ?");
  const scan = db.prepare<ListedUpload, [number, string, number, number]>(
    `SELECT ${LISTED} FROM upload WHERE bucket = ? AND (key, id) > (?, ?) ORDER BY key, id LIMIT ?`);
  const part = db.prepare<PartRow, [number, number]>("SELECT * FROM part WHERE upload = ? AND number = ?");
  const parts = db.prepare<PartRow, [number, number, number]>("SELECT * FROM part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?");
  const putPart = db.prepare<never, unknown[]>("INSERT OR REPLACE INTO part (upload, number, content, size, modifiedMs, etag, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)");
  const complete = db.prepare<never, [string, number, string, string, number]>("INSERT OR REPLACE INTO completed_upload (uploadId, bucket, key, answer, completedMs) VALUES (?, ?, ?, ?, ?)");
  const completed = db.prepare<{ bucket: number; key: string; answer: string }, [string]>("SELECT bucket, key, answer FROM completed_upload WHERE uploadId = ?");
  const forget = db.prepare<never, [number]>("DELETE FROM completed_upload WHERE completedMs < ?");

  return {
    find: (uploadId: string): UploadRow | undefined => find.get(uploadId),
    insert(row: Omit<UploadRow, "id">): void {
      insert.run(row.uploadId, row.bucket, row.key, row.initiatedMs, row.owner, row.initiator, row.algorithm, row.checksumType, row.storageClass, row.settings);
    },
    /** The upload and its parts' rows; their contents are the caller's to release or to keep. */
    remove(id: number): void {
      removeParts.run(id);
      remove.run(id);
    },
    /** Uploads in list order after one of a key. */
    scan: (bucket: number, key: string, id: number, limit: number): ListedUpload[] => scan.all(bucket, key, id, limit),
    part: (upload: number, number: number): PartRow | undefined => part.get(upload, number),
    /** Parts in order, after `after`. At most 10,000 exist. */
    parts: (upload: number, after: number, limit: number): PartRow[] => parts.all(upload, after, limit),
    putPart(row: PartRow): void {
      putPart.run(row.upload, row.number, row.content, row.size, row.modifiedMs, row.etag, row.checksum);
    },
    /** Remembers what a completed upload was answered, for a client that asks again. */
    complete(uploadId: string, bucket: number, key: string, answer: unknown, nowMs: number): void {
      complete.run(uploadId, bucket, key, JSON.stringify(answer), nowMs);
    },
    completed: (uploadId: string): { bucket: number; key: string; answer: unknown } | undefined => {
      const row = completed.get(uploadId);
      return row === undefined ? undefined : { bucket: row.bucket, key: row.key, answer: JSON.parse(row.answer) as unknown };
    },
    forgetCompleted(beforeMs: number): void {
      forget.run(beforeMs);
    },
  };
}
