/**
 * A small XML reader for request bodies: elements, attributes, text, CDATA, the five named entities and character
 * references. It has no DTD at all (a DOCTYPE is an error, so there is nothing to expand), reads in one pass with its
 * own stack, and bounds depth and the number of elements. Bytes must be UTF-8.
 */

/** An element of the document. Names carry no prefix; the schema never tells namespaces apart by anything but their prefix. */
export interface XmlElement {
  name: string;
  /** By name as written (`xsi:type`); undefined when there is none, which is nearly always. */
  attributes: Map<string, string> | undefined;
  children: XmlElement[];
  /** Character data directly inside, CDATA included, whitespace kept. */
  text: string;
}

/** The document is not well-formed, or beyond the bounds. */
export class XmlError extends Error {}

export interface XmlLimits {
  depth: number;
  elements: number;
}

/** Room for a CompleteMultipartUpload of 10,000 parts with all its checksums, and for a DeleteObjects of 1,000 keys. */
const DEFAULT_LIMITS: XmlLimits = { depth: 64, elements: 200_000 };

const decoder = new TextDecoder("utf-8", { fatal: true });
const NAME = /[A-Za-z_\u00C0-\uFFFD][\w.\-\u00B7\u00C0-\uFFFD]*(?::[A-Za-z_\u00C0-\uFFFD][\w.\-\u00B7\u00C0-\uFFFD]*)?/y;
const SPACE = /[ \t\r\n]*/y;
// What XML 1.0 does not allow as a character, written or referenced.
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function reference(name: string): string {
  const named = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
  if (named !== undefined) return named;
  const match = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (match === null) throw new XmlError(`unknown entity &${name.slice(0, 20)};`);
  const point = match[1] !== undefined ? Number.parseInt(match[1], 16) : Number(match[2]);
  const valid = point === 0x9 || point === 0xa || point === 0xd || (point >= 0x20 && point <= 0xd7ff)
    || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff);
  if (!valid) throw new XmlError("character reference out of range");
  return String.fromCodePoint(point);
}

