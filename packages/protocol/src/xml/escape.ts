// Everything that needs a reference in character data or an attribute. Line feeds stay as they are; a carriage return
// and the two Unicode line ends would be lost in reading, so they travel as references, as AWS writes them.
const SPECIAL = /[&<>"\r\u0085\u2028]/;
const SPECIALS = /[&<>"\r\u0085\u2028]/g;
// Characters that no XML 1.0 document may hold. AWS writes them as references all the same (an S3 key may hold them;
// its documentation tells callers to ask for `encoding-type=url`).
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
const CONTROLS = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

const NAMED: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function numeric(character: string): string {
  return `&#x${character.charCodeAt(0).toString(16)};`;
}

/** Escapes text for an element or an attribute in double quotes. */
export function escapeXml(text: string): string {
  let result = text;
  if (SPECIAL.test(result)) result = result.replace(SPECIALS, (character) => NAMED[character] ?? numeric(character));
  if (CONTROL.test(result)) result = result.replace(CONTROLS, numeric);
  return result;
}

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
