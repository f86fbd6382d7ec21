import type { AttributeValue } from "../attribute-values.ts";
import { ExpressionError } from "./parser.ts";
import type { Path } from "./paths.ts";
import { clash, pathText } from "./paths.ts";
import { isReserved } from "./reserved-words.ts";
import type { PathNode, ValueNode } from "./syntax.ts";

/** Levels that a document path may have. */
const maxPathLevels = 32;
/** AWS keeps list indexes in a Java int. */
const maxIndex = 2147483647;

/** `ExpressionAttributeNames` by placeholder (`#n`). */
export interface Names {
  [placeholder: string]: string;
}

/** `ExpressionAttributeValues` by placeholder (`:v`), checked. */
export interface Values {
  [placeholder: string]: AttributeValue;
}

/** Looks placeholders up, and remembers which were used: those that no expression of a request uses are an error. */
export class Resolver {
  readonly #names: Names | undefined;
  readonly #values: Values | undefined;
  readonly usedNames = new Set<string>();
  readonly usedValues = new Set<string>();
  /** Every path of the expression, in order. */
  readonly paths: Path[] = [];

  constructor(names: Names | undefined, values: Values | undefined) {
    this.#names = names;
    this.#values = values;
  }

  path(node: PathNode): Path {
    const path = node.steps.map((step) => {
      if ("index" in step) {
        const index = Number(step.index);
        if (index > maxIndex) throw new ExpressionError(`List index is not within the allowable range; index: [${step.index}]`);
        return index;
      }
      if (!step.name.startsWith("#")) return step.name;
      if (this.#names === undefined || !Object.hasOwn(this.#names, step.name)) {
        throw new ExpressionError(`An expression attribute name used in the document path is not defined; attribute name: ${step.name}`);
      }
      this.usedNames.add(step.name);
      return this.#names[step.name]!;
    });
    if (path.length > maxPathLevels) {
      throw new ExpressionError(`The document path has too many nesting levels; nesting levels: ${path.length}`);
    }
    this.paths.push(path);
    return path;
  }

  value(node: ValueNode): AttributeValue {
    if (this.#values === undefined || !Object.hasOwn(this.#values, node.name)) {
      throw new ExpressionError(`An expression attribute value used in expression is not defined; attribute value: ${node.name}`);
    }
    this.usedValues.add(node.name);
    return this.#values[node.name]!;
  }
}

/** Refuses names that must be written as placeholders. */
export function screenPath(node: PathNode): void {
  for (const step of node.steps) {
    if ("name" in step && !step.name.startsWith("#") && isReserved(step.name)) {
      throw new ExpressionError(`Attribute name is a reserved keyword; reserved keyword: ${step.name}`);
    }
  }
}

/** Refuses paths of which one lies inside another, or that disagree on whether a place is a list or a map. */
export function checkClashes(paths: readonly Path[]): void {
  for (let two = 1; two < paths.length; two++) {
    for (let one = 0; one < two; one++) {
      const kind = clash(paths[one]!, paths[two]!);
      if (kind === undefined) continue;
      throw new ExpressionError(
        `Two document paths ${kind} with each other; must remove or rewrite one of these paths; ` +
        `path one: ${pathText(paths[one]!)}, path two: ${pathText(paths[two]!)}`,
      );
    }
  }
}
