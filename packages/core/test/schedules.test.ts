import { describe, expect, it } from "vitest";
import { compileSchedule } from "../src/schedules/expression.ts";

const next = (expression: string, after: string, timeZone?: string) => {
  const ms = compileSchedule(expression, { at: true, ...(timeZone === undefined ? {} : { timeZone }) })!.next(Date.parse(after), Date.parse("2026-01-01T00:00:00Z"));
  return ms === undefined ? undefined : new Date(ms).toISOString().replace(".000Z", "Z");
};

describe("schedules", () => {
  it.each([
    ["cron(0 10 * * ? *)", "2026-01-02T03:04:05Z", "2026-01-02T10:00:00Z"],
    ["cron(0 10 * * ? *)", "2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"],
    ["cron(15 12 * * ? *)", "2026-12-31T12:15:00Z", "2027-01-01T12:15:00Z"],
    ["cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z"],
    ["cron(0 8 1 * ? *)", "2026-01-02T00:00:00Z", "2026-02-01T08:00:00Z"],
    ["cron(0/15 * * * ? *)", "2026-01-02T03:04:05Z", "2026-01-02T03:15:00Z"],
    ["cron(0/10 * ? * MON-FRI *)", "2026-01-03T00:00:00Z", "2026-01-05T00:00:00Z"],
    ["cron(5,35 14 * * ? *)", "2026-01-02T14:05:00Z", "2026-01-02T14:35:00Z"],
    ["cron(0 0 L * ? *)", "2026-02-02T00:00:00Z", "2026-02-28T00:00:00Z"],
    ["cron(0 0 ? * 6L *)", "2026-01-02T00:00:00Z", "2026-01-30T00:00:00Z"],
    ["cron(0 0 ? * FRI#2 *)", "2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z"],
    ["cron(0 0 15W * ? *)", "2026-08-02T00:00:00Z", "2026-08-14T00:00:00Z"],
    ["cron(0 0 ? * FRI-MON *)", "2026-01-05T00:00:00Z", "2026-01-09T00:00:00Z"],
    ["cron(0 0 29 2 ? *)", "2026-01-02T00:00:00Z", "2028-02-29T00:00:00Z"],
    ["cron(15 10 ? * 6L 2002-2005)", "2026-01-02T00:00:00Z", undefined],
    ["rate(5 minutes)", "2026-01-01T00:05:00Z", "2026-01-01T00:10:00Z"],
    ["rate(1 day)", "2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z"],
    ["at(2026-03-01T10:20:30)", "2026-01-01T00:00:00Z", "2026-03-01T10:20:30Z"],
    ["at(2025-03-01T10:20:30)", "2026-01-01T00:00:00Z", undefined],
  ])("%s after %s", (expression, after, expected) => expect(next(expression, after)).toBe(expected));

  it("keep to a time zone, through changes of its clocks", () => {
    expect(next("cron(0 9 * * ? *)", "2026-01-15T00:00:00Z", "America/New_York")).toBe("2026-01-15T14:00:00Z");
    expect(next("cron(0 9 * * ? *)", "2026-07-15T00:00:00Z", "America/New_York")).toBe("2026-07-15T13:00:00Z");
    // 2:30 does not exist on 8 March 2026.
    expect(next("cron(30 2 * * ? *)", "2026-03-08T05:00:00Z", "America/New_York")).toBe("2026-03-09T06:30:00Z");
    expect(next("at(2026-07-01T09:00:00)", "2026-01-01T00:00:00Z", "Europe/Berlin")).toBe("2026-07-01T07:00:00Z");
  });

  // Recorded from AWS: what is refused.
  it.each([
    "cron(0 1 * * * *)", "cron(0 dummy ? * MON-FRI *)", "cron(7 20 * * NOT *)", "cron(71 8 1 * ? *)", "cron(INVALID)", "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(10 seconds)", "every minute", "at(tomorrow)",
  ])("refuse %s", (expression) => expect(compileSchedule(expression, { at: true })).toBeUndefined());
});
