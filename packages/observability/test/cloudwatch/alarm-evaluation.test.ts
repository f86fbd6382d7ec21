import { describe, expect, test } from "vitest";
import { evaluateAlarm, stateReason, double, type MissingData, type Period } from "../../src/cloudwatch/domain/alarm-evaluation.ts";
import { compileRule, RuleError } from "../../src/cloudwatch/domain/rule.ts";

const START = Date.UTC(2026, 0, 2, 3, 0);
/** `0 - X`: fine, no data, breaching; oldest first. */
const periods = (text: string): Period[] => text.split(" ").map((mark, i) => ({ startMs: START + i * 60_000, value: mark === "-" ? undefined : mark === "X" ? 9 : 1, breaching: mark === "X" }));

/** The tables of AWS's page on missing data: what each treatment comes to; KEEP keeps the state. */
describe("missing data", () => {
  const treatments: MissingData[] = ["missing", "ignore", "breaching", "notBreaching"];
  test.each([
    // 3 out of 3
    ["0 - X - X", 3, 3, ["OK", "OK", "OK", "OK"]],
    ["- - - - 0", 3, 3, ["OK", "OK", "OK", "OK"]],
    ["- - - - -", 3, 3, ["INSUFFICIENT_DATA", "KEEP", "ALARM", "OK"]],
    ["0 X X - X", 3, 3, ["ALARM", "ALARM", "ALARM", "ALARM"]],
    ["- - X - -", 3, 3, ["ALARM", "KEEP", "ALARM", "OK"]],
    // 2 out of 3
    ["0 - X - X", 3, 2, ["ALARM", "ALARM", "ALARM", "ALARM"]],
    ["0 0 X 0 X", 3, 2, ["ALARM", "ALARM", "ALARM", "ALARM"]],
    ["0 - X - -", 3, 2, ["OK", "OK", "ALARM", "OK"]],
    // One breaching point that is old enough is an alarm, one that just came is not yet.
    ["- - - X -", 3, 2, ["ALARM", "KEEP", "ALARM", "OK"]],
    ["- - - - X", 3, 2, ["KEEP", "KEEP", "ALARM", "OK"]],
    // 1 out of 1
    ["- - X", 1, 1, ["ALARM", "ALARM", "ALARM", "ALARM"]],
    ["0 - -", 1, 1, ["OK", "OK", "OK", "OK"]],
  ])("%s, %i periods, %i datapoints", (text, n, m, expected) => {
    expect(treatments.map((treat) => evaluateAlarm(periods(text), n, m, treat).state ?? "KEEP")).toEqual(expected);
  });
});

describe("reasons", () => {
  const reason = (text: string, n: number, m: number, treat: MissingData): string =>
    stateReason(evaluateAlarm(periods(text), n, m, treat), { comparison: "GreaterThanThreshold", threshold: 5, evaluationPeriods: n, datapointsToAlarm: m, treat });
  test.each([
    ["- - X", 1, 1, "missing", "Threshold Crossed: 1 out of the last 1 datapoint [9.0 (02/01/26 03:02:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."],
    ["0 0 0", 1, 1, "missing", "Threshold Crossed: 1 out of the last 1 datapoint [1.0 (02/01/26 03:02:00)] was not greater than the threshold (5.0) (minimum 1 datapoint for ALARM -> OK transition)."],
    ["- - X X", 2, 2, "missing", "Threshold Crossed: 2 out of the last 2 datapoints [9.0 (02/01/26 03:03:00), 9.0 (02/01/26 03:02:00)] were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."],
    ["- - - -", 2, 2, "missing", "Insufficient Data: 2 datapoints were unknown."],
    ["- - -", 1, 1, "missing", "Insufficient Data: 1 datapoint was unknown."],
    // Recorded.
    ["- - - -", 2, 2, "breaching", "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."],
    ["- - -", 1, 1, "notBreaching", "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."],
  ] as const)("%s", (text, n, m, treat, expected) => expect(reason(text, n, m, treat)).toBe(expected));

  test("numbers are written as Java does", () => {
    expect([1, 0.5, 1234567, 12345678, 1e-5, 100].map(double)).toEqual(["1.0", "0.5", "1234567.0", "1.2345678E7", "1.0E-5", "100.0"]);
  });
});

describe("rules", () => {
  const states: { [name: string]: string } = { a: "ALARM", b: "OK", c: "INSUFFICIENT_DATA" };
  test.each([
    ["ALARM(a)", true], ['ALARM("b")', false], ["OK(b) AND ALARM(a)", true], ["NOT ALARM(a)", false], ["ALARM(b) OR INSUFFICIENT_DATA(c)", true],
    ["(ALARM(a) OR ALARM(b)) AND NOT OK(c)", true], ["TRUE", true], ["FALSE OR FALSE", false], ["NOT (FALSE)", true],
  ])("%s", (rule, expected) => expect(compileRule(rule).test((name) => states[name]!)).toBe(expected));
  test.each(["", "ALARM()", "ALARM(a", "ALARM(a) AND", "a", "(TRUE", "TRUE)"])("%s is refused", (rule) => expect(() => compileRule(rule)).toThrow(RuleError));
  test("names its alarms", () => expect(compileRule("ALARM(a) OR OK(arn:aws:cloudwatch:us-east-1:1:alarm:b)").alarms).toEqual(["a", "arn:aws:cloudwatch:us-east-1:1:alarm:b"]));
});
