import { AwsError } from "@cumulet/protocol";

/** Storage classes that an object can be written in. Source: Amazon S3 API Reference, PutObject. */
const WRITABLE: ReadonlySet<string> = new Set(["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"]);

/** Classes whose objects must be restored before they can be read. */
const ARCHIVE: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/** What the row keeps: null for STANDARD. Throws InvalidStorageClass. */
export function storedClass(name: string | undefined): string | null {
  if (name === undefined || name === "STANDARD") return null;
  if (!WRITABLE.has(name)) throw new AwsError("InvalidStorageClass", "The storage class you specified is not valid", { status: 400, fields: { StorageClassRequested: name } });
  return name;
}

export function isArchive(storageClass: string | null): boolean {
  return storageClass !== null && ARCHIVE.has(storageClass);
}

/** A copy that RestoreObject has made readable for a while. */
export interface Restore {
  /** True until the copy is there. */
  ongoing: boolean;
  expiresMs: number;
}

/** Whether an archived object can be read now. */
export function isRestored(restore: Restore | undefined, nowMs: number): boolean {
  return restore !== undefined && !restore.ongoing && restore.expiresMs > nowMs;
}

/** The `x-amz-restore` header. */
export function restoreHeader(restore: Restore | undefined, nowMs: number): string | undefined {
  if (restore === undefined) return undefined;
  if (restore.ongoing) return 'ongoing-request="true"';
  return restore.expiresMs > nowMs ? `ongoing-request="false", expiry-date="${new Date(restore.expiresMs).toUTCString()}"` : undefined;
}
