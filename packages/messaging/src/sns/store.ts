import { defineStore } from "@cumulet/core";
import type { Database, StoreScope } from "@cumulet/core";
import { compileFilter } from "./domain/filter.ts";
import type { FilterScope } from "./domain/filter.ts";
import type { Message } from "./domain/message.ts";

const MIGRATIONS = [
  `CREATE TABLE topics (
     name TEXT NOT NULL PRIMARY KEY,
     attributes TEXT NOT NULL,
     tags TEXT NOT NULL,
     deleted_subscriptions INTEGER NOT NULL DEFAULT 0,
     last_sequence INTEGER NOT NULL DEFAULT 0
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE subscriptions (
     id TEXT NOT NULL PRIMARY KEY,
     topic TEXT NOT NULL,
     protocol TEXT NOT NULL,
     endpoint TEXT NOT NULL,
     owner TEXT NOT NULL,
     principal TEXT NOT NULL,
     attributes TEXT NOT NULL,
     confirmed INTEGER NOT NULL,
     authenticated INTEGER NOT NULL,
     token TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE UNIQUE INDEX subscriptions_endpoint ON subscriptions (topic, protocol, endpoint);
   CREATE INDEX subscriptions_token ON subscriptions (token) WHERE token IS NOT NULL;
   CREATE TABLE deduplications (
     topic TEXT NOT NULL,
     scope TEXT NOT NULL,
     deduplication_id TEXT NOT NULL,
     until_ms INTEGER NOT NULL,
     id TEXT NOT NULL,
     sequence TEXT NOT NULL,
     PRIMARY KEY (topic, scope, deduplication_id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX deduplications_until ON deduplications (until_ms);
   CREATE TABLE applications (arn TEXT NOT NULL PRIMARY KEY, attributes TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE endpoints (
     arn TEXT NOT NULL PRIMARY KEY,
     application TEXT NOT NULL,
     token TEXT NOT NULL,
     attributes TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE UNIQUE INDEX endpoints_token ON endpoints (application, token);
   CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE opted_out (phone TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
   CREATE TABLE sandbox_numbers (phone TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL) STRICT, WITHOUT ROWID;
   -- What would leave for phones and mailboxes, to be looked at; the latest thousand.
   CREATE TABLE deliveries (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     kind TEXT NOT NULL,
     recipient TEXT NOT NULL,
     document TEXT NOT NULL
   ) STRICT;
   CREATE INDEX deliveries_kind ON deliveries (kind, recipient, seq)`,
];

/** Deliveries that are kept to be looked at. */
const keptDeliveries = 1000;

export type Attributes = { [name: string]: string };

export interface Topic {
  name: string;
  fifo: boolean;
  attributes: Attributes;
  tags: { [key: string]: string };
  deletedSubscriptions: number;
}

export interface Subscription {
  id: string;
  topic: string;
  protocol: string;
  endpoint: string;
  owner: string;
  /** ARN of who subscribed. */
  principal: string;
  attributes: Attributes;
  confirmed: boolean;
  authenticated: boolean;
  token: string | undefined;
}

/** A confirmed subscription, its filter compiled. */
export interface Subscriber extends Subscription {
  wants(message: Message): boolean;
}

/** What would have left for a phone, a mailbox or an app. */
export interface Delivery {
  seq: number;
  recipient: string;
  document: { [member: string]: unknown };
}

type TopicRow = { name: string; attributes: string; tags: string; deleted_subscriptions: number };
type SubscriptionRow = Omit<Subscription, "attributes" | "confirmed" | "authenticated" | "token"> & { attributes: string; confirmed: number; authenticated: number; token: string | null };

/** SNS in one account and region. */
export class SnsStore {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #topics = new Map<string, Topic>();
  readonly #subscribers = new Map<string, Subscriber[]>();

  constructor({ db }: StoreScope) {
    this.#statements = prepare(db);
  }

  // --- topics ---------------------------------------------------------------------------------------------------------

  topic(name: string): Topic | undefined {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const row = this.#statements.topic.get(name);
    if (row === undefined) return undefined;
    const topic = topicOf(row);
    this.#topics.set(name, topic);
    return topic;
  }

