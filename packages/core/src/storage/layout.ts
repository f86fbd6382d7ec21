import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** One account, region (`global` for a global store) and store name. */
export interface StoreKey {
  account: string;
  region: string;
  store: string;
}

/** Some of the state: of an account, a region, a store, or all that a field leaves out. */
export interface StateFilter {
  account?: string;
  region?: string;
  store?: string;
}

const accountPattern = /^\d{12}$/;
// Looser than AWS's names: people run clients with regions like "local".
const regionPattern = /^[a-z][a-z0-9-]{0,31}$/;
const storePattern = /^[a-z][a-z0-9-]{0,30}$/;

/** Whether a region may name a folder: it comes from a credential scope, so from anybody. */
export function isRegionName(region: string): boolean {
  return regionPattern.test(region);
}

/** The partition of a region. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return "aws";
}

/** The last guard before text that anybody sent becomes a path; the pipeline has answered in AWS's words before this. */
export function assertStoreKey({ account, region, store }: StoreKey): void {
  if (!accountPattern.test(account)) throw new RangeError(`Not an account: ${JSON.stringify(account)}.`);
  if (!regionPattern.test(region)) throw new RangeError(`Not a region: ${JSON.stringify(region)}.`);
  if (!storePattern.test(store)) throw new RangeError(`Not the name of a store: ${JSON.stringify(store)}.`);
}

export const keyOf = ({ store, account, region }: StoreKey): string => `${store}/${account}/${region}`;

export function matches(filter: StateFilter, key: StoreKey): boolean {
  return (
    (filter.account === undefined || filter.account === key.account) &&
    (filter.region === undefined || filter.region === key.region) &&
    (filter.store === undefined || filter.store === key.store)
  );
}

/** File of a store's database below a folder of accounts: the data folder, or a snapshot's. */
export function databasePath(folder: string, { account, region, store }: StoreKey): string {
  return join(folder, account, region, `${store}.db`);
}

/** Stores that have a database below a folder. */
export function storesIn(folder: string): StoreKey[] {
  const keys: StoreKey[] = [];
  for (const account of namesIn(folder)) {
    if (!accountPattern.test(account)) continue;
    for (const region of namesIn(join(folder, account))) {
      for (const file of namesIn(join(folder, account, region))) {
        if (file.endsWith(".db")) keys.push({ account, region, store: file.slice(0, -3) });
      }
    }
  }
  return keys;
}

export function hasDatabase(folder: string, key: StoreKey): boolean {
  return existsSync(databasePath(folder, key));
}

/** Entries of a folder; none when it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
