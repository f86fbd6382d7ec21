/** Form parameters to typed values (the query protocol's requests), one closure per shape. */
import { malformedInput } from "../errors.ts";
import type { ServiceModel } from "../model.ts";
import type { FormNode } from "./form.ts";
import { ScalarError } from "./scalars.ts";
import { elementName, isFlattened, Memo, members, resolve, setEntry } from "./traits.ts";
import type { Resolved } from "./traits.ts";
import { textReader } from "./xml-read.ts";

type FormReader = (node: FormNode) => unknown;

const NOTHING: ReadonlyMap<string, FormNode> = new Map();

/** The elements of a list: children with numbers for names, in numeric order whatever their gaps. */
function numbered(node: FormNode): FormNode[] {
  const entries: [number, FormNode][] = [];
  for (const [name, child] of node.children ?? NOTHING) {
    if (/^\d{1,9}$/.test(name)) entries.push([Number(name), child]);
  }
  return entries.sort((a, b) => a[0] - b[0]).map(([, child]) => child);
}

/** Compiles form readers for the shapes of one service. */
export class FormReaders {
  readonly #model: ServiceModel;
  readonly #readers = new Memo<FormReader>();

  constructor(model: ServiceModel) {
    this.#model = model;
  }

  structureReader(list: [string, Resolved][]): (node: FormNode) => Record<string, unknown> {
    const entries = list.map(([name, target]) => ({ name, key: this.#key(name, target), read: this.reader(target) }));
    return (node) => {
      const result: Record<string, unknown> = {};
      const children = node.children;
      if (children === undefined) return result;
      for (const { name, key, read } of entries) {
        const child = children.get(key);
        if (child === undefined) continue;
        const value = read(child);
        if (value !== undefined) result[name] = value;
      }
      return result;
    };
  }

  /** A flattened list goes by the name of its elements. */
  #key(name: string, target: Resolved): string {
    if (target.shape.type === "list" && isFlattened(target)) {
      return elementName(resolve(this.#model, target.shape.member!)) ?? elementName(target) ?? name;
    }
    return elementName(target) ?? name;
  }

  reader(target: Resolved): FormReader {
    const { shape } = target;
    const flattened = isFlattened(target);
    return this.#readers.get(`${target.ref.shape} ${flattened}`, () => {
      switch (shape.type) {
        case "structure": return this.structureReader(members(this.#model, shape));
        case "list": {
          const member = resolve(this.#model, shape.member!);
          const read = this.reader(member);
          const name = elementName(member) ?? "member";
          return (node) => {
            const holder = flattened ? node : node.children?.get(name);
            // `Name=` is how the SDKs write an empty list.
            if (holder === undefined) return node.value === "" ? [] : undefined;
            const items = numbered(holder);
            return items.length === 0 && node.value !== "" ? undefined : items.map(read);
          };
        }
        case "map": {
          const keyTarget = resolve(this.#model, shape.key!);
          const valueTarget = resolve(this.#model, shape.value!);
          const keyName = elementName(keyTarget) ?? "key";
          const valueName = elementName(valueTarget) ?? "value";
          const read = this.reader(valueTarget);
          return (node) => {
            const holder = flattened ? node : node.children?.get("entry");
            if (holder === undefined) return node.value === "" ? {} : undefined;
            const result: Record<string, unknown> = {};
            for (const entry of numbered(holder)) {
              const key = entry.children?.get(keyName)?.value;
              if (key === undefined) throw malformedInput("A map entry of the request has no key");
              const value = entry.children?.get(valueName);
              setEntry(result, key, value === undefined ? null : read(value));
            }
            return result;
          };
        }
        default: {
          const read = textReader(shape.type);
          return (node) => {
            if (node.value === undefined) throw malformedInput("Unexpected complex element termination");
            try {
              return read(node.value);
            } catch (error) {
              if (error instanceof ScalarError) throw malformedInput(error.message);
              throw error;
            }
          };
        }
      }
    });
  }
}
