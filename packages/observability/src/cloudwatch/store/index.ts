import { defineStore, type StoreScope } from "@cumulet/core";
import type { AlarmRecord } from "../domain/alarm.ts";
import { Documents } from "../../store/documents.ts";
import { History } from "./history.ts";
import { Metrics } from "./metrics.ts";
import { migrations } from "./migrations.ts";

/** A dashboard as stored. */
export interface DashboardRecord {
  name: string;
  body: string;
  modifiedMs: number;
}

/** All state of CloudWatch in one account and region. */
export interface CloudWatchStore {
  metrics: Metrics;
  alarms: Documents<AlarmRecord>;
  history: History;
  dashboards: Documents<DashboardRecord>;
  /** By ARN. */
  tags: Documents<{ [key: string]: string }>;
}

export const store = defineStore<CloudWatchStore>({
  name: "cloudwatch",
  scope: "regional",
  migrations,
  open: ({ db }: StoreScope) => ({
    metrics: new Metrics(db),
    alarms: new Documents(db, "alarm"),
    history: new History(db),
    dashboards: new Documents(db, "dashboard"),
    tags: new Documents(db, "tags"),
  }),
});
