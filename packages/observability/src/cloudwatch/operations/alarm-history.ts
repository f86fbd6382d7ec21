import type { DescribeAlarmHistoryInput, DescribeAlarmHistoryOutput } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { invalidValue } from "../domain/errors.ts";
import type { Ctx } from "./query.ts";

/** What happened to alarms, newest first unless asked otherwise. */
export function describeAlarmHistory(ctx: Ctx, input: DescribeAlarmHistoryInput): DescribeAlarmHistoryOutput {
  const { AlarmName: alarm, AlarmTypes: types = ["MetricAlarm"], HistoryItemType: item, MaxRecords: limit = 100, ScanBy: scanBy = "TimestampDescending" } = input;
  let after: { timestamp: number; seq: number } | undefined;
  if (input.NextToken !== undefined) {
    after = readToken(input.NextToken) as typeof after;
    if (typeof after?.timestamp !== "number" || typeof after.seq !== "number") throw invalidValue("The parameter NextToken is invalid.");
  }
  const rows = ctx.store.history.list({
    alarm, fromMs: input.StartDate ?? 0, toMs: input.EndDate ?? Number.MAX_SAFE_INTEGER, after, ascending: scanBy === "TimestampAscending", limit: 2000,
  });
  const wanted = rows.filter((row) => types.includes(row.alarmType) && (item === undefined || row.itemType === item));
  const page = wanted.slice(0, limit);
  const last = wanted.length > limit ? page[page.length - 1] : rows.length === 2000 ? rows[rows.length - 1] : undefined;
  return {
    AlarmHistoryItems: page.map((row) => ({
      AlarmName: row.alarm, AlarmType: row.alarmType, Timestamp: row.timestamp, HistoryItemType: row.itemType, HistorySummary: row.summary, HistoryData: row.data,
    })),
    ...(last === undefined ? {} : { NextToken: writeToken({ timestamp: last.timestamp, seq: last.seq }) }),
  };
}
