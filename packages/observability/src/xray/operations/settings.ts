import { AwsError } from "@cumulet/protocol";
import type {
  DeleteResourcePolicyRequest, EncryptionConfig, GetEncryptionConfigResult, GetInsightSummariesRequest, GetInsightSummariesResult, GetTraceSegmentDestinationResult,
  ListResourcePoliciesResult, PutEncryptionConfigRequest, PutEncryptionConfigResult, PutResourcePolicyRequest, PutResourcePolicyResult,
} from "@cumulet/protocol/models/xray.d.ts";
import { invalidRequest } from "../domain/errors.ts";
import type { Ctx } from "./segments.ts";

const POLICIES_MAX = 5;

export function getEncryptionConfig(ctx: Ctx): GetEncryptionConfigResult {
  const keyId = ctx.store.settings.get("encryption")?.keyId;
  const config: EncryptionConfig = keyId === undefined ? { Status: "ACTIVE", Type: "NONE" } : { KeyId: keyId, Status: "ACTIVE", Type: "KMS" };
  return { EncryptionConfig: config };
}

export function putEncryptionConfig(ctx: Ctx, input: PutEncryptionConfigRequest): PutEncryptionConfigResult {
  if (input.Type === "KMS" && input.KeyId === undefined) throw invalidRequest("KeyId must be specified for encryption of type KMS.");
  ctx.store.settings.put("encryption", { keyId: input.Type === "KMS" ? input.KeyId : undefined });
  return getEncryptionConfig(ctx);
}

export function putResourcePolicy(ctx: Ctx, input: PutResourcePolicyRequest): PutResourcePolicyResult {
  const { PolicyName: name, PolicyDocument: document } = input;
  try {
    JSON.parse(document);
  } catch {
    throw new AwsError("MalformedPolicyDocumentException", "The policy document is not valid JSON.");
  }
  const before = ctx.store.policies.get(name);
  if (input.PolicyRevisionId !== undefined && input.PolicyRevisionId !== (before?.revision ?? "0")) throw new AwsError("InvalidPolicyRevisionIdException", "The policy revision id does not match.");
  if (before === undefined && ctx.store.policies.count() >= POLICIES_MAX) throw new AwsError("PolicyCountLimitExceededException", `The account has the maximum of ${POLICIES_MAX} resource policies.`);
  const record = { name, document, revision: String(Number(before?.revision ?? 0) + 1), updatedMs: ctx.clock.now() };
  ctx.store.policies.put(name, record);
  return { ResourcePolicy: { PolicyName: name, PolicyDocument: document, PolicyRevisionId: record.revision, LastUpdatedTime: record.updatedMs } };
}

export function deleteResourcePolicy(ctx: Ctx, input: DeleteResourcePolicyRequest): Record<string, never> {
  const before = ctx.store.policies.get(input.PolicyName);
  if (input.PolicyRevisionId !== undefined && before !== undefined && input.PolicyRevisionId !== before.revision) throw new AwsError("InvalidPolicyRevisionIdException", "The policy revision id does not match.");
  ctx.store.policies.delete(input.PolicyName);
  return {};
}

export function listResourcePolicies(ctx: Ctx): ListResourcePoliciesResult {
  return { ResourcePolicies: ctx.store.policies.all().map(({ name, document, revision, updatedMs }) => ({ PolicyName: name, PolicyDocument: document, PolicyRevisionId: revision, LastUpdatedTime: updatedMs })) };
}

/** Segments are X-Ray's own here, never transformed into logs. */
export function getTraceSegmentDestination(): GetTraceSegmentDestinationResult {
  return { Destination: "XRay", Status: "ACTIVE" };
}

/** No insights are found. */
export function getInsightSummaries(_ctx: Ctx, input: GetInsightSummariesRequest): GetInsightSummariesResult {
  if (input.StartTime > input.EndTime) throw invalidRequest("StartTime must be before EndTime.");
  return { InsightSummaries: [] };
}