  createTopic(name: string, attributes: Attributes, tags: { [key: string]: string }): void {
    this.#statements.insertTopic.run(name, JSON.stringify(attributes), JSON.stringify(tags));
  }

  updateTopic(topic: Topic, change: { attributes?: Attributes; tags?: { [key: string]: string } }): void {
    const next = { ...topic, ...change };
    this.#statements.updateTopic.run(JSON.stringify(next.attributes), JSON.stringify(next.tags), topic.name);
    this.#topics.delete(topic.name);
  }

  deleteTopic(name: string): void {
    this.#statements.deleteTopic.run(name);
    this.#statements.deleteSubscriptionsOf.run(name);
    this.#statements.dropDeduplications.run(name);
    this.#forget(name);
  }

  topics(after: string, limit: number): Topic[] {
    return this.#statements.topics.all(after, limit).map(topicOf);
  }

  /** The next sequence number of a FIFO topic: 20 digits, growing. */
  nextSequence(topic: string): string {
    const { last_sequence } = this.#statements.nextSequence.get(topic)!;
    return `1${String(last_sequence).padStart(16, "0")}000`;
  }

  duplicateOf(topic: string, scope: string, deduplicationId: string, nowMs: number): { id: string; sequence: string } | undefined {
    const found = this.#statements.duplicate.get(topic, scope, deduplicationId);
    return found !== undefined && found.until_ms > nowMs ? found : undefined;
  }

  rememberDuplicate(topic: string, scope: string, deduplicationId: string, nowMs: number, untilMs: number, id: string, sequence: string): void {
    this.#statements.forgetDuplicates.run(nowMs);
    this.#statements.rememberDuplicate.run(topic, scope, deduplicationId, untilMs, id, sequence);
  }

  // --- subscriptions --------------------------------------------------------------------------------------------------

  subscription(id: string): Subscription | undefined {
    const row = this.#statements.subscription.get(id);
    return row === undefined ? undefined : subscriptionOf(row);
  }

  subscriptionOf(topic: string, protocol: string, endpoint: string): Subscription | undefined {
    const row = this.#statements.subscriptionOf.get(topic, protocol, endpoint);
    return row === undefined ? undefined : subscriptionOf(row);
  }

  subscriptionByToken(token: string): Subscription | undefined {
    const row = this.#statements.byToken.get(token);
    return row === undefined ? undefined : subscriptionOf(row);
  }

  putSubscription(subscription: Subscription): void {
    const { id, topic, protocol, endpoint, owner, principal, attributes, confirmed, authenticated, token } = subscription;
    this.#statements.putSubscription.run(id, topic, protocol, endpoint, owner, principal, JSON.stringify(attributes), Number(confirmed), Number(authenticated), token ?? null);
    this.#subscribers.delete(topic);
  }

  deleteSubscription({ id, topic }: Subscription): void {
    this.#statements.deleteSubscription.run(id);
    this.#statements.countDeletion.run(topic);
    this.#forget(topic);
  }

