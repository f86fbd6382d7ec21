import type { Database, Statement } from "@cumulet/core";

/** Tags and resource policies, by ARN. */
export class Attachments {
  readonly #tags: Statement<{ Key: string; Value: string }, [string]>;
  readonly #tag: Statement<unknown, [string, string, string]>;
  readonly #untag: Statement<unknown, [string, string]>;
  readonly #untagAll: Statement<unknown, [string]>;
  readonly #policy: Statement<{ policy: string; revision: string }, [string]>;
  readonly #putPolicy: Statement<unknown, [string, string, string]>;
  readonly #deletePolicy: Statement<unknown, [string]>;

  constructor(db: Database) {
    this.#tags = db.prepare("SELECT key AS Key, value AS Value FROM tags WHERE arn = ? ORDER BY key");
    this.#tag = db.prepare("INSERT OR REPLACE INTO tags (arn, key, value) VALUES (?, ?, ?)");
    this.#untag = db.prepare("DELETE FROM tags WHERE arn = ? AND key = ?");
    this.#untagAll = db.prepare("DELETE FROM tags WHERE arn = ?");
    this.#policy = db.prepare("SELECT policy, revision FROM policies WHERE arn = ?");
    this.#putPolicy = db.prepare("INSERT OR REPLACE INTO policies (arn, policy, revision) VALUES (?, ?, ?)");
    this.#deletePolicy = db.prepare("DELETE FROM policies WHERE arn = ?");
  }

  /** At most fifty, in order of key. */
  tags(arn: string): { Key: string; Value: string }[] {
    return this.#tags.all(arn);
  }

  tag(arn: string, key: string, value: string): void {
    this.#tag.run(arn, key, value);
  }

  untag(arn: string, key: string): void {
    this.#untag.run(arn, key);
  }

  policy(arn: string): { policy: string; revision: string } | undefined {
    return this.#policy.get(arn);
  }

  putPolicy(arn: string, policy: string, revision: string): void {
    this.#putPolicy.run(arn, policy, revision);
  }

  deletePolicy(arn: string): void {
    this.#deletePolicy.run(arn);
  }

  /** Everything attached to a resource that is going. */
  drop(arn: string): void {
    this.#untagAll.run(arn);
    this.#deletePolicy.run(arn);
  }
}
