import type { Background, Context } from "@cumulet/core";
import { versionName, type VersionRow } from "../domain/function.ts";
import { isVersion } from "../domain/names.ts";
import type { Live } from "../live.ts";
import type { LambdaStore } from "../store.ts";
import type { Fleet } from "./fleet.ts";
import { targetOf } from "./target.ts";

/** How far the provisioned environments of a version are. */
export interface ProvisionedState {
  ready: number;
  /** Why the last attempt to start one failed. */
  failure: string | undefined;
}

/** Keeps as many environments of a version started as its provisioned concurrency says, from before the first event on. */
export class Provisioning {
  readonly #live: Live;
  readonly #background: Background<LambdaStore>;
  readonly #fleet: Fleet;

  constructor(live: Live, background: Background<LambdaStore>, fleet: Fleet) {
    this.#live = live;
    this.#background = background;
    this.#fleet = fleet;
  }

  /** All functions of an account and region, when the platform starts. */
  restore(ctx: Context<LambdaStore>): void {
    const names = new Set([...ctx.store.configs.all("provisioned")].map(({ functionName }) => functionName));
    for (const name of names) this.changed(ctx.account, ctx.region, name);
  }

  /** Something about a function's provisioned concurrency, its aliases or its versions has changed. Acts after the turn's commit. */
  changed(account: string, region: string, functionName: string): void {
    setImmediate(() => {
      const ctx = this.#background.at(account, region);
      const wanted = new Map<number, { row: VersionRow; count: number }>();
      for (const { qualifier, config } of ctx.store.configs.list("provisioned", functionName, "", 1000)) {
        const row = versionOf(ctx, functionName, qualifier);
        if (row === undefined) continue;
        const entry = wanted.get(row.version) ?? { row, count: 0 };
        entry.count += config.requested;
        wanted.set(row.version, entry);
      }
      const prefix = `${account}/${region}/${functionName}:`;
      const keys = new Set([...wanted.keys()].map((version) => `${prefix}${versionName(version)}`));
      this.#fleet.unprovision(prefix, keys);
      for (const { row, count } of wanted.values()) this.#fleet.provision(targetOf(this.#live, ctx, row), count);
    });
  }

  state(account: string, region: string, functionName: string, qualifier: string): ProvisionedState {
    const row = versionOf(this.#background.at(account, region), functionName, qualifier);
    return row === undefined ? { ready: 0, failure: undefined } : this.#fleet.provisioned(`${account}/${region}/${functionName}:${versionName(row.version)}`);
  }
}

function versionOf(ctx: Context<LambdaStore>, functionName: string, qualifier: string): VersionRow | undefined {
  const { functions } = ctx.store;
  const version = isVersion(qualifier) ? Number(qualifier) : functions.alias(functionName, qualifier)?.version;
  return version === undefined ? undefined : functions.version(functionName, version);
}
