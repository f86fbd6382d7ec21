/** Which operation a REST request is for: method, path template, query and headers, all taken from the model. */
import type { IncomingHttpHeaders } from "node:http";
import type { OperationModel, ServiceModel } from "./model.ts";
import { staticQuery } from "./protocols/rest.ts";
import { members, resolve } from "./shapes/traits.ts";

/** A path that cannot be decoded (`%zz`, or bytes that are not UTF-8). */
export class PathError extends Error {}

export interface RestMatch {
  operation: OperationModel;
  labels: Record<string, string>;
}

/** An operation at the end of its path, with what else a request must carry. */
interface Candidate {
  operation: OperationModel;
  labels: string[];
  /** What follows a greedy label (`/instances/{Name+}/policy`); undefined without one. */
  suffix: string | undefined;
  fixed: [name: string, value: string | undefined][];
  query: string[];
  headers: string[];
}

interface PathNode {
  literals: Map<string, PathNode>;
  label: PathNode | undefined;
  /** Operations that end here, by method. */
  here: Map<string, Candidate[]>;
  /** Operations whose greedy label begins here, by method. */
  greedy: Map<string, Candidate[]>;
}

function node(): PathNode {
  return { literals: new Map(), label: undefined, here: new Map(), greedy: new Map() };
}

/** Most specific first: more of the fixed query, more required parameters and headers, current before deprecated. */
function compare(a: Candidate, b: Candidate): number {
  return (b.suffix?.length ?? 0) - (a.suffix?.length ?? 0)
    || b.fixed.length - a.fixed.length
    || b.query.length + b.headers.length - a.query.length - a.headers.length
    || Number(a.operation.deprecated === true) - Number(b.operation.deprecated === true)
    || (a.operation.name < b.operation.name ? -1 : 1);
}

/** Compiled once per REST service. */
export class RestRouter {
  readonly #root = node();

  constructor(model: ServiceModel) {
    for (const operation of Object.values(model.operations)) {
      if (operation.shadowedBy === undefined) this.#add(model, operation);
    }
    const sort = (at: PathNode): void => {
      for (const candidates of [...at.here.values(), ...at.greedy.values()]) candidates.sort(compare);
      for (const child of at.literals.values()) sort(child);
      if (at.label !== undefined) sort(at.label);
    };
    sort(this.#root);
  }

  #add(model: ServiceModel, operation: OperationModel): void {
    const { method, requestUri } = operation.http;
    const path = requestUri.split("?", 1)[0]!;
    const candidate: Candidate = { operation, labels: [], suffix: undefined, fixed: [...staticQuery(requestUri)], query: [], headers: [] };
    if (operation.input !== undefined) {
      const { shape } = resolve(model, operation.input);
      for (const [name, target] of members(model, shape)) {
        if (shape.required?.includes(name) !== true) continue;
        const key = target.ref.locationName ?? name;
        if (target.ref.location === "querystring" && target.shape.type !== "map") candidate.query.push(key);
        if (target.ref.location === "header") candidate.headers.push(key.toLowerCase());
      }
    }
    let at = this.#root;
    const parts = path.split("/").filter((part) => part !== "");
    for (const [index, segment] of parts.entries()) {
      const label = /^\{([^{}+]+)(\+?)\}$/.exec(segment);
      if (label === null) {
        if (/[{}]/.test(segment)) throw new Error(`${model.id} ${operation.name}: cannot route the path segment ${segment}`);
        let next = at.literals.get(segment);
        if (next === undefined) at.literals.set(segment, (next = node()));
        at = next;
      } else {
        candidate.labels.push(label[1]!);
        if (label[2] === "+") {
          candidate.suffix = parts.slice(index + 1).map((part) => `/${part}`).join("");
          break;
        }
        at = at.label ??= node();
      }
    }
    const table = candidate.suffix === undefined ? at.here : at.greedy;
    const list = table.get(method);
    if (list === undefined) table.set(method, [candidate]);
    else list.push(candidate);
  }

  /**
   * Finds the operation for a request, or undefined. The path is never normalised: an object key may hold `//`, `.` and
   * `..`. A trailing slash is ignored except inside a greedy label. Throws PathError.
   */
  match(method: string, path: string, query: ReadonlyMap<string, string[]>, headers: IncomingHttpHeaders): RestMatch | undefined {
    const raw = path.startsWith("/") ? path.slice(1) : path;
    const segments = raw === "" ? [] : raw.split("/");
    const values: string[] = [];
    const found = this.#walk(this.#root, segments, 0, method, query, headers, values);
    if (found === undefined) return undefined;
    const labels: Record<string, string> = {};
    found.labels.forEach((name, index) => { labels[name] = decodeLabel(values[index]!); });
    return { operation: found.operation, labels };
  }

  #walk(at: PathNode, segments: string[], index: number, method: string, query: ReadonlyMap<string, string[]>, headers: IncomingHttpHeaders, values: string[]): Candidate | undefined {
    if (index === segments.length || (index === segments.length - 1 && segments[index] === "")) {
      const found = choose(at.here.get(method), query, headers);
      if (found !== undefined || index === segments.length) return found;
    }
    const segment = segments[index]!;
    const literal = at.literals.get(segment);
    if (literal !== undefined) {
      const found = this.#walk(literal, segments, index + 1, method, query, headers, values);
      if (found !== undefined) return found;
    }
    if (at.label !== undefined && segment !== "") {
      values.push(segment);
      const found = this.#walk(at.label, segments, index + 1, method, query, headers, values);
      if (found !== undefined) return found;
      values.pop();
    }
    const greedy = at.greedy.get(method);
    if (greedy === undefined) return undefined;
    const rest = segments.slice(index).join("/");
    if (rest === "") return undefined;
    const found = choose(greedy.filter(({ suffix }) => rest.endsWith(suffix!) && rest.length > suffix!.length), query, headers);
    if (found !== undefined) values.push(rest.slice(0, rest.length - found.suffix!.length));
    return found;
  }
}

/**
 * The first candidate whose query and headers are all there. When only the fixed part of the query fits (`?analytics`
 * without its `id`), that operation is still meant, and validation names what is missing.
 */
function choose(candidates: Candidate[] | undefined, query: ReadonlyMap<string, string[]>, headers: IncomingHttpHeaders): Candidate | undefined {
  let nearest: Candidate | undefined;
  let nearestMissing = Infinity;
  for (const candidate of candidates ?? []) {
    if (nearest !== undefined && (candidate.fixed.length < nearest.fixed.length || candidate.suffix !== nearest.suffix)) break;
    const fits = candidate.fixed.every(([name, value]) => {
      const given = query.get(name);
      return given !== undefined && (value === undefined || value === "" || given.includes(value));
    });
    if (!fits) continue;
    const missing = candidate.query.filter((name) => !query.has(name)).length + candidate.headers.filter((name) => headers[name] === undefined).length;
    if (missing === 0) return candidate;
    if (missing < nearestMissing) {
      nearest = candidate;
      nearestMissing = missing;
    }
  }
  return nearest;
}

/** Decodes a path label. A `+` stays a plus; `%2F` becomes the slash it stands for. */
function decodeLabel(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PathError(`cannot decode ${text}`);
  }
}
