import type { Ids } from "@cumulet/core";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * IAM's unique ids: a prefix that names the kind and 17 characters (16 for access keys). The first ones hold the account,
 * as in keys that AWS made since 2019, so that GetAccessKeyInfo needs no look-up. Source: IAM User Guide, "IAM identifiers",
 * and the published decodings of access key ids.
 */
export type IdPrefix = "AKIA" | "ASIA" | "AROA" | "AIDA" | "AGPA" | "AIPA" | "ANPA" | "ANVA" | "APKA" | "ASCA" | "ACCA";

/** A new unique id of an account's. */
export function uniqueId(prefix: IdPrefix, account: string, ids: Ids): string {
  const length = prefix === "AKIA" || prefix === "ASIA" ? 16 : 17;
  // Fifty bits, ten characters: a one, forty bits of account, nine that say nothing.
  const bits = (1n << 49n) | (BigInt(account) << 9n) | BigInt(Math.floor(ids.random() * 512));
  let head = "";
  for (let shift = 45n; shift >= 0n; shift -= 5n) head += BASE32[Number((bits >> shift) & 31n)];
  return prefix + head + ids.token(length - 10, BASE32);
}

/** The account in a unique id or access key id; undefined for one of an older form, or for none at all. */
export function accountOf(id: string): string | undefined {
  const head = id.slice(4, 14);
  if (!/^[A-Z]{4}[A-Z2-7]{16,17}$/.test(id)) return undefined;
  let bits = 0n;
  for (const char of head) bits = (bits << 5n) | BigInt(BASE32.indexOf(char));
  if (bits >> 49n !== 1n) return undefined;
  const account = ((bits >> 9n) & ((1n << 40n) - 1n)).toString();
  return account.length > 12 ? undefined : account.padStart(12, "0");
}

const SECRET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A secret access key: forty characters. */
export function secretAccessKey(ids: Ids): string {
  return ids.token(40, SECRET);
}

/** A session token. Opaque to clients; those of AWS begin like this one (the base64 of a protobuf that says "origin"). */
export function sessionToken(ids: Ids): string {
  return `IQoJb3JpZ2luX2Vj${ids.bytes(240).toString("base64")}`;
}
