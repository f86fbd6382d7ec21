/**
 * Keys compare as UTF-8 bytes, which is the order of their code points; SQLite's TEXT compares the same way.
 * JavaScript compares UTF-16 units, where U+E000..U+FFFF sort after the surrogates of U+10000 and above.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * The least string after every string that begins with `prefix`: its last code point that can grow, grown by one.
 * Undefined when there is none (an empty prefix, or U+10FFFF only).
 */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0) as number);
  while (points.length > 0) {
    const last = points.pop() as number;
    if (last === 0x10ffff) continue;
    points.push(last === 0xd7ff ? 0xe000 : last + 1);
    return String.fromCodePoint(...points);
  }
  return undefined;
}

/** `encoding-type=url`: the key as a form value, slashes kept (observed on S3: space becomes `+`, `/` stays, `*` stays). */
export function encodeListedKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/%2F/g, "/")
    .replace(/%20/g, "+")
    .replace(/[!'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/~/g, "%7E");
}
