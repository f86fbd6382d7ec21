import type { Database } from "@cumulet/core";
import type { Cors, FunctionUrlConfig } from "@cumulet/protocol/models/lambda.d.ts";
import type { StatementDocument } from "../domain/policy.ts";

/** A resource policy. `qualifier` is empty for the function itself. */
export interface PolicyConfig {
  revisionId: string;
  statements: StatementDocument[];
}

export interface UrlConfig {
  id: string;
  authType: "NONE" | "AWS_IAM";
  /** Absent when nobody said it: answers leave it out then. */
  invokeMode: FunctionUrlConfig["InvokeMode"];
  cors: Cors | undefined;
  createdMs: number;
  modifiedMs: number;
}

/** How asynchronous events are tried again and where their outcome goes. */
export interface InvokeConfig {
  maximumRetryAttempts: number | undefined;
  maximumEventAgeSeconds: number | undefined;
  onSuccess: string | undefined;
  onFailure: string | undefined;
  modifiedMs: number;
}

export interface ProvisionedConfig {
  requested: number;
  modifiedMs: number;
  /** In progress until then, platform time. */
  settlesMs: number;
}

export interface RuntimeConfig {
  updateOn: "Auto" | "FunctionUpdate" | "Manual";
  runtimeVersionArn: string | undefined;
}

/** Kinds of documents and their shapes. */
export interface ConfigKinds {
  policy: PolicyConfig;
  url: UrlConfig;
  invoke: InvokeConfig;
  provisioned: ProvisionedConfig;
  runtime: RuntimeConfig;
}

interface Row {
  function: string;
  qualifier: string;
  value: string;
}

/** Documents that belong to a function and a qualifier. */
export class ConfigTables {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      get: db.prepare<Row, [string, string, string]>("SELECT function, qualifier, value FROM config WHERE function = ? AND kind = ? AND qualifier = ?"),
      list: db.prepare<Row, [string, string, string, number]>("SELECT function, qualifier, value FROM config WHERE function = ? AND kind = ? AND qualifier > ? ORDER BY qualifier LIMIT ?"),
      all: db.prepare<Row, [string]>("SELECT function, qualifier, value FROM config WHERE kind = ?"),
      put: db.prepare<unknown, [string, string, string, string]>("INSERT INTO config (function, kind, qualifier, value) VALUES (?, ?, ?, ?) ON CONFLICT (function, kind, qualifier) DO UPDATE SET value = excluded.value"),
      delete: db.prepare<unknown, [string, string, string]>("DELETE FROM config WHERE function = ? AND kind = ? AND qualifier = ?"),
      deleteQualifier: db.prepare<unknown, [string, string]>("DELETE FROM config WHERE function = ? AND qualifier = ?"),
      deleteFunction: db.prepare<unknown, [string]>("DELETE FROM config WHERE function = ?"),
    };
  }

  get<K extends keyof ConfigKinds>(kind: K, functionName: string, qualifier: string): ConfigKinds[K] | undefined {
    const row = this.#statements.get.get(functionName, kind, qualifier);
    return row === undefined ? undefined : (JSON.parse(row.value) as ConfigKinds[K]);
  }

  /** Of one function, by qualifier, after one. */
  list<K extends keyof ConfigKinds>(kind: K, functionName: string, after: string, limit: number): { qualifier: string; config: ConfigKinds[K] }[] {
    return this.#statements.list.all(functionName, kind, after, limit).map((row) => ({ qualifier: row.qualifier, config: JSON.parse(row.value) as ConfigKinds[K] }));
  }

  /** Of all functions, in one go: nothing may be written meanwhile. */
  *all<K extends keyof ConfigKinds>(kind: K): Iterable<{ functionName: string; qualifier: string; config: ConfigKinds[K] }> {
    for (const row of this.#statements.all.iterate(kind)) yield { functionName: row.function, qualifier: row.qualifier, config: JSON.parse(row.value) as ConfigKinds[K] };
  }

  put<K extends keyof ConfigKinds>(kind: K, functionName: string, qualifier: string, config: ConfigKinds[K]): void {
    this.#statements.put.run(functionName, kind, qualifier, JSON.stringify(config));
  }

  delete(kind: keyof ConfigKinds, functionName: string, qualifier: string): void {
    this.#statements.delete.run(functionName, kind, qualifier);
  }

  /** Everything about one version or alias. */
  deleteQualifier(functionName: string, qualifier: string): void {
    this.#statements.deleteQualifier.run(functionName, qualifier);
  }

  deleteFunction(functionName: string): void {
    this.#statements.deleteFunction.run(functionName);
  }
}
