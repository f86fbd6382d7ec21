import { AwsError } from "@cumulet/protocol";
import { Policy } from "@cumulet/core";
import type { PolicyStatement } from "@cumulet/core";

/** `MalformedPolicyDocument`, the one code for whatever is wrong with a document. */
function malformed(message: string): AwsError {
  return new AwsError("MalformedPolicyDocument", message);
}

type Json = { readonly [name: string]: unknown };

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const isText = (value: unknown): value is string => typeof value === "string";
const isTextList = (value: unknown): boolean => isText(value) || (Array.isArray(value) && value.every(isText));

const DOCUMENT_MEMBERS: ReadonlySet<string> = new Set(["Version", "Id", "Statement"]);
const STATEMENT_MEMBERS: ReadonlySet<string> = new Set(["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]);
const PARTITIONS: ReadonlySet<string> = new Set(["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"]);
const IAM_PATHS = ["user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"];

/**
 * Checks a document that goes to an identity, in IAM's words and in IAM's order: form, version, what its older parser
 * refuses, statement ids, presence of actions and resources, resources, actions.
 *
 * @throws AwsError MalformedPolicyDocument
 */
export function checkIdentityPolicy(text: string): void {
  const statements = parseIdentity(text);
  for (const statement of statements) {
    if (statement["Principal"] !== undefined || statement["NotPrincipal"] !== undefined) throw malformed("Policy document should not specify a principal.");
  }
  const resourceProblem = legacyParse(statements);
  const sids = statements.flatMap(({ Sid }) => (isText(Sid) && Sid !== "" ? [Sid] : []));
  if (new Set(sids).size < sids.length) throw malformed("Statement IDs (SID) in a single policy must be unique.");
  if (statements.some(({ Action, NotAction }) => listOf(Action).length + listOf(NotAction).length === 0)) throw malformed("Policy statement must contain actions.");
  if (statements.some(({ Resource, NotResource }) => listOf(Resource).length + listOf(NotResource).length === 0)) throw malformed("Policy statement must contain resources.");
  if (resourceProblem !== undefined) throw malformed(resourceProblem);
  for (const statement of statements) for (const action of [...listOf(statement["Action"]), ...listOf(statement["NotAction"])]) checkAction(action as string);
  compilable(text, "Syntax errors in policy.");
}

function parseIdentity(text: string): Json[] {
  const wrong = malformed("Syntax errors in policy.");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (!isObject(document) || Object.keys(document).some((name) => !DOCUMENT_MEMBERS.has(name))) throw wrong;
  const { Version, Id, Statement } = document;
  if (Version !== undefined && Version !== "2012-10-17" && Version !== "2008-10-17") throw wrong;
  if (Id !== undefined && !isText(Id)) throw wrong;
  const statements = listOf(Statement);
  if (statements.length === 0 || !statements.every(isStatement)) throw wrong;
  // The examples of AWS's own documentation fail without a version as well.
  if (Version !== "2012-10-17") throw malformed("Policy document must be version 2012-10-17 or greater.");
  return statements as Json[];
}

function isStatement(statement: unknown): boolean {
  if (!isObject(statement) || Object.keys(statement).some((name) => !STATEMENT_MEMBERS.has(name))) return false;
  const { Sid, Effect, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (Sid !== undefined && !isText(Sid)) return false;
  if (!isText(Effect) || !/^(allow|deny)$/i.test(Effect)) return false;
  if ((Action !== undefined && NotAction !== undefined) || (Resource !== undefined && NotResource !== undefined)) return false;
  for (const list of [Action, NotAction, Resource, NotResource]) if (list !== undefined && !isTextList(list)) return false;
  return Condition === undefined || isConditionBlock(Condition);
}

const OPERATOR = /^(?:ForAllValues:|ForAnyValue:)?(?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)|Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|Date(?:Not)?Equals|Date(?:Less|Greater)Than(?:Equals)?|Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like)|Null)(?:IfExists)?$/i;

function isConditionBlock(block: unknown): boolean {
  return isObject(block) && Object.entries(block).every(([operator, keys]) => {
    if (!OPERATOR.test(operator) || !isObject(keys)) return false;
    return Object.values(keys).every((values) => listOf(values).every((value) => ["string", "number", "boolean"].includes(typeof value)));
  });
}

/** What IAM's older parser refuses. Returns the problem of a resource, which IAM tells only after others. */
function legacyParse(statements: readonly Json[]): string | undefined {
  const failed = malformed("The policy failed legacy parsing");
  let problem: string | undefined;
  for (const { Effect, Resource, NotResource, Condition } of statements) {
    if (Effect !== "Allow" && Effect !== "Deny") throw failed;
    for (const [operator, keys] of Object.entries((Condition ?? {}) as { [operator: string]: Json })) {
      if (!/(?:^|:)Date/i.test(operator)) continue;
      const dates = Object.values(keys).flatMap(listOf).map(String);
      if (dates.some((date) => !/^\d{1,13}(\.\d+)?$/.test(date) && (!/^\d{4}-\d\d/.test(date) || Number.isNaN(Date.parse(date))))) throw failed;
    }
    for (const resource of [...listOf(Resource), ...listOf(NotResource)] as string[]) {
      problem ??= resourceProblemOf(resource);
      if (problem === undefined && resource !== "*" && resource.split(":").length < 6 && resource.split(":").length > 2) throw failed;
    }
  }
  return problem;
}

function resourceProblemOf(resource: string): string | undefined {
  if (resource === "*") return undefined;
  if (!resource.includes(":")) return `Resource ${resource} must be in ARN format or "*".`;
  const parts = resource.split(":");
  const [, partition = "*", vendor = "*", region = "", , ...rest] = parts;
  if (!PARTITIONS.has(partition)) {
    // IAM takes anything before the first colon for "arn", and fills what is missing with stars.
    const filled = ["arn", ...parts.slice(1)];
    while (filled.length < 6) filled.push("*");
    return `Partition "${partition}" is not valid for resource "${filled.join(":")}".`;
  }
  if (parts.length < 3 || (vendor.includes("*") && vendor !== "*")) return "Resource vendor must be fully qualified and cannot contain regexes.";
  if (parts.length < 6) return undefined;
  if (vendor === "iam") {
    if (region !== "") return `IAM resource ${resource} cannot contain region information.`;
    const path = rest.join(":");
    if (!path.startsWith("*") && path !== "root" && !IAM_PATHS.some((start) => path.startsWith(start)) && !path.includes("${")) {
      return `IAM resource path must either be "*" or start with ${IAM_PATHS.join(", ")}.`;
    }
  }
  if (vendor === "s3" && region !== "" && !rest.join(":").startsWith("accesspoint") && !rest.join(":").startsWith("storage-lens") && !rest.join(":").startsWith("job")) {
    return `Resource ${resource} can not contain region information.`;
  }
  return undefined;
}

function checkAction(action: string): void {
  if (action === "*") return;
  const parts = action.split(":");
  if (parts.length === 1 || action === "") throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  if (parts.length > 2) throw malformed("Actions/Condition can contain only one colon.");
  const vendor = parts[0] as string;
  if (!/^[A-Za-z0-9*?-]+$/.test(vendor)) throw malformed(`Vendor ${vendor} is not valid`);
}

/**
 * Checks a role's trust policy.
 *
 * @param exists Whether a principal of the partition exists; IAM refuses those that do not.
 * @throws AwsError MalformedPolicyDocument
 */
export function checkTrustPolicy(text: string, exists: (principal: { type: string; value: string }) => boolean): void {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed("This policy contains invalid Json");
  }
  if (!isObject(document)) throw malformed("Syntax error in policy.");
  const { Version, Statement } = document;
  if (Version !== undefined && Version !== "2012-10-17" && Version !== "2008-10-17") throw malformed("The policy must contain a valid version string");
  const statements = listOf(Statement);
  if (statements.length === 0) throw malformed("Could not parse the policy: Statement is empty!");
  const sids = new Set<string>();
  for (const statement of statements) {
    if (!isObject(statement)) throw malformed("Syntax error in policy.");
    checkTrustStatement(statement, exists);
    const { Sid } = statement;
    if (isText(Sid) && Sid !== "" && sids.size === sids.add(Sid).size) throw malformed("The Statement Ids in the policy are not unique");
  }
  compilable(text, undefined);
}

