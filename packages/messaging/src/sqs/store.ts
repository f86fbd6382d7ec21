import { Bell, defineStore } from "@cumulet/core";
import type { Database, StoreScope } from "@cumulet/core";
import { settingsOf } from "./domain/attributes.ts";
import type { QueueAttributes, QueueSettings } from "./domain/attributes.ts";
import { tidying } from "./slots.ts";
import { Waiters } from "./waiters.ts";

const MIGRATIONS = [
  `CREATE TABLE queues (
     name TEXT NOT NULL PRIMARY KEY,
     -- Messages belong to a number, which a purge changes: what had the old one is removed later.
     number INTEGER NOT NULL UNIQUE,
     attributes TEXT NOT NULL,
     tags TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     modified_ms INTEGER NOT NULL,
     purged_ms INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE numbers (last INTEGER NOT NULL) STRICT;
   INSERT INTO numbers VALUES (0);
   CREATE TABLE discarded (number INTEGER NOT NULL PRIMARY KEY) STRICT;
   CREATE TABLE deleted (name TEXT NOT NULL PRIMARY KEY, deleted_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

   CREATE TABLE messages (
     -- Never used twice: receipt handles and sequence numbers are made of it.
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     queue INTEGER NOT NULL,
     visible_ms INTEGER NOT NULL,
     receives INTEGER NOT NULL,
     sent_ms INTEGER NOT NULL,
     first_received_ms INTEGER,
     id TEXT NOT NULL,
     sender TEXT NOT NULL,
     md5 TEXT NOT NULL,
     group_id TEXT,
     -- Only messages of FIFO queues have one.
     deduplication_id TEXT,
     trace_header TEXT,
     source_arn TEXT,
     attributes TEXT,
     attributes_md5 TEXT,
     data_key INTEGER,
     -- NULL where the body is large: a reception would otherwise write it anew.
     body ANY
   ) STRICT;
   CREATE INDEX messages_visible ON messages (queue, visible_ms, receives);
   CREATE INDEX messages_sent ON messages (queue, sent_ms);
   CREATE INDEX messages_group ON messages (queue, group_id, seq) WHERE deduplication_id IS NOT NULL;
   CREATE TABLE large_bodies (seq INTEGER NOT NULL PRIMARY KEY, body ANY NOT NULL) STRICT;

   -- Message groups of FIFO queues that hold messages: a group may be received when its first message may.
   CREATE TABLE message_groups (
     queue INTEGER NOT NULL,
     group_id TEXT NOT NULL,
     head INTEGER NOT NULL,
     visible_ms INTEGER NOT NULL,
     PRIMARY KEY (queue, group_id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX message_groups_visible ON message_groups (queue, visible_ms, head);
   CREATE TABLE deduplications (
     queue INTEGER NOT NULL,
     scope TEXT NOT NULL,
     deduplication_id TEXT NOT NULL,
     until_ms INTEGER NOT NULL,
     id TEXT NOT NULL,
     seq INTEGER NOT NULL,
     PRIMARY KEY (queue, scope, deduplication_id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX deduplications_until ON deduplications (queue, until_ms);
   CREATE TABLE receive_attempts (
     queue INTEGER NOT NULL,
     attempt_id TEXT NOT NULL,
     until_ms INTEGER NOT NULL,
     received TEXT NOT NULL,
     PRIMARY KEY (queue, attempt_id)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE data_keys (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     queue_arn TEXT NOT NULL,
     ciphertext BLOB NOT NULL
   ) STRICT;
   CREATE INDEX messages_data_key ON messages (data_key) WHERE data_key IS NOT NULL;
   CREATE TABLE move_tasks (
     handle TEXT NOT NULL PRIMARY KEY,
     source TEXT NOT NULL,
     started_ms INTEGER NOT NULL,
     status TEXT NOT NULL,
     document TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX move_tasks_source ON move_tasks (source, started_ms)`,
];

/** A queue as handlers see it. Never changed in place. */
export interface Queue {
  name: string;
  number: number;
  fifo: boolean;
  attributes: QueueAttributes;
  settings: QueueSettings;
  tags: { [key: string]: string };
  createdMs: number;
  modifiedMs: number;
  purgedMs: number | undefined;
}

