import { AwsError } from "@cumulet/protocol";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import type { PolicyStatement } from "@cumulet/core";
import { isCanonicalId } from "./owner.ts";

const POLICY_BYTES_MAX = 20 * 1024;

const malformed = (message: string) => new AwsError("MalformedPolicy", message, { status: 400 });

/**
 * A policy must be one, about this bucket or access point, of S3's actions, for principals that can be. Throws
 * MalformedPolicy.
 *
 * @param arn What it is attached to.
 * @param objects What stands between that ARN and the `/` before a key.
 */
export function checkPolicy(text: string, arn: string, objects: "" | "/object"): Policy {
  if (!text.startsWith("{")) throw malformed("Policies must be valid JSON and the first byte must be '{'");
  if (Buffer.byteLength(text, "utf8") > POLICY_BYTES_MAX) throw malformed("Policy document exceeds the maximum allowed size of 20480 bytes.");
  let policy: Policy;
  try {
    policy = new Policy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw malformed(error.message);
    throw error;
  }
  for (const statement of policy.statements) checkStatement(statement, arn, `${arn}${objects}/`);
  return policy;
}

function checkStatement(statement: PolicyStatement, arn: string, objects: string): void {
  if (statement.Principal === undefined && statement.NotPrincipal === undefined) throw malformed("Missing required field Principal");
  const principals = statement.Principal ?? statement.NotPrincipal;
  if (typeof principals === "object") {
    for (const [type, values] of Object.entries(principals)) for (const value of [values].flat()) checkPrincipal(type, value);
  }
  const actions = [statement.Action ?? statement.NotAction ?? []].flat();
  if (actions.length === 0 || !actions.every((action) => action === "*" || /^s3(express|-object-lambda)?:/i.test(action))) throw malformed("Policy has invalid action");
  const resources = [statement.Resource ?? statement.NotResource ?? []].flat();
  if (resources.length === 0) throw malformed("Missing required field Resource");
  if (!resources.every((resource) => resource === arn || resource.startsWith(objects) || resource === `${arn}*` || resource === "*")) throw malformed("Policy has invalid resource");
  const bucketActions = actions.every((action) => /^s3:[A-Za-z]*Object/.test(action) && !/^s3:PutBucketObject|ObjectLockConfiguration/.test(action));
  if (bucketActions && resources.every((resource) => resource === arn)) throw malformed("Action does not apply to any resource(s) in statement");
}

function checkPrincipal(type: string, value: string): void {
  // An origin access identity of CloudFront is named as a user of CloudFront's own.
  const valid = type === "AWS" ? value === "*" || /^arn:[^:]+:iam::cloudfront:user\/CloudFront Origin Access Identity [A-Z0-9]+$/.test(value) || /^\d{12}$/.test(value) || /^arn:[^:]+:(iam|sts)::\d{12}:(root|user\/.+|role\/.+|assumed-role\/.+|federated-user\/.+)$/.test(value) || /^A(ID|RO)A[A-Z0-9]+$/.test(value)
    : type === "CanonicalUser" ? isCanonicalId(value)
      : type === "Service" ? /^[a-z0-9.*-]+$/.test(value)
        : type === "Federated";
  if (!valid) throw malformed("Invalid principal in policy");
}
