import { compileCron, zoneOf } from "./cron.ts";

/** When something happens. */
export interface Schedule {
  kind: "cron" | "rate" | "at";
  /**
   * The first time after the given one, milliseconds; undefined when there is none.
   * @param originMs where rates are counted from.
   */
  next(afterMs: number, originMs: number): number | undefined;
}

const units: { [unit: string]: number } = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Compiles `cron(...)`, `rate(...)` and, where allowed, `at(...)`.
 * @returns undefined for what is no such expression.
 */
export function compileSchedule(expression: string, options: { at?: boolean; timeZone?: string } = {}): Schedule | undefined {
  const { timeZone = "UTC" } = options;
  const match = /^(cron|rate|at)\((.*)\)$/s.exec(expression.trim());
  if (match === null) return undefined;
  const [, kind, inside] = match as unknown as [string, Schedule["kind"], string];
  if (kind === "cron") {
    const cron = compileCron(inside, timeZone);
    return cron === undefined ? undefined : { kind, next: (afterMs) => cron.next(afterMs) };
  }
  if (kind === "rate") {
    const rate = /^([1-9]\d{0,8})\s+(minute|hour|day)(s?)$/.exec(inside.trim());
    // One minute, but five minutes.
    if (rate === null || (rate[1] === "1") !== (rate[3] === "")) return undefined;
    const periodMs = Number(rate[1]) * units[rate[2]!]!;
    return { kind, next: (afterMs, originMs) => originMs + (Math.floor(Math.max(0, afterMs - originMs) / periodMs) + 1) * periodMs };
  }
  if (options.at !== true) return undefined;
  const at = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(inside.trim());
  if (at === null) return undefined;
  const [year, month, day, hour, minute, second] = at.slice(1).map(Number) as [number, number, number, number, number, number];
  const ms = zoneOf(timeZone)?.utc(year, month, day, hour, minute);
  if (ms === undefined || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  const dueMs = ms + second * 1000;
  return { kind, next: (afterMs) => (dueMs > afterMs ? dueMs : undefined) };
}