  /** At most `limit` subscriptions after an id; of one topic when given. */
  subscriptions(topic: string | undefined, after: string, limit: number): Subscription[] {
    return (topic === undefined ? this.#statements.subscriptions.all(after, limit) : this.#statements.subscriptionsOf.all(topic, after, limit)).map(subscriptionOf);
  }

  subscriptionCounts(topic: string): { confirmed: number; pending: number } {
    return this.#statements.subscriptionCounts.get(topic)!;
  }

  /** Who gets a topic's messages. */
  subscribers(topic: string): readonly Subscriber[] {
    let subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined) {
      subscribers = this.#statements.confirmed.all(topic).map((row) => {
        const subscription = subscriptionOf(row);
        const { FilterPolicy: policy, FilterPolicyScope: scope } = subscription.attributes;
        const wants = policy === undefined ? () => true : compileFilter(policy, (scope ?? "MessageAttributes") as FilterScope, "FilterPolicy");
        return { ...subscription, wants };
      });
      this.#subscribers.set(topic, subscribers);
    }
    return subscribers;
  }

  #forget(topic: string): void {
    this.#topics.delete(topic);
    this.#subscribers.delete(topic);
  }

  // --- applications and their endpoints -------------------------------------------------------------------------------

  application(arn: string): Attributes | undefined {
    return parsed(this.#statements.application.get(arn)?.attributes);
  }

  putApplication(arn: string, attributes: Attributes): void {
    this.#statements.putApplication.run(arn, JSON.stringify(attributes));
  }

  deleteApplication(arn: string): void {
    this.#statements.deleteApplication.run(arn);
    this.#statements.deleteEndpointsOf.run(arn);
  }

  applications(after: string, limit: number): { arn: string; attributes: Attributes }[] {
    return this.#statements.applications.all(after, limit).map(({ arn, attributes }) => ({ arn, attributes: JSON.parse(attributes) as Attributes }));
  }

  endpoint(arn: string): Attributes | undefined {
    return parsed(this.#statements.endpoint.get(arn)?.attributes);
  }

  endpointOf(application: string, token: string): { arn: string; attributes: Attributes } | undefined {
    const row = this.#statements.endpointOf.get(application, token);
    return row === undefined ? undefined : { arn: row.arn, attributes: JSON.parse(row.attributes) as Attributes };
  }

  putEndpoint(arn: string, application: string, attributes: Attributes): void {
    this.#statements.putEndpoint.run(arn, application, attributes.Token ?? "", JSON.stringify(attributes));
  }

  deleteEndpoint(arn: string): void {
    this.#statements.deleteEndpoint.run(arn);
  }

  endpoints(application: string, after: string, limit: number): { arn: string; attributes: Attributes }[] {
    return this.#statements.endpoints.all(application, after, limit).map(({ arn, attributes }) => ({ arn, attributes: JSON.parse(attributes) as Attributes }));
  }

  // --- text messages --------------------------------------------------------------------------------------------------

  setting(name: string): string | undefined {
    return this.#statements.setting.get(name)?.value;
  }

  putSetting(name: string, value: string): void {
    this.#statements.putSetting.run(name, value);
  }

  isOptedOut(phone: string): boolean {
    return this.#statements.optedOut.get(phone) !== undefined;
  }

  optIn(phone: string): void {
    this.#statements.optIn.run(phone);
  }

  optOut(phone: string): void {
    this.#statements.optOut.run(phone);
  }

  optedOut(after: string, limit: number): string[] {
    return this.#statements.allOptedOut.all(after, limit).map(({ phone }) => phone);
  }

  sandboxNumber(phone: string): string | undefined {
    return this.#statements.sandboxNumber.get(phone)?.status;
  }

  putSandboxNumber(phone: string, status: "Pending" | "Verified"): void {
    this.#statements.putSandboxNumber.run(phone, status);
  }

  deleteSandboxNumber(phone: string): void {
    this.#statements.deleteSandboxNumber.run(phone);
  }

  sandboxNumbers(after: string, limit: number): { phone: string; status: string }[] {
    return this.#statements.sandboxNumbers.all(after, limit);
  }

  // --- what would have left -------------------------------------------------------------------------------------------

  deliver(kind: string, recipient: string, document: { [member: string]: unknown }): void {
    const { lastInsertRowid } = this.#statements.deliver.run(kind, recipient, JSON.stringify(document));
    this.#statements.dropDeliveries.run(Number(lastInsertRowid) - keptDeliveries);
  }

  deliveries(kind: string): Delivery[] {
    return this.#statements.deliveries.all(kind).map(({ seq, recipient, document }) => ({ seq, recipient, document: JSON.parse(document) as { [member: string]: unknown } }));
  }

  clearDeliveries(kind: string, recipient: string | undefined): void {
    if (recipient === undefined) this.#statements.clearDeliveries.run(kind);
    else this.#statements.clearDeliveriesOf.run(kind, recipient);
  }
}

function parsed(text: string | undefined): Attributes | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Attributes);
}

