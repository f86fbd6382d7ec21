import { describe, expect, onTestFinished, test } from "vitest";
import { Dispatcher, type DispatcherOptions } from "../../src/events/dispatcher.ts";
import type { PlatformEvent } from "../../src/events/event.ts";
import type { Log } from "../../src/observe/log.ts";
import { SequentialIds } from "../../src/sequential-ids.ts";
import { defineStore } from "../../src/service.ts";
import { openStorage, type Storage } from "../../src/storage/storage.ts";
import { Snapshots } from "../../src/storage/snapshots.ts";
import { TestClock } from "../../src/test-clock.ts";
import { temporaryFolder } from "../storage/folder.ts";

const account = "111122223333";
const items = defineStore({
  name: "items",
  scope: "regional",
  migrations: ["CREATE TABLE items (id INTEGER PRIMARY KEY)"],
  open: ({ db }) => ({ put: db.prepare<unknown, [number]>("INSERT INTO items (id) VALUES (?)") }),
});
const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, shows: () => false, with: () => silent };

interface Delivery {
  event: PlatformEvent;
  store: string;
  consumer: string;
}

class Platform {
  readonly clock = new TestClock();
  readonly delivered: Delivery[] = [];
  readonly storage: Storage;
  readonly events: Dispatcher;
  /** What a delivery does beside being noted. */
  handle: (delivery: Delivery) => void | Promise<void> = () => {};

  constructor(options: { folder?: string; consumers?: [string, string[]][]; maxOpen?: number } & Partial<Omit<DispatcherOptions, "consumers">> = {}) {
    const ids = new SequentialIds();
    this.storage = openStorage({ folder: options.folder, clock: this.clock, ids, stores: [items], maxOpen: options.maxOpen });
    this.events = new Dispatcher({
      storage: this.storage,
      clock: this.clock,
      ids,
      log: silent,
      deliver: async (event, store, consumer) => {
        this.delivered.push({ event, store, consumer });
        await this.handle({ event, store, consumer });
      },
      ...options,
      consumers: new Map(options.consumers ?? [["thing.made", ["lambda"]]]),
    });
    onTestFinished(() => this.storage.close());
  }

  emit(detail: unknown, more: { type?: string; delayMs?: number; orderKey?: string; region?: string } = {}): void {
    const store = this.storage.open(items, account, more.region ?? "us-east-1");
    this.events.emit(store, { type: more.type ?? "thing.made", detail, delayMs: more.delayMs, orderKey: more.orderKey }, "trace");
  }

  get details(): unknown[] {
    return this.delivered.map(({ event }) => event.detail);
  }
}

const key = { store: "items", account, region: "us-east-1" };

test("delivers an event once its change is committed, to each of its consumers", async () => {
  const platform = new Platform({ consumers: [["thing.made", ["lambda", "sqs"]]] });
  const store = platform.storage.open(items, account, "us-east-1");
  store.db.transaction(() => {
    store.state.put.run(1);
    platform.emit({ a: 1 });
  });
  await Promise.resolve();
  expect(platform.delivered).toEqual([]);
  await platform.events.idle();
  expect(platform.delivered.map(({ consumer }) => consumer).sort()).toEqual(["lambda", "sqs"]);
  const [first, second] = platform.delivered;
  expect(first?.event).toEqual({
    id: expect.any(String),
    type: "thing.made",
    account,
    region: "us-east-1",
    detail: { a: 1 },
    emittedMs: platform.clock.now(),
    attempt: 1,
    traceId: "trace",
  });
  expect(second?.event.id).toBe(first?.event.id);
  expect(first?.store).toBe("items");
});

test("an event goes with the change that was undone", async () => {
  const platform = new Platform();
  const store = platform.storage.open(items, account, "us-east-1");
  expect(() =>
    store.db.transaction(() => {
      platform.emit("gone");
      throw new Error("no");
    }),
  ).toThrow("no");
  platform.emit("stays");
  await platform.events.idle();
  expect(platform.details).toEqual(["stays"]);
});

test("an event goes with the change whose commit failed", async () => {
  const platform = new Platform();
  const store = platform.storage.open(items, account, "us-east-1");
  store.state.put.run(1);
  platform.emit("lost");
  // What SQLite does by itself on an I/O error.
  store.db.native().exec("ROLLBACK");
  platform.storage.flush();
  await platform.events.idle();
  platform.emit("next");
  await platform.events.idle();
  await platform.clock.advance(1000);
  await platform.events.idle();
  expect(platform.details).toEqual(["next"]);
});

test("an event that nobody consumes goes nowhere", async () => {
  const platform = new Platform();
  platform.emit("x", { type: "thing.unknown" });
  expect(platform.storage.open(items, account, "us-east-1").db.pending).toBe(false);
  await platform.events.idle();
  expect(platform.delivered).toEqual([]);
});

test("idle waits for events that deliveries emit", async () => {
  const platform = new Platform({ consumers: [["thing.made", ["lambda"]], ["thing.seen", ["sqs"]]] });
  platform.handle = async ({ event }) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (event.type === "thing.made") platform.emit(`seen ${String(event.detail)}`, { type: "thing.seen", region: "eu-west-1" });
  };
  platform.emit("a");
  await platform.events.idle();
  expect(platform.details).toEqual(["a", "seen a"]);
  await platform.events.idle();
});

