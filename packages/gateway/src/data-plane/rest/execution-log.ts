import type { HeaderList } from "../../domain/http-message.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => String(n).padStart(2, "0");

/** The time in front of a line: `Sat Jan 02 03:04:05 UTC 2026`. */
export function logTime(ms: number): string {
  const t = new Date(ms);
  return `${DAYS[t.getUTCDay()]} ${MONTHS[t.getUTCMonth()]} ${two(t.getUTCDate())} ${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())} UTC ${t.getUTCFullYear()}`;
}

/** A map as Java prints it: `{a=1, b=2}`; keys of one name are joined by commas. */
export function mapText(pairs: Iterable<readonly [string, string]>): string {
  const joined = new Map<string, string>();
  for (const [name, value] of pairs) joined.set(name, joined.has(name) ? `${joined.get(name)},${value}` : value);
  return `{${[...joined].map(([name, value]) => `${name}=${value}`).join(", ")}}`;
}

/** Headers as an execution log shows them; what would let a reader pose as the caller is hidden but for its end. */
export function headerMapText(headers: HeaderList): string {
  return mapText(headers.map(([name, value]) => [name, /^(?:authorization|x-api-key|x-amz-security-token)$/i.test(name) ? masked(value) : value] as const));
}

const masked = (value: string): string => `${"*".repeat(Math.max(0, value.length - 6))}${value.slice(-6)}`;

/** The whole log of one execution, a line each. */
export function executionLog(requestId: string, startedMs: number, lines: readonly string[]): string {
  return `Execution log for request ${requestId}\n${lines.map((line) => `${logTime(startedMs)} : ${line}\n`).join("")}`;
}
