import { compileConditions, fillVariables, isOperator, toList } from "./conditions.ts";
import type { Condition, ConditionValues } from "./conditions.ts";
import { compileGlob, globMatches } from "./glob.ts";

/** A policy document that is not one. `message` is for the service to word as AWS does there. */
export class PolicySyntaxError extends Error {
  override name = "PolicySyntaxError";
}

/** What a policy is asked. */
export interface PolicyQuestion {
  /** `s3:GetObject` */
  action: string;
  /** An ARN. */
  resource: string;
  /** Condition keys in lower case. */
  values: ConditionValues;
  /** Who asks; needed for a policy that names principals. */
  principal?: PolicyPrincipal;
}

/** A caller in the terms of a `Principal` element. */
export interface PolicyPrincipal {
  kind: "root" | "user" | "role" | "federated" | "service" | "anonymous";
  account: string;
  /** Of the user, the assumed-role session, the account's root or the service principal's name. */
  arn: string;
  /** The role behind an assumed-role session. */
  roleArn?: string;
  /** S3's canonical user id, where the service has one. */
  canonicalId?: string;
}

/**
 * Whom an allow names. `account`: only the caller's account as a whole, which within that account leaves the decision to
 * its own identity policies. `role`: the role behind the caller's session, whose boundary and session policies still bound
 * it. `principal`: the caller itself, or everybody.
 */
export type Via = "account" | "role" | "principal";

/** What a policy says: `deny` beats `allow`; `undefined` is silence. `statement` counts from 0. */
export type PolicyDecision = { effect: "allow"; via: Via; statement: number } | { effect: "deny"; statement: number } | undefined;

/** A statement ready to be asked. */
export interface CompiledStatement {
  effect: "Allow" | "Deny";
  action(lowerCaseAction: string): boolean;
  resource(resource: string, values: ConditionValues): boolean;
  /** Undefined when it is about somebody else. */
  principal(principal: PolicyPrincipal | undefined): Via | undefined;
  condition: Condition;
}

/** The members of a statement as they are written. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: "*" | Record<string, string | string[]>;
  NotPrincipal?: "*" | Record<string, string | string[]>;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

/**
 * An IAM policy document, compiled once and asked often. Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON
 * policy elements reference".
 */
export class Policy {
  readonly statements: readonly Statement[];
  readonly compiled: readonly CompiledStatement[];

  /**
   * @param document JSON text or what it parses to.
   * @throws PolicySyntaxError for what is no policy at all. Whether actions, resources and principals make sense is the service's to check.
   */
  constructor(document: string | object) {
    const { statements, version } = parse(document);
    this.statements = statements;
    // Documents of the first version take `${...}` for what it says.
    this.compiled = statements.map((statement) => compile(statement, version === "2012-10-17"));
  }

  /** What the statements that apply say. */
  decide(question: PolicyQuestion): PolicyDecision {
    const action = question.action.toLowerCase();
    let allowed: Extract<PolicyDecision, { effect: "allow" }> | undefined;
    for (const [index, statement] of this.compiled.entries()) {
      if (statement.effect === "Allow" && allowed?.via === "principal") continue;
      const via = statement.action(action) ? applies(statement, question) : undefined;
      if (via === undefined) continue;
      if (statement.effect === "Deny") return { effect: "deny", statement: index };
      if (allowed === undefined || stronger(via, allowed.via)) allowed = { effect: "allow", via, statement: index };
    }
    return allowed;
  }
}

/** Whether a statement whose action matches applies to a question, and to whom it then speaks. */
export function applies(statement: CompiledStatement, { resource, values, principal }: PolicyQuestion): Via | undefined {
  const via = statement.principal(principal);
  return via !== undefined && statement.resource(resource, values) && statement.condition(values) ? via : undefined;
}

/** Whether an allow for `a` says more than one for `b`. */
export function stronger(a: Via, b: Via): boolean {
  return a !== b && (a === "principal" || b === "account");
}

function parse(document: string | object): { statements: readonly Statement[]; version: unknown } {
  let value: unknown = document;
  if (typeof document === "string") {
    try {
      value = JSON.parse(document);
    } catch {
      throw new PolicySyntaxError("Policies must be valid JSON and the first byte must be '{'");
    }
  }
  if (!isObject(value)) throw new PolicySyntaxError("Policies must be valid JSON and the first byte must be '{'");
  const version = value["Version"];
  if (version !== undefined && version !== "2012-10-17" && version !== "2008-10-17") throw new PolicySyntaxError("The policy must contain a valid version string");
  if (value["Statement"] === undefined) throw new PolicySyntaxError("Missing required field Statement");
  const statements = toList(value["Statement"]);
  for (const statement of statements) checkStatement(statement);
  return { statements: statements as Statement[], version };
}

