/** The parts of a REST message that are not its body: path, query, headers and status, compiled from the model. */
import type { AwsError } from "../error.ts";
import type { WireRequest } from "../http.ts";
import type { OperationModel, ServiceModel, Shape } from "../model.ts";
import { formatBase64, formatNumber, formatTimestamp, ScalarError } from "../shapes/scalars.ts";
import { members, resolve, setEntry, timestampFormat } from "../shapes/traits.ts";
import type { Resolved, TimestampFormat } from "../shapes/traits.ts";
import { textReader } from "../shapes/xml-read.ts";
import type { RouteFacts } from "./protocol.ts";

type Struct = Record<string, unknown>;

/** The service's error for a value that does not fit its member; undefined where the service reads on without it. `where` is the header or parameter, as sent. */
export type BadValue = (where: string, text: string, type: string) => AwsError | undefined;

/** Reads the members of an input that travel outside the body. */
export interface RequestBindings {
  read(facts: RouteFacts, request: WireRequest, into: Struct): void;
  /** The members left for the body: all that have no location. */
  body: [string, Resolved][];
}

/**
 * Header values stay as Node hands them over: one character a byte. Whatever a client sent, UTF-8 or latin1, goes back
 * to it unchanged, as S3 user metadata must.
 */
function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

/** The static query of a template (`?mode=import&x`): its parameters never reach a free map. */
export function staticQuery(requestUri: string): Map<string, string | undefined> {
  const at = requestUri.indexOf("?");
  const result = new Map<string, string | undefined>();
  if (at < 0) return result;
  for (const part of requestUri.slice(at + 1).split("&")) {
    const [name, value] = part.split("=", 2);
    if (name) result.set(name, value);
  }
  return result;
}

export function compileRequestBindings(model: ServiceModel, operation: OperationModel, bad: BadValue): RequestBindings {
  const body: [string, Resolved][] = [];
  const readers: RequestBindings["read"][] = [];
  if (operation.input === undefined) return { read: () => {}, body };
  const { shape } = resolve(model, operation.input);
  const fixed = staticQuery(operation.http.requestUri);
  const named = new Set<string>(fixed.keys());
  for (const [name, target] of members(model, shape)) {
    if (target.ref.location === "querystring" && target.shape.type !== "map") named.add(target.ref.locationName ?? name);
  }
  for (const [name, target] of members(model, shape)) {
    const key = target.ref.locationName ?? name;
    const read = (where: string, convert: (text: string) => unknown, text: string): unknown => {
      try {
        return convert(text);
      } catch (error) {
        if (!(error instanceof ScalarError)) throw error;
        const answer = bad(where, text, target.shape.type);
        if (answer !== undefined) throw answer;
        return undefined;
      }
    };
    switch (target.ref.location) {
      case "uri": {
        const convert = textReader(target.shape.type);
        readers.push((facts, _request, into) => {
          const text = facts.labels[key];
          if (text !== undefined) into[name] = read(name, convert, text);
        });
        break;
      }
      case "querystring": readers.push(queryReader(model, name, key, target, named, read)); break;
      case "header": {
        const convert = headerReader(model, target);
        const header = key.toLowerCase();
        readers.push((_facts, request, into) => {
          const text = single(request.headers[header]);
          if (text !== undefined) into[name] = read(key, convert, text);
        });
        break;
      }
      case "headers": {
        const prefix = key.toLowerCase();
        readers.push((_facts, request, into) => {
          let map: Struct | undefined;
          for (const header in request.headers) {
            if (!header.startsWith(prefix)) continue;
            map ??= {};
            setEntry(map, header.slice(prefix.length), single(request.headers[header]) ?? "");
          }
          if (map !== undefined) into[name] = map;
        });
        break;
      }
      default: body.push([name, target]);
    }
  }
  return { read: (facts, request, into) => { for (const each of readers) each(facts, request, into); }, body };
}

function queryReader(model: ServiceModel, name: string, key: string, target: Resolved, named: ReadonlySet<string>,
  read: (where: string, convert: (text: string) => unknown, text: string) => unknown): RequestBindings["read"] {
  const { shape } = target;
  if (shape.type === "map") {
    // A free map takes every parameter that nothing else has a name for; `mode=import` must not leak into it.
    const value = resolve(model, shape.value!);
    const many = value.shape.type === "list";
    return (facts, _request, into) => {
      let map: Struct | undefined;
      for (const [parameter, values] of facts.query) {
        if (named.has(parameter) || parameter === "x-id" || /^x-amz-/i.test(parameter)) continue;
        map ??= {};
        setEntry(map, parameter, many ? values : values[0]);
      }
      if (map !== undefined) into[name] = map;
    };
  }
  if (shape.type === "list") {
    const convert = textReader(resolve(model, shape.member!).shape.type);
    return (facts, _request, into) => {
      const values = facts.query.get(key);
      if (values !== undefined) into[name] = values.map((text) => read(key, convert, text));
    };
  }
  const convert = textReader(shape.type);
  return (facts, _request, into) => {
    const text = facts.query.get(key)?.[0];
    // `?max-keys=` means "not given" for anything but a string.
    if (text !== undefined && (text !== "" || shape.type === "string")) into[name] = read(key, convert, text);
  };
}

