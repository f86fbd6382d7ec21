/** Ways to break a request, reproducible from a seed. */
import type { WireRequest } from "../../src/index.ts";
import type { random } from "../random.ts";

type Source = ReturnType<typeof random>;

const ODD_VALUES: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, 1e400, -1e308, 2 ** 31, 2 ** 53, "", "x", "1", "NaN", "true", "2020-02-31T00:00:00Z", "\u0000", "\uD800", "=", "AAA", "x".repeat(5000),
  [], [null], [[]], {}, { a: 1 }, { "__proto__": { x: 1 } }, { constructor: "x" }, { toString: null }, [1, "a", {}, []], { S: { S: {} } },
];
const ODD_TEXT = ["", "%", "%zz", "%FF%FE", "%00", "..", "//", "+", "&", "&&&&", "=", ".", "a.b.c.d", "\u0000", "<", "]]>", "&bomb;", "&#0;", "&#xFFFFFFF;", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "é", "{", "\"", "1e999", "-", "null"];
const ODD_BYTES = [0, 0xff, 0x80, 0xc0, 0xfe, 0x7f, 0x22, 0x26, 0x3c, 0x3e, 0x5b, 0x5d, 0x7b, 0x7d, 0x9f, 0xbf, 0xdf, 0xfb, 0x5f];

/** Replaces, removes or adds one node of a JSON tree. */
function mutateTree(source: Source, root: unknown): unknown {
  const holders: [Record<string, unknown>, string][] = [];
  const wrapped: Record<string, unknown> = { root };
  const visit = (holder: Record<string, unknown>): void => {
    for (const key of Object.keys(holder)) {
      holders.push([holder, key]);
      const child = holder[key];
      if (typeof child === "object" && child !== null) visit(child as Record<string, unknown>);
    }
  };
  visit(wrapped);
  const [holder, key] = source.pick(holders);
  switch (source.below(4)) {
    case 0: delete holder[key]; break;
    case 1: holder[source.pick(["__proto__", "constructor", "x", "0", ""])] = source.pick(ODD_VALUES); break;
    default: holder[key] = source.pick(ODD_VALUES);
  }
  return wrapped["root"];
}

function mutateBytes(source: Source, body: Buffer): Buffer {
  const at = source.below(body.length + 1);
  switch (source.below(6)) {
    case 0: return body.subarray(0, at);
    case 1: return Buffer.concat([body.subarray(0, at), Buffer.from([source.pick(ODD_BYTES)]), body.subarray(at)]);
    case 2: return Buffer.concat([body.subarray(0, at), body.subarray(Math.min(at + 1 + source.below(8), body.length))]);
    case 3: return Buffer.concat([body.subarray(0, at), Buffer.from(source.pick(ODD_TEXT)), body.subarray(at)]);
    case 4: return source.bytes(source.below(40));
    default: {
      const copy = Buffer.from(body);
      for (let count = 1 + source.below(3); count > 0 && copy.length > 0; count--) copy[source.below(copy.length)] = source.pick(ODD_BYTES);
      return copy;
    }
  }
}

function mutateText(source: Source, text: string): string {
  const at = source.below(text.length + 1);
  return text.slice(0, at) + source.pick(ODD_TEXT) + text.slice(at + source.below(3));
}

/** A broken copy of a request. The body must be bytes. */
export function mutate(source: Source, request: WireRequest): WireRequest {
  const body = request.body as Buffer;
  const result: WireRequest = { ...request, headers: { ...request.headers } };
  const choice = source.below(10);
  if (choice === 0) result.path = mutateText(source, request.path);
  else if (choice === 1) result.query = mutateText(source, request.query);
  else if (choice === 2) {
    const name = source.pick(Object.keys(request.headers));
    if (source.below(2) === 0) delete result.headers[name];
    else result.headers[name] = mutateText(source, String(request.headers[name]));
  } else if (choice < 6 && (body[0] === 0x7b || body[0] === 0x5b)) {
    result.body = Buffer.from(JSON.stringify(mutateTree(source, JSON.parse(body.toString()))) ?? "");
  } else result.body = mutateBytes(source, body);
  return result;
}
