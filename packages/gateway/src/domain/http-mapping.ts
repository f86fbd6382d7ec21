import { compileSelection } from "./selection.ts";
import type { Selection, SelectionSource } from "./selection.ts";
import type { HeaderList } from "./http-message.ts";

type Action = "append" | "overwrite" | "remove";

interface Change {
  action: Action;
  where: "header" | "querystring" | "path" | "statuscode";
  name: string;
  value: Selection;
}

/** Headers that parameter mappings of HTTP APIs may not touch. */
const RESERVED = /^(?:access-control-.*|apigw-.*|authorization|connection|content-encoding|content-length|content-location|forwarded|keep-alive|origin|proxy-authenticate|proxy-authorization|te|trailers|transfer-encoding|upgrade|x-amz-.*|x-amzn-.*|x-forwarded-for|x-forwarded-host|x-forwarded-proto|via)$/i;

/** A key of a parameter mapping taken apart; undefined when it is malformed. */
export function parseMappingKey(key: string): { action: Action; where: Change["where"]; name: string } | undefined {
  const match = /^(append|overwrite|remove):(?:(header|querystring)\.(.+)|(path|statuscode))$/.exec(key);
  if (match === null) return undefined;
  const where = (match[2] ?? match[4]) as Change["where"];
  if (match[4] !== undefined && match[1] !== "overwrite") return undefined;
  return { action: match[1] as Action, where, name: match[3] ?? "" };
}

/** Why a mapping key is not allowed, in AWS's words; undefined when it is. */
export function mappingKeyProblem(key: string, side: "request" | "response"): string | undefined {
  const parsed = parseMappingKey(key);
  const allowed = side === "request" ? ["header", "querystring", "path"] : ["header", "statuscode"];
  if (parsed === undefined || !allowed.includes(parsed.where)) return `Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: ${key}]`;
  if (parsed.where === "header" && RESERVED.test(parsed.name)) return `Invalid mapping expression specified: Validation Result: warnings : [], errors : [Operations on header ${parsed.name} are restricted]`;
  return undefined;
}

/** Compiles the parameter mapping of an integration's request or of one status code. */
export function compileMapping(parameters: { [key: string]: string } | undefined): readonly Change[] {
  const changes: Change[] = [];
  for (const [key, value] of Object.entries(parameters ?? {})) {
    const parsed = parseMappingKey(key);
    if (parsed !== undefined) changes.push({ ...parsed, value: compileSelection(value) });
  }
  return changes;
}

/** A request about to go to an integration, as mappings change it. */
export interface MappedRequest {
  headers: HeaderList;
  query: (readonly [string, string])[];
  /** Path in place of the route's own; undefined leaves it. */
  path: string | undefined;
}

function changeList(list: (readonly [string, string])[], change: Change, source: SelectionSource, same: (a: string, b: string) => boolean): (readonly [string, string])[] {
  if (change.action === "remove") return list.filter(([name]) => !same(name, change.name));
  const value = change.value(source);
  if (value === undefined) return list;
  if (change.action === "append") return [...list, [change.name, value]];
  return [...list.filter(([name]) => !same(name, change.name)), [change.name, value]];
}

const exact = (a: string, b: string): boolean => a === b;
const ignoringCase = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Applies request mappings: values are read from the request as it came, whatever earlier changes did. */
export function mapRequest(request: MappedRequest, changes: readonly Change[], source: SelectionSource): MappedRequest {
  let { headers, query, path } = request;
  for (const change of changes) {
    if (change.where === "header") headers = changeList(headers, change, source, ignoringCase);
    else if (change.where === "querystring") query = changeList(query, change, source, exact);
    else if (change.where === "path") path = change.value(source) ?? path;
  }
  return { headers, query, path };
}

/** Applies response mappings of one status code. */
export function mapResponse(status: number, headers: HeaderList, changes: readonly Change[], source: SelectionSource): { status: number; headers: HeaderList } {
  let result = { status, headers };
  for (const change of changes) {
    if (change.where === "header") result = { ...result, headers: changeList(result.headers, change, source, ignoringCase) };
    else if (change.where === "statuscode") {
      const value = Number(change.value(source));
      if (Number.isInteger(value) && value >= 100 && value <= 599) result = { ...result, status: value };
    }
  }
  return result;
}
