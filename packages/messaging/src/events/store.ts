import { Bell, defineStore } from "@cumulet/core";
import type { Database, StoreScope } from "@cumulet/core";
import type { Target } from "@cumulet/protocol/models/events.d.ts";
import type { Matcher } from "../patterns/pattern.ts";
import { compileEventPattern } from "./domain/event-pattern.ts";
import type { BusEvent } from "./domain/input.ts";

const MIGRATIONS = [
  `CREATE TABLE buses (name TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE rules (
     bus TEXT NOT NULL,
     name TEXT NOT NULL,
     document TEXT NOT NULL,
     -- When a schedule is due; NULL without one, or while it rests.
     next_ms INTEGER,
     PRIMARY KEY (bus, name)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX rules_next ON rules (next_ms) WHERE next_ms IS NOT NULL;
   CREATE TABLE targets (
     bus TEXT NOT NULL,
     rule TEXT NOT NULL,
     id TEXT NOT NULL,
     arn TEXT NOT NULL,
     document TEXT NOT NULL,
     PRIMARY KEY (bus, rule, id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX targets_arn ON targets (bus, arn, rule);
   -- Archives, replays, connections, API destinations.
   CREATE TABLE documents (
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     document TEXT NOT NULL,
     PRIMARY KEY (kind, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE archived (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     archive TEXT NOT NULL,
     time_ms INTEGER NOT NULL,
     size INTEGER NOT NULL,
     event TEXT NOT NULL
   ) STRICT;
   CREATE INDEX archived_time ON archived (archive, time_ms, seq)`,
];

export interface Bus {
  name: string;
  description?: string | undefined;
  kmsKey?: string | undefined;
  deadLetterArn?: string | undefined;
  policy?: string | undefined;
  tags: { [key: string]: string };
  /** Undefined for the default bus, which was always there. */
  createdMs?: number | undefined;
  modifiedMs?: number | undefined;
}

export interface Rule {
  bus: string;
  name: string;
  pattern?: string | undefined;
  schedule?: string | undefined;
  state: string;
  description?: string | undefined;
  role?: string | undefined;
  managedBy?: string | undefined;
  createdBy: string;
  tags: { [key: string]: string };
  /** Where rates are counted from. */
  originMs: number;
}

/** A rule that is enabled, ready to look at events. */
export interface ActiveRule {
  rule: Rule;
  matches: Matcher;
  targets: Target[];
}

export interface Archive {
  name: string;
  bus: string;
  description?: string | undefined;
  pattern?: string | undefined;
  retentionDays: number;
  kmsKey?: string | undefined;
  createdMs: number;
}

export interface Replay {
  name: string;
  archive: string;
  bus: string;
  description?: string | undefined;
  ruleArns: string[];
  state: "STARTING" | "RUNNING" | "CANCELLING" | "COMPLETED" | "CANCELLED" | "FAILED";
  fromMs: number;
  toMs: number;
  startedMs: number;
  endedMs?: number | undefined;
  lastEventMs?: number | undefined;
  /** The last archived event that was replayed. */
  cursor: { timeMs: number; seq: number };
}

/** Kinds of documents with their types. */
interface Documents {
  archive: Archive;
  replay: Replay;
  connection: Connection;
  destination: Destination;
}

export interface Connection {
  name: string;
  id: string;
  description?: string | undefined;
  authorizationType: string;
  /** As given, secrets included. */
  auth: { [member: string]: unknown };
  state: string;
  stateReason?: string | undefined;
  secretArn?: string | undefined;
  createdMs: number;
  modifiedMs: number;
  authorizedMs?: number | undefined;
  token?: { value: string; untilMs: number } | undefined;
}

export interface Destination {
  name: string;
  id: string;
  description?: string | undefined;
  connectionArn: string;
  endpoint: string;
  method: string;
  ratePerSecond: number;
  createdMs: number;
  modifiedMs: number;
}

