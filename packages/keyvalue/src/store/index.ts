import { defineStore } from "@cumulet/core";
import type { Clock, Database, Statement, StoreScope } from "@cumulet/core";
import type { ExportRecord, ImportRecord } from "../domain/jobs.ts";
import { Attachments } from "./attachments.ts";
import { Backups } from "./backups.ts";
import { History } from "./history.ts";
import { Jobs } from "./jobs.ts";
import { migrations } from "./migrations.ts";
import { Rows } from "./rows.ts";
import { Streams } from "./streams.ts";
import { Tables } from "./tables.ts";
import { Tokens } from "./tokens.ts";
import { Totals } from "./totals.ts";
import { Versions } from "./versions.ts";
import { Writer } from "./writer.ts";

/** Totals are written so long after they changed. */
const totalsDelayMs = 1000;

/** Everything that DynamoDB keeps for one account and region. */
export class KeyValueStore {
  readonly tables: Tables;
  readonly rows: Rows;
  readonly totals: Totals;
  readonly streams: Streams;
  readonly tokens: Tokens;
  readonly attachments: Attachments;
  readonly history: History;
  readonly backups: Backups;
  readonly versions: Versions;
  readonly exports: Jobs<ExportRecord>;
  readonly imports: Jobs<ImportRecord>;
  readonly writer: Writer;
  readonly #discard: Statement<unknown, [number]>;
  readonly #discarded: Statement<{ space: number }, []>;
  readonly #undiscard: Statement<unknown, [number]>;
  readonly #db: Database;
  readonly #clock: Clock;
  /** Streams that were woken in the open group of writes: once a group is enough. */
  readonly #woken = new Set<number>();
  /** Hears when background work is due: at or after a time in milliseconds. Set by whoever does that work. */
  attention: (dueMs: number) => void = () => {};
  #group: Promise<void> | undefined;

  constructor(scope: StoreScope) {
    const { db, partition, region, account } = scope;
    this.#db = db;
    this.tables = new Tables(db, scope.clock, (name) => `arn:${partition}:dynamodb:${region}:${account}:table/${name}`);
    this.rows = new Rows(db);
    const { clock } = scope;
    this.#clock = clock;
    this.totals = new Totals(db, () => this.attention(clock.now() + totalsDelayMs));
    this.streams = new Streams(db);
    this.tokens = new Tokens(db);
    this.attachments = new Attachments(db);
    this.history = new History(db);
    this.backups = new Backups(db);
    this.versions = new Versions(db);
    this.exports = new Jobs(db, "export");
    this.imports = new Jobs(db, "import");
    this.writer = new Writer(this.rows, this.streams, this.totals, this.history, this.versions, (seconds) => this.attention(Number(seconds) * 1000));
    this.#discard = db.prepare("INSERT OR IGNORE INTO discarded (space) VALUES (?)");
    this.#discarded = db.prepare("SELECT space FROM discarded LIMIT 1");
    this.#undiscard = db.prepare("DELETE FROM discarded WHERE space = ?");
  }

  /** Makes a space unreachable at once; its rows are removed later, a bounded number at a time. */
  discard(space: number): void {
    this.totals.delete(space);
    this.#discard.run(space);
    this.attention(this.#clock.now());
  }

  /** Removes up to `limit` rows of discarded spaces; false when there are none left. */
  purge(limit: number): boolean {
    const next = this.#discarded.get();
    if (next === undefined) return false;
    const left = this.rows.purge(next.space, limit) || this.history.purge(next.space, limit) || this.versions.purge(next.space, limit);
    if (!left) this.#undiscard.run(next.space);
    return true;
  }

  /** Whether there are spaces to purge. */
  get hasDiscarded(): boolean {
    return this.#discarded.get() !== undefined;
  }

  /** Whether a stream's readers must be woken: the first time in each group of writes. */
  firstWake(stream: number): boolean {
    const group = this.#db.committed();
    if (group !== this.#group) {
      this.#group = group;
      this.#woken.clear();
    }
    if (this.#woken.has(stream)) return false;
    this.#woken.add(stream);
    return true;
  }

  /** Forgets what was read of tables and streams: after a transaction that changed them has failed. */
  forget(): void {
    this.tables.forget();
    this.streams.forget();
  }
}

/** DynamoDB and its streams share one store. */
export const store = defineStore<KeyValueStore>({
  name: "dynamodb",
  scope: "regional",
  migrations,
  open: (scope) => new KeyValueStore(scope),
});
