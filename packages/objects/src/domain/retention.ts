import type { ObjectLockConfiguration } from "@cumulet/protocol/models/s3.d.ts";
import { AwsError } from "@cumulet/protocol";
import { invalidArgument, invalidRequest, malformedXml } from "./errors.ts";
import { DAY_MS } from "./lifecycle.ts";

/** Object lock: retention and legal hold. Source: Amazon S3 User Guide, "Locking objects with Object Lock". */

export type LockMode = "GOVERNANCE" | "COMPLIANCE";

/** Lock columns of a version. */
export interface Lock {
  lockMode: LockMode | null;
  lockUntilMs: number | null;
  legalHold: 0 | 1 | null;
}

/** Lock members of inputs that write an object. */
export interface LockInput {
  ObjectLockMode?: string;
  ObjectLockRetainUntilDate?: number;
  ObjectLockLegalHoldStatus?: string;
}

const MODE = "x-amz-object-lock-mode";
const UNTIL = "x-amz-object-lock-retain-until-date";
const HOLD = "x-amz-object-lock-legal-hold";

export function isLockMode(mode: string | undefined): mode is LockMode {
  return mode === "GOVERNANCE" || mode === "COMPLIANCE";
}

/** The lock of a new version: what the request says, else the bucket's default. Throws in S3's words. */
export function lockOfWrite(input: LockInput, bucket: { locked: boolean; config: ObjectLockConfiguration | undefined }, nowMs: number): Lock {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = input;
  if (mode !== undefined && !isLockMode(mode)) throw invalidArgument("Unknown wormMode directive.", MODE, mode);
  if ((mode === undefined) !== (until === undefined)) {
    throw invalidArgument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", mode === undefined ? MODE : UNTIL);
  }
  if (hold !== undefined && hold !== "ON" && hold !== "OFF") throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", HOLD, hold);
  if (until !== undefined && until <= nowMs) throw invalidArgument("The retain until date must be in the future!", UNTIL, new Date(until).toISOString());
  if ((mode !== undefined || hold !== undefined) && !bucket.locked) throw invalidRequest("Bucket is missing Object Lock Configuration");
  const legalHold = hold === undefined ? null : hold === "ON" ? 1 : 0;
  if (isLockMode(mode)) return { lockMode: mode, lockUntilMs: until as number, legalHold };
  const retention = bucket.locked ? bucket.config?.Rule?.DefaultRetention : undefined;
  if (retention === undefined || !isLockMode(retention.Mode)) return { lockMode: null, lockUntilMs: null, legalHold };
  const days = retention.Days ?? (retention.Years ?? 0) * 365;
  return { lockMode: retention.Mode, lockUntilMs: nowMs + days * DAY_MS, legalHold };
}

const invalidPeriod = (message: string) => new AwsError("InvalidRetentionPeriod", message, { status: 400 });

/** Checks PutObjectLockConfiguration's document. */
export function checkLockConfiguration(config: ObjectLockConfiguration | undefined): ObjectLockConfiguration {
  if (config?.ObjectLockEnabled !== "Enabled") throw malformedXml();
  if (config.Rule === undefined) return { ObjectLockEnabled: "Enabled" };
  const retention = config.Rule.DefaultRetention;
  if (retention === undefined || !isLockMode(retention.Mode) || (retention.Days === undefined) === (retention.Years === undefined)) throw malformedXml();
  const { Days, Years } = retention;
  if ((Days ?? 1) <= 0 || (Years ?? 1) <= 0) throw invalidPeriod("Default retention period must be a positive integer value.");
  if ((Days ?? 0) > 36_500 || (Years ?? 0) > 100) throw invalidPeriod("Default retention period too large. (maximum: 36500 days)");
  return { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: retention } };
}