/** A message as it is received. */
export interface MessageRow {
  seq: number;
  queue: number;
  visible_ms: number;
  receives: number;
  sent_ms: number;
  first_received_ms: number | null;
  id: string;
  sender: string;
  md5: string;
  group_id: string | null;
  deduplication_id: string | null;
  trace_header: string | null;
  source_arn: string | null;
  attributes: string | null;
  attributes_md5: string | null;
  data_key: number | null;
  body: string | Buffer | null;
}

/** A message to be added. */
export type NewMessage = Omit<MessageRow, "seq" | "receives" | "first_received_ms" | "source_arn" | "body"> & { body: string | Buffer };

/** What `StartMessageMoveTask` began. */
export interface MoveTask {
  handle: string;
  source: string;
  startedMs: number;
  status: "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";
  destinationArn: string | undefined;
  perSecond: number | undefined;
  moved: number;
  toMove: number;
  /** Messages with larger numbers came after the task had begun. */
  lastSeq: number;
  failureReason: string | undefined;
}

/** Bodies beyond this many characters have a table of their own. */
const largeBody = 16_384;

/** Rows that one step of housekeeping removes. */
const rowsAtOnce = 500;

type QueueRow = { name: string; number: number; attributes: string; tags: string; created_ms: number; modified_ms: number; purged_ms: number | null };

/** SQS in one account and region. */
export class SqsStore {
  readonly bell: Bell;
  readonly waiters: Waiters;
  /** Queues about whose messages the platform was told since they were last found empty. */
  readonly told = new Set<number>();
  /** Data keys in the clear, as long as their queue may use them again, by their number. */
  readonly plainKeys = new Map<number, { plaintext: Uint8Array; untilMs: number }>();
  /** The data key that a queue's next message is encrypted with, by the queue's number. */
  readonly currentKeys = new Map<number, { dataKey: number; keyId: string }>();

  readonly #statements: ReturnType<typeof prepare>;
  readonly #queues = new Map<string, Queue>();
  /** Messages in flight, at least; counted anew when it reaches the limit. */
  readonly #inFlight = new Map<number, number>();

  constructor({ db }: StoreScope) {
    this.bell = Bell.of(db);
    this.waiters = Waiters.of(db);
    this.#statements = prepare(db);
  }

  // --- queues ---------------------------------------------------------------------------------------------------------

  queue(name: string): Queue | undefined {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const row = this.#statements.queue.get(name);
    if (row === undefined) return undefined;
    const queue = queueOf(row);
    this.#queues.set(name, queue);
    return queue;
  }

  createQueue(name: string, attributes: QueueAttributes, tags: { [key: string]: string }, nowMs: number): void {
    this.#statements.insertQueue.run(name, this.#newNumber(), JSON.stringify(attributes), JSON.stringify(tags), nowMs, nowMs);
    this.#statements.forgetDeletion.run(name);
  }

  updateQueue(queue: Queue, change: { attributes?: QueueAttributes; tags?: { [key: string]: string }; modifiedMs?: number }): void {
    const next = { ...queue, ...change };
    this.#statements.updateQueue.run(JSON.stringify(next.attributes), JSON.stringify(next.tags), next.modifiedMs, queue.name);
    this.#queues.delete(queue.name);
  }

  deleteQueue(queue: Queue, nowMs: number): void {
    this.#statements.deleteQueue.run(queue.name);
    this.#statements.rememberDeletion.run(queue.name, nowMs);
    this.#discard(queue, nowMs);
  }

  /** Takes all messages away at once; their rows are removed later. */
  purgeQueue(queue: Queue, nowMs: number): void {
    this.#statements.renumberQueue.run(this.#newNumber(), nowMs, queue.name);
    this.#discard(queue, nowMs);
  }

  deletedMs(name: string): number | undefined {
    return this.#statements.deletedMs.get(name)?.deleted_ms;
  }

  /** At most `limit` queues in order of their names, whose names begin with `prefix` and come after `after`. */
  listQueues(prefix: string, after: string, limit: number): Queue[] {
    const from = after > prefix ? after : prefix;
    const to = prefix === "" ? "\u{10ffff}" : prefix + "\u{10ffff}";
    return this.#statements.listQueues.all(from, to, limit + 1).filter(({ name }) => name !== after).slice(0, limit).map(queueOf);
  }