test("waits for the delay of an event, in the clock's time", async () => {
  const platform = new Platform();
  platform.emit("later", { delayMs: 60_000 });
  platform.emit("now");
  await platform.events.idle();
  expect(platform.details).toEqual(["now"]);
  await platform.clock.advance(59_999);
  await platform.events.idle();
  expect(platform.details).toEqual(["now"]);
  await platform.clock.advance(1);
  await platform.events.idle();
  expect(platform.details).toEqual(["now", "later"]);
});

test("tries again with growing waits, then puts the event with the dead letters, from where it can be redriven", async () => {
  const platform = new Platform({ maxAttempts: 4, firstRetryMs: 1000 });
  const times: number[] = [];
  const began = platform.clock.now();
  let broken = true;
  platform.handle = () => {
    times.push(platform.clock.now() - began);
    if (broken) throw new Error("out of order");
  };
  platform.emit({ x: 1 });
  await platform.events.idle();
  await platform.clock.advance(60_000);
  await platform.events.idle();
  expect(platform.delivered.map(({ event }) => event.attempt)).toEqual([1, 2, 3, 4]);
  for (const [index, least] of [500, 1000, 2000].entries()) {
    const waited = (times[index + 1] as number) - (times[index] as number);
    expect(waited).toBeGreaterThanOrEqual(least);
    expect(waited).toBeLessThanOrEqual(least * 2);
  }

  const [letter] = platform.events.deadLetters(key);
  expect(letter).toMatchObject({ ...key, consumer: "lambda", event: { detail: { x: 1 }, attempt: 4, id: platform.delivered[0]?.event.id } });
  expect(letter?.error).toContain("out of order");
  expect(platform.events.deadLetters(key, letter?.id)).toEqual([]);
  expect(platform.events.deadLetters({ ...key, region: "eu-west-1" })).toEqual([]);

  broken = false;
  expect(platform.events.redrive(key, letter?.id as number)).toBe(true);
  expect(platform.events.redrive(key, letter?.id as number)).toBe(false);
  await platform.events.idle();
  expect(platform.delivered.at(-1)?.event).toMatchObject({ attempt: 1, detail: { x: 1 } });
  expect(platform.events.deadLetters(key)).toEqual([]);
});

test("a dead letter can be discarded", async () => {
  const platform = new Platform({ maxAttempts: 1 });
  platform.handle = () => Promise.reject(new Error("no"));
  platform.emit("a");
  await platform.events.idle();
  const [letter] = platform.events.deadLetters(key);
  expect(platform.events.discard(key, letter?.id as number)).toBe(true);
  expect(platform.events.discard(key, letter?.id as number)).toBe(false);
  expect(platform.events.deadLetters(key)).toEqual([]);
});

describe("order", () => {
  test("is kept within a key, through failures; others pass", async () => {
    const platform = new Platform();
    const failing = new Set(["a1"]);
    platform.handle = ({ event }) => {
      if (failing.delete(event.detail as string)) throw new Error("not yet");
    };
    platform.emit("a1", { orderKey: "a" });
    platform.emit("a2", { orderKey: "a" });
    platform.emit("b1", { orderKey: "b" });
    platform.emit("a3", { orderKey: "a" });
    await platform.events.idle();
    expect(platform.details).toEqual(["a1", "b1"]);
    await platform.clock.advance(1000);
    await platform.events.idle();
    expect(platform.details).toEqual(["a1", "b1", "a1", "a2", "a3"]);
  });

  test("never has two of a key on their way", async () => {
    const platform = new Platform();
    let running = 0;
    let most = 0;
    platform.handle = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    const expected = Array.from({ length: 200 }, (_, index) => index);
    for (const index of expected) platform.emit(index, { orderKey: "k" });
    await platform.events.idle();
    expect(most).toBe(1);
    expect(platform.details).toEqual(expected);
  });

  test("is each consumer's own", async () => {
    const platform = new Platform({ consumers: [["thing.made", ["lambda", "sqs"]]] });
    platform.handle = ({ consumer }) => {
      if (consumer === "lambda") throw new Error("no");
    };
    platform.emit(1, { orderKey: "k" });
    platform.emit(2, { orderKey: "k" });
    await platform.events.idle();
    expect(platform.delivered.map(({ consumer, event }) => `${consumer} ${String(event.detail)}`)).toEqual(["lambda 1", "sqs 1", "sqs 2"]);
  });

  test("a dead letter lets the next one pass", async () => {
    const platform = new Platform({ maxAttempts: 1 });
    platform.handle = ({ event }) => {
      if (event.detail === 1) throw new Error("no");
    };
    platform.emit(1, { orderKey: "k" });
    platform.emit(2, { orderKey: "k" });
    await platform.events.idle();
    expect(platform.details).toEqual([1, 2]);
  });
});

