/*
 * Everything that needs a reference in character data or an attribute. Line feeds stay as they are; a carriage return and
 * the two Unicode line ends would be lost in reading, so they travel as references, as AWS writes them. Control characters,
 * which no XML 1.0 document may hold, AWS writes as references all the same: an S3 key may hold them, and S3's
 * documentation tells callers to ask for `encoding-type=url`.
 */
const SPECIAL = /[&<>"\u0000-\u0008\u000B-\u001F\u0085\u2028\uFFFE\uFFFF]/;
const SPECIALS = new RegExp(SPECIAL, "g");

const NAMED: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function reference(character: string): string {
  return NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16)};`;
}

/** Escapes text for an element or an attribute in double quotes. */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIALS, reference) : text;
}

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