/** Replaces references in character data; line ends become `\n` first, as XML asks. */
function unescape(raw: string): string {
  const text = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  let at = text.indexOf("&");
  if (at < 0) return text;
  let result = "";
  let from = 0;
  for (; at >= 0; at = text.indexOf("&", from)) {
    const end = text.indexOf(";", at);
    if (end < 0 || end - at > 12) throw new XmlError("unterminated entity");
    result += text.slice(from, at) + reference(text.slice(at + 1, end));
    from = end + 1;
  }
  return result + text.slice(from);
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** Reads a document. Throws XmlError, never anything else. */
export function parseXml(body: Uint8Array, limits: XmlLimits = DEFAULT_LIMITS): XmlElement {
  let source: string;
  try {
    source = decoder.decode(body);
  } catch {
    throw new XmlError("not UTF-8");
  }
  if (FORBIDDEN.test(source)) throw new XmlError("forbidden character");
  return new XmlReader(source, limits).document();
}

class XmlReader {
  readonly #source: string;
  readonly #limits: XmlLimits;
  #at = 0;
  #elements = 0;

  constructor(source: string, limits: XmlLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  document(): XmlElement {
    if (this.#source.startsWith("<?xml") && /[ \t\r\n]/.test(this.#source[5] ?? "")) this.#skipPast("?>");
    this.#misc();
    const root = this.#element();
    this.#misc();
    if (this.#at !== this.#source.length) throw new XmlError("content after the root element");
    return root;
  }

  /** White space, comments and processing instructions around the root. */
  #misc(): void {
    for (;;) {
      this.#space();
      if (this.#source.startsWith("<!--", this.#at)) this.#comment();
      else if (this.#source.startsWith("<?", this.#at)) this.#instruction();
      else return;
    }
  }

  /** The root and everything in it, without recursion. */
  #element(): XmlElement {
    const stack: { element: XmlElement; name: string }[] = [];
    const source = this.#source;
    if (source[this.#at] !== "<") throw new XmlError("no root element");
    for (;;) {
      // Here `#at` stands on a `<`.
      if (source.startsWith("</", this.#at)) {
        const open = stack.pop();
        if (open === undefined) throw new XmlError("end tag without a start");
        this.#at += 2;
        if (this.#name() !== open.name) throw new XmlError(`mismatched end tag of ${open.name}`);
        this.#space();
        this.#expect(">");
        if (stack.length === 0) return open.element;
      } else if (source.startsWith("<!--", this.#at)) {
        this.#comment();
      } else if (source.startsWith("<![CDATA[", this.#at)) {
        const from = this.#at + 9;
        this.#skipPast("]]>");
        stack.at(-1)!.element.text += source.slice(from, this.#at - 3).replace(/\r\n?/g, "\n");
      } else if (source.startsWith("<?", this.#at)) {
        this.#instruction();
      } else {
        const { element, name, closed } = this.#startTag();
        if (stack.length >= this.#limits.depth) throw new XmlError("nested too deeply");
        stack.at(-1)?.element.children.push(element);
        if (!closed) stack.push({ element, name });
        else if (stack.length === 0) return element;
      }
      if (stack.length === 0) throw new XmlError("no root element");
      const next = source.indexOf("<", this.#at);
      if (next < 0) throw new XmlError("unclosed element");
      if (next > this.#at) {
        const raw = source.slice(this.#at, next);
        if (raw.includes("]]>")) throw new XmlError("]]> in character data");
        stack.at(-1)!.element.text += unescape(raw);
        this.#at = next;
      }
    }
  }

  #startTag(): { element: XmlElement; name: string; closed: boolean } {
    if (++this.#elements > this.#limits.elements) throw new XmlError("too many elements");
    this.#at++;
    const name = this.#name();
    let attributes: Map<string, string> | undefined;
    for (;;) {
      const before = this.#at;
      this.#space();
      const here = this.#source[this.#at];
      if (here === ">" || here === "/") break;
      if (before === this.#at) throw new XmlError("malformed start tag");
      const key = this.#name();
      this.#space();
      this.#expect("=");
      this.#space();
      const value = this.#quoted();
      attributes ??= new Map();
      if (attributes.has(key)) throw new XmlError(`duplicate attribute ${key}`);
      attributes.set(key, value);
    }
    const closed = this.#source[this.#at] === "/";
    if (closed) this.#at++;
    this.#expect(">");
    return { element: { name: localName(name), attributes, children: [], text: "" }, name, closed };
  }

  #quoted(): string {
    const quote = this.#source[this.#at];
    if (quote !== '"' && quote !== "'") throw new XmlError("attribute value without quotes");
    const end = this.#source.indexOf(quote, this.#at + 1);
    if (end < 0) throw new XmlError("unterminated attribute value");
    const raw = this.#source.slice(this.#at + 1, end);
    if (raw.includes("<")) throw new XmlError("< in an attribute value");
    this.#at = end + 1;
    return unescape(raw.replace(/[\t\r\n]/g, " "));
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const match = NAME.exec(this.#source);
    if (match === null) throw new XmlError("name expected");
    this.#at = NAME.lastIndex;
    return match[0];
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#source);
    this.#at = SPACE.lastIndex;
  }

  #expect(character: string): void {
    if (this.#source[this.#at] !== character) throw new XmlError(`${character} expected`);
    this.#at++;
  }

  #comment(): void {
    this.#at += 4;
    const dashes = this.#source.indexOf("--", this.#at);
    if (dashes < 0 || this.#source[dashes + 2] !== ">") throw new XmlError("malformed comment");
    this.#at = dashes + 3;
  }

  #instruction(): void {
    if (/^<\?xml[ \t\r\n?]/i.test(this.#source.slice(this.#at, this.#at + 6))) throw new XmlError("misplaced XML declaration");
    this.#skipPast("?>");
  }

  #skipPast(end: string): void {
    const at = this.#source.indexOf(end, this.#at);
    if (at < 0) throw new XmlError(`${end} expected`);
    this.#at = at + end.length;
  }
}