test("runs as many deliveries at a time as allowed, and lets every store have its turn", async () => {
  const platform = new Platform({ concurrency: 4 });
  let running = 0;
  let most = 0;
  platform.handle = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  for (let index = 0; index < 300; index++) platform.emit(index, { region: "us-east-1" });
  platform.emit("other", { region: "eu-west-1" });
  await platform.events.idle();
  expect(most).toBe(4);
  expect(platform.delivered).toHaveLength(301);
  expect(new Set(platform.details).size).toBe(301);
  expect(platform.details.indexOf("other")).toBeLessThan(10);
});

test("deliveries that last as long as somebody's code do not keep the others waiting", async () => {
  const consumers: [string, string[]][] = [["thing.made", ["lambda"]], ["thing.long", ["lambda"]]];
  const platform = new Platform({ concurrency: 1, longTypes: new Set(["thing.long"]), longConcurrency: 3, consumers });
  const release = Promise.withResolvers<void>();
  const others = Promise.withResolvers<void>();
  let long = 0;
  platform.handle = ({ event }) => {
    if (event.type === "thing.made") return others.resolve();
    long += 1;
    return release.promise;
  };
  platform.emit(1, { type: "thing.long" });
  platform.emit(2, { type: "thing.long" });
  platform.emit("short");
  await others.promise;
  expect(long).toBe(2);
  release.resolve();
  await platform.events.idle();
});

test("stop waits for what runs and starts no more; the next start delivers the rest", async () => {
  const folder = temporaryFolder();
  const first = new Platform({ folder, concurrency: 1 });
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  first.handle = () => {
    started.resolve();
    return release.promise;
  };
  first.emit("a");
  first.emit("b", { delayMs: 1000 });
  first.emit("c", { region: "eu-west-1" });
  await started.promise;
  let stopped = false;
  const stopping = first.events.stop().then(() => (stopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped).toBe(false);
  release.resolve();
  await stopping;
  first.storage.close();
  expect(first.delivered).toHaveLength(1);

  const second = new Platform({ folder });
  second.events.start();
  await second.events.idle();
  await second.clock.advance(1000);
  await second.events.idle();
  expect([...first.details, ...second.details].sort()).toEqual(["a", "b", "c"]);
  await second.events.stop();
  expect(second.storage.directory.undelivered()).toEqual([]);
});

test("a reset forgets events, a restore brings back those that a snapshot had", async () => {
  const platform = new Platform();
  const snapshots = new Snapshots(platform.storage, () => 0);
  platform.events.start();
  platform.emit("delayed", { delayMs: 1000 });
  platform.storage.flush();
  await snapshots.create("s");
  await platform.storage.reset();
  await platform.clock.advance(5000);
  await platform.events.idle();
  expect(platform.details).toEqual([]);
  platform.emit("new");
  await platform.events.idle();
  await snapshots.restore("s");
  await platform.events.idle();
  expect(platform.details).toEqual(["new", "delayed"]);
  await platform.events.stop();
});

test("a delivery that ends after its store was reset does no harm", async () => {
  const platform = new Platform();
  platform.events.start();
  const release = Promise.withResolvers<void>();
  platform.handle = () => release.promise;
  platform.emit("old");
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(platform.details).toEqual(["old"]);
  await platform.storage.reset();
  platform.emit("new");
  release.resolve();
  await platform.events.idle();
  expect(platform.details).toEqual(["old", "new"]);
  await platform.events.stop();
});

test("stop does not wait for ever; what did not end comes again after the next start", async () => {
  const folder = temporaryFolder();
  let aborted = false;
  const started = Promise.withResolvers<void>();
  const first = new Platform({
    folder,
    deliver: (_event, _store, _consumer, signal) => {
      started.resolve();
      signal.addEventListener("abort", () => (aborted = true));
      return new Promise(() => {});
    },
  });
  first.emit("stuck");
  await started.promise;
  await first.events.stop(0);
  expect(aborted).toBe(true);
  first.storage.close();
  const second = new Platform({ folder });
  second.events.start();
  await second.events.idle();
  expect(second.details).toEqual(["stuck"]);
  await second.events.stop();
});

test("events of hundreds of stores are delivered with few files open", async () => {
  const folder = temporaryFolder();
  const platform = new Platform({ folder, maxOpen: 5 });
  const regions = Array.from({ length: 40 }, (_, index) => `us-east-${index}`);
  for (const region of regions) platform.emit(region, { region });
  await platform.events.idle();
  expect(platform.details.sort()).toEqual([...regions].sort());
});

test("a disk that refuses the outcome of a delivery gets a pause, and the event comes again", async () => {
  const platform = new Platform();
  const store = platform.storage.open(items, account, "us-east-1");
  platform.handle = () => {
    if (platform.delivered.length === 1) store.db.native().exec("PRAGMA query_only = ON");
  };
  platform.emit("a");
  await platform.events.idle();
  expect(platform.delivered).toHaveLength(1);
  store.db.native().exec("PRAGMA query_only = OFF");
  await platform.clock.advance(1000);
  await platform.events.idle();
  expect(platform.details).toEqual(["a", "a"]);
});
