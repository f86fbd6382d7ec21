import { unquote } from "./conditions.ts";
import { noSuchKey, notImplemented, preconditionFailed } from "./errors.ts";

/** `If-Match` and `If-None-Match` of an operation that writes an object. */
export interface WriteConditions {
  IfMatch?: string;
  IfNoneMatch?: string;
}

/** Refuses what S3 has not implemented: it takes an entity tag in one and `*` in the other, never both (recorded from S3). */
export function checkWriteConditions({ IfMatch, IfNoneMatch }: WriteConditions): void {
  if (IfMatch !== undefined && IfNoneMatch !== undefined) {
    throw notImplemented("If-Match,If-None-Match", { additionalMessage: "Multiple conditional request headers present in the request" });
  }
  if (IfNoneMatch !== undefined && IfNoneMatch !== "*") {
    throw notImplemented("If-None-Match", { additionalMessage: "We don't accept the provided value of If-None-Match header for this API" });
  }
  if (IfMatch === "*") {
    throw notImplemented("If-Match", { additionalMessage: "We don't accept the provided value of If-Match header for this API" });
  }
}

/** Whether the object that would be replaced is the one meant; throws PreconditionFailed, or NoSuchKey where there is none to match. */
export function requireWriteConditions({ IfMatch, IfNoneMatch }: WriteConditions, key: string, current: { marker: number; etag: string } | undefined): void {
  const object = current?.marker === 0 ? current : undefined;
  if (IfNoneMatch !== undefined && object !== undefined) throw preconditionFailed("If-None-Match");
  if (IfMatch === undefined) return;
  if (object === undefined) throw noSuchKey(key);
  if (unquote(IfMatch) !== object.etag) throw preconditionFailed("If-Match");
}
