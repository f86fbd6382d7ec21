import type { PatchOperation } from "@cumulet/protocol/models/apigateway.d.ts";
import { badRequest } from "../shared.ts";

/** What an operation on a path does; `name` is the path's variable part, unescaped, `""` where it has none. */
type Change<T> = (item: T, value: string | undefined, name: string) => void;

/** Which operations a path of an item allows. `{}` stands for one escaped segment. */
export interface PatchRule<T> {
  path: string;
  add?: Change<T>;
  replace?: Change<T>;
  remove?: Change<T>;
}

/** How AWS words a refusal: each kind of item has its own style. */
export type PatchStyle = "listed" | "plain";

const unescape = (segment: string): string => segment.replaceAll("~1", "/").replaceAll("~0", "~");

function matchPath(rule: string, path: string): string | undefined {
  if (!rule.includes("{}")) return rule === path ? "" : undefined;
  const [before, after] = rule.split("{}") as [string, string];
  if (!path.startsWith(before) || !path.endsWith(after) || path.length < before.length + after.length + 1) return undefined;
  const name = path.slice(before.length, path.length - after.length);
  return name.includes("/") ? undefined : unescape(name);
}

/** The operations that items other than stages know; `move`, `test` and `copy` are in the model but allowed nowhere. */
const OPERATIONS = ["add", "remove", "replace"] as const;

/** Applies patch operations in order to a copy of an item. Throws BadRequestException in AWS's words. */
export function applyPatch<T extends object>(item: T, operations: readonly PatchOperation[] | undefined, rules: readonly PatchRule<T>[], style: PatchStyle = "plain"): T {
  const copy = structuredClone(item);
  for (const { op, path, value } of operations ?? []) {
    if (op === undefined || path === undefined) throw badRequest(path === undefined ? "Invalid patch path null" : "Patch operation must not be null");
    const found = rules.map((rule) => ({ rule, name: matchPath(rule.path, path) })).find(({ name }) => name !== undefined);
    if (found === undefined || found.name === undefined) throw unknownPath(op, path, rules, style);
    const known = OPERATIONS.find((name) => name === op);
    const change = known === undefined ? undefined : found.rule[known];
    if (change === undefined) throw unsupported(op, path, found.rule, style);
    change(copy, value, found.name);
  }
  return copy;
}

function unknownPath<T>(op: string, path: string, rules: readonly PatchRule<T>[], style: PatchStyle): Error {
  if (style === "plain") return badRequest(`Invalid patch path ${path}`);
  const known = OPERATIONS.find((name) => name === op);
  const allowed = known === undefined ? [] : rules.filter((rule) => rule[known] !== undefined).map((rule) => rule.path);
  return allowed.length === 0
    ? badRequest(`Invalid patch path  '${path}' specified for op '${op}'. Please choose supported operations`)
    : badRequest(`Invalid patch path  '${path}' specified for op '${op}'. Must be one of: [${allowed.join(", ")}]`);
}

function unsupported<T>(op: string, path: string, rule: PatchRule<T>, style: PatchStyle): Error {
  if (style === "listed") return badRequest(`Invalid patch path  '${path}' specified for op '${op}'. Please choose supported operations`);
  const allowed = OPERATIONS.filter((name) => rule[name] !== undefined);
  return badRequest(`Invalid patch operation specified. Must be one of: [${allowed.join(", ")}]`);
}

type Keys<T, V> = { [K in keyof T]-?: V extends T[K] ? K : never }[keyof T] & string;

/** `replace` sets a text; without a value it is removed. */
export function text<T extends object>(path: string, key: Keys<T, string | undefined>): PatchRule<T> {
  return {
    path,
    replace: (item, value) => {
      if (value === undefined || value === "") delete item[key];
      else (item as Record<string, unknown>)[key] = value;
    },
  };
}

/** `replace` sets a truth value: anything but `true` is false. */
export function flag<T extends object>(path: string, key: keyof T & string): PatchRule<T> {
  return { path, replace: (item, value) => void ((item as Record<string, unknown>)[key] = value?.toLowerCase() === "true") };
}

/** Entries of a map by name: `add` and `replace` set one, `remove` deletes one. The map goes with its last entry. */
export function entries<T extends object>(path: string, key: keyof T & string, read: (value: string | undefined, name: string) => unknown = (value) => value ?? ""): PatchRule<T> {
  const set: Change<T> = (item, value, name) => {
    const holder = item as Record<string, Record<string, unknown> | undefined>;
    holder[key] = { ...holder[key], [name]: read(value, name) };
  };
  return {
    path,
    add: set,
    replace: set,
    remove: (item, _value, name) => {
      const holder = item as Record<string, Record<string, unknown> | undefined>;
      const map = { ...holder[key] };
      delete map[name];
      if (Object.keys(map).length === 0) delete holder[key];
      else holder[key] = map;
    },
  };
}

/** Elements of a list of texts by their value. */
export function elements<T extends object>(path: string, key: keyof T & string): PatchRule<T> {
  const lists = (item: T): Record<string, string[] | undefined> => item as Record<string, string[] | undefined>;
  return {
    path,
    add: (item, value, name) => {
      const element = name === "" ? (value ?? "") : name;
      const list = lists(item)[key] ?? [];
      if (!list.includes(element)) lists(item)[key] = [...list, element];
    },
    remove: (item, value, name) => {
      const element = name === "" ? (value ?? "") : name;
      const list = (lists(item)[key] ?? []).filter((one) => one !== element);
      if (list.length === 0) delete lists(item)[key];
      else lists(item)[key] = list;
    },
  };
}
