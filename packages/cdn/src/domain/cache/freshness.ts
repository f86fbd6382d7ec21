import { headerLines, headerOf } from "../headers.ts";
import { parseHttpDate } from "../http-date.ts";
import { parseCacheControl, parseTargeted, type Directives } from "./cache-control.ts";

/** Durations of a cache behaviour in seconds, and whose rules decide where CloudFront and the RFCs differ. */
export interface TtlRules {
  semantics: "cloudfront" | "rfc";
  minTtl: number;
  defaultTtl: number;
  maxTtl: number;
  /** Seconds for which an error status is kept at least; CloudFront's default is 10. */
  errorTtl(status: number): number;
}

/** What an origin answered, and when. */
export interface OriginAnswer {
  status: number;
  headers: readonly string[];
  /** Platform time when the request left, milliseconds. */
  requestMs: number;
  /** Platform time when the head of the answer came. */
  responseMs: number;
}

/** What a shared cache may do with an answer. Durations in milliseconds. */
export interface Storage {
  /** False: it may answer the request that it was fetched for, and no other. */
  store: boolean;
  lifetimeMs: number;
  /** Age at `responseMs` (RFC 9111, section 4.2.3). */
  initialAgeMs: number;
  /** Must be confirmed by the origin before every use. */
  noCache: boolean;
  /** May not be used stale, whatever happens. */
  mustRevalidate: boolean;
  staleWhileRevalidateMs: number;
  /** Undefined when the origin said nothing of it. */
  staleIfErrorMs: number | undefined;
}

/** Statuses that may be kept without explicit freshness (RFC 9110, section 15.1). */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
/** Statuses whose meaning we know, so that `must-understand` is met. */
const UNDERSTOOD: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 500, 501, 502, 503, 504]);
/** Error statuses that CloudFront keeps in any case, and those that it keeps when the origin gives a duration. */
const ERRORS_KEPT: ReadonlySet<number> = new Set([404, 414, 500, 501, 502, 503, 504]);
const ERRORS_KEPT_IF_TOLD: ReadonlySet<number> = new Set([400, 403, 405, 412, 415]);
/** Share of the time since the last change for which an answer counts as fresh, and the longest such time. */
const HEURISTIC_SHARE = 0.1;
const HEURISTIC_LONGEST_MS = 7 * 86_400_000;

const never: Omit<Storage, "initialAgeMs"> = { store: false, lifetimeMs: 0, noCache: false, mustRevalidate: false, staleWhileRevalidateMs: 0, staleIfErrorMs: undefined };

/** Decides whether and how long an answer to a request with or without `Authorization` may be kept. */
export function storageOf(answer: OriginAnswer, authorized: boolean, rules: TtlRules): Storage {
  const initialAgeMs = initialAge(answer, rules.semantics === "rfc");
  const targeted = rules.semantics === "rfc" ? parseTargeted(headerLines(answer.headers, "cdn-cache-control")) : undefined;
  const control = targeted ?? parseCacheControl(headerLines(answer.headers, "cache-control"));
  const told = toldLifetime(answer, control, targeted !== undefined);
  const decided = rules.semantics === "rfc" ? byRfc(answer, authorized, control, told, rules) : byCloudFront(answer, authorized, control, told, rules);
  return { initialAgeMs, ...decided };
}

/** What the origin itself says of freshness, milliseconds; undefined when it says nothing. */
function toldLifetime(answer: OriginAnswer, control: Directives, targeted: boolean): number | undefined {
  const seconds = control.sMaxage ?? control.maxAge;
  if (seconds !== undefined) return seconds * 1000;
  if (targeted) return undefined;
  const expires = headerLines(answer.headers, "expires");
  if (expires.length === 0) return undefined;
  const expiresMs = expires.length === 1 ? parseHttpDate(expires[0], answer.responseMs) : undefined;
  if (expiresMs === undefined) return 0;
  const dateMs = parseHttpDate(headerOf(answer.headers, "date"), answer.responseMs) ?? answer.responseMs;
  return Math.max(0, expiresMs - dateMs);
}

