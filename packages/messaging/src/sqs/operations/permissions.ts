import type { AddPermissionRequest, RemovePermissionRequest } from "@cumulet/protocol/models/sqs.d.ts";
import { invalidParameter, invalidValue } from "../domain/errors.ts";
import { queueArn, target } from "./targets.ts";
import type { Ctx } from "./targets.ts";

interface Document {
  Version: string;
  Id?: string;
  Statement: { Sid?: string; [member: string]: unknown }[];
}

/** What may be granted this way. */
const actions = new Set(["*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage"]);

export function addPermission(ctx: Ctx, input: AddPermissionRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const { Label, AWSAccountIds: accounts, Actions: granted } = input;
  if (accounts.length === 0) throw invalidParameter("The request must contain the parameter PrincipalId.");
  if (granted.length === 0) throw invalidParameter("The request must contain the parameter Actions.");
  for (const action of granted) {
    if (!actions.has(action)) throw invalidParameter(`Value SQS:${action} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.`);
  }
  const arn = queueArn(owner, queue);
  const policy = policyOf(queue.attributes.Policy) ?? { Version: "2008-10-17", Id: `${arn}/SQSDefaultPolicy`, Statement: [] };
  if (policy.Statement.some(({ Sid }) => Sid === Label)) throw invalidValue(Label, "Label", "Already exists.");
  policy.Statement.push({
    Sid: Label,
    Effect: "Allow",
    Principal: { AWS: single(accounts.map((account) => `arn:${owner.partition}:iam::${account}:root`)) },
    Action: single(granted.map((action) => `SQS:${action}`)),
    Resource: arn,
  });
  save(owner, input.QueueUrl, policy);
}

export function removePermission(ctx: Ctx, input: RemovePermissionRequest): void {
  const { ctx: owner, queue } = target(ctx, input.QueueUrl);
  const policy = policyOf(queue.attributes.Policy);
  const kept = policy?.Statement.filter(({ Sid }) => Sid !== input.Label) ?? [];
  if (policy === undefined || kept.length === policy.Statement.length) throw invalidValue(input.Label, "Label", "can't find label.");
  save(owner, input.QueueUrl, { ...policy, Statement: kept });
}

function save(ctx: Ctx, url: string, policy: Document): void {
  const { ctx: owner, queue } = target(ctx, url);
  const { Policy: _old, ...rest } = queue.attributes;
  const attributes = policy.Statement.length === 0 ? rest : { ...rest, Policy: JSON.stringify(policy) };
  owner.store.updateQueue(queue, { attributes, modifiedMs: owner.clock.now() });
}

function policyOf(text: string | undefined): Document | undefined {
  if (text === undefined) return undefined;
  const { Statement, ...rest } = JSON.parse(text) as Omit<Document, "Statement"> & { Statement: Document["Statement"] | Document["Statement"][number] };
  return { ...rest, Statement: Array.isArray(Statement) ? Statement : [Statement] };
}

function single<T>(values: T[]): T | T[] {
  return values.length === 1 ? values[0]! : values;
}
