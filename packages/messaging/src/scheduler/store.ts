import { Bell, defineStore } from "@cumulet/core";
import type { Database, StoreScope } from "@cumulet/core";
import type { FlexibleTimeWindow, Target } from "@cumulet/protocol/models/scheduler.d.ts";

const MIGRATIONS = [
  `CREATE TABLE schedule_groups (name TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE schedules (
     group_name TEXT NOT NULL,
     name TEXT NOT NULL,
     document TEXT NOT NULL,
     -- When it is due (its flexible window included); NULL when it is over or disabled.
     due_ms INTEGER,
     -- The time that the expression says.
     planned_ms INTEGER,
     PRIMARY KEY (group_name, name)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX schedules_due ON schedules (due_ms) WHERE due_ms IS NOT NULL`,
];

export interface Group {
  name: string;
  tags: { [key: string]: string };
  createdMs: number;
  modifiedMs: number;
}

export interface Schedule {
  group: string;
  name: string;
  expression: string;
  timeZone: string;
  description?: string | undefined;
  state: string;
  startMs?: number | undefined;
  endMs?: number | undefined;
  window: FlexibleTimeWindow;
  afterCompletion: string;
  kmsKey?: string | undefined;
  target: Target;
  createdMs: number;
  modifiedMs: number;
}

/** When a schedule is due, and the time that its expression says. */
export interface Due {
  dueMs: number;
  plannedMs: number;
}

type Row = { document: string; due_ms: number | null; planned_ms: number | null };

/** EventBridge Scheduler in one account and region. */
export class SchedulerStore {
  readonly bell: Bell;
  readonly #statements: ReturnType<typeof prepare>;

  constructor({ db }: StoreScope) {
    this.bell = Bell.of(db);
    this.#statements = prepare(db);
  }

  /** The default group is always there. */
  group(name: string): Group | undefined {
    const row = this.#statements.group.get(name);
    if (row !== undefined) return JSON.parse(row.document) as Group;
    return name === "default" ? { name, tags: {}, createdMs: 0, modifiedMs: 0 } : undefined;
  }

  putGroup(group: Group): void {
    this.#statements.putGroup.run(group.name, JSON.stringify(group));
  }

  /** Deletes a group and all that is in it. */
  deleteGroup(name: string): void {
    this.#statements.deleteGroup.run(name);
    this.#statements.deleteSchedulesOf.run(name);
  }

  groups(prefix: string, after: string, limit: number): Group[] {
    const rows = this.#statements.groups.all(prefix, `${prefix}\u{10ffff}`, after, limit).map(({ document }) => JSON.parse(document) as Group);
    if (!"default".startsWith(prefix) || "default" <= after || rows.some(({ name }) => name === "default")) return rows;
    return [...rows, this.group("default")!].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit);
  }

  schedule(group: string, name: string): Schedule | undefined {
    const row = this.#statements.schedule.get(group, name);
    return row === undefined ? undefined : (JSON.parse(row.document) as Schedule);
  }

  putSchedule(schedule: Schedule, due: Due | undefined): void {
    this.#statements.putSchedule.run(schedule.group, schedule.name, JSON.stringify(schedule), due?.dueMs ?? null, due?.plannedMs ?? null);
  }

  deleteSchedule({ group, name }: Pick<Schedule, "group" | "name">): void {
    this.#statements.deleteSchedule.run(group, name);
  }

  /** Schedules in order of group and name, after one of them. */
  schedules(group: string | undefined, prefix: string, after: { group: string; name: string }, limit: number): Schedule[] {
    return this.#statements.schedules.all(group ?? null, group ?? null, prefix, `${prefix}\u{10ffff}`, after.group, after.group, after.name, limit).map(({ document }) => JSON.parse(document) as Schedule);
  }

  due(nowMs: number, limit: number): { schedule: Schedule; due: Due }[] {
    return this.#statements.due.all(nowMs, limit).map(({ document, due_ms, planned_ms }) => ({ schedule: JSON.parse(document) as Schedule, due: { dueMs: due_ms!, plannedMs: planned_ms! } }));
  }

  nextDueMs(): number | undefined {
    return this.#statements.nextDue.get()?.due_ms;
  }
}

function prepare(db: Database) {
  return {
    group: db.prepare<{ document: string }, [name: string]>("SELECT document FROM schedule_groups WHERE name = ?"),
    putGroup: db.prepare<unknown, [name: string, document: string]>("INSERT OR REPLACE INTO schedule_groups VALUES (?, ?)"),
    deleteGroup: db.prepare<unknown, [name: string]>("DELETE FROM schedule_groups WHERE name = ?"),
    deleteSchedulesOf: db.prepare<unknown, [group: string]>("DELETE FROM schedules WHERE group_name = ?"),
    groups: db.prepare<{ document: string }, [from: string, to: string, after: string, limit: number]>("SELECT document FROM schedule_groups WHERE name >= ? AND name < ? AND name > ? ORDER BY name LIMIT ?"),
    schedule: db.prepare<Row, [group: string, name: string]>("SELECT document FROM schedules WHERE group_name = ? AND name = ?"),
    putSchedule: db.prepare<unknown, [group: string, name: string, document: string, dueMs: number | null, plannedMs: number | null]>("INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, ?)"),
    deleteSchedule: db.prepare<unknown, [group: string, name: string]>("DELETE FROM schedules WHERE group_name = ? AND name = ?"),
    schedules: db.prepare<Row, [group: string | null, same: string | null, from: string, to: string, afterGroup: string, sameGroup: string, after: string, limit: number]>(
      `SELECT document FROM schedules WHERE (? IS NULL OR group_name = ?) AND name >= ? AND name < ? AND (group_name > ? OR (group_name = ? AND name > ?))
       ORDER BY group_name, name LIMIT ?`),
    due: db.prepare<Row, [nowMs: number, limit: number]>("SELECT document, due_ms, planned_ms FROM schedules WHERE due_ms <= ? ORDER BY due_ms LIMIT ?"),
    nextDue: db.prepare<{ due_ms: number }>("SELECT due_ms FROM schedules WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT 1"),
  };
}

export const store = defineStore({
  name: "scheduler",
  scope: "regional",
  migrations: MIGRATIONS,
  open: (scope) => new SchedulerStore(scope),
});
