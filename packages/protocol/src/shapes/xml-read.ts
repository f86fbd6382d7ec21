/** XML elements to typed values, one closure per shape. */
import type { ServiceModel } from "../model.ts";
import type { XmlElement } from "../xml/parse.ts";
import { parseBase64, parseBoolean, parseFloatText, parseInteger, parseTimestamp, ScalarError } from "./scalars.ts";
import { elementName, isFlattened, Memo, members, resolve, setEntry } from "./traits.ts";
import type { Resolved } from "./traits.ts";

/** Reads one element. */
export type XmlReader = (element: XmlElement) => unknown;

/** The document is well-formed but not what the schema says. */
export class SchemaError extends Error {}

interface Options {
  /** Refuse elements that the schema does not name, as S3 does. */
  strict: boolean;
}

/** Compiles XML readers for the shapes of one service. */
export class XmlReaders {
  readonly #model: ServiceModel;
  readonly #strict: boolean;
  readonly #readers = new Memo<XmlReader>();

  constructor(model: ServiceModel, options: Options) {
    this.#model = model;
    this.#strict = options.strict;
  }

  reader(target: Resolved): XmlReader {
    // Flattening sits on the list's reference but is acted on by the structure around it, so it plays no part here.
    return this.#readers.get(target.ref.shape, () => this.#compile(target));
  }

  structureReader(list: [string, Resolved][]): XmlReader {
    interface Entry { name: string; read: (element: XmlElement, result: Record<string, unknown>) => void }
    const byElement = new Map<string, Entry["read"]>();
    const attributes: { name: string; key: string; local: string; read: (text: string) => unknown }[] = [];
    for (const [name, target] of list) {
      if (target.ref.xmlAttribute === true) {
        const key = target.ref.locationName ?? name;
        attributes.push({ name, key, local: key.slice(key.indexOf(":") + 1), read: (text) => text });
        continue;
      }
      const key = this.#elementName(name, target);
      byElement.set(key, this.#memberReader(name, target));
    }
    const strict = this.#strict;
    return (element) => {
      const result: Record<string, unknown> = {};
      for (const { name, key, local, read } of attributes) {
        const text = element.attributes?.get(key) ?? findLocal(element.attributes, local);
        if (text !== undefined) result[name] = read(text);
      }
      for (const child of element.children) {
        const read = byElement.get(child.name);
        if (read !== undefined) read(child, result);
        else if (strict) throw new SchemaError(`${child.name} is not expected in ${element.name}`);
      }
      if (strict && element.text.trim() !== "") throw new SchemaError(`character data is not expected in ${element.name}`);
      return result;
    };
  }

  /** The name of the element a member is found under: a flattened list is named by its elements. */
  #elementName(name: string, target: Resolved): string {
    if (target.shape.type === "list" && isFlattened(target)) {
      return elementName(resolve(this.#model, target.shape.member!)) ?? elementName(target) ?? name;
    }
    return elementName(target) ?? name;
  }

  #memberReader(name: string, target: Resolved): (element: XmlElement, result: Record<string, unknown>) => void {
    const { shape } = target;
    if (isFlattened(target) && shape.type === "list") {
      const read = this.reader(resolve(this.#model, shape.member!));
      return (element, result) => {
        ((result[name] ??= []) as unknown[]).push(read(element));
      };
    }
    if (isFlattened(target) && shape.type === "map") {
      const read = this.#entryReader(target);
      return (element, result) => read(element, (result[name] ??= {}) as Record<string, unknown>);
    }
    const read = this.reader(target);
    return (element, result) => {
      result[name] = read(element);
    };
  }

  #entryReader(target: Resolved): (entry: XmlElement, result: Record<string, unknown>) => void {
    const key = resolve(this.#model, target.shape.key!);
    const value = resolve(this.#model, target.shape.value!);
    const keyName = elementName(key) ?? "key";
    const valueName = elementName(value) ?? "value";
    const readValue = this.reader(value);
    return (entry, result) => {
      const keyElement = entry.children.find((child) => child.name === keyName);
      if (keyElement === undefined) throw new SchemaError(`${keyName} is missing in ${entry.name}`);
      const valueElement = entry.children.find((child) => child.name === valueName);
      setEntry(result, keyElement.text, valueElement === undefined ? null : readValue(valueElement));
    };
  }

  #compile(target: Resolved): XmlReader {
    const { shape } = target;
    switch (shape.type) {
      case "structure": return this.structureReader(members(this.#model, shape));
      case "list": {
        const member = resolve(this.#model, shape.member!);
        const name = elementName(member) ?? "member";
        const read = this.reader(member);
        const strict = this.#strict;
        return (element) => {
          const result: unknown[] = [];
          for (const child of element.children) {
            if (child.name === name) result.push(read(child));
            else if (strict) throw new SchemaError(`${child.name} is not expected in ${element.name}`);
          }
          return result;
        };
      }
      case "map": {
        const read = this.#entryReader(target);
        return (element) => {
          const result: Record<string, unknown> = {};
          for (const child of element.children) if (child.name === "entry") read(child, result);
          return result;
        };
      }
      default: {
        const read = textReader(shape.type);
        return (element) => {
          if (element.children.length > 0) throw new SchemaError(`${element.name} holds elements where a value is expected`);
          return read(element.text);
        };
      }
    }
  }
}

function findLocal(attributes: Map<string, string> | undefined, local: string): string | undefined {
  if (attributes === undefined) return undefined;
  for (const [key, value] of attributes) if (key.slice(key.indexOf(":") + 1) === local) return value;
  return undefined;
}

/** Reads a scalar from text, throwing ScalarError. The query protocol, headers and paths read the same way. */
export function textReader(type: string): (text: string) => unknown {
  switch (type) {
    case "string": case "character": return (text) => text;
    case "boolean": return parseBoolean;
    case "byte": case "short": case "integer": case "long": return (text) => parseInteger(text, type);
    case "float": case "double": case "bigdecimal": return parseFloatText;
    case "blob": return (text) => parseBase64(text.trim());
    case "timestamp": return parseTimestamp;
    default: return () => {
      throw new ScalarError(`${type} cannot be read from text`);
    };
  }
}
