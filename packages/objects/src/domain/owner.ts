import { createHash } from "node:crypto";

/** Who answers where nobody has signed: the owner of objects that anonymous requests wrote. Amazon S3 User Guide, "Access control list overview". */
export const ANONYMOUS_ID = "65a011a29cdf8ec533ec3d1ccaae921c";

/** Amazon's own accounts that lists may name: EC2, which fetches image bundles, and CloudFront's log delivery. */
export const EC2_ID = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";
const LOGS_DELIVERY_ID = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0";
const SPECIAL: ReadonlySet<string> = new Set([ANONYMOUS_ID, EC2_ID, LOGS_DELIVERY_ID]);

const TAG_DIGITS = 48;
const cache = new Map<string, string>();
const CACHE_MAX = 10_000;

/**
 * The canonical user id of an account: 64 hex digits, as in ACLs and `Owner`. On AWS it is an obfuscated form of the
 * account id; so it is here, by a formula that gives the same id in every run and can be turned round (`accountOf`).
 */
export function canonicalId(account: string): string {
  let id = cache.get(account);
  if (id === undefined) {
    const tag = digest(`canonical-user:${account}`).slice(0, TAG_DIGITS);
    id = tag + (BigInt(account) ^ mask(tag)).toString(16).padStart(64 - TAG_DIGITS, "0");
    if (cache.size >= CACHE_MAX) cache.clear();
    cache.set(account, id);
  }
  return id;
}

/** The account behind a canonical user id; undefined when it is nobody's. */
export function accountOf(id: string): string | undefined {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined;
  const account = (BigInt(`0x${id.slice(TAG_DIGITS)}`) ^ mask(id.slice(0, TAG_DIGITS))).toString().padStart(12, "0");
  return account.length === 12 && canonicalId(account) === id ? account : undefined;
}

/** An account, or nobody. */
export function canonicalIdOf(principal: { kind: string; account: string }): string {
  return principal.kind === "anonymous" ? ANONYMOUS_ID : canonicalId(principal.account);
}

/** Whether text is the canonical id of somebody. */
export function isCanonicalId(id: string): boolean {
  return SPECIAL.has(id) || accountOf(id) !== undefined;
}

function mask(tag: string): bigint {
  return BigInt(`0x${digest(`mask:${tag}`).slice(0, 64 - TAG_DIGITS)}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
