/** Limits of what a viewer may send (developer guide, "Quotas on requests"). */

/** Bytes of a URL: scheme, host, path and query. */
export const URL_BYTES = 8_192;
/** Bytes of all headers of a request. */
export const HEADER_BYTES = 20_480;

/** Bytes that headers take on the wire. */
export function headerBytes(rawHeaders: readonly string[]): number {
  let bytes = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) bytes += rawHeaders[i]!.length + rawHeaders[i + 1]!.length + 4;
  return bytes;
}
