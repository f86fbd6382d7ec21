import { defineStore, type StoreScope } from "@cumulet/core";
import { Documents } from "../../store/documents.ts";
import type { GroupRecord, PolicyRecord, SamplingRuleRecord, SamplingStatisticsRecord, SettingsRecord } from "../domain/records.ts";
import { migrations } from "./migrations.ts";
import { Traces } from "./traces.ts";

/** All state of X-Ray in one account and region. */
export interface XRayStore {
  traces: Traces;
  rules: Documents<SamplingRuleRecord>;
  statistics: Documents<SamplingStatisticsRecord>;
  groups: Documents<GroupRecord>;
  policies: Documents<PolicyRecord>;
  settings: Documents<SettingsRecord>;
  /** By ARN. */
  tags: Documents<{ [key: string]: string }>;
}

export const store = defineStore<XRayStore>({
  name: "xray",
  scope: "regional",
  migrations,
  open: ({ db }: StoreScope) => ({
    traces: new Traces(db),
    rules: new Documents(db, "rule"),
    statistics: new Documents(db, "statistics"),
    groups: new Documents(db, "group"),
    policies: new Documents(db, "policy"),
    settings: new Documents(db, "settings"),
    tags: new Documents(db, "tags"),
  }),
});
