/** One range of bytes, both ends inclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

const spec = /^(\d*)-(\d*)$/;

/**
 * Ranges that a `Range` header asks of a body of `size` bytes, in the order asked.
 * @returns undefined when the header is to be ignored (not bytes, malformed); an empty list when none can be satisfied.
 */
export function parseRanges(header: string, size: number): ByteRange[] | undefined {
  const equals = header.indexOf("=");
  if (equals < 0 || header.slice(0, equals).trim().toLowerCase() !== "bytes") return undefined;
  const ranges: ByteRange[] = [];
  for (const part of header.slice(equals + 1).split(",")) {
    const found = spec.exec(part.trim());
    if (found === null || (found[1] === "" && found[2] === "")) return undefined;
    if (found[1] === "") {
      const length = Math.min(Number(found[2]), size);
      if (length > 0) ranges.push({ start: size - length, end: size - 1 });
    } else {
      const start = Number(found[1]);
      const end = found[2] === "" ? size - 1 : Math.min(Number(found[2]), size - 1);
      if (found[2] !== "" && Number(found[2]) < start) return undefined;
      if (start < size) ranges.push({ start, end });
    }
  }
  return ranges;
}

const contentRange = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i;

/** What a 206 says of its bytes; `total` is undefined for `*`. Undefined for nonsense. */
export function parseContentRange(header: string | undefined): (ByteRange & { total: number | undefined }) | undefined {
  const found = header === undefined ? null : contentRange.exec(header.trim());
  if (found === null) return undefined;
  const [start, end] = [Number(found[1]), Number(found[2])];
  const total = found[3] === "*" ? undefined : Number(found[3]);
  return end < start || (total !== undefined && end >= total) ? undefined : { start, end, total };
}
