import { defineStore, type Database } from "@cumulet/core";
import { CredentialTable, credentialMigration } from "./store/credentials.ts";
import { EntityTable, entityMigration } from "./store/entities.ts";
import { PolicyTable, policyMigration } from "./store/policies.ts";
import { UsageTable, usageMigration } from "./store/usage.ts";

/** IAM's state of one account. */
export class IdentityStore {
  /** Counts every change to entities, policies and settings: what was compiled from them is good for as long as it stands still. */
  revision = 0;
  readonly entities: EntityTable;
  readonly policies: PolicyTable;
  readonly credentials: CredentialTable;
  readonly usage: UsageTable;
  readonly #db: Database;
  readonly #setting: ReturnType<typeof prepareSettings>;

  constructor(db: Database) {
    const changed = (): void => {
      this.revision += 1;
    };
    this.entities = new EntityTable(db, changed);
    this.policies = new PolicyTable(db, changed);
    this.credentials = new CredentialTable(db);
    this.usage = new UsageTable(db);
    this.#db = db;
    this.#setting = prepareSettings(db);
  }

  /** Changes whenever entities or policies may have: written to, or lost with a failed commit. */
  get version(): string {
    return `${this.revision}.${this.#db.losses}`;
  }

  /** A setting of the account as JSON: alias, password policy. */
  setting<T>(name: string): T | undefined {
    const row = this.#setting.get.get(name);
    return row && (JSON.parse(row.value) as T);
  }

  setSetting(name: string, value: unknown): void {
    this.revision += 1;
    this.#setting.put.run(name, JSON.stringify(value));
  }

  /** False when there was none. */
  deleteSetting(name: string): boolean {
    return this.#setting.delete.run(name).changes > 0;
  }
}

const settingMigration = `
  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) WITHOUT ROWID;`;

function prepareSettings(db: Database) {
  return {
    get: db.prepare<{ value: string }, [string]>("SELECT value FROM settings WHERE name = ?"),
    put: db.prepare("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)"),
    delete: db.prepare("DELETE FROM settings WHERE name = ?"),
  };
}

/** One database an account: IAM is global, and STS asks it who a role is. */
export const identityStore = defineStore<IdentityStore>({
  name: "identity",
  scope: "global",
  migrations: [`${entityMigration}${policyMigration}${credentialMigration}${settingMigration}`, usageMigration],
  open: ({ db }) => new IdentityStore(db),
});
