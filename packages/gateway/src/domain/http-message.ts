/** Headers in the order and case in which they travelled, repeated ones included. */
export type HeaderList = (readonly [name: string, value: string])[];

/** A request as the gateway works with it: read completely, bounded, taken apart once. */
export interface GatewayRequest {
  method: string;
  /** Path below the stage, percent-encoding as received: `/pets/5`. */
  path: string;
  /** Path as received, the stage included. */
  fullPath: string;
  /** Path as REST events show it: below the stage, but with the base path of a custom domain. */
  eventPath: string;
  /** Query as received, without `?`. */
  rawQuery: string;
  /** Query parameters decoded (`+` is a blank), in order. */
  query: (readonly [name: string, value: string])[];
  headers: HeaderList;
  body: Buffer;
  /** Host header without port. */
  host: string;
  /** `HTTP/1.1`. */
  protocol: string;
  sourceIp: string;
  /** Platform time at which the request arrived, milliseconds. */
  startedMs: number;
}

/** A response on its way to the client. */
export interface GatewayResponse {
  status: number;
  headers: HeaderList;
  body: Buffer | string;
}

/** The first value of a header, whatever its case. */
export function header(headers: HeaderList, name: string): string | undefined {
  for (const [key, value] of headers) if (key.length === name.length && key.toLowerCase() === name) return value;
  return undefined;
}

/** All values of a header joined by commas; undefined when it is absent. */
export function joinedHeader(headers: HeaderList, name: string): string | undefined {
  let joined: string | undefined;
  for (const [key, value] of headers) if (key.length === name.length && key.toLowerCase() === name) joined = joined === undefined ? value : `${joined},${value}`;
  return joined;
}

/** Lower-case names, repeated values joined by commas, as HTTP APIs pass headers on. */
export function lowerHeaders(headers: HeaderList): { [name: string]: string } {
  const joined: { [name: string]: string } = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = own(joined, key);
    put(joined, key, before === undefined ? value : `${before},${value}`);
  }
  return joined;
}

/** Names and values of a list of pairs, the last of each name. */
export function lastValues(pairs: Iterable<readonly [string, string]>): { [name: string]: string } {
  const values: { [name: string]: string } = {};
  for (const [name, value] of pairs) put(values, name, value);
  return values;
}

/** Names and all values of a list of pairs. */
export function allValues(pairs: Iterable<readonly [string, string]>): { [name: string]: string[] } {
  const values: { [name: string]: string[] } = {};
  for (const [name, value] of pairs) {
    const list = own(values, name);
    if (list === undefined) put(values, name, [value]);
    else list.push(value);
  }
  return values;
}

/** Names and values joined by commas. */
export function joinedValues(pairs: Iterable<readonly [string, string]>): { [name: string]: string } {
  const values: { [name: string]: string } = {};
  for (const [name, value] of pairs) {
    const before = own(values, name);
    put(values, name, before === undefined ? value : `${before},${value}`);
  }
  return values;
}

const own = <T>(object: { [name: string]: T }, name: string): T | undefined => (Object.hasOwn(object, name) ? object[name] : undefined);

/** Assigns a name that a client chose: `__proto__` becomes a property like any other. */
function put<T>(object: { [name: string]: T }, name: string, value: T): void {
  if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** Decodes a query as a form: `+` is a blank, broken escapes stay as they are. */
export function parseQuery(raw: string): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  if (raw === "") return pairs;
  for (const part of raw.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    pairs.push(equals < 0 ? [decodeForm(part), ""] : [decodeForm(part.slice(0, equals)), decodeForm(part.slice(equals + 1))]);
  }
  return pairs;
}

function decodeForm(text: string): string {
  return decodePath(text.includes("+") ? text.replaceAll("+", " ") : text);
}

/** Percent-decodes; what is no valid escape stays. */
export function decodePath(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString());
  }
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** The common log format of a time: `12/Mar/2020:19:03:58 +0000`. */
export function clfTime(ms: number): string {
  const t = new Date(ms);
  return `${two(t.getUTCDate())}/${MONTHS[t.getUTCMonth()]}/${t.getUTCFullYear()}:${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())} +0000`;
}