  /** Queues whose redrive policy names an ARN, in order of their names. */
  sourcesOf(deadLetterArn: string, after: string, limit: number): Queue[] {
    return this.#statements.sources.all(deadLetterArn, after, limit).map(queueOf);
  }

  #newNumber(): number {
    return this.#statements.newNumber.get()!.last;
  }

  #discard(queue: Queue, nowMs: number): void {
    this.#statements.discard.run(queue.number);
    this.#queues.delete(queue.name);
    this.#inFlight.delete(queue.number);
    this.told.delete(queue.number);
    this.currentKeys.delete(queue.number);
    this.waiters.wakeAll(queue.number);
    this.bell.due(nowMs, tidying);
  }

  // --- messages -------------------------------------------------------------------------------------------------------

  /** Adds a message and returns its number. */
  add(queue: Queue, message: NewMessage): number {
    const { body } = message;
    const large = body.length > largeBody;
    const { lastInsertRowid } = this.#statements.insertMessage.run(
      message.queue, message.visible_ms, message.sent_ms, message.id, message.sender, message.md5, message.group_id, message.deduplication_id,
      message.trace_header, message.attributes, message.attributes_md5, message.data_key, large ? null : body,
    );
    const seq = Number(lastInsertRowid);
    if (large) this.#statements.insertBody.run(seq, body);
    if (queue.fifo) this.#statements.addToGroup.run(queue.number, message.group_id!, seq, message.visible_ms);
    return seq;
  }

  /** What a FIFO queue answered to the first message of a deduplication id. */
  duplicateOf(queue: Queue, scope: string, deduplicationId: string, nowMs: number): { id: string; seq: number } | undefined {
    const found = this.#statements.duplicate.get(queue.number, scope, deduplicationId);
    return found !== undefined && found.until_ms > nowMs ? found : undefined;
  }

  rememberDuplicate(queue: Queue, scope: string, deduplicationId: string, untilMs: number, id: string, seq: number): void {
    this.#statements.rememberDuplicate.run(queue.number, scope, deduplicationId, untilMs, id, seq);
  }

  /** Messages that may be received now, the oldest first, at most `limit`. In FIFO queues, as many of one group as there are. */
  receivable(queue: Queue, nowMs: number, limit: number): MessageRow[] {
    if (!queue.fifo) return this.#statements.visible.all(queue.number, nowMs, limit);
    const found: MessageRow[] = [];
    for (const { group_id } of this.#statements.visibleGroups.all(queue.number, nowMs, limit)) {
      for (const row of this.#statements.groupMessages.all(queue.number, group_id, limit - found.length)) {
        // What comes after a message that is in flight, or delayed, waits for it.
        if (row.visible_ms > nowMs) break;
        found.push(row);
      }
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Notes a reception, and hides the message until a time. */
  received(queue: Queue, row: MessageRow, nowMs: number, visibleMs: number): void {
    this.#statements.receive.run(visibleMs, nowMs, row.seq);
    this.#inFlight.set(queue.number, (this.#inFlight.get(queue.number) ?? 0) + 1);
    if (queue.fifo) this.#settleGroup(queue, row.group_id!);
  }

  message(seq: number): MessageRow | undefined {
    return this.#statements.message.get(seq);
  }

  body(row: MessageRow): string | Buffer {
    return row.body ?? this.#statements.body.get(row.seq)!.body;
  }

  /** Shows a message (again) at a time. */
  show(queue: Queue, row: MessageRow, visibleMs: number): void {
    this.#statements.show.run(visibleMs, row.seq);
    if (queue.fifo) this.#settleGroup(queue, row.group_id!);
  }

  remove(queue: Queue, row: MessageRow): void {
    this.#statements.removeMessage.run(row.seq);
    if (row.body === null) this.#statements.removeBody.run(row.seq);
    if (queue.fifo) this.#settleGroup(queue, row.group_id!);
    const inFlight = this.#inFlight.get(queue.number);
    if (inFlight !== undefined) this.#inFlight.set(queue.number, Math.max(0, inFlight - 1));
  }

  /** Moves a message to a dead-letter queue, visible at once; `sourceArn` is what it came from. */
  move(from: Queue, to: Queue, row: MessageRow, nowMs: number, sourceArn: string): void {
    // A FIFO queue's message counts as sent anew there, a standard queue's keeps its age (SQS Developer Guide, dead-letter queues).
    this.#statements.move.run(to.number, nowMs, from.fifo ? nowMs : row.sent_ms, sourceArn, row.seq);
    if (from.fifo) this.#settleGroup(from, row.group_id!);
    if (to.fifo) this.#settleGroup(to, row.group_id!);
  }

  /** Removes what is older than the queue keeps messages. One look into an index when there is nothing. */
  expire(queue: Queue, nowMs: number): void {
    for (;;) {
      const rows = this.#statements.expired.all(queue.number, nowMs - queue.settings.retentionMs, rowsAtOnce);
      for (const row of rows) this.remove(queue, row);
      if (rows.length < rowsAtOnce) return;
    }
  }

  /** Messages by state: visible, in flight, delayed. */
  counts(queue: Queue, nowMs: number): { visible: number; inFlight: number; delayed: number } {
    return this.#statements.counts.get(nowMs, nowMs, nowMs, queue.number)!;
  }

  /** Whether a queue has `limit` messages in flight. */
  inFlightReached(queue: Queue, nowMs: number, limit: number): boolean {
    if ((this.#inFlight.get(queue.number) ?? 0) < limit) return false;
    const { inFlight } = this.counts(queue, nowMs);
    this.#inFlight.set(queue.number, inFlight);
    return inFlight >= limit;
  }

  /** When the next message of a queue becomes visible that is not yet; undefined when there is none. */
  nextVisibleMs(queue: Queue, nowMs: number): number | undefined {
    const statement = queue.fifo ? this.#statements.nextVisibleGroup : this.#statements.nextVisible;
    return statement.get(queue.number, nowMs)?.visible_ms;
  }

  /** Whether anything may be received now. */
  hasReceivable(queue: Queue, nowMs: number): boolean {
    return (queue.fifo ? this.#statements.anyGroup : this.#statements.any).get(queue.number, nowMs) !== undefined;
  }

  /** The head of a group and its time, after something happened to one of the group's messages. */
  #settleGroup(queue: Queue, groupId: string): void {
    const [head] = this.#statements.groupMessages.all(queue.number, groupId, 1);
    if (head === undefined) this.#statements.removeGroup.run(queue.number, groupId);
    else this.#statements.setGroup.run(queue.number, groupId, head.seq, head.visible_ms);
  }

  // --- receive attempts -----------------------------------------------------------------------------------------------

  /** What an earlier attempt to receive got: message numbers with their receptions. */
  attempt(queue: Queue, attemptId: string, nowMs: number): [seq: number, receives: number][] | undefined {
    const row = this.#statements.attempt.get(queue.number, attemptId);
    return row === undefined || row.until_ms <= nowMs ? undefined : (JSON.parse(row.received) as [number, number][]);
  }

  rememberAttempt(queue: Queue, attemptId: string, untilMs: number, received: [seq: number, receives: number][]): void {
    this.#statements.rememberAttempt.run(queue.number, attemptId, untilMs, JSON.stringify(received));
  }

  // --- encryption -----------------------------------------------------------------------------------------------------

  /**
   * Keeps an encrypted data key; messages name it by the number returned, in whatever queue they come to lie. Keys that no
   * message names go.
   * @param queueArn what it was made for.
   */
  addDataKey(queueArn: string, ciphertext: Uint8Array): number {
    this.#statements.dropDataKeys.run();
    return Number(this.#statements.addDataKey.run(queueArn, ciphertext).lastInsertRowid);
  }

  dataKey(id: number): { queue_arn: string; ciphertext: Buffer } | undefined {
    return this.#statements.dataKey.get(id);
  }

  // --- move tasks -----------------------------------------------------------------------------------------------------

  putTask(task: MoveTask): void {
    const { handle, source, startedMs, status, ...rest } = task;
    this.#statements.putTask.run(handle, source, startedMs, status, JSON.stringify(rest));
  }

  task(handle: string): MoveTask | undefined {
    const row = this.#statements.task.get(handle);
    return row === undefined ? undefined : taskOf(row);
  }

  /** The latest tasks of a source queue, latest first. */
  tasks(sourceArn: string, limit: number): MoveTask[] {
    return this.#statements.tasks.all(sourceArn, limit).map(taskOf);
  }

  /** Tasks that have something left to do. */
  runningTasks(): MoveTask[] {
    return this.#statements.runningTasks.all().map(taskOf);
  }

  /** The number of the latest message. */
  lastSeq(): number {
    return this.#statements.lastSeq.get()?.seq ?? 0;
  }

  // --- housekeeping ---------------------------------------------------------------------------------------------------

  /** Removes a bounded part of what purges and deletions left; true when there is more. */
  tidy(nowMs: number): boolean {
    const [discarded] = this.#statements.discarded.all();
    if (discarded === undefined) return false;
    const { number } = discarded;
    this.#statements.dropBodies.run(number, rowsAtOnce);
    const { changes } = this.#statements.dropMessages.run(number, rowsAtOnce);
    if (changes === 0) {
      this.#statements.dropGroups.run(number);
      this.#statements.dropDeduplications.run(number, Number.MAX_SAFE_INTEGER);
      this.#statements.dropAttempts.run(number, Number.MAX_SAFE_INTEGER);
      this.#statements.undiscard.run(number);
      this.#statements.forgetOldDeletions.run(nowMs - 60_000);
    }
    return true;
  }

  /** Removes what a FIFO queue need not remember any longer; true when there is more for later. */
  forget(queue: Queue, nowMs: number): boolean {
    this.#statements.dropDeduplications.run(queue.number, nowMs);
    this.#statements.dropAttempts.run(queue.number, nowMs);
    return this.#statements.anyDeduplication.get(queue.number) !== undefined;
  }
}

function queueOf(row: QueueRow): Queue {
  const attributes = JSON.parse(row.attributes) as QueueAttributes;
  return {
    name: row.name,
    number: row.number,
    fifo: attributes.FifoQueue === "true",
    attributes,
    settings: settingsOf(attributes),
    tags: JSON.parse(row.tags) as { [key: string]: string },
    createdMs: row.created_ms,
    modifiedMs: row.modified_ms,
    purgedMs: row.purged_ms ?? undefined,
  };
}

type TaskRow = { handle: string; source: string; started_ms: number; status: MoveTask["status"]; document: string };

function taskOf({ handle, source, started_ms, status, document }: TaskRow): MoveTask {
  return { handle, source, startedMs: started_ms, status, ...(JSON.parse(document) as Omit<MoveTask, "handle" | "source" | "startedMs" | "status">) };
}

function prepare(db: Database) {
  return {
    queue: db.prepare<QueueRow, [name: string]>("SELECT * FROM queues WHERE name = ?"),
    insertQueue: db.prepare<unknown, [name: string, number: number, attributes: string, tags: string, createdMs: number, modifiedMs: number]>(
      "INSERT INTO queues (name, number, attributes, tags, created_ms, modified_ms) VALUES (?, ?, ?, ?, ?, ?)"),
    updateQueue: db.prepare<unknown, [attributes: string, tags: string, modifiedMs: number, name: string]>("UPDATE queues SET attributes = ?, tags = ?, modified_ms = ? WHERE name = ?"),
    renumberQueue: db.prepare<unknown, [number: number, purgedMs: number, name: string]>("UPDATE queues SET number = ?, purged_ms = ? WHERE name = ?"),
    deleteQueue: db.prepare<unknown, [name: string]>("DELETE FROM queues WHERE name = ?"),
    listQueues: db.prepare<QueueRow, [from: string, to: string, limit: number]>("SELECT * FROM queues WHERE name >= ? AND name < ? ORDER BY name LIMIT ?"),
    sources: db.prepare<QueueRow, [arn: string, after: string, limit: number]>(
      "SELECT * FROM queues WHERE attributes ->> 'RedrivePolicy' ->> 'deadLetterTargetArn' = ? AND name > ? ORDER BY name LIMIT ?"),
    newNumber: db.prepare<{ last: number }>("UPDATE numbers SET last = last + 1 RETURNING last"),
    discard: db.prepare<unknown, [number: number]>("INSERT OR IGNORE INTO discarded VALUES (?)"),
    discarded: db.prepare<{ number: number }>("SELECT number FROM discarded LIMIT 1"),
    undiscard: db.prepare<unknown, [number: number]>("DELETE FROM discarded WHERE number = ?"),
    rememberDeletion: db.prepare<unknown, [name: string, deletedMs: number]>("INSERT OR REPLACE INTO deleted VALUES (?, ?)"),
    forgetDeletion: db.prepare<unknown, [name: string]>("DELETE FROM deleted WHERE name = ?"),
    forgetOldDeletions: db.prepare<unknown, [beforeMs: number]>("DELETE FROM deleted WHERE deleted_ms < ?"),
    deletedMs: db.prepare<{ deleted_ms: number }, [name: string]>("SELECT deleted_ms FROM deleted WHERE name = ?"),

    insertMessage: db.prepare<unknown, [
      queue: number, visibleMs: number, sentMs: number, id: string, sender: string, md5: string, groupId: string | null, deduplicationId: string | null,
      traceHeader: string | null, attributes: string | null, attributesMd5: string | null, dataKey: number | null, body: string | Buffer | null,
    ]>(`INSERT INTO messages (queue, visible_ms, receives, sent_ms, id, sender, md5, group_id, deduplication_id, trace_header, attributes, attributes_md5, data_key, body)
        VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    insertBody: db.prepare<unknown, [seq: number, body: string | Buffer]>("INSERT INTO large_bodies VALUES (?, ?)"),
    body: db.prepare<{ body: string | Buffer }, [seq: number]>("SELECT body FROM large_bodies WHERE seq = ?"),
    removeBody: db.prepare<unknown, [seq: number]>("DELETE FROM large_bodies WHERE seq = ?"),
    message: db.prepare<MessageRow, [seq: number]>("SELECT * FROM messages WHERE seq = ?"),
    visible: db.prepare<MessageRow, [queue: number, nowMs: number, limit: number]>(
      "SELECT * FROM messages WHERE queue = ? AND visible_ms <= ? ORDER BY visible_ms, receives, seq LIMIT ?"),
    any: db.prepare<unknown, [queue: number, nowMs: number]>("SELECT 1 FROM messages WHERE queue = ? AND visible_ms <= ? LIMIT 1"),
    nextVisible: db.prepare<{ visible_ms: number }, [queue: number, nowMs: number]>("SELECT visible_ms FROM messages WHERE queue = ? AND visible_ms > ? ORDER BY visible_ms LIMIT 1"),
    receive: db.prepare<unknown, [visibleMs: number, nowMs: number, seq: number]>(
      "UPDATE messages SET visible_ms = ?, receives = receives + 1, first_received_ms = ifnull(first_received_ms, ?) WHERE seq = ?"),
    show: db.prepare<unknown, [visibleMs: number, seq: number]>("UPDATE messages SET visible_ms = ? WHERE seq = ?"),
    removeMessage: db.prepare<unknown, [seq: number]>("DELETE FROM messages WHERE seq = ?"),
    move: db.prepare<unknown, [queue: number, visibleMs: number, sentMs: number, sourceArn: string, seq: number]>(
      "UPDATE messages SET queue = ?, visible_ms = ?, sent_ms = ?, source_arn = ? WHERE seq = ?"),
    expired: db.prepare<MessageRow, [queue: number, beforeMs: number, limit: number]>("SELECT * FROM messages WHERE queue = ? AND sent_ms <= ? LIMIT ?"),
    counts: db.prepare<{ visible: number; inFlight: number; delayed: number }, [number, number, number, queue: number]>(
      `SELECT ifnull(sum(visible_ms <= ?), 0) AS visible, ifnull(sum(visible_ms > ? AND receives > 0), 0) AS inFlight, ifnull(sum(visible_ms > ? AND receives = 0), 0) AS delayed
       FROM messages WHERE queue = ?`),

    addToGroup: db.prepare<unknown, [queue: number, groupId: string, seq: number, visibleMs: number]>("INSERT OR IGNORE INTO message_groups (queue, group_id, head, visible_ms) VALUES (?, ?, ?, ?)"),
    setGroup: db.prepare<unknown, [queue: number, groupId: string, seq: number, visibleMs: number]>("INSERT OR REPLACE INTO message_groups (queue, group_id, head, visible_ms) VALUES (?, ?, ?, ?)"),
    removeGroup: db.prepare<unknown, [queue: number, groupId: string]>("DELETE FROM message_groups WHERE queue = ? AND group_id = ?"),
    groupMessages: db.prepare<MessageRow, [queue: number, groupId: string, limit: number]>(
      "SELECT * FROM messages WHERE queue = ? AND group_id = ? AND deduplication_id IS NOT NULL ORDER BY seq LIMIT ?"),
    visibleGroups: db.prepare<{ group_id: string }, [queue: number, nowMs: number, limit: number]>(
      "SELECT group_id FROM message_groups WHERE queue = ? AND visible_ms <= ? ORDER BY visible_ms, head LIMIT ?"),
    anyGroup: db.prepare<unknown, [queue: number, nowMs: number]>("SELECT 1 FROM message_groups WHERE queue = ? AND visible_ms <= ? LIMIT 1"),
    nextVisibleGroup: db.prepare<{ visible_ms: number }, [queue: number, nowMs: number]>("SELECT visible_ms FROM message_groups WHERE queue = ? AND visible_ms > ? ORDER BY visible_ms LIMIT 1"),
    duplicate: db.prepare<{ id: string; seq: number; until_ms: number }, [queue: number, scope: string, id: string]>(
      "SELECT id, seq, until_ms FROM deduplications WHERE queue = ? AND scope = ? AND deduplication_id = ?"),
    anyDeduplication: db.prepare<unknown, [queue: number]>("SELECT 1 FROM deduplications WHERE queue = ? LIMIT 1"),
    rememberDuplicate: db.prepare<unknown, [queue: number, scope: string, deduplicationId: string, untilMs: number, id: string, seq: number]>(
      "INSERT OR REPLACE INTO deduplications (queue, scope, deduplication_id, until_ms, id, seq) VALUES (?, ?, ?, ?, ?, ?)"),
    attempt: db.prepare<{ until_ms: number; received: string }, [queue: number, attemptId: string]>("SELECT until_ms, received FROM receive_attempts WHERE queue = ? AND attempt_id = ?"),
    rememberAttempt: db.prepare<unknown, [queue: number, attemptId: string, untilMs: number, received: string]>("INSERT OR REPLACE INTO receive_attempts VALUES (?, ?, ?, ?)"),

    addDataKey: db.prepare<unknown, [queueArn: string, ciphertext: Uint8Array]>("INSERT INTO data_keys (queue_arn, ciphertext) VALUES (?, ?)"),
    dataKey: db.prepare<{ queue_arn: string; ciphertext: Buffer }, [id: number]>("SELECT queue_arn, ciphertext FROM data_keys WHERE id = ?"),
    dropDataKeys: db.prepare("DELETE FROM data_keys WHERE NOT EXISTS (SELECT 1 FROM messages WHERE data_key = data_keys.id)"),
    putTask: db.prepare<unknown, [handle: string, source: string, startedMs: number, status: string, document: string]>("INSERT OR REPLACE INTO move_tasks VALUES (?, ?, ?, ?, ?)"),
    task: db.prepare<TaskRow, [handle: string]>("SELECT * FROM move_tasks WHERE handle = ?"),
    tasks: db.prepare<TaskRow, [source: string, limit: number]>("SELECT * FROM move_tasks WHERE source = ? ORDER BY started_ms DESC LIMIT ?"),
    runningTasks: db.prepare<TaskRow>("SELECT * FROM move_tasks WHERE status IN ('RUNNING', 'CANCELLING') LIMIT 1000"),
    lastSeq: db.prepare<{ seq: number | null }>("SELECT max(seq) AS seq FROM messages"),

    dropBodies: db.prepare<unknown, [queue: number, limit: number]>("DELETE FROM large_bodies WHERE seq IN (SELECT seq FROM messages WHERE queue = ? LIMIT ?)"),
    dropMessages: db.prepare<unknown, [queue: number, limit: number]>("DELETE FROM messages WHERE seq IN (SELECT seq FROM messages WHERE queue = ? LIMIT ?)"),
    dropGroups: db.prepare<unknown, [queue: number]>("DELETE FROM message_groups WHERE queue = ?"),
    dropDeduplications: db.prepare<unknown, [queue: number, untilMs: number]>("DELETE FROM deduplications WHERE queue = ? AND until_ms <= ?"),
    dropAttempts: db.prepare<unknown, [queue: number, untilMs: number]>("DELETE FROM receive_attempts WHERE queue = ? AND until_ms <= ?"),
  };
}

export const store = defineStore({
  name: "sqs",
  scope: "regional",
  migrations: MIGRATIONS,
  open: (scope) => new SqsStore(scope),
});