/** Reads a header: a list is separated by commas, JSON travels as base64. */
function headerReader(model: ServiceModel, target: Resolved): (text: string) => unknown {
  if (target.ref.jsonvalue === true) return (text) => Buffer.from(text, "base64").toString("utf8");
  if (target.shape.type !== "list") return textReader(target.shape.type);
  const member = resolve(model, target.shape.member!);
  const convert = textReader(member.shape.type);
  return (text) => splitHeaderList(text, member.shape.type === "timestamp").map(convert);
}

/** Splits at commas outside quotes; an rfc822 date holds one comma of its own. */
function splitHeaderList(text: string, dates: boolean): string[] {
  const parts = text.match(/\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)/g) ?? [];
  const items = parts.map((part) => part.replace(/,$/, "").trim()).filter((part) => part !== "")
    .map((part) => (part.startsWith('"') && part.endsWith('"') && part.length > 1 ? part.slice(1, -1).replace(/\\(.)/g, "$1") : part));
  if (!dates) return items;
  const joined: string[] = [];
  for (let index = 0; index < items.length; index += 1) {
    joined.push(/^[A-Za-z]{3}$/.test(items[index]!) ? `${items[index]}, ${items[++index]}` : items[index]!);
  }
  return joined;
}

/** Writes the members of an output that travel outside the body. */
export interface ResponseBindings {
  /** Adds headers; returns the status to use when a member holds it. */
  write(output: Struct, headers: string[]): number | undefined;
  body: [string, Resolved][];
}

/** Only headers and status exist outside the body of a response: API Gateway marks output members `querystring`, and they travel in the body. */
export function compileResponseBindings(model: ServiceModel, shape: Shape | undefined): ResponseBindings {
  const body: [string, Resolved][] = [];
  const writers: ((output: Struct, headers: string[]) => void)[] = [];
  let statusMember: string | undefined;
  for (const [name, target] of shape === undefined ? [] : members(model, shape)) {
    const key = target.ref.locationName ?? name;
    switch (target.ref.location) {
      case "statusCode": statusMember = name; break;
      case "header": {
        const write = headerWriter(model, target);
        writers.push((output, headers) => {
          const value = output[name];
          if (value !== undefined && value !== null) headers.push(key, headerBytes(write(value)));
        });
        break;
      }
      case "headers":
        writers.push((output, headers) => {
          for (const [suffix, value] of Object.entries((output[name] ?? {}) as Record<string, string>)) {
            headers.push(key + suffix, headerBytes(value));
          }
        });
        break;
      default: body.push([name, target]);
    }
  }
  return {
    body,
    write: (output, headers) => {
      for (const each of writers) each(output, headers);
      return statusMember === undefined ? undefined : (output[statusMember] as number | undefined);
    },
  };
}

/** Text as Node wants a header: one character a byte. Text beyond that goes out as UTF-8, and nothing may end the line. */
function headerBytes(text: string): string {
  const flat = /[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]+/g, " ") : text;
  return /^[\x00-\xFF]*$/.test(flat) ? flat : Buffer.from(flat, "utf8").toString("latin1");
}

function headerWriter(model: ServiceModel, target: Resolved): (value: unknown) => string {
  if (target.ref.jsonvalue === true) return formatBase64;
  if (target.shape.type === "list") {
    const member = resolve(model, target.shape.member!);
    const write = textWriter(member, "rfc822");
    const quote = member.shape.type === "string";
    return (value) => (value as unknown[]).map((item) => {
      const text = write(item);
      return quote && /[",]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
    }).join(", ");
  }
  return textWriter(target, "rfc822");
}

function textWriter(target: Resolved, fallback: TimestampFormat): (value: unknown) => string {
  switch (target.shape.type) {
    case "timestamp": {
      const format = timestampFormat(target, fallback);
      return (value) => formatTimestamp(value as number, format, true);
    }
    case "blob": return formatBase64;
    case "boolean": case "string": case "character": return String;
    default: return (value) => formatNumber(value as number);
  }
}
