/** An inclusive span of bytes. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * Reads a `Range` header against an object of `size` bytes.
 *
 * Undefined means "answer with all of it": S3 ignores several ranges, other units, a last position before the first,
 * and anything malformed (observed on S3 for `bytes=-`, `bytes=1-0`, `bytes=0--1`, `bytes=0-1,3-4`). `"unsatisfiable"`
 * is a 416: a first position at or past the end, or a suffix of no bytes.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null) return undefined;
  const [, first, last] = match;
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Number(last);
    if (length === 0 || size === 0) return "unsatisfiable";
    return { start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Number(last);
  if (last !== "" && end < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: Math.min(end, size - 1) };
}

/** Reads `x-amz-copy-source-range`, which has one form only; undefined when it is another. */
export function parseCopyRange(header: string): ByteRange | undefined {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  if (match === null) return undefined;
  const range = { start: Number(match[1]), end: Number(match[2]) };
  return range.end < range.start ? undefined : range;
}
