/** Typed values to XML text, one closure per shape. */
import type { ServiceModel } from "../model.ts";
import { escapeXml } from "../xml/escape.ts";
import { formatBase64, formatNumber, formatTimestamp } from "./scalars.ts";
import { elementName, isFlattened, Memo, members, resolve, timestampFormat } from "./traits.ts";
import type { Resolved } from "./traits.ts";

/** Writes the inside of an element: character data or child elements. */
type ContentWriter = (value: unknown) => string;
/** Writes a whole member: nothing, one element, or several of a flattened list. */
type MemberWriter = (value: unknown) => string;

interface Options {
  /** Timestamps keep `.000`, as S3 and CloudFront write them. */
  milliseconds: boolean;
}

/** Compiles XML writers for the shapes of one service. */
export class XmlWriters {
  readonly #model: ServiceModel;
  readonly #milliseconds: boolean;
  readonly #contents = new Memo<ContentWriter>();

  constructor(model: ServiceModel, options: Options) {
    this.#model = model;
    this.#milliseconds = options.milliseconds;
  }

  /** Attributes of the element that holds this value: `xmlns` of the reference, and members that are attributes. */
  #attributes(target: Resolved): ((value: unknown) => string) | string {
    const space = target.ref.xmlNamespace ?? target.shape.xmlNamespace;
    const namespace = space === undefined ? "" : ` xmlns${space.prefix === undefined ? "" : `:${space.prefix}`}="${escapeXml(space.uri)}"`;
    const list = members(this.#model, target.shape).filter(([, member]) => member.ref.xmlAttribute === true);
    if (list.length === 0) return namespace;
    const names = list.map(([name, member]) => [name, member.ref.locationName ?? name] as const);
    return (value) => names.reduce((text, [name, key]) => {
      const item = (value as Record<string, unknown>)[name];
      return item === undefined || item === null ? text : `${text} ${key}="${escapeXml(String(item))}"`;
    }, namespace);
  }

  /** A writer of one element with the given name. */
  element(name: string, target: Resolved, extra = ""): MemberWriter {
    const write = this.content(target);
    const attributes = this.#attributes(target);
    const end = `</${name}>`;
    if (typeof attributes === "string") {
      const start = `<${name}${extra || attributes}`;
      return (value) => {
        const inside = write(value);
        return inside === "" ? `${start}/>` : `${start}>${inside}${end}`;
      };
    }
    return (value) => `<${name}${extra}${attributes(value)}>${write(value)}${end}`;
  }

  content(target: Resolved): ContentWriter {
    const { ref, shape } = target;
    const key = shape.type === "timestamp" ? `${ref.shape} ${ref.timestampFormat}` : ref.shape;
    return this.#contents.get(key, () => this.#compile(target));
  }

  structureContent(list: [string, Resolved][]): ContentWriter {
    const entries = list
      .filter(([, target]) => target.ref.xmlAttribute !== true)
      .map(([name, target]) => ({ name, write: this.#member(name, target) }));
    return (value) => {
      const source = value as Record<string, unknown>;
      let text = "";
      for (const { name, write } of entries) {
        const item = source[name];
        if (item !== undefined && item !== null) text += write(item);
      }
      return text;
    };
  }

  #member(name: string, target: Resolved): MemberWriter {
    const { shape } = target;
    if (isFlattened(target) && shape.type === "list") {
      const member = resolve(this.#model, shape.member!);
      const write = this.element(elementName(member) ?? elementName(target) ?? name, member);
      return (value) => joined(value as unknown[], write);
    }
    if (isFlattened(target) && shape.type === "map") return this.#entries(elementName(target) ?? name, target);
    return this.element(elementName(target) ?? name, target);
  }

  #entries(name: string, target: Resolved): ContentWriter {
    const key = resolve(this.#model, target.shape.key!);
    const value = resolve(this.#model, target.shape.value!);
    const keyName = elementName(key) ?? "key";
    const write = this.element(elementName(value) ?? "value", value);
    return (map) => {
      let text = "";
      for (const [entryKey, item] of Object.entries(map as Record<string, unknown>)) {
        if (item === undefined || item === null) continue;
        text += `<${name}><${keyName}>${escapeXml(entryKey)}</${keyName}>${write(item)}</${name}>`;
      }
      return text;
    };
  }

  #compile(target: Resolved): ContentWriter {
    const { shape } = target;
    switch (shape.type) {
      case "structure": return this.structureContent(members(this.#model, shape));
      case "list": {
        const member = resolve(this.#model, shape.member!);
        const write = this.element(elementName(member) ?? "member", member);
        return (value) => joined(value as unknown[], write);
      }
      case "map": return this.#entries("entry", target);
      case "string": case "character": return (value) => escapeXml(String(value));
      case "blob": return formatBase64;
      case "timestamp": {
        const format = timestampFormat(target, "iso8601");
        const always = this.#milliseconds;
        return (value) => formatTimestamp(value as number, format, always);
      }
      case "boolean": return (value) => (value === true ? "true" : "false");
      default: return (value) => formatNumber(value as number);
    }
  }
}

function joined(items: unknown[], write: MemberWriter): string {
  let text = "";
  for (const item of items) if (item !== undefined && item !== null) text += write(item);
  return text;
}
