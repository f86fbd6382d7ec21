import type { LifecycleRule, LifecycleRuleFilter } from "@cumulet/protocol/models/s3.d.ts";
import { formatTagHeader } from "./tagging.ts";
import type { Tag } from "./tagging.ts";

/** A lifecycle configuration as it is stored: its rules all have an ID. */
export interface LifecycleConfiguration {
  Rules: (LifecycleRule & { ID: string })[];
  TransitionDefaultMinimumObjectSize: string;
}

export const DAY_MS = 86_400_000;

/** Below this S3 moves nothing to another class, unless a filter speaks of sizes. */
const TRANSITION_SIZE_MIN = 128 * 1024;

/** What of a version decides whether a rule is about it. */
export interface Candidate {
  key: string;
  size: number;
  tags: readonly Tag[];
}

/** What the rules do to one version. */
export type LifecycleAction =
  | { kind: "expire" | "delete"; rule: string }
  | { kind: "transition"; rule: string; storageClass: string };

/** Days later, then on to the next midnight UTC: S3's way of counting (Amazon S3 User Guide, "Lifecycle rules: Based on an object's age"). */
export function dueMs(fromMs: number, days: number): number {
  return Math.ceil((fromMs + days * DAY_MS) / DAY_MS) * DAY_MS;
}

/** Whether an enabled rule is about a version. */
export function ruleApplies(rule: LifecycleRule, candidate: Candidate): boolean {
  if (rule.Status !== "Enabled") return false;
  if (rule.Filter === undefined) return candidate.key.startsWith(rule.Prefix ?? "");
  return filterMatches(rule.Filter, candidate);
}

function filterMatches(filter: LifecycleRuleFilter, { key, size, tags }: Candidate): boolean {
  const { prefix, tags: wanted, above, below } = parts(filter);
  return key.startsWith(prefix)
    && (above === undefined || size > above)
    && (below === undefined || size < below)
    && wanted.every(({ Key, Value }) => tags.some((tag) => tag.Key === Key && tag.Value === Value));
}

/** A filter's conditions, whether alone or in an `And`. */
function parts(filter: LifecycleRuleFilter) {
  const { And } = filter;
  return {
    prefix: And?.Prefix ?? filter.Prefix ?? "",
    tags: And?.Tags ?? (filter.Tag === undefined ? [] : [filter.Tag]),
    above: And?.ObjectSizeGreaterThan ?? filter.ObjectSizeGreaterThan,
    below: And?.ObjectSizeLessThan ?? filter.ObjectSizeLessThan,
  };
}

/** When a current version expires and by which rule: the earliest, as in `x-amz-expiration`. */
export function expirationOf(config: LifecycleConfiguration | undefined, modifiedMs: number, candidate: Candidate): { atMs: number; rule: string } | undefined {
  let first: { atMs: number; rule: string } | undefined;
  for (const rule of config?.Rules ?? []) {
    const { Days, Date: date } = rule.Expiration ?? {};
    if ((Days === undefined && date === undefined) || !ruleApplies(rule, candidate)) continue;
    const atMs = Days === undefined ? (date as number) : dueMs(modifiedMs, Days);
    if (first === undefined || atMs < first.atMs) first = { atMs, rule: rule.ID };
  }
  return first;
}

/** The `x-amz-expiration` header. */
export function expirationHeader(expiration: { atMs: number; rule: string } | undefined): string | undefined {
  if (expiration === undefined) return undefined;
  return `expiry-date="${new Date(expiration.atMs).toUTCString()}", rule-id="${encodeURIComponent(expiration.rule)}"`;
}

/** When an upload in progress is aborted and by which rule; decided by the key alone. */
export function abortionOf(config: LifecycleConfiguration | undefined, initiatedMs: number, key: string): { atMs: number; rule: string } | undefined {
  let first: { atMs: number; rule: string } | undefined;
  for (const rule of config?.Rules ?? []) {
    const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
    if (days === undefined || rule.Status !== "Enabled" || !key.startsWith(rule.Filter === undefined ? rule.Prefix ?? "" : parts(rule.Filter).prefix)) continue;
    const atMs = dueMs(initiatedMs, days);
    if (first === undefined || atMs < first.atMs) first = { atMs, rule: rule.ID };
  }
  return first;
}

