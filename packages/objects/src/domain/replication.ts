import type { ReplicationConfiguration, ReplicationRule } from "@cumulet/protocol/models/s3.d.ts";
import { AwsError } from "@cumulet/protocol";
import { invalidArgument, invalidRequest, malformedXml } from "./errors.ts";
import type { Tag } from "./tagging.ts";

/** Replication rules: checks and matching. Source: Amazon S3 User Guide, "Replication configuration file elements". */

const RULES_MAX = 1000;
const ID_MAX = 255;

/** The configuration to store, as S3 gives it back (recorded). `newId` makes the id of a rule that has none. */
export function checkReplication(config: ReplicationConfiguration, newId: () => string): ReplicationConfiguration {
  if (!Array.isArray(config.Rules) || config.Rules.length === 0 || config.Rules.length > RULES_MAX) throw malformedXml();
  const ids = new Set<string>();
  const priorities = new Set<string>();
  const Rules = config.Rules.map((rule): ReplicationRule => {
    const { Prefix, Filter, Priority, Destination } = rule;
    if (Prefix !== undefined && Filter !== undefined) throw malformedXml();
    if (Filter !== undefined && [Filter.Prefix, Filter.Tag, Filter.And].filter((one) => one !== undefined).length > 1) throw malformedXml();
    // The schema with filters wants to be told of delete markers, the older one does not know them.
    if (Filter !== undefined && rule.DeleteMarkerReplication === undefined) throw invalidRequest("DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.");
    if (Filter === undefined && rule.DeleteMarkerReplication !== undefined) throw invalidRequest("DeleteMarkerReplication cannot be used for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.");
    if ((Filter?.Tag !== undefined || (Filter?.And?.Tags?.length ?? 0) > 0) && rule.DeleteMarkerReplication?.Status === "Enabled") {
      throw invalidRequest("Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.");
    }
    const ID = rule.ID || newId();
    if (ID.length > ID_MAX) throw invalidArgument("Rule Id cannot be greater than 255", "ID", ID);
    if (ids.has(ID)) throw invalidArgument("Rule Id must be unique", "ID", ID);
    ids.add(ID);
    if (Filter !== undefined && config.Rules.length > 1) {
      if (Priority === undefined) throw invalidRequest("Priority must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.");
      if (priorities.has(String(Priority))) throw invalidRequest(`Found duplicate priority ${Priority}`);
      priorities.add(String(Priority));
    }
    if (!/^arn:[^:]+:s3:::.+$/.test(Destination.Bucket)) throw invalidArgument("Invalid bucket ARN.", "Bucket", Destination.Bucket);
    return { ...rule, ID, ...(Filter === undefined ? {} : { Priority: Priority ?? 0 }) };
  });
  if (!/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(config.Role)) throw new AwsError("InvalidArgument", "Invalid Role specified in replication configuration", { status: 400 });
  return { Role: config.Role, Rules };
}

/** What of a version decides whether a rule is about it. */
export interface ReplicationCandidate {
  key: string;
  tags: readonly Tag[];
  marker: boolean;
  kms: boolean;
}

/** The rules that send a version somewhere: one for each destination, that of the highest priority. */
export function rulesFor(config: ReplicationConfiguration, candidate: ReplicationCandidate): ReplicationRule[] {
  const byDestination = new Map<string, ReplicationRule>();
  for (const rule of config.Rules) {
    if (!applies(rule, candidate)) continue;
    const known = byDestination.get(rule.Destination.Bucket);
    if (known === undefined || (rule.Priority ?? 0) > (known.Priority ?? 0)) byDestination.set(rule.Destination.Bucket, rule);
  }
  return [...byDestination.values()];
}

function applies(rule: ReplicationRule, { key, tags, marker, kms }: ReplicationCandidate): boolean {
  if (rule.Status !== "Enabled") return false;
  const { Filter } = rule;
  const prefix = Filter?.And?.Prefix ?? Filter?.Prefix ?? rule.Prefix ?? "";
  if (!key.startsWith(prefix)) return false;
  if (marker) return Filter === undefined || rule.DeleteMarkerReplication?.Status === "Enabled";
  if (kms && rule.SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status !== "Enabled") return false;
  const wanted = Filter?.And?.Tags ?? (Filter?.Tag === undefined ? [] : [Filter.Tag]);
  return wanted.every(({ Key, Value }) => tags.some((tag) => tag.Key === Key && tag.Value === Value));
}