type RuleRow = { bus: string; name: string; document: string };

/** EventBridge in one account and region. */
export class EventsStore {
  readonly bell: Bell;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #active = new Map<string, ActiveRule[]>();
  readonly #archives = new Map<string, { archive: Archive; matches: Matcher }[]>();

  constructor({ db }: StoreScope) {
    this.bell = Bell.of(db);
    this.#statements = prepare(db);
  }

  // --- buses ----------------------------------------------------------------------------------------------------------

  /** The default bus is always there. */
  bus(name: string): Bus | undefined {
    const row = this.#statements.bus.get(name);
    if (row !== undefined) return JSON.parse(row.document) as Bus;
    return name === "default" ? { name, tags: {} } : undefined;
  }

  putBus(bus: Bus): void {
    this.#statements.putBus.run(bus.name, JSON.stringify(bus));
  }

  deleteBus(name: string): void {
    this.#statements.deleteBus.run(name);
  }

  /** At most `limit` buses of a prefix, in order of their names. */
  buses(prefix: string, after: string, limit: number): Bus[] {
    const rows = this.#statements.buses.all(prefix, `${prefix}\u{10ffff}`, after, limit).map(({ document }) => JSON.parse(document) as Bus);
    const withDefault = "default".startsWith(prefix) && "default" > after && !rows.some(({ name }) => name === "default");
    if (!withDefault) return rows;
    return [...rows, this.bus("default")!].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit);
  }

  // --- rules ----------------------------------------------------------------------------------------------------------

  rule(bus: string, name: string): Rule | undefined {
    const row = this.#statements.rule.get(bus, name);
    return row === undefined ? undefined : (JSON.parse(row.document) as Rule);
  }

  putRule(rule: Rule, nextMs: number | undefined): void {
    this.#statements.putRule.run(rule.bus, rule.name, JSON.stringify(rule), nextMs ?? null);
    this.#active.delete(rule.bus);
  }

  deleteRule(bus: string, name: string): void {
    this.#statements.deleteRule.run(bus, name);
    this.#active.delete(bus);
  }

  rules(bus: string, prefix: string, after: string, limit: number): Rule[] {
    return this.#statements.rules.all(bus, prefix, `${prefix}\u{10ffff}`, after, limit).map(({ document }) => JSON.parse(document) as Rule);
  }

  hasRules(bus: string): boolean {
    return this.#statements.rules.all(bus, "", "\u{10ffff}", "", 1).length > 0;
  }

  /** Schedules that are due, the earliest first. */
  dueRules(nowMs: number, limit: number): { rule: Rule; dueMs: number }[] {
    return this.#statements.dueRules.all(nowMs, limit).map(({ document, next_ms }) => ({ rule: JSON.parse(document) as Rule, dueMs: next_ms }));
  }

  setNext(rule: Rule, nextMs: number | undefined): void {
    this.#statements.setNext.run(nextMs ?? null, rule.bus, rule.name);
  }

  /** When the next schedule is due. */
  nextDueMs(): number | undefined {
    return this.#statements.nextDue.get()?.next_ms;
  }

  // --- targets --------------------------------------------------------------------------------------------------------

  putTarget(rule: Rule, target: Target): void {
    this.#statements.putTarget.run(rule.bus, rule.name, target.Id, target.Arn, JSON.stringify(target));
    this.#active.delete(rule.bus);
  }

  deleteTarget(rule: Rule, id: string): boolean {
    this.#active.delete(rule.bus);
    return this.#statements.deleteTarget.run(rule.bus, rule.name, id).changes > 0;
  }

  targets(bus: string, rule: string, after = "", limit = 100): Target[] {
    return this.#statements.targets.all(bus, rule, after, limit).map(({ document }) => JSON.parse(document) as Target);
  }

  /** Names of the rules of a bus with a target. */
  rulesOfTarget(bus: string, arn: string, after: string, limit: number): string[] {
    return this.#statements.rulesOfTarget.all(bus, arn, after, limit).map(({ rule }) => rule);
  }

  /** Enabled rules of a bus with their targets, patterns compiled. */
  active(bus: string): readonly ActiveRule[] {
    let active = this.#active.get(bus);
    if (active === undefined) {
      active = [];
      for (const { document } of this.#statements.rules.all(bus, "", "\u{10ffff}", "", 1_000_000)) {
        const rule = JSON.parse(document) as Rule;
        if (rule.state === "DISABLED" || rule.pattern === undefined) continue;
        active.push({ rule, matches: compileEventPattern(rule.pattern), targets: this.targets(bus, rule.name) });
      }
      this.#active.set(bus, active);
    }
    return active;
  }

  // --- documents ------------------------------------------------------------------------------------------------------

  find<Kind extends keyof Documents>(kind: Kind, name: string): Documents[Kind] | undefined {
    const row = this.#statements.find.get(kind, name);
    return row === undefined ? undefined : (JSON.parse(row.document) as Documents[Kind]);
  }

  put<Kind extends keyof Documents>(kind: Kind, document: Documents[Kind]): void {
    this.#statements.put.run(kind, document.name, JSON.stringify(document));
    if (kind === "archive") this.#archives.clear();
  }

  delete(kind: keyof Documents, name: string): void {
    this.#statements.delete.run(kind, name);
    if (kind === "archive") this.#archives.clear();
  }

  list<Kind extends keyof Documents>(kind: Kind, prefix: string, after: string, limit: number): Documents[Kind][] {
    return this.#statements.list.all(kind, prefix, `${prefix}\u{10ffff}`, after, limit).map(({ document }) => JSON.parse(document) as Documents[Kind]);
  }

  // --- archives -------------------------------------------------------------------------------------------------------

  /** Keeps an event in the archives of its bus that want it. */
  archive(bus: string, event: BusEvent, timeMs: number): void {
    let archives = this.#archives.get(bus);
    if (archives === undefined) {
      archives = this.list("archive", "", "", 10_000)
        .filter((archive) => archive.bus === bus)
        .map((archive) => ({ archive, matches: archive.pattern === undefined ? () => true : compileEventPattern(archive.pattern) }));
      this.#archives.set(bus, archives);
    }
    if (archives.length === 0) return;
    const text = JSON.stringify(event);
    for (const { archive, matches } of archives) if (matches(event)) this.#statements.archive.run(archive.name, timeMs, Buffer.byteLength(text), text);
  }

  archiveSize(name: string): { count: number; bytes: number } {
    return this.#statements.archiveSize.get(name)!;
  }

  /** Removes a bounded number of events that are too old, or of an archive that is gone; true when there may be more. */
  dropArchived(archive: string, beforeMs: number, limit: number): boolean {
    return this.#statements.dropArchived.run(archive, beforeMs, limit).changes === limit;
  }

  archived(archive: string, from: { timeMs: number; seq: number }, toMs: number, limit: number): { seq: number; timeMs: number; event: BusEvent }[] {
    return this.#statements.archived.all(archive, from.timeMs, from.timeMs, from.seq, toMs, limit).map(({ seq, time_ms, event }) => ({ seq, timeMs: time_ms, event: JSON.parse(event) as BusEvent }));
  }
}