function byRfc(answer: OriginAnswer, authorized: boolean, control: Directives, told: number | undefined, rules: TtlRules): Omit<Storage, "initialAgeMs"> {
  const { status } = answer;
  const noStore = control.noStore && !(control.mustUnderstand && UNDERSTOOD.has(status));
  if (noStore || control.private === true || status < 200 || (control.mustUnderstand && !UNDERSTOOD.has(status))) return never;
  if (authorized && !control.public && control.sMaxage === undefined && !control.mustRevalidate) return never;
  if (told === undefined && !HEURISTIC.has(status) && !control.public) return never;
  let lifetimeMs = told ?? heuristicLifetime(answer);
  if (told === undefined && lifetimeMs === 0) lifetimeMs = rules.defaultTtl * 1000;
  return {
    store: true,
    lifetimeMs: clamp(lifetimeMs, rules),
    ...usage(control),
  };
}

function heuristicLifetime({ headers, responseMs }: OriginAnswer): number {
  const modifiedMs = parseHttpDate(headerOf(headers, "last-modified"), responseMs);
  if (modifiedMs === undefined) return 0;
  const dateMs = parseHttpDate(headerOf(headers, "date"), responseMs) ?? responseMs;
  return Math.min(HEURISTIC_LONGEST_MS, Math.max(0, (dateMs - modifiedMs) * HEURISTIC_SHARE));
}

/** The rules of the developer guide, "Manage how long content stays in the cache (expiration)". */
function byCloudFront(answer: OriginAnswer, authorized: boolean, control: Directives, told: number | undefined, rules: TtlRules): Omit<Storage, "initialAgeMs"> {
  const { status } = answer;
  const error = status >= 400;
  if (status < 200) return never;
  if (error) {
    const explicit = told !== undefined && told > 0;
    if (!ERRORS_KEPT.has(status) && !(ERRORS_KEPT_IF_TOLD.has(status) && explicit)) return never;
    const refused = control.noStore || control.private !== false || control.noCache === true;
    const lifetimeMs = Math.max(refused ? 0 : (told ?? 0), rules.errorTtl(status) * 1000);
    return lifetimeMs === 0 ? never : { ...usage(control), store: true, noCache: false, lifetimeMs: Math.min(lifetimeMs, Math.max(rules.maxTtl, rules.errorTtl(status)) * 1000) };
  }
  if (rules.maxTtl === 0) return never;
  const refused = control.noStore || control.private !== false || control.noCache === true;
  if (refused && rules.minTtl > 0) return { ...usage(control), store: true, noCache: false, lifetimeMs: rules.minTtl * 1000 };
  if (control.noStore || control.private === true) return never;
  if (authorized && !control.public && control.sMaxage === undefined && !control.mustRevalidate) return never;
  return { store: true, lifetimeMs: clamp(told ?? rules.defaultTtl * 1000, rules), ...usage(control) };
}

function clamp(lifetimeMs: number, rules: TtlRules): number {
  return Math.min(Math.max(lifetimeMs, rules.minTtl * 1000), Math.max(rules.maxTtl, rules.minTtl) * 1000);
}

function usage(control: Directives): Pick<Storage, "noCache" | "mustRevalidate" | "staleWhileRevalidateMs" | "staleIfErrorMs"> {
  return {
    noCache: control.noCache === true,
    // For a shared cache s-maxage says the same as proxy-revalidate (RFC 9111, section 5.2.2.10).
    mustRevalidate: control.mustRevalidate || control.proxyRevalidate || control.sMaxage !== undefined || control.noCache === true,
    staleWhileRevalidateMs: (control.staleWhileRevalidate ?? 0) * 1000,
    staleIfErrorMs: control.staleIfError === undefined ? undefined : control.staleIfError * 1000,
  };
}

const digits = /^\d+$/;

/** Age of an answer when it came. `Age` may be a list by mistake: its first member counts, one that is no number not at all. */
function initialAge(answer: OriginAnswer, apparent: boolean): number {
  const first = headerOf(answer.headers, "age")?.split(",", 1)[0]!.trim();
  const ageMs = first !== undefined && digits.test(first) ? Math.min(Number(first), 2_147_483_648) * 1000 : 0;
  const correctedMs = ageMs + Math.max(0, answer.responseMs - answer.requestMs);
  if (!apparent) return correctedMs;
  const dateMs = parseHttpDate(headerOf(answer.headers, "date"), answer.responseMs);
  return dateMs === undefined ? correctedMs : Math.max(correctedMs, answer.responseMs - dateMs);
}
