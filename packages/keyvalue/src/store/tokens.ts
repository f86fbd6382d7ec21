import type { Database, Statement } from "@cumulet/core";

/** A finished transaction that its client may repeat. */
export interface TokenRecord {
  fingerprint: string;
  createdMs: number;
  /** JSON. */
  answer: string;
}

/** How long a client token stands for its first use. */
export const tokenLifetimeMs = 10 * 60_000;

/** Client tokens of transactions. */
export class Tokens {
  readonly #get: Statement<TokenRecord, [string]>;
  readonly #put: Statement<unknown, [string, string, number, string]>;
  readonly #purge: Statement<unknown, [number]>;
  readonly #oldest: Statement<{ oldest: number | null }, []>;

  constructor(db: Database) {
    this.#get = db.prepare("SELECT fingerprint, created_ms AS createdMs, answer FROM tokens WHERE token = ?");
    this.#put = db.prepare("INSERT OR REPLACE INTO tokens (token, fingerprint, created_ms, answer) VALUES (?, ?, ?, ?)");
    this.#oldest = db.prepare("SELECT min(created_ms) AS oldest FROM tokens");
    this.#purge = db.prepare("DELETE FROM tokens WHERE created_ms < ?");
  }

  get(token: string, nowMs: number): TokenRecord | undefined {
    const record = this.#get.get(token);
    return record === undefined || record.createdMs <= nowMs - tokenLifetimeMs ? undefined : record;
  }

  put(token: string, fingerprint: string, nowMs: number, answer: string): void {
    this.#put.run(token, fingerprint, nowMs, answer);
  }

  purge(nowMs: number): void {
    this.#purge.run(nowMs - tokenLifetimeMs);
  }

  /** When the next token is too old; undefined when there are none. */
  dueMs(): number | undefined {
    const oldest = this.#oldest.get()!.oldest;
    return oldest === null ? undefined : oldest + tokenLifetimeMs + 1;
  }
}
