import { compileConditions, fillVariables, isOperator, toList } from "./conditions.ts";
import type { Condition, ConditionValues } from "./conditions.ts";
import { globMatches } from "./glob.ts";

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
 * What a policy says: `deny` beats `allow`; `undefined` is silence. `viaAccount` marks an allow that was given only to the
 * caller's account as a whole, which within that account leaves the decision to its own identity policies.
 */
export type PolicyDecision = { effect: "allow"; viaAccount: boolean } | { effect: "deny" } | undefined;

interface CompiledStatement {
  effect: "Allow" | "Deny";
  action(action: string): boolean;
  resource(resource: string, values: ConditionValues): boolean;
  principal(principal: PolicyPrincipal | undefined): "no" | "account" | "yes";
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
  readonly #compiled: readonly CompiledStatement[];

  /**
   * @param document JSON text or what it parses to.
   * @throws PolicySyntaxError for what is no policy at all. Whether actions, resources and principals make sense is the service's to check.
   */
  constructor(document: string | object) {
    this.statements = parse(document);
    this.#compiled = this.statements.map(compile);
  }

  /** What the statements that apply say. */
  decide({ action, resource, values, principal }: PolicyQuestion): PolicyDecision {
    let allowed: { effect: "allow"; viaAccount: boolean } | undefined;
    for (const statement of this.#compiled) {
      if (statement.effect === "Allow" && allowed?.viaAccount === false) continue;
      const who = statement.principal(principal);
      if (who === "no" || !statement.action(action) || !statement.resource(resource, values) || !statement.condition(values)) continue;
      if (statement.effect === "Deny") return { effect: "deny" };
      allowed = { effect: "allow", viaAccount: who === "account" && (allowed?.viaAccount ?? true) };
    }
    return allowed;
  }
}

function parse(document: string | object): readonly Statement[] {
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
  return statements as Statement[];
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

function compile(statement: Statement): CompiledStatement {
  return {
    effect: statement.Effect,
    action: statement.Action !== undefined ? actionMatcher(statement.Action) : not(actionMatcher(statement.NotAction as string | string[])),
    resource: resourceMatcher(statement),
    principal: principalMatcher(statement),
    condition: statement.Condition === undefined ? () => true : compileConditions(statement.Condition),
  };
}

function actionMatcher(patterns: string | string[]): (action: string) => boolean {
  const list = toList(patterns).map((pattern) => String(pattern).toLowerCase());
  return (action) => {
    const lower = action.toLowerCase();
    return list.some((pattern) => globMatches(pattern, lower));
  };
}

const not = <A>(test: (argument: A) => boolean) => (argument: A) => !test(argument);

/** A statement without a resource (trust policies) is about whatever it is attached to. */
function resourceMatcher({ Resource, NotResource }: Statement): (resource: string, values: ConditionValues) => boolean {
  if (Resource === undefined && NotResource === undefined) return () => true;
  const wanted = Resource !== undefined;
  const patterns = toList(Resource ?? NotResource).map(String);
  return (resource, values) => {
    const matches = patterns.some((pattern) => {
      const filled = pattern.includes("${") ? fillVariables(pattern, values) : pattern;
      return filled !== undefined && globMatches(filled, resource);
    });
    return matches === wanted;
  };
}

function principalMatcher({ Principal, NotPrincipal }: Statement): CompiledStatement["principal"] {
  if (Principal === undefined && NotPrincipal === undefined) return () => "yes";
  if (Principal !== undefined) {
    const match = oneOf(Principal);
    return (principal) => (principal === undefined ? "no" : match(principal));
  }
  const match = oneOf(NotPrincipal as NonNullable<Statement["NotPrincipal"]>);
  return (principal) => (principal !== undefined && match(principal) === "no" ? "yes" : "no");
}

function oneOf(element: NonNullable<Statement["Principal"]>): (principal: PolicyPrincipal) => "no" | "account" | "yes" {
  if (element === "*") return () => "yes";
  const entries = Object.entries(element).flatMap(([type, values]) => toList(values).map((value) => ({ type, value: String(value) })));
  return (principal) => {
    let account = false;
    for (const { type, value } of entries) {
      switch (type) {
        case "AWS": {
          if (value === "*") return "yes";
          if (principal.kind === "anonymous" || principal.kind === "service") break;
          if (value === principal.arn || value === principal.roleArn) return "yes";
          if (value === principal.account || /^arn:[^:]+:iam::(\d{12}):root$/.exec(value)?.[1] === principal.account) account = true;
          break;
        }
        case "Service":
          if (principal.kind === "service" && (value === "*" || value === principal.arn)) return "yes";
          break;
        case "Federated":
          if (principal.kind === "federated" && value === principal.arn) return "yes";
          break;
        case "CanonicalUser":
          if (value === "*") return "yes";
          if (value === principal.canonicalId && principal.kind !== "anonymous") account = true;
          break;
      }
    }
    return account ? (principal.kind === "root" ? "yes" : "account") : "no";
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
