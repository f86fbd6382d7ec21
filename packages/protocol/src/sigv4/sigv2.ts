/** S3's first signature, HMAC-SHA-1 over headers and resource ("Signing and authenticating REST requests", still in use with old clients). */
import { createHmac } from "node:crypto";

import { decodePercent, decodeQueryComponent, rawQueryPairs } from "../query-string.ts";
import { headerValue } from "./canonical.ts";
import type { SignableRequest } from "./canonical.ts";
import type { RequestSignature } from "./parse.ts";

/** Query keys that name a subresource or override a response header: the only ones that are signed. */
const signedKeys: ReadonlySet<string> = new Set([
  "accelerate", "acl", "analytics", "attributes", "cors", "defaultObjectAcl", "delete", "encryption", "intelligent-tiering", "inventory",
  "legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "ownershipControls", "partNumber", "policy",
  "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select", "select-type", "session", "tagging",
  "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
  "response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type", "response-expires",
]);

/** Base64 HMAC-SHA-1; text is taken as latin1 bytes. */
export function signV2(secret: string, text: string): string {
  return createHmac("sha1", Buffer.from(secret, "utf8")).update(text, "latin1").digest("base64");
}

export function stringToSignV2(signature: Pick<RequestSignature, "source" | "timestamp">, request: SignableRequest & { bucketFromHost?: string | undefined }): string {
  const header = (name: string): string => headerValue(request, name, (value) => value.trim());
  const pairs = rawQueryPairs(request.query);
  const names = Object.keys(request.headers).filter((name) => name.startsWith("x-amz-"));
  const amz = new Map(names.map((name) => [name, header(name)]));
  let md5 = header("content-md5");
  let type = header("content-type");
  // A presigned URL carries the headers that it was signed with in the query, where they need not be sent again.
  if (signature.source === "query") {
    for (const [name, value] of pairs) {
      if (name.startsWith("x-amz-")) amz.set(name, fromQuery(value));
      else if (name === "content-md5") md5 = fromQuery(value);
      else if (name === "content-type") type = fromQuery(value);
    }
  }
  const date = signature.source === "query" ? signature.timestamp : amz.has("x-amz-date") ? "" : header("date");
  const amzText = [...amz].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}:${value}\n`).join("");
  const keys = pairs
    .filter(([name]) => signedKeys.has(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value === "" ? name : `${name}=${latin1(decodePercent(value))}`));
  const bucket = request.bucketFromHost === undefined ? "" : `/${request.bucketFromHost}`;
  const resource = `${bucket}${request.path}${keys.length === 0 ? "" : `?${keys.join("&")}`}`;
  return `${request.method}\n${md5}\n${type}\n${date}\n${amzText}${resource}`;
}

function fromQuery(value: string): string {
  return latin1(decodeQueryComponent(value)).trim();
}

/** The UTF-8 bytes of a text, one a character. */
function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
