/** Which headers, cookies or query parameters count: for the cache key, or for what the origin sees. */
export interface Selection {
  mode: "none" | "all" | "list" | "allExcept";
  /** Lower case for headers; to the letter for cookies and query parameters. */
  names: ReadonlySet<string>;
}

/** How the API spells a selection. */
interface Spelled {
  behavior: string | undefined;
  names: readonly string[] | undefined;
}

export const nothing: Selection = { mode: "none", names: new Set() };
export const everything: Selection = { mode: "all", names: new Set() };

/** Reads `none`, `whitelist`, `allExcept`, `all` and their headers' variants. */
export function selectionOf({ behavior, names }: Spelled, lowerCase = false): Selection {
  const set = new Set((names ?? []).map((name) => (lowerCase ? name.toLowerCase() : name)));
  switch (behavior) {
    case "all": case "allViewer": case "allViewerAndWhitelistCloudFront": return { mode: "all", names: set };
    case "allExcept": return { mode: "allExcept", names: set };
    case "whitelist": return set.has("*") ? everything : { mode: "list", names: set };
    default: return nothing;
  }
}

/** Whether the selection has a name. */
export function selects({ mode, names }: Selection, name: string): boolean {
  switch (mode) {
    case "none": return false;
    case "all": return true;
    case "list": return names.has(name);
    case "allExcept": return !names.has(name);
  }
}

/** Wildcards in lists of cookies (`session*`); without them look-ups stay by name. */
export function withWildcards(selection: Selection): Selection {
  const patterns = [...selection.names].filter((name) => name.includes("*") || name.includes("?"));
  if (patterns.length === 0) return selection;
  const tests = patterns.map((pattern) => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`));
  const plain = selection.names;
  const names = { has: (name: string) => plain.has(name) || tests.some((test) => test.test(name)) } as ReadonlySet<string>;
  return { mode: selection.mode, names };
}

/** What of a query string is selected, order and encoding as sent. */
export function selectQuery(query: string, selection: Selection): string {
  if (query === "" || selection.mode === "none") return "";
  if (selection.mode === "all") return query;
  return query.split("&").filter((part) => {
    const equals = part.indexOf("=");
    return selects(selection, decode(equals < 0 ? part : part.slice(0, equals)));
  }).join("&");
}

/** What of a `Cookie` header is selected. */
export function selectCookies(cookie: string | undefined, selection: Selection): string {
  if (cookie === undefined || selection.mode === "none") return "";
  if (selection.mode === "all") return cookie;
  return cookie.split(";").map((part) => part.trim()).filter((part) => {
    const equals = part.indexOf("=");
    return part !== "" && selects(selection, equals < 0 ? part : part.slice(0, equals));
  }).join("; ");
}

function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Both selections together: what the cache key has is always forwarded as well. */
export function union(a: Selection, b: Selection): Selection {
  if (a.mode === "all" || b.mode === "none") return a;
  if (b.mode === "all" || a.mode === "none") return b;
  if (a.mode === "list" && b.mode === "list") return { mode: "list", names: { has: (name: string) => a.names.has(name) || b.names.has(name) } as ReadonlySet<string> };
  return { mode: "allExcept", names: { has: (name: string) => !selects(a, name) && !selects(b, name) } as ReadonlySet<string> };
}