function topicOf(row: TopicRow): Topic {
  const attributes = JSON.parse(row.attributes) as Attributes;
  return { name: row.name, fifo: attributes.FifoTopic === "true", attributes, tags: JSON.parse(row.tags) as { [key: string]: string }, deletedSubscriptions: row.deleted_subscriptions };
}

function subscriptionOf(row: SubscriptionRow): Subscription {
  return { ...row, attributes: JSON.parse(row.attributes) as Attributes, confirmed: row.confirmed === 1, authenticated: row.authenticated === 1, token: row.token ?? undefined };
}

function prepare(db: Database) {
  return {
    topic: db.prepare<TopicRow, [name: string]>("SELECT name, attributes, tags, deleted_subscriptions FROM topics WHERE name = ?"),
    insertTopic: db.prepare<unknown, [name: string, attributes: string, tags: string]>("INSERT INTO topics (name, attributes, tags) VALUES (?, ?, ?)"),
    updateTopic: db.prepare<unknown, [attributes: string, tags: string, name: string]>("UPDATE topics SET attributes = ?, tags = ? WHERE name = ?"),
    deleteTopic: db.prepare<unknown, [name: string]>("DELETE FROM topics WHERE name = ?"),
    topics: db.prepare<TopicRow, [after: string, limit: number]>("SELECT name, attributes, tags, deleted_subscriptions FROM topics WHERE name > ? ORDER BY name LIMIT ?"),
    nextSequence: db.prepare<{ last_sequence: number }, [name: string]>("UPDATE topics SET last_sequence = last_sequence + 1 WHERE name = ? RETURNING last_sequence"),
    countDeletion: db.prepare<unknown, [name: string]>("UPDATE topics SET deleted_subscriptions = deleted_subscriptions + 1 WHERE name = ?"),
    duplicate: db.prepare<{ id: string; sequence: string; until_ms: number }, [topic: string, scope: string, id: string]>("SELECT id, sequence, until_ms FROM deduplications WHERE topic = ? AND scope = ? AND deduplication_id = ?"),
    rememberDuplicate: db.prepare<unknown, [topic: string, scope: string, deduplicationId: string, untilMs: number, id: string, sequence: string]>("INSERT OR REPLACE INTO deduplications VALUES (?, ?, ?, ?, ?, ?)"),
    forgetDuplicates: db.prepare<unknown, [nowMs: number]>("DELETE FROM deduplications WHERE until_ms <= ?"),
    dropDeduplications: db.prepare<unknown, [topic: string]>("DELETE FROM deduplications WHERE topic = ?"),

    subscription: db.prepare<SubscriptionRow, [id: string]>("SELECT * FROM subscriptions WHERE id = ?"),
    subscriptionOf: db.prepare<SubscriptionRow, [topic: string, protocol: string, endpoint: string]>("SELECT * FROM subscriptions WHERE topic = ? AND protocol = ? AND endpoint = ?"),
    byToken: db.prepare<SubscriptionRow, [token: string]>("SELECT * FROM subscriptions WHERE token = ?"),
    putSubscription: db.prepare<unknown, [id: string, topic: string, protocol: string, endpoint: string, owner: string, principal: string, attributes: string, confirmed: number, authenticated: number, token: string | null]>(
      "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    deleteSubscription: db.prepare<unknown, [id: string]>("DELETE FROM subscriptions WHERE id = ?"),
    deleteSubscriptionsOf: db.prepare<unknown, [topic: string]>("DELETE FROM subscriptions WHERE topic = ?"),
    subscriptions: db.prepare<SubscriptionRow, [after: string, limit: number]>("SELECT * FROM subscriptions WHERE id > ? ORDER BY id LIMIT ?"),
    subscriptionsOf: db.prepare<SubscriptionRow, [topic: string, after: string, limit: number]>("SELECT * FROM subscriptions WHERE topic = ? AND id > ? ORDER BY id LIMIT ?"),
    subscriptionCounts: db.prepare<{ confirmed: number; pending: number }, [topic: string]>("SELECT ifnull(sum(confirmed), 0) AS confirmed, ifnull(sum(NOT confirmed), 0) AS pending FROM subscriptions WHERE topic = ?"),
    confirmed: db.prepare<SubscriptionRow, [topic: string]>("SELECT * FROM subscriptions WHERE topic = ? AND confirmed = 1"),

    application: db.prepare<{ attributes: string }, [arn: string]>("SELECT attributes FROM applications WHERE arn = ?"),
    putApplication: db.prepare<unknown, [arn: string, attributes: string]>("INSERT OR REPLACE INTO applications VALUES (?, ?)"),
    deleteApplication: db.prepare<unknown, [arn: string]>("DELETE FROM applications WHERE arn = ?"),
    applications: db.prepare<{ arn: string; attributes: string }, [after: string, limit: number]>("SELECT arn, attributes FROM applications WHERE arn > ? ORDER BY arn LIMIT ?"),
    endpoint: db.prepare<{ attributes: string }, [arn: string]>("SELECT attributes FROM endpoints WHERE arn = ?"),
    endpointOf: db.prepare<{ arn: string; attributes: string }, [application: string, token: string]>("SELECT arn, attributes FROM endpoints WHERE application = ? AND token = ?"),
    putEndpoint: db.prepare<unknown, [arn: string, application: string, token: string, attributes: string]>("INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?)"),
    deleteEndpoint: db.prepare<unknown, [arn: string]>("DELETE FROM endpoints WHERE arn = ?"),
    deleteEndpointsOf: db.prepare<unknown, [application: string]>("DELETE FROM endpoints WHERE application = ?"),
    endpoints: db.prepare<{ arn: string; attributes: string }, [application: string, after: string, limit: number]>("SELECT arn, attributes FROM endpoints WHERE application = ? AND arn > ? ORDER BY arn LIMIT ?"),

    setting: db.prepare<{ value: string }, [name: string]>("SELECT value FROM settings WHERE name = ?"),
    putSetting: db.prepare<unknown, [name: string, value: string]>("INSERT OR REPLACE INTO settings VALUES (?, ?)"),
    optedOut: db.prepare<unknown, [phone: string]>("SELECT 1 FROM opted_out WHERE phone = ?"),
    optIn: db.prepare<unknown, [phone: string]>("DELETE FROM opted_out WHERE phone = ?"),
    optOut: db.prepare<unknown, [phone: string]>("INSERT OR IGNORE INTO opted_out VALUES (?)"),
    allOptedOut: db.prepare<{ phone: string }, [after: string, limit: number]>("SELECT phone FROM opted_out WHERE phone > ? ORDER BY phone LIMIT ?"),
    sandboxNumber: db.prepare<{ status: string }, [phone: string]>("SELECT status FROM sandbox_numbers WHERE phone = ?"),
    putSandboxNumber: db.prepare<unknown, [phone: string, status: string]>("INSERT OR REPLACE INTO sandbox_numbers VALUES (?, ?)"),
    deleteSandboxNumber: db.prepare<unknown, [phone: string]>("DELETE FROM sandbox_numbers WHERE phone = ?"),
    sandboxNumbers: db.prepare<{ phone: string; status: string }, [after: string, limit: number]>("SELECT phone, status FROM sandbox_numbers WHERE phone > ? ORDER BY phone LIMIT ?"),

    deliver: db.prepare<unknown, [kind: string, recipient: string, document: string]>("INSERT INTO deliveries (kind, recipient, document) VALUES (?, ?, ?)"),
    dropDeliveries: db.prepare<unknown, [upTo: number]>("DELETE FROM deliveries WHERE seq <= ?"),
    deliveries: db.prepare<{ seq: number; recipient: string; document: string }, [kind: string]>("SELECT seq, recipient, document FROM deliveries WHERE kind = ? ORDER BY seq LIMIT 1000"),
    clearDeliveries: db.prepare<unknown, [kind: string]>("DELETE FROM deliveries WHERE kind = ?"),
    clearDeliveriesOf: db.prepare<unknown, [kind: string, recipient: string]>("DELETE FROM deliveries WHERE kind = ? AND recipient = ?"),
  };
}

export const store = defineStore({
  name: "sns",
  scope: "regional",
  migrations: MIGRATIONS,
  open: (scope) => new SnsStore(scope),
});
