import type { Context } from "@cumulet/core";
import { aclFromHeaders, aclNotSupported, isOwnerOnly, isPublicAcl } from "../domain/acl.ts";
import type { Acl, GrantHeaders } from "../domain/acl.ts";
import { accessDenied, keyTooLong } from "../domain/errors.ts";
import { KEY_BYTES_MAX } from "../domain/names.ts";
import { canonicalIdOf } from "../domain/owner.ts";
import { lockOfWrite } from "../domain/retention.ts";
import type { Lock, LockInput } from "../domain/retention.ts";
import { storedClass } from "../domain/storage-class.ts";
import { parseTagHeader } from "../domain/tagging.ts";
import { invalidRedirect } from "../domain/website.ts";
import type { Store } from "../store.ts";
import { publicAccessBlock } from "./account.ts";
import { authorize } from "./authorize.ts";
import type { Bucket } from "./bucket.ts";
import { objectOwnership } from "./configs.ts";
import { encryptionOfWrite } from "./encryption.ts";
import type { EncryptionInput } from "./encryption.ts";
import { headersColumn } from "./object-headers.ts";
import type { ObjectHeaders } from "./object-headers.ts";

/** Members that every way of writing an object has: Put, Copy, multipart, form. */
export interface WriteInput extends GrantHeaders, LockInput, EncryptionInput, ObjectHeaders {
  StorageClass?: string;
  Tagging?: string;
}

/** Columns of a new version that the request decides, bytes and checksums apart. JSON, so that an upload can keep them until it completes. */
export interface WriteSettings extends Lock {
  storageClass: string | null;
  owner: string;
  headers: string | null;
  tags: string | null;
  acl: string | null;
  encryption: string | null;
}

/** Checks what a write says of the object, and the permissions that it needs besides s3:PutObject. */
export async function settingsOfWrite(ctx: Context<Store>, bucket: Bucket, key: string, input: WriteInput): Promise<WriteSettings> {
  const bytes = Buffer.byteLength(key, "utf8");
  if (bytes > KEY_BYTES_MAX) throw keyTooLong(bytes, KEY_BYTES_MAX);
  if (input.WebsiteRedirectLocation !== undefined && !/^(\/|https?:\/\/)/.test(input.WebsiteRedirectLocation)) throw invalidRedirect();
  const storageClass = storedClass(input.StorageClass);
  const { owner, acl } = aclOfWrite(ctx, bucket, input);
  const tags = input.Tagging === undefined ? [] : parseTagHeader(input.Tagging);
  const lock = lockOfWrite(input, { locked: bucket.objectLock === 1, config: bucket.configs.objectLock }, ctx.clock.now());
  const encryption = await encryptionOfWrite(ctx, bucket, input);
  const wish = { key };
  if (tags.length > 0) authorize(ctx, bucket, "s3:PutObjectTagging", wish);
  if (input.ObjectLockMode !== undefined) authorize(ctx, bucket, "s3:PutObjectRetention", wish);
  if (input.ObjectLockLegalHoldStatus !== undefined) authorize(ctx, bucket, "s3:PutObjectLegalHold", wish);
  return {
    storageClass,
    owner,
    headers: headersColumn(input),
    tags: tags.length === 0 ? null : JSON.stringify(tags),
    acl: acl === undefined ? null : JSON.stringify(acl),
    encryption: encryption === undefined ? null : JSON.stringify(encryption),
    ...lock,
  };
}

/** Who owns a new object, and its list where the request gives one. */
function aclOfWrite(ctx: Context<Store>, bucket: Bucket, input: GrantHeaders): { owner: string; acl: Acl | undefined } {
  const writer = canonicalIdOf(ctx.principal);
  const ownership = objectOwnership(bucket.configs);
  const asked = aclFromHeaders(input, writer, bucket.owner);
  if (ownership === "BucketOwnerEnforced") {
    if (asked !== undefined && input.ACL !== "bucket-owner-full-control" && !isOwnerOnly(asked, bucket.owner)) throw aclNotSupported();
    return { owner: bucket.owner, acl: undefined };
  }
  if (asked !== undefined && isPublicAcl(asked) && publicAccessBlock(bucket).BlockPublicAcls) throw accessDenied();
  const given = ownership === "BucketOwnerPreferred" && input.ACL === "bucket-owner-full-control";
  if (given) return { owner: bucket.owner, acl: undefined };
  return { owner: writer, acl: asked };
}
