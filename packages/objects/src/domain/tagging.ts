import { AwsError } from "@cumulet/protocol";
import { badRequest, invalidArgument } from "./errors.ts";

/** A tag as every S3 tag operation writes it. */
export interface Tag {
  Key: string;
  Value: string;
}

/** Tags of an object: at most ten. Of a bucket: fifty. */
export const OBJECT_TAGS_MAX = 10;
export const BUCKET_TAGS_MAX = 50;

const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

const invalidTag = (message: string, fields: Record<string, unknown> = {}) => new AwsError("InvalidTag", message, { status: 400, fields });

/** Where tags came from decides S3's words for a reserved prefix (all three observed on S3). */
export type TagTarget = "bucket" | "new bucket" | "object";

const RESERVED = {
  bucket: (key: string) => invalidTag("System tags cannot be added/updated by requester", { TagKey: key }),
  "new bucket": () => invalidTag('User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.'),
  object: (key: string) => invalidTag("Your TagKey cannot be prefixed with aws:", { TagKey: key }),
};

/** Checks tags in S3's order: count, then for each its key, value, prefix and repetition. Throws InvalidTag or BadRequest. */
export function checkTags(tags: readonly Tag[], target: TagTarget): void {
  if (target === "object" && tags.length > OBJECT_TAGS_MAX) throw badRequest("Object tags cannot be greater than 10");
  if (target !== "object" && tags.length > BUCKET_TAGS_MAX) throw badRequest("Bucket tag count cannot be greater than 50");
  const seen = new Set<string>();
  for (const { Key, Value } of tags) {
    if (Key.length === 0 || Key.length > 128 || !CHARACTERS.test(Key)) throw invalidTag("The TagKey you have provided is invalid", { TagKey: Key });
    if (Value.length > 256 || !CHARACTERS.test(Value)) throw invalidTag("The TagValue you have provided is invalid", { TagKey: Key, TagValue: Value });
    if (Key.startsWith("aws:")) throw RESERVED[target](Key);
    if (seen.has(Key)) throw invalidTag("Cannot provide multiple Tags with the same key", { TagKey: Key });
    seen.add(Key);
  }
}

/** Reads the `x-amz-tagging` header (`a=1&b=2`); throws what S3 throws for repetitions and for what is no query. */
export function parseTagHeader(header: string): Tag[] {
  const tags: Tag[] = [];
  const seen = new Set<string>();
  for (const pair of header.split("&")) {
    if (pair === "") continue;
    const parts = pair.split("=");
    let key: string;
    let value: string;
    try {
      key = decode(parts[0] ?? "");
      value = decode(parts[1] ?? "");
    } catch {
      throw badHeader(header);
    }
    if (parts.length > 2 || seen.has(key)) throw badHeader(header);
    seen.add(key);
    tags.push({ Key: key, Value: value });
  }
  checkTags(tags, "object");
  return tags;
}

/** The header that would set these tags. */
export function formatTagHeader(tags: readonly Tag[]): string {
  return tags.map(({ Key, Value }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`).join("&");
}

function badHeader(header: string): AwsError {
  return invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", header);
}

function decode(text: string): string {
  return decodeURIComponent(text.replace(/\+/g, " "));
}
