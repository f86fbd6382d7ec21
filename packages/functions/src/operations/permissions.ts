/** Resource policies of functions. */
import type { Operations } from "@cumulet/core";
import { conflict, invalidParameter, notFound, preconditionFailed, resourceDoesNotExist } from "../domain/errors.ts";
import { functionArn, isVersion, LATEST, resolveReference } from "../domain/names.ts";
import { permissionStatement, policyDocument } from "../domain/policy.ts";
import type { LambdaStore } from "../store.ts";
import { functionNotFound, type LambdaContext } from "./lookup.ts";

const POLICY_BYTES_MAX = 20_480;
const STALE = "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id";

export const permissionOperations: Operations<"lambda", LambdaStore> = {
  AddPermission(ctx, input) {
    const { name, qualifier } = qualified(ctx, input.FunctionName, input.Qualifier, "add");
    const { configs } = ctx.store;
    const statement = permissionStatement(input, ctx.partition, functionArn(ctx, name, qualifier || undefined));
    const policy = configs.get("policy", name, qualifier);
    if (input.RevisionId !== undefined && input.RevisionId !== policy?.revisionId) throw preconditionFailed(STALE);
    if (policy?.statements.some(({ Sid }) => Sid === input.StatementId) === true) {
      throw conflict(`The statement id (${input.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`);
    }
    const statements = [...(policy?.statements ?? []), statement];
    if (Buffer.byteLength(policyDocument(statements)) > POLICY_BYTES_MAX) throw invalidParameter(`The final policy size (${Buffer.byteLength(policyDocument(statements))}) is bigger than the limit (${POLICY_BYTES_MAX}).`);
    configs.put("policy", name, qualifier, { revisionId: ctx.ids.uuid(), statements });
    return { Statement: JSON.stringify(statement) };
  },

  GetPolicy(ctx, input) {
    const { name, qualifier } = resolveReference(ctx, input.FunctionName, input.Qualifier);
    const policy = ctx.store.configs.get("policy", name, qualifier === LATEST ? "" : (qualifier ?? ""));
    if (policy === undefined) throw resourceDoesNotExist();
    return { Policy: policyDocument(policy.statements), RevisionId: policy.revisionId };
  },

  RemovePermission(ctx, input) {
    const { name, qualifier } = qualified(ctx, input.FunctionName, input.Qualifier, "remove");
    const { configs } = ctx.store;
    const policy = configs.get("policy", name, qualifier);
    if (policy === undefined) throw notFound("No policy is associated with the given resource.");
    if (input.RevisionId !== undefined && input.RevisionId !== policy.revisionId) throw preconditionFailed(STALE);
    const statements = policy.statements.filter(({ Sid }) => Sid !== input.StatementId);
    if (statements.length === policy.statements.length) throw notFound(`Statement ${input.StatementId} is not found in resource policy.`);
    if (statements.length === 0) configs.delete("policy", name, qualifier);
    else configs.put("policy", name, qualifier, { revisionId: ctx.ids.uuid(), statements });
    return {};
  },
};

/** The function, version or alias whose policy is meant; the qualifier is empty for the function itself. */
function qualified(ctx: LambdaContext, functionName: string, qualifierGiven: string | undefined, change: "add" | "remove"): { name: string; qualifier: string } {
  const { name, qualifier } = resolveReference(ctx, functionName, qualifierGiven);
  const { functions } = ctx.store;
  if (functions.function(name) === undefined) {
    throw change === "add" ? functionNotFound(ctx, name, qualifier) : notFound(`No policy found for: ${functionArn(ctx, name, qualifier)}`);
  }
  if (qualifier === undefined) return { name, qualifier: "" };
  if (qualifier === LATEST) throw invalidParameter("We currently do not support adding policies for $LATEST.");
  if (isVersion(qualifier)) {
    if (functions.version(name, Number(qualifier)) === undefined) throw functionNotFound(ctx, name, qualifier);
  } else if (functions.alias(name, qualifier) === undefined) {
    // What cannot be an alias's name is taken for a version.
    if (qualifier.includes("$")) throw functionNotFound(ctx, name, qualifier);
    throw notFound(`Cannot find alias arn: ${functionArn(ctx, name, qualifier)}`);
  }
  return { name, qualifier };
}