/** A version under the eyes of the rules. */
export interface LifecycleVersion extends Candidate {
  current: boolean;
  marker: boolean;
  /** A current delete marker with no other version under it. */
  alone: boolean;
  modifiedMs: number;
  /** When the next newer version made it noncurrent. */
  noncurrentMs: number;
  /** How many noncurrent versions of the key are newer. */
  newerNoncurrent: number;
  storageClass: string;
}

/**
 * What is to be done with a version now. Permanent deletion goes before expiration and that before a transition
 * (Amazon S3 User Guide, "Conflicts in lifecycle configurations"); of several transitions the latest that is due wins.
 */
export function actionFor(config: LifecycleConfiguration, version: LifecycleVersion, nowMs: number): LifecycleAction | undefined {
  let transition: { kind: "transition"; rule: string; storageClass: string; depth: number } | undefined;
  for (const rule of config.Rules) {
    if (!ruleApplies(rule, version)) continue;
    if (!version.current) {
      const { NoncurrentDays, NewerNoncurrentVersions = 0 } = rule.NoncurrentVersionExpiration ?? {};
      if (NoncurrentDays !== undefined && version.newerNoncurrent >= NewerNoncurrentVersions && dueMs(version.noncurrentMs, NoncurrentDays) <= nowMs) {
        return { kind: "delete", rule: rule.ID };
      }
    } else if (version.marker) {
      const { Days, Date: date, ExpiredObjectDeleteMarker } = rule.Expiration ?? {};
      if (!version.alone) continue;
      // Rules that count days or name a date remove expired markers as well (Amazon S3 User Guide, "Lifecycle configuration elements").
      if (ExpiredObjectDeleteMarker === true || (Days !== undefined && dueMs(version.modifiedMs, Days) <= nowMs) || (date !== undefined && date <= nowMs)) {
        return { kind: "delete", rule: rule.ID };
      }
    } else {
      const { Days, Date: date } = rule.Expiration ?? {};
      if ((Days !== undefined && dueMs(version.modifiedMs, Days) <= nowMs) || (date !== undefined && date <= nowMs)) return { kind: "expire", rule: rule.ID };
    }
    if (version.marker) continue;
    for (const { storageClass, atMs } of transitionsOf(rule, version)) {
      const depth = DEPTH.indexOf(storageClass);
      if (atMs > nowMs || depth <= DEPTH.indexOf(version.storageClass) || !largeEnough(config, rule, version.size, storageClass)) continue;
      if (transition === undefined || depth > transition.depth) transition = { kind: "transition", rule: rule.ID, storageClass, depth };
    }
  }
  return transition && { kind: "transition", rule: transition.rule, storageClass: transition.storageClass };
}

/** Storage classes in the order in which lifecycles move objects: never back up. */
const DEPTH: readonly string[] = ["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

function transitionsOf(rule: LifecycleRule, version: LifecycleVersion): { storageClass: string; atMs: number }[] {
  if (version.current) {
    return (rule.Transitions ?? []).map(({ Days, Date: date, StorageClass }) => ({
      storageClass: StorageClass as string,
      // Zero days is "as soon as possible": with the next run.
      atMs: date ?? dueMs(version.modifiedMs, Days ?? 0),
    }));
  }
  return (rule.NoncurrentVersionTransitions ?? [])
    .filter(({ NewerNoncurrentVersions = 0 }) => version.newerNoncurrent >= NewerNoncurrentVersions)
    .map(({ NoncurrentDays, StorageClass }) => ({ storageClass: StorageClass as string, atMs: dueMs(version.noncurrentMs, NoncurrentDays ?? 0) }));
}

function largeEnough(config: LifecycleConfiguration, rule: LifecycleRule, size: number, target: string): boolean {
  const { above, below } = rule.Filter === undefined ? { above: undefined, below: undefined } : parts(rule.Filter);
  if (above !== undefined || below !== undefined || size >= TRANSITION_SIZE_MIN) return true;
  // The older default lets small objects into the archive classes.
  return config.TransitionDefaultMinimumObjectSize === "varies_by_storage_class" && (target === "GLACIER" || target === "DEEP_ARCHIVE");
}

/** For messages that name a filter: `(prefix=a)`. */
export function describeFilter(rule: LifecycleRule): string {
  const { prefix, tags } = rule.Filter === undefined ? { prefix: rule.Prefix ?? "", tags: [] } : parts(rule.Filter);
  return `(prefix=${prefix}${tags.length === 0 ? "" : `, tags=${formatTagHeader(tags)}`})`;
}
