import { parse as parseYaml, stringify as stringifyYaml } from "yaml";

/** A text that is no OpenAPI or Swagger document. */
export class DocumentError extends Error {}

export type Json = { [key: string]: unknown };

export const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
export const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A document and which of the two specifications it follows. */
export interface ApiDocument {
  version: "swagger" | "openapi";
  root: Json;
}

/** Aliases that a YAML document may expand to: what AWS's own limit on documents (6 MB) leaves room for is far below. */
const MAX_ALIASES = 1000;

/** Reads JSON or YAML. Throws `DocumentError`. */
export function parseDocument(text: string): ApiDocument {
  let root: unknown;
  try {
    root = /^\s*[{[]/.test(text) ? JSON.parse(text) : parseYaml(text, { maxAliasCount: MAX_ALIASES, uniqueKeys: false });
  } catch (error) {
    throw new DocumentError((error as Error).message);
  }
  if (!isObject(root)) throw new DocumentError("The document is not an object");
  if (typeof root["swagger"] === "string" || typeof root["swagger"] === "number") return { version: "swagger", root };
  if (typeof root["openapi"] === "string") return { version: "openapi", root };
  if (isObject(root["x-amazon-apigateway-documentation"]) || Array.isArray(root["documentationParts"])) return { version: "openapi", root };
  throw new DocumentError("The document names neither a swagger nor an openapi version");
}

/** Fills in the variables that documents may use in place of where they are imported. */
export function withAwsVariables(text: string, where: { account: string; region: string; partition: string }): string {
  return text.replace(/\$\{AWS::(AccountId|Partition|Region)\}/g, (_whole, name: string) => (name === "AccountId" ? where.account : name === "Region" ? where.region : where.partition));
}

/** Writes a document. */
export function writeDocument(root: Json, yaml: boolean): string {
  return yaml ? stringifyYaml(root, { lineWidth: 0, aliasDuplicateObjects: false }) : JSON.stringify(root, null, 2);
}

/** Follows a reference inside the document (`#/components/parameters/x`); anything else is itself. */
export function resolveReference(root: Json, value: unknown, depth = 0): Json {
  const reference = isObject(value) ? textOf(value["$ref"]) : undefined;
  if (reference === undefined || depth > 20) return objectOf(value);
  if (!reference.startsWith("#/")) throw new DocumentError(`Unresolvable reference: ${reference}`);
  let found: unknown = root;
  for (const part of reference.slice(2).split("/")) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  if (found === undefined) throw new DocumentError(`Unresolvable reference: ${reference}`);
  return resolveReference(root, found, depth + 1);
}

/** The name at the end of a reference to a schema. */
export function schemaName(value: unknown): string | undefined {
  const reference = isObject(value) ? textOf(value["$ref"]) : undefined;
  return reference === undefined ? undefined : /^#\/(?:definitions|components\/schemas)\/([^/]+)$/.exec(reference)?.[1];
}

/** Rewrites every `$ref` of a schema. */
export function mapReferences(value: unknown, change: (reference: string) => string, depth = 0): unknown {
  if (depth > 200) throw new DocumentError("The document is nested too deeply");
  if (Array.isArray(value)) return value.map((item) => mapReferences(item, change, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === "$ref" && typeof item === "string" ? change(item) : mapReferences(item, change, depth + 1)]));
}

/** The path in front of all paths: Swagger's `basePath`, the `basePath` variable or the path of OpenAPI's first server. */
export function basePathOf({ version, root }: ApiDocument): string {
  if (version === "swagger") return textOf(root["basePath"]) ?? "";
  for (const server of listOf(root["servers"]).map(objectOf)) {
    const variable = objectOf(objectOf(server["variables"])["basePath"]);
    const value = textOf(variable["default"]);
    if (value !== undefined) return value.startsWith("/") ? value : `/${value}`;
  }
  const url = textOf(objectOf(listOf(root["servers"])[0])["url"]) ?? "";
  const path = /^(?:[a-z]+:\/\/[^/]*)?(\/[^?#]*)$/.exec(url)?.[1] ?? "";
  return path === "/" ? "" : path;
}

/** How a base path is used on import. */
export function applyBasePath(base: string, mode: string | undefined): string {
  const segments = base.split("/").filter((segment) => segment !== "");
  if (mode === "prepend") return segments.length === 0 ? "" : `/${segments.join("/")}`;
  if (mode === "split") return segments.length <= 1 ? "" : `/${segments.slice(1).join("/")}`;
  return "";
}
