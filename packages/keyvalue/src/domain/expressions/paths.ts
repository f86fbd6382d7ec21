import { attribute, setAttribute } from "../attribute-values.ts";
import type { AttributeValue, Item } from "../attribute-values.ts";

/** A document path, placeholders replaced: attribute names and list indexes. The first step is always a name. */
export type Path = readonly (string | number)[];

/** As DynamoDB writes paths in messages: `[a, [0], b]`. */
export function pathText(path: Path): string {
  return `[${path.map((step) => (typeof step === "number" ? `[${step}]` : step)).join(", ")}]`;
}

/** The value at a path, if the item has one there. */
export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  let value = attribute(item, path[0] as string);
  for (let i = 1; i < path.length && value !== undefined; i++) value = child(value, path[i]!);
  return value;
}

function child(value: AttributeValue, step: string | number): AttributeValue | undefined {
  if (typeof step === "number") return value.L?.[step];
  return value.M === undefined ? undefined : attribute(value.M, step);
}

/** Two paths of one expression that cannot both stand: one inside the other, or one place used as list and as map. */
export function clash(one: Path, two: Path): "overlap" | "conflict" | undefined {
  const length = Math.min(one.length, two.length);
  for (let i = 0; i < length; i++) {
    if (typeof one[i] !== typeof two[i]) return "conflict";
    if (one[i] !== two[i]) return undefined;
  }
  return "overlap";
}

/** Paths merged by their steps, so that an item is walked once. A leaf is an empty map. */
interface Tree extends Map<string | number, Tree> {}

/** The parts of an item that a list of paths names: maps keep their shape, lists close their gaps. */
export class Projection {
  readonly #tree: Tree;
  readonly paths: readonly Path[];

  constructor(paths: readonly Path[]) {
    this.paths = paths;
    this.#tree = new Map();
    for (const path of paths) {
      let level = this.#tree;
      for (const step of path) {
        let next = level.get(step);
        if (next === undefined) level.set(step, (next = new Map()));
        level = next;
      }
    }
  }

  of(item: Item): Item {
    return pickMembers(item, this.#tree);
  }
}

function pickMembers(members: Item, tree: Tree): Item {
  const picked: Item = {};
  for (const [name, below] of tree) {
    if (typeof name !== "string") continue;
    const value = attribute(members, name);
    const part = value === undefined ? undefined : pick(value, below);
    if (part !== undefined) setAttribute(picked, name, part);
  }
  return picked;
}

/** Undefined when none of the paths below leads anywhere. */
function pick(value: AttributeValue, tree: Tree): AttributeValue | undefined {
  if (tree.size === 0) return value;
  if (value.M !== undefined) {
    const members = pickMembers(value.M, tree);
    return Object.keys(members).length === 0 ? undefined : { M: members };
  }
  if (value.L !== undefined) {
    const indexes = [...tree.keys()].filter((step) => typeof step === "number").sort((a, b) => a - b);
    const elements: AttributeValue[] = [];
    for (const index of indexes) {
      const element = value.L[index];
      const part = element === undefined ? undefined : pick(element, tree.get(index)!);
      if (part !== undefined) elements.push(part);
    }
    return elements.length === 0 ? undefined : { L: elements };
  }
  return undefined;
}
