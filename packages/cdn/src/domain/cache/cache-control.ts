import { parseTargetedDirectives } from "./targeted.ts";

/** Directives of a request's or response's `Cache-Control`. Durations in seconds. */
export interface Directives {
  maxAge?: number;
  sMaxage?: number;
  noStore: boolean;
  /** True for all of the response; names of fields when it was qualified. */
  noCache: boolean | readonly string[];
  private: boolean | readonly string[];
  public: boolean;
  mustRevalidate: boolean;
  proxyRevalidate: boolean;
  mustUnderstand: boolean;
  staleWhileRevalidate?: number;
  staleIfError?: number;
  onlyIfCached: boolean;
  minFresh?: number;
  /** `Infinity` for the directive without a value. */
  maxStale?: number;
}

/** Longest duration that is told apart (RFC 9111, section 1.2.2). */
const LONGEST = 2_147_483_648;

/** No directive at all. */
export const NO_DIRECTIVES: Directives = {
  noStore: false, noCache: false, private: false, public: false, mustRevalidate: false, proxyRevalidate: false, mustUnderstand: false, onlyIfCached: false,
};

/**
 * Reads `Cache-Control` lines. Directives in quoted strings are text, not directives; of a repeated directive the first
 * counts; a duration that is no number of seconds counts as 0, so that the response is stale (RFC 9111, section 4.2.1).
 */
export function parseCacheControl(lines: readonly string[]): Directives {
  if (lines.length === 0) return NO_DIRECTIVES;
  const directives: Directives = { ...NO_DIRECTIVES };
  for (const line of lines) {
    for (const [name, value] of tokens(line)) apply(directives, name, value);
  }
  return directives;
}

/**
 * Reads `CDN-Cache-Control` (RFC 9213), a Structured Field: one that is not valid as such, or empty, is as if absent.
 * @returns undefined when the field does not count.
 */
export function parseTargeted(lines: readonly string[]): Directives | undefined {
  const members = lines.length === 0 ? undefined : parseTargetedDirectives(lines.join(", "));
  if (members === undefined || members.size === 0) return undefined;
  const directives: Directives = { ...NO_DIRECTIVES };
  for (const [name, value] of members) {
    if (value === false) continue;
    // A value of another type than the directive's is ignored with its directive (RFC 9213, section 2.1).
    if (durations.has(name) && typeof value !== "number") continue;
    apply(directives, name, value === true ? undefined : String(value));
  }
  return directives;
}

const durations: ReadonlySet<string> = new Set(["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "min-fresh"]);

function apply(directives: Directives, name: string, value: string | undefined): void {
  switch (name) {
    case "max-age": directives.maxAge ??= seconds(value); break;
    case "s-maxage": directives.sMaxage ??= seconds(value); break;
    case "stale-while-revalidate": directives.staleWhileRevalidate ??= seconds(value); break;
    case "stale-if-error": directives.staleIfError ??= seconds(value); break;
    case "min-fresh": directives.minFresh ??= seconds(value); break;
    case "max-stale": directives.maxStale ??= value === undefined ? Infinity : seconds(value); break;
    case "no-store": directives.noStore = true; break;
    case "no-cache": directives.noCache = qualified(directives.noCache, value); break;
    case "private": directives.private = qualified(directives.private, value); break;
    case "public": directives.public = true; break;
    case "must-revalidate": directives.mustRevalidate = true; break;
    case "proxy-revalidate": directives.proxyRevalidate = true; break;
    case "must-understand": directives.mustUnderstand = true; break;
    case "only-if-cached": directives.onlyIfCached = true; break;
  }
}

function qualified(before: boolean | readonly string[], value: string | undefined): boolean | readonly string[] {
  const names = (value ?? "").split(",").map((name) => name.trim().toLowerCase()).filter((name) => name !== "");
  if (names.length === 0 || before === true) return true;
  return before === false ? names : [...before, ...names];
}

const digits = /^\d+$/;

function seconds(value: string | undefined): number {
  if (value === undefined || !digits.test(value)) return 0;
  return Math.min(Number(value), LONGEST);
}

/** Names in lower case and values without their quotes. */
function* tokens(line: string): Generator<[name: string, value: string | undefined]> {
  let at = 0;
  while (at < line.length) {
    let end = at;
    let quoted = false;
    for (; end < line.length; end++) {
      const character = line[end];
      if (quoted) {
        if (character === "\\") end++;
        else if (character === '"') quoted = false;
      } else if (character === '"') quoted = true;
      else if (character === ",") break;
    }
    const part = line.slice(at, end).trim();
    at = end + 1;
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    const raw = equals < 0 ? undefined : part.slice(equals + 1);
    yield [name, raw !== undefined && raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, "$1") : raw];
  }
}
