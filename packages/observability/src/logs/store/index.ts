import { defineStore, type StoreScope } from "@cumulet/core";
import { Events } from "./events.ts";
import { Groups } from "./groups.ts";
import { migrations } from "./migrations.ts";

/** All state of CloudWatch Logs in one account and region. */
export interface LogsStore {
  groups: Groups;
  events: Events;
}

export const store = defineStore<LogsStore>({
  name: "logs",
  scope: "regional",
  migrations,
  open: ({ db }: StoreScope) => ({ groups: new Groups(db), events: new Events(db) }),
});