function checkTrustStatement(statement: Json, exists: (principal: { type: string; value: string }) => boolean): void {
  const { Effect, Principal, NotPrincipal, Action, NotAction, Condition } = statement;
  const stranger = Object.keys(statement).find((name) => !STATEMENT_MEMBERS.has(name));
  if (stranger !== undefined) throw malformed(`Unknown field ${stranger}`);
  if (Effect === undefined) throw malformed("Missing required field Effect");
  if (Effect !== "Allow" && Effect !== "Deny") throw malformed(`Invalid effect: ${String(Effect)}`);
  if (NotPrincipal !== undefined) throw malformed(Effect === "Allow" ? "Allow with NotPrincipal is not allowed." : "AssumeRole policy must not contain NotPrincipal field.");
  if (Principal === undefined) throw malformed("Missing required field Principal");
  if (!isObject(Principal)) {
    if (Principal !== "*") throw malformed("Principal must be a JSON object.");
  } else {
    if (Object.keys(Principal).length === 0) throw malformed("Missing required field Principal cannot be empty!");
    for (const [type, values] of Object.entries(Principal)) {
      if (!["AWS", "Service", "Federated"].includes(type) || !isTextList(values)) throw malformed(`Invalid principal in policy: "${type}"`);
      for (const value of listOf(values) as string[]) {
        if (!exists({ type, value })) throw malformed(`Invalid principal in policy: "${type.toUpperCase()}":"${value}"`);
      }
    }
  }
  const actions = [...listOf(Action), ...listOf(NotAction)];
  if (actions.length === 0) throw malformed("Missing required field Action");
  if (!actions.every((action) => isText(action) && /^sts:/i.test(action))) throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
  if (statement["Resource"] !== undefined) throw malformed("Has prohibited field Resource");
  if (statement["NotResource"] !== undefined) throw malformed("AssumeRole policy must not contain resources.");
  if (Condition !== undefined && !isConditionBlock(Condition)) throw malformed("Syntax error in policy.");
}

/** The last word has the engine that will evaluate the document. */
function compilable(text: string, message: string | undefined): void {
  try {
    new Policy(text);
  } catch (problem) {
    throw malformed(message ?? (problem as Error).message);
  }
}

/** Length of a document as IAM's quotas count it: without white space. */
export function policySize(text: string): number {
  return text.replace(/\s/g, "").length;
}

/** A document as IAM answers it: percent-encoded by RFC 3986. */
export function encodeDocument(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Every statement of a document that was accepted before. */
export function statementsOf(text: string): readonly PolicyStatement[] {
  return new Policy(text).statements;
}
