import { createHash } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type {
  DeleteResourcePolicyInput, DeleteResourcePolicyOutput, GetResourcePolicyInput, GetResourcePolicyOutput, PutResourcePolicyInput, PutResourcePolicyOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import type { Ctx } from "./targets.ts";

const arnForm = /^arn:[a-z0-9-]+:dynamodb:([a-z0-9-]+):([0-9]{12}):table\/([a-zA-Z0-9_.-]+)(?:\/stream\/([0-9T:.-]+))?$/;
const maxBytes = 20 * 1024;

/** The owner of a table or stream that a policy is attached to. */
function owner(ctx: Ctx, arn: string): Ctx {
  const match = arnForm.exec(arn);
  if (match === null) throw validationError(`Invalid ResourceArn: ${arn}`);
  const [, region, account, table, label] = match as unknown as [string, string, string, string, string | undefined];
  const target = account === ctx.account && region === ctx.region ? ctx : ctx.at(account, region);
  const exists = label === undefined ? target.store.tables.get(table) !== undefined : target.store.streams.find(table, label) !== undefined;
  if (!exists) throw new AwsError("ResourceNotFoundException", `Requested resource not found: ResourceArn: ${arn} not found`);
  return target;
}

function noPolicy(arn: string): AwsError {
  return new AwsError("PolicyNotFoundException", `Resource-based policy not found for the provided ResourceArn: ${arn}`);
}

function wrongRevision(arn: string, revision: string): AwsError {
  return new AwsError("PolicyNotFoundException", `Resource-based policy not found for the provided ResourceArn: Requested update for policy with revision id ${revision} on ${arn}`);
}

export function putResourcePolicy(ctx: Ctx, input: PutResourcePolicyInput): PutResourcePolicyOutput {
  const { ResourceArn: arn, Policy: policy, ExpectedRevisionId: expected } = input;
  const { attachments } = owner(ctx, arn).store;
  checkPolicy(policy);
  const current = attachments.policy(arn);
  if (expected === "NO_POLICY" ? current !== undefined : expected !== undefined && current?.revision !== expected) throw wrongRevision(arn, expected!);
  const revision = revisionOf(policy);
  attachments.putPolicy(arn, policy, revision);
  return { RevisionId: revision };
}

/** A policy that says the same keeps its revision, as on AWS. */
export function revisionOf(policy: string): string {
  return String(BigInt(`0x${createHash("sha256").update(policy).digest("hex").slice(0, 12)}`));
}

/** Refuses what is no policy document. */
export function checkPolicy(policy: string): void {
  if (Buffer.byteLength(policy) > maxBytes) throw validationError("Resource-based policy exceeds the maximum size of 20 KB");
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    document = undefined;
  }
  if (typeof document !== "object" || document === null || !("Statement" in document)) throw validationError("Invalid policy document: The policy is not a valid JSON policy");
}

export function getResourcePolicy(ctx: Ctx, input: GetResourcePolicyInput): GetResourcePolicyOutput {
  const policy = owner(ctx, input.ResourceArn).store.attachments.policy(input.ResourceArn);
  if (policy === undefined) throw noPolicy(input.ResourceArn);
  return { Policy: policy.policy, RevisionId: policy.revision };
}

export function deleteResourcePolicy(ctx: Ctx, input: DeleteResourcePolicyInput): DeleteResourcePolicyOutput {
  const { ResourceArn: arn, ExpectedRevisionId: expected } = input;
  const { attachments } = owner(ctx, arn).store;
  const current = attachments.policy(arn);
  if (expected !== undefined && current?.revision !== expected) throw wrongRevision(arn, expected);
  if (current === undefined) return {};
  attachments.deletePolicy(arn);
  return { RevisionId: current.revision };
}
