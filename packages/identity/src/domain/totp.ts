import { createHmac } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_MS = 30_000;

/** The code of an authenticator app at a time (RFC 6238: SHA-1, six digits, thirty seconds). */
export function totp(seed: string, ms: number, steps = 0): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(ms / STEP_MS) + steps));
  const digest = createHmac("sha1", base32Decode(seed)).update(counter).digest();
  const offset = digest[19]! & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Where a code belongs, in steps from now; undefined when it is none of those near. */
export function stepOf(seed: string, code: string, ms: number, near = 2): number | undefined {
  for (let steps = -near; steps <= near; steps += 1) if (totp(seed, ms, steps) === code) return steps;
  return undefined;
}

function base32Decode(text: string): Buffer {
  let bits = 0n;
  for (const char of text) bits = (bits << 5n) | BigInt(Math.max(0, BASE32.indexOf(char)));
  const bytes = Math.floor((text.length * 5) / 8);
  return Buffer.from((bits >> BigInt(text.length * 5 - bytes * 8)).toString(16).padStart(bytes * 2, "0"), "hex");
}

/** A seed for an authenticator: 64 characters of base32. */
export const SEED_ALPHABET = BASE32;
