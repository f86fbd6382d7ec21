import type { Clock } from "./clock.ts";
import type { Context } from "./context.ts";
import type { Background } from "./service.ts";
import type { Database } from "./storage/database.ts";

/** What is to be looked at, and when: platform time, milliseconds. A name that is known already keeps its earlier time. */
export interface Agenda {
  due(dueMs: number, name: string): void;
}

/** The name under which everything of a store is looked at: when it is opened, and after a failure. */
export const everything = "*";

const agendas = new WeakMap<Database, Bell>();

/** How handlers reach the agenda of their account and region. It lives as long as the database, though its store be opened anew. */
export class Bell implements Agenda {
  /** Set by the background; until then there is nobody to wake. */
  ring: Agenda["due"] = () => {};

  static of(db: Database): Bell {
    let bell = agendas.get(db);
    if (bell === undefined) agendas.set(db, (bell = new Bell()));
    return bell;
  }

  due(dueMs: number, name: string): void {
    this.ring(dueMs, name);
  }
}

/**
 * Background work by name and time, in each account and region: one timer for the earliest, none where nothing is due.
 *
 * @param work does one piece, inside a transaction, and says when there is more. It is called with `everything` first.
 */
export function keepAgendas<S extends { readonly bell: Bell }>(platform: Background<S>, work: (ctx: Context<S>, name: string, agenda: Agenda) => void): Disposable {
  const scopes = new Map<string, ScopeAgenda>();
  const scopeOf = (account: string, region: string): ScopeAgenda => {
    const key = `${account}/${region}`;
    let scope = scopes.get(key);
    if (scope === undefined) {
      const made: ScopeAgenda = new ScopeAgenda(platform.clock, (name) => {
        const ctx = platform.at(account, region);
        try {
          ctx.transaction(() => work(ctx, name, made));
        } catch (error) {
          platform.log.error("Background work failed", { account, region, work: name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
          made.due(platform.clock.now() + 1000, everything);
        }
      });
      scopes.set(key, (scope = made));
    }
    return scope;
  };
  const opened = platform.onScope((ctx) => {
    const scope = scopeOf(ctx.account, ctx.region);
    ctx.store.bell.ring = (dueMs, name) => scope.due(dueMs, name);
    scope.restart();
  });
  // What an earlier run left behind: their stores are opened a moment after the start.
  for (const { account, region } of platform.scopes()) scopeOf(account, region).due(platform.clock.now() + 1000, everything);
  return {
    [Symbol.dispose]: () => {
      opened[Symbol.dispose]();
      for (const scope of scopes.values()) scope[Symbol.dispose]();
    },
  };
}

/** Timers are set for no longer than this, so that no number is too large for them. */
const longestDelayMs = 24 * 3600_000;

class ScopeAgenda implements Agenda, Disposable {
  readonly #clock: Clock;
  readonly #work: (name: string) => void;
  readonly #dueMs = new Map<string, number>();
  #timer: { dueMs: number; timer: Disposable } | undefined;

  constructor(clock: Clock, work: (name: string) => void) {
    this.#clock = clock;
    this.#work = work;
  }

  /** A store was opened, or opened anew after a reset. */
  restart(): void {
    this.#dueMs.clear();
    this.due(this.#clock.now(), everything);
  }

  due(dueMs: number, name: string): void {
    const known = this.#dueMs.get(name);
    if (known !== undefined && known <= dueMs) return;
    this.#dueMs.set(name, dueMs);
    if (this.#timer === undefined || this.#timer.dueMs > dueMs) this.#set(dueMs);
  }

  [Symbol.dispose](): void {
    this.#timer?.timer[Symbol.dispose]();
    this.#timer = undefined;
  }

  #set(dueMs: number): void {
    this.#timer?.timer[Symbol.dispose]();
    const delayMs = Math.min(Math.max(0, dueMs - this.#clock.now()), longestDelayMs);
    this.#timer = { dueMs, timer: this.#clock.schedule(delayMs, () => this.#ring()) };
  }

  #ring(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    for (const [name, dueMs] of [...this.#dueMs]) {
      if (dueMs > nowMs) continue;
      this.#dueMs.delete(name);
      this.#work(name);
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (const dueMs of this.#dueMs.values()) nextMs = Math.min(nextMs, dueMs);
    if (Number.isFinite(nextMs)) this.#set(nextMs);
  }
}
