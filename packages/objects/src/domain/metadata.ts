/** User metadata as S3 keeps it: text, in headers ISO-8859-1 as HTTP libraries hand them over, or encoded words (RFC 2047). */

/** All keys and values together, in bytes. */
export const METADATA_BYTES_MAX = 2048;

const ENCODED_WORD = /=\?([^?\s]+)\?([BbQq])\?([^?]*)\?=/g;

/** The text of a header value: its bytes as UTF-8 where they are, with encoded words decoded. What cannot be decoded is U+FFFD, as on S3. */
export function decodeMetadata(value: string): string {
  const text = /[\u0080-\u00ff]/.test(value) ? utf8(value) ?? value : value;
  if (!text.includes("=?")) return text;
  return text.replace(/(\?=)\s+(?==\?)/g, "$1").replace(ENCODED_WORD, (whole, charset: string, encoding: string, content: string) => {
    const bytes = encoding.toUpperCase() === "B" ? Buffer.from(content, "base64") : decodeQ(content);
    try {
      // Control characters cannot travel in a header: S3 answers them as undecodable.
      return new TextDecoder(charset).decode(bytes).replace(/[\u0000-\u001f\u007f]/g, "\ufffd");
    } catch {
      return whole;
    }
  });
}

function utf8(value: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"));
  } catch {
    return undefined;
  }
}

/** A header value for text: as it is when ISO-8859-1 can hold it, else one encoded word, quoted when that is mostly legible (recorded from S3). */
export function encodeMetadata(text: string): string {
  if (/^[\u0020-\u007e\u00a0-\u00ff]*$/.test(text)) return text;
  const plain = text.replace(/[^\u0020-\u007e]/g, "").length;
  if (plain > text.length - plain) return `=?UTF-8?Q?${encodeQ(text)}?=`;
  return `=?UTF-8?B?${Buffer.from(text, "utf8").toString("base64")}?=`;
}

/** Size as S3 counts it against the limit. */
export function metadataSize(metadata: Readonly<Record<string, string>>): number {
  return Object.entries(metadata).reduce((sum, [key, value]) => sum + Buffer.byteLength(key, "utf8") + Buffer.byteLength(value, "utf8"), 0);
}

function decodeQ(content: string): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < content.length; at++) {
    const char = content[at] as string;
    const hex = char === "=" ? /^[0-9A-Fa-f]{2}/.exec(content.slice(at + 1))?.[0] : undefined;
    if (hex !== undefined) {
      bytes.push(parseInt(hex, 16));
      at += 2;
    } else {
      bytes.push(char === "_" ? 0x20 : char.charCodeAt(0) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

function encodeQ(text: string): string {
  return [...Buffer.from(text, "utf8")].map((byte) => {
    if (byte === 0x20) return "_";
    const char = String.fromCharCode(byte);
    return byte > 0x20 && byte < 0x7f && !"=?_\"()<>@,;:\\[]".includes(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}
