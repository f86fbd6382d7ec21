import { withoutAwsChunked } from "@cumulet/protocol";
import { metadataTooLarge } from "../domain/errors.ts";
import { METADATA_BYTES_MAX, decodeMetadata, encodeMetadata, metadataSize } from "../domain/metadata.ts";

/** Headers that a client gives to an object and gets back with it. */
export interface ObjectHeaders {
  CacheControl?: string;
  ContentDisposition?: string;
  ContentEncoding?: string;
  ContentLanguage?: string;
  ContentType?: string;
  Expires?: string;
  WebsiteRedirectLocation?: string;
  /** Keys in lower case; values decoded. */
  Metadata?: Record<string, string>;
}

const NAMES = ["CacheControl", "ContentDisposition", "ContentLanguage", "ContentType", "Expires", "WebsiteRedirectLocation"] as const;

/** What S3 calls bytes that nobody has named. */
export const DEFAULT_CONTENT_TYPE = "binary/octet-stream";

/** The column for what a write brings. `Content-Encoding` keeps its codings but for `aws-chunked`, which is of the transfer. */
export function headersColumn(input: ObjectHeaders): string | null {
  const headers: ObjectHeaders = {};
  for (const name of NAMES) if (input[name] !== undefined && input[name] !== "") headers[name] = input[name];
  const encoding = withoutAwsChunked(input.ContentEncoding);
  if (encoding) headers.ContentEncoding = encoding;
  const metadata = Object.entries(input.Metadata ?? {});
  if (metadata.length > 0) {
    headers.Metadata = Object.fromEntries(metadata.map(([key, value]) => [key.toLowerCase(), decodeMetadata(value)]));
    const size = metadataSize(headers.Metadata);
    if (size > METADATA_BYTES_MAX) throw metadataTooLarge(size, METADATA_BYTES_MAX);
  }
  return Object.keys(headers).length === 0 ? null : JSON.stringify(headers);
}

/** What the column holds, as members of an answer. */
export function headersOf(column: string | null): ObjectHeaders {
  if (column === null) return { ContentType: DEFAULT_CONTENT_TYPE };
  const headers = JSON.parse(column) as ObjectHeaders;
  headers.ContentType ??= DEFAULT_CONTENT_TYPE;
  if (headers.Metadata !== undefined) {
    for (const [key, value] of Object.entries(headers.Metadata)) headers.Metadata[key] = encodeMetadata(value);
  }
  return headers;
}
