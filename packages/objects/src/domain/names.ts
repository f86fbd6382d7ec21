/**
 * The rules for names of general purpose buckets and for object keys.
 * Source: Amazon S3 User Guide, "General purpose bucket naming rules" and "Naming Amazon S3 objects".
 */

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const RESERVED_PREFIXES = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** The longest key, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 1024;

/** Whether a new bucket may have this name. */
export function isBucketName(name: string): boolean {
  if (!BUCKET.test(name) || name.includes("..") || IPV4.test(name)) return false;
  return !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) && !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix));
}

/** Whether a name can denote any bucket at all: those made in us-east-1 before 2018 could be longer, with capitals and underscores. */
export function isAddressableBucketName(name: string): boolean {
  return name.length >= 3 && name.length <= 255 && /^[A-Za-z0-9._-]+$/.test(name);
}
