import { selectsSame } from "../../domain/cache/vary.ts";
import type { RequestHeaders } from "../../domain/headers.ts";
import { detach, heldBytes, type Entry } from "./entry.ts";

/** All stored answers of one cache key, newest first. */
export interface Slot {
  key: string;
  account: string;
  distribution: string;
  /** Path, and the part of the query that is in the key: what invalidations name. */
  path: string;
  entries: Entry[];
  /** While the origin is asked: resolves when its head is known, to whether others may share the answer. Those for the same key wait. */
  pending: Promise<boolean> | undefined;
  /** SIEVE: used since the hand last passed. */
  visited: boolean;
  bytes: number;
}

/** What makes a slot. */
export type SlotOwner = Pick<Slot, "account" | "distribution" | "path">;

/** Bound of the bodies, and of one of them. */
export interface CacheLimits {
  bytes: number;
  objectBytes: number;
}

/** What headers and bookkeeping of an entry cost besides its body, bytes. */
const OVERHEAD = 1024;
/** Variants of one key (`Vary`), so that a hostile header cannot fill the cache through one object. */
const VARIANTS = 64;

/**
 * The store of one edge: keys to answers, bounded in bytes. Eviction is SIEVE (a hand that walks from old to new and takes
 * the first slot that nobody used since it last passed): no bookkeeping on a hit, and a scan of unpopular objects cannot
 * drive out the popular ones.
 */
export class Cache {
  readonly limits: CacheLimits;
  /** In order of arrival: the hand's order. */
  readonly #slots = new Map<string, Slot>();
  #bytes = 0;
  #hand: Iterator<Slot> | undefined;

  constructor(limits: CacheLimits) {
    this.limits = limits;
  }

  get bytes(): number { return this.#bytes; }
  get size(): number { return this.#slots.size; }

  /** The slot of a key, made when there is none. */
  slot(key: string, owner: () => SlotOwner): Slot {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { key, ...owner(), entries: [], pending: undefined, visited: false, bytes: 0 };
      this.#slots.set(key, slot);
    } else slot.visited = true;
    return slot;
  }

  /** Adds an answer, in the place of the one that the same requests would select. */
  put(slot: Slot, entry: Entry, request: RequestHeaders): void {
    // An invalidation may have taken the slot away while the origin was asked.
    if (this.#slots.get(slot.key) !== slot) return;
    slot.entries = slot.entries.filter((other) => other !== entry && !selectsSame(other.selecting, request));
    slot.entries.unshift(entry);
    if (slot.entries.length > VARIANTS) slot.entries.length = VARIANTS;
    this.measure(slot);
  }

  /** Takes an answer out: its body broke off, or its origin no longer allows it. */
  remove(slot: Slot, entry: Entry): void {
    slot.entries = slot.entries.filter((other) => other !== entry);
    if (slot.entries.length === 0 && slot.pending === undefined) this.#drop(slot);
    else this.measure(slot);
  }

  /** Whether an answer is kept. */
  holds(slot: Slot, entry: Entry): boolean {
    return this.#slots.get(slot.key) === slot && slot.entries.includes(entry);
  }

  /** Counts a slot's bytes anew (a body has grown) and makes room. */
  measure(slot: Slot): void {
    if (this.#slots.get(slot.key) !== slot) return;
    const bytes = slot.entries.reduce((sum, entry) => sum + heldBytes(entry) + OVERHEAD, slot.key.length);
    this.#bytes += bytes - slot.bytes;
    slot.bytes = bytes;
    while (this.#bytes > this.limits.bytes && this.#evictOne()) { /* until there is room */ }
  }

  /** Forgets what a test says, of one distribution. Returns how many keys. */
  purge(account: string, distribution: string, matches: (path: string) => boolean): number {
    let count = 0;
    for (const slot of this.#slots.values()) {
      if (slot.distribution !== distribution || slot.account !== account || !matches(slot.path)) continue;
      this.#drop(slot);
      count++;
    }
    return count;
  }

  /** Forgets all of an account. */
  clear(account: string): void {
    for (const slot of this.#slots.values()) if (slot.account === account) this.#drop(slot);
  }

  /** Drops an empty slot that nobody waits for. */
  release(slot: Slot): void {
    if (slot.entries.length === 0 && slot.pending === undefined) this.#drop(slot);
  }

  #drop(slot: Slot): void {
    if (this.#slots.get(slot.key) !== slot) return;
    this.#slots.delete(slot.key);
    this.#bytes -= slot.bytes;
    for (const entry of slot.entries) detach(entry);
  }

  #evictOne(): boolean {
    // Two rounds at most: the first clears marks, the second finds one without.
    for (let steps = this.#slots.size * 2; steps > 0; steps--) {
      let next = (this.#hand ??= this.#slots.values()).next();
      if (next.done === true) {
        this.#hand = this.#slots.values();
        next = this.#hand.next();
        if (next.done === true) return false;
      }
      const slot = next.value;
      if (slot.visited) slot.visited = false;
      else if (slot.bytes > 0) {
        this.#drop(slot);
        return true;
      }
    }
    return false;
  }
}
