import type { BucketLifecycleConfiguration, LifecycleRule } from "@cumulet/protocol/models/s3.d.ts";
import { invalidArgument, invalidRequest, malformedXml } from "./errors.ts";
import { DAY_MS, describeFilter } from "./lifecycle.ts";
import type { LifecycleConfiguration } from "./lifecycle.ts";
import { checkTags } from "./tagging.ts";

/** Checks a lifecycle configuration as PutBucketLifecycleConfiguration does. Words: Amazon S3's answers as seen in public reports. */

const RULES_MAX = 1000;
const ID_MAX = 255;
const TRANSITION_CLASSES: ReadonlySet<string> = new Set(["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]);
const MINIMUM_SIZES: ReadonlySet<string> = new Set(["all_storage_classes_128K", "varies_by_storage_class"]);

/** The configuration to store. `newId` makes the id of a rule that has none. */
export function checkLifecycle(config: BucketLifecycleConfiguration, minimumSize: string | undefined, newId: () => string): LifecycleConfiguration {
  const { Rules } = config;
  if (!Array.isArray(Rules) || Rules.length === 0 || Rules.length > RULES_MAX) throw malformedXml();
  if (minimumSize !== undefined && !MINIMUM_SIZES.has(minimumSize)) {
    throw invalidRequest(`Invalid TransitionDefaultMinimumObjectSize found: ${minimumSize}`);
  }
  const ids = new Set<string>();
  const rules = Rules.map((rule) => {
    checkRule(rule);
    const id = rule.ID === undefined || rule.ID === "" ? newId() : rule.ID;
    if (ids.has(id)) throw invalidArgument("Rule ID must be unique. Found same ID for more than one rule", "ID", id);
    ids.add(id);
    return { ...rule, ID: id };
  });
  return { Rules: rules, TransitionDefaultMinimumObjectSize: minimumSize ?? "all_storage_classes_128K" };
}

function checkRule(rule: LifecycleRule): void {
  if (rule.Status !== "Enabled" && rule.Status !== "Disabled") throw malformedXml();
  if (rule.ID !== undefined && rule.ID.length > ID_MAX) throw invalidArgument("ID length should not exceed allowed limit of 255", "ID", rule.ID);
  if ((rule.Filter === undefined) === (rule.Prefix === undefined)) throw malformedXml();
  checkFilter(rule);
  const { Expiration, Transitions, NoncurrentVersionExpiration, NoncurrentVersionTransitions, AbortIncompleteMultipartUpload } = rule;
  if (!Expiration && !Transitions?.length && !NoncurrentVersionExpiration && !NoncurrentVersionTransitions?.length && !AbortIncompleteMultipartUpload) {
    throw invalidRequest("At least one action needs to be specified in a rule");
  }
  checkExpiration(rule);
  checkTransitions(rule);
  if (NoncurrentVersionExpiration) {
    positive(NoncurrentVersionExpiration.NoncurrentDays, "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer", "NoncurrentDays", true);
    newerVersions(NoncurrentVersionExpiration.NewerNoncurrentVersions, "NoncurrentVersionExpiration");
  }
  checkNoncurrentTransitions(rule);
  if (AbortIncompleteMultipartUpload) {
    const { Filter } = rule;
    if (Filter?.Tag || Filter?.And?.Tags?.length) throw invalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags.");
    if ([Filter?.ObjectSizeGreaterThan, Filter?.ObjectSizeLessThan, Filter?.And?.ObjectSizeGreaterThan, Filter?.And?.ObjectSizeLessThan].some((size) => size !== undefined)) {
      throw invalidRequest("AbortIncompleteMultipartUpload cannot be specified with Object Size.");
    }
    positive(AbortIncompleteMultipartUpload.DaysAfterInitiation, "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer", "DaysAfterInitiation", true);
  }
}

function checkFilter({ Filter }: LifecycleRule): void {
  if (Filter === undefined) return;
  const { Prefix, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan, And } = Filter;
  const alone = [Prefix, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan, And].filter((condition) => condition !== undefined);
  if (alone.length > 1) throw malformedXml();
  if (And !== undefined) {
    const together = [And.Prefix, And.ObjectSizeGreaterThan, And.ObjectSizeLessThan].filter((condition) => condition !== undefined).length + (And.Tags?.length ?? 0);
    if (together < 2) throw malformedXml();
  }
  checkTags(And?.Tags ?? (Tag === undefined ? [] : [Tag]), "object");
  const above = And?.ObjectSizeGreaterThan ?? ObjectSizeGreaterThan;
  const below = And?.ObjectSizeLessThan ?? ObjectSizeLessThan;
  if (above !== undefined && above < 0) throw invalidRequest("'ObjectSizeGreaterThan' should be >= 0");
  if (below !== undefined && below < 1) throw invalidRequest("'ObjectSizeLessThan' should be > 0");
  if (above !== undefined && below !== undefined && below - above < 2) {
    throw invalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'");
  }
}

function checkExpiration(rule: LifecycleRule): void {
  const { Expiration } = rule;
  if (Expiration === undefined) return;
  const { Days, Date: date, ExpiredObjectDeleteMarker } = Expiration;
  if ([Days, date, ExpiredObjectDeleteMarker].filter((member) => member !== undefined).length !== 1) throw malformedXml();
  positive(Days, "'Days' for Expiration action must be a positive integer", "Days", false);
  midnight(date);
  if (ExpiredObjectDeleteMarker !== undefined && (rule.Filter?.Tag !== undefined || (rule.Filter?.And?.Tags?.length ?? 0) > 0)) {
    throw invalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.");
  }
}

function checkTransitions(rule: LifecycleRule): void {
  const { Transitions = [], Expiration } = rule;
  const seen = new Set<string>();
  for (const { Days, Date: date, StorageClass } of Transitions) {
    if (StorageClass === undefined || !TRANSITION_CLASSES.has(StorageClass) || (Days === undefined) === (date === undefined)) throw malformedXml();
    if (seen.has(StorageClass)) {
      throw invalidRequest(`'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '${describeFilter(rule)}'`);
    }
    seen.add(StorageClass);
    if (Days !== undefined && Days < 0) throw invalidArgument("'Days' in Transition action must be nonnegative", "Days", String(Days));
    midnight(date);
    if (Days !== undefined && Days < 30 && (StorageClass === "STANDARD_IA" || StorageClass === "ONEZONE_IA")) {
      throw invalidArgument(`'Days' in Transition action must be greater than or equal to 30 for storageClass '${StorageClass}'`, "Days", String(Days));
    }
    if ((Expiration?.Days !== undefined && date !== undefined) || (Expiration?.Date !== undefined && Days !== undefined)) {
      throw invalidRequest(`Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '${describeFilter(rule)}'`);
    }
    if (Expiration?.Days !== undefined && Days !== undefined && Expiration.Days <= Days) {
      throw invalidArgument(`'Days' in the Expiration action for filter '${describeFilter(rule)}' must be greater than 'Days' in the Transition action`, "Days", String(Expiration.Days));
    }
    if (Expiration?.Date !== undefined && date !== undefined && Expiration.Date <= date) {
      throw invalidArgument(`'Date' in the Expiration action for filter '${describeFilter(rule)}' must be later than 'Date' in the Transition action`, "Date", new Date(Expiration.Date).toISOString());
    }
  }
  if (new Set(Transitions.map(({ Days }) => Days === undefined)).size > 1) {
    throw invalidRequest(`Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '${describeFilter(rule)}'`);
  }
}

function checkNoncurrentTransitions({ NoncurrentVersionTransitions = [], NoncurrentVersionExpiration }: LifecycleRule): void {
  for (const { NoncurrentDays, StorageClass, NewerNoncurrentVersions } of NoncurrentVersionTransitions) {
    if (StorageClass === undefined || !TRANSITION_CLASSES.has(StorageClass) || NoncurrentDays === undefined) throw malformedXml();
    if (NoncurrentDays < 0) throw invalidArgument("'NoncurrentDays' in NoncurrentVersionTransition action must be nonnegative", "NoncurrentDays", String(NoncurrentDays));
    if (NoncurrentDays < 30 && (StorageClass === "STANDARD_IA" || StorageClass === "ONEZONE_IA")) {
      throw invalidArgument(`'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to 30 for storageClass '${StorageClass}'`, "NoncurrentDays", String(NoncurrentDays));
    }
    newerVersions(NewerNoncurrentVersions, "NoncurrentVersionTransition");
    const expires = NoncurrentVersionExpiration?.NoncurrentDays;
    if (expires !== undefined && expires <= NoncurrentDays) {
      throw invalidArgument("'NoncurrentDays' in the NoncurrentVersionExpiration action must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action", "NoncurrentDays", String(expires));
    }
  }
}

function positive(days: number | undefined, message: string, name: string, required: boolean): void {
  if (days === undefined) {
    if (required) throw malformedXml();
    return;
  }
  if (days <= 0) throw invalidArgument(message, name, String(days));
}

function midnight(date: number | undefined): void {
  if (date !== undefined && date % DAY_MS !== 0) throw invalidArgument("'Date' must be at midnight GMT", "Date", new Date(date).toISOString());
}

function newerVersions(count: number | undefined, action: string): void {
  if (count !== undefined && (count < 1 || count > 100)) {
    throw invalidArgument(`'NewerNoncurrentVersions' for ${action} action must be an integer between 1 and 100`, "NewerNoncurrentVersions", String(count));
  }
}