function prepare(db: Database) {
  return {
    bus: db.prepare<{ document: string }, [name: string]>("SELECT document FROM buses WHERE name = ?"),
    putBus: db.prepare<unknown, [name: string, document: string]>("INSERT OR REPLACE INTO buses VALUES (?, ?)"),
    deleteBus: db.prepare<unknown, [name: string]>("DELETE FROM buses WHERE name = ?"),
    buses: db.prepare<{ document: string }, [from: string, to: string, after: string, limit: number]>("SELECT document FROM buses WHERE name >= ? AND name < ? AND name > ? ORDER BY name LIMIT ?"),
    rule: db.prepare<RuleRow, [bus: string, name: string]>("SELECT bus, name, document FROM rules WHERE bus = ? AND name = ?"),
    putRule: db.prepare<unknown, [bus: string, name: string, document: string, nextMs: number | null]>("INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?)"),
    deleteRule: db.prepare<unknown, [bus: string, name: string]>("DELETE FROM rules WHERE bus = ? AND name = ?"),
    rules: db.prepare<RuleRow, [bus: string, from: string, to: string, after: string, limit: number]>(
      "SELECT bus, name, document FROM rules WHERE bus = ? AND name >= ? AND name < ? AND name > ? ORDER BY name LIMIT ?"),
    dueRules: db.prepare<RuleRow & { next_ms: number }, [nowMs: number, limit: number]>("SELECT * FROM rules WHERE next_ms <= ? ORDER BY next_ms LIMIT ?"),
    setNext: db.prepare<unknown, [nextMs: number | null, bus: string, name: string]>("UPDATE rules SET next_ms = ? WHERE bus = ? AND name = ?"),
    nextDue: db.prepare<{ next_ms: number }>("SELECT next_ms FROM rules WHERE next_ms IS NOT NULL ORDER BY next_ms LIMIT 1"),
    putTarget: db.prepare<unknown, [bus: string, rule: string, id: string, arn: string, document: string]>("INSERT OR REPLACE INTO targets VALUES (?, ?, ?, ?, ?)"),
    deleteTarget: db.prepare<unknown, [bus: string, rule: string, id: string]>("DELETE FROM targets WHERE bus = ? AND rule = ? AND id = ?"),
    targets: db.prepare<{ document: string }, [bus: string, rule: string, after: string, limit: number]>("SELECT document FROM targets WHERE bus = ? AND rule = ? AND id > ? ORDER BY id LIMIT ?"),
    rulesOfTarget: db.prepare<{ rule: string }, [bus: string, arn: string, after: string, limit: number]>(
      "SELECT DISTINCT rule FROM targets WHERE bus = ? AND arn = ? AND rule > ? ORDER BY rule LIMIT ?"),
    find: db.prepare<{ document: string }, [kind: string, name: string]>("SELECT document FROM documents WHERE kind = ? AND name = ?"),
    put: db.prepare<unknown, [kind: string, name: string, document: string]>("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)"),
    delete: db.prepare<unknown, [kind: string, name: string]>("DELETE FROM documents WHERE kind = ? AND name = ?"),
    list: db.prepare<{ document: string }, [kind: string, from: string, to: string, after: string, limit: number]>(
      "SELECT document FROM documents WHERE kind = ? AND name >= ? AND name < ? AND name > ? ORDER BY name LIMIT ?"),
    archive: db.prepare<unknown, [archive: string, timeMs: number, size: number, event: string]>("INSERT INTO archived (archive, time_ms, size, event) VALUES (?, ?, ?, ?)"),
    archiveSize: db.prepare<{ count: number; bytes: number }, [archive: string]>("SELECT count(*) AS count, ifnull(sum(size), 0) AS bytes FROM archived WHERE archive = ?"),
    dropArchived: db.prepare<unknown, [archive: string, beforeMs: number, limit: number]>("DELETE FROM archived WHERE seq IN (SELECT seq FROM archived WHERE archive = ? AND time_ms < ? LIMIT ?)"),
    archived: db.prepare<{ seq: number; time_ms: number; event: string }, [archive: string, fromMs: number, sameMs: number, seq: number, toMs: number, limit: number]>(
      "SELECT seq, time_ms, event FROM archived WHERE archive = ? AND (time_ms > ? OR (time_ms = ? AND seq > ?)) AND time_ms <= ? ORDER BY time_ms, seq LIMIT ?"),
  };
}

export const store = defineStore({
  name: "events",
  scope: "regional",
  migrations: MIGRATIONS,
  open: (scope) => new EventsStore(scope),
});
