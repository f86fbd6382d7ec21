import type { Address } from "@cumulet/core";

/** What an address says to S3: a bucket in the host or in front of the path, and the rest of the path as a key. */
export interface S3Address {
  bucket: string;
  /** Decoded; empty for the bucket itself. */
  key: string;
}

/** Reads an address as S3 would; undefined when it is another service's, or names no bucket. */
export function s3Address(address: Address): S3Address | undefined {
  const { service, labels, resource, path } = address;
  if (service !== undefined && service !== "s3") return undefined;
  const hosted = service === "s3" ? resource : (labels ?? []).join(".");
  if (hosted !== "") return { bucket: hosted, key: decode(path.slice(1)) };
  const slash = path.indexOf("/", 1);
  const bucket = decode(path.slice(1, slash < 0 ? undefined : slash));
  return bucket === "" ? undefined : { bucket, key: slash < 0 ? "" : decode(path.slice(slash + 1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