const MEMBERS: ReadonlySet<string> = new Set(["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]);

function checkStatement(statement: unknown): asserts statement is Statement {
  if (!isObject(statement)) throw new PolicySyntaxError("Statement must be an object");
  const unknown = Object.keys(statement).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) throw new PolicySyntaxError(`Unknown field ${unknown}`);
  const effect = statement["Effect"];
  if (effect === undefined) throw new PolicySyntaxError("Missing required field Effect");
  if (effect !== "Allow" && effect !== "Deny") throw new PolicySyntaxError(`Invalid effect: ${String(effect)}`);
  if ((statement["Action"] === undefined) === (statement["NotAction"] === undefined)) throw new PolicySyntaxError("Missing required field Action");
  for (const member of ["Action", "NotAction", "Resource", "NotResource"]) {
    if (statement[member] !== undefined && !toList(statement[member]).every((one) => typeof one === "string")) throw new PolicySyntaxError(`Invalid ${member}`);
  }
  for (const member of ["Principal", "NotPrincipal"]) {
    const value = statement[member];
    const valid = value === undefined || value === "*" || (isObject(value) && Object.values(value).every((list) => toList(list).every((one) => typeof one === "string")));
    if (!valid) throw new PolicySyntaxError("Invalid principal in policy");
  }
  const conditions = statement["Condition"];
  if (conditions === undefined) return;
  if (!isObject(conditions)) throw new PolicySyntaxError("Condition must be an object");
  for (const [operator, keys] of Object.entries(conditions)) {
    if (!isOperator(operator)) throw new PolicySyntaxError(`Invalid Condition type : ${operator}`);
    if (!isObject(keys)) throw new PolicySyntaxError("Condition must be an object");
  }
}

function compile(statement: Statement, variables: boolean): CompiledStatement {
  return {
    effect: statement.Effect,
    action: statement.Action !== undefined ? actionMatcher(statement.Action) : not(actionMatcher(statement.NotAction as string | string[])),
    resource: resourceMatcher(statement, variables),
    principal: principalMatcher(statement),
    condition: statement.Condition === undefined ? () => true : compileConditions(statement.Condition, { variables }),
  };
}

function actionMatcher(patterns: string | string[]): (action: string) => boolean {
  const tests = toList(patterns).map((pattern) => compileGlob(String(pattern).toLowerCase()));
  return (action) => tests.some((test) => test(action));
}

const not = <A>(test: (argument: A) => boolean) => (argument: A) => !test(argument);

/** A statement without a resource (trust policies) is about whatever it is attached to. */
function resourceMatcher({ Resource, NotResource }: Statement, variables: boolean): (resource: string, values: ConditionValues) => boolean {
  if (Resource === undefined && NotResource === undefined) return () => true;
  const wanted = Resource !== undefined;
  const tests = toList(Resource ?? NotResource).map(String).map((pattern): ((resource: string, values: ConditionValues) => boolean) => {
    if (!variables || !pattern.includes("${")) return compileGlob(pattern);
    return (resource, values) => {
      const filled = fillVariables(pattern, values, true);
      return filled !== undefined && globMatches(filled, resource);
    };
  });
  return (resource, values) => tests.some((test) => test(resource, values)) === wanted;
}

function principalMatcher({ Principal, NotPrincipal }: Statement): CompiledStatement["principal"] {
  if (Principal === undefined && NotPrincipal === undefined) return () => "principal";
  if (Principal !== undefined) {
    const match = oneOf(Principal);
    return (principal) => (principal === undefined ? undefined : match(principal));
  }
  const match = oneOf(NotPrincipal as NonNullable<Statement["NotPrincipal"]>);
  return (principal) => (principal !== undefined && match(principal) === undefined ? "principal" : undefined);
}

function oneOf(element: NonNullable<Statement["Principal"]>): (principal: PolicyPrincipal) => Via | undefined {
  if (element === "*") return () => "principal";
  const entries = Object.entries(element).flatMap(([type, values]) => toList(values).map((value) => ({ type, value: String(value) })));
  return (principal) => {
    let found: Via | undefined;
    for (const { type, value } of entries) {
      const via = matchPrincipal(type, value, principal);
      if (via === "principal") return via;
      if (via !== undefined && (found === undefined || stronger(via, found))) found = via;
    }
    // The root is the account.
    return found === "account" && principal.kind === "root" ? "principal" : found;
  };
}

function matchPrincipal(type: string, value: string, principal: PolicyPrincipal): Via | undefined {
  switch (type) {
    case "AWS":
      if (value === "*") return "principal";
      if (principal.kind === "anonymous" || principal.kind === "service") return undefined;
      if (value === principal.arn) return "principal";
      if (value === principal.roleArn) return "role";
      return value === principal.account || /^arn:[^:]+:iam::(\d{12}):root$/.exec(value)?.[1] === principal.account ? "account" : undefined;
    case "Service":
      return principal.kind === "service" && (value === "*" || value === principal.arn) ? "principal" : undefined;
    case "Federated":
      return principal.kind === "federated" && value === principal.arn ? "principal" : undefined;
    case "CanonicalUser":
      if (value === "*") return "principal";
      return value === principal.canonicalId && principal.kind !== "anonymous" ? "account" : undefined;
    default:
      return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
