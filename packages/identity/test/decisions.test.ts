/**
 * Decisions and their reasons, in the terms of AWS's documentation: "Policy evaluation logic", "Cross-account policy evaluation
 * logic", "Permissions boundaries", "Session policies", "Service control policies" and "Condition operators" of the IAM User
 * Guide. Each case is one question to the engine that decides requests.
 */
import { evaluate, Policy, PolicyList, reasonOf, type PolicyPrincipal, type PrincipalPolicies } from "@cumulet/core";
import { describe, expect, it } from "vitest";

const OWN = "111111111111";
const OTHER = "222222222222";
const ann: PolicyPrincipal = { kind: "user", account: OWN, arn: `arn:aws:iam::${OWN}:user/ann` };
const role: PolicyPrincipal = { kind: "role", account: OWN, arn: `arn:aws:sts::${OWN}:assumed-role/worker/run`, roleArn: `arn:aws:iam::${OWN}:role/app/worker` };
const stranger: PolicyPrincipal = { kind: "user", account: OTHER, arn: `arn:aws:iam::${OTHER}:user/eve` };
const strangeRole: PolicyPrincipal = { kind: "role", account: OTHER, arn: `arn:aws:sts::${OTHER}:assumed-role/spy/run`, roleArn: `arn:aws:iam::${OTHER}:role/spy` };
const root: PolicyPrincipal = { kind: "root", account: OWN, arn: `arn:aws:iam::${OWN}:root` };
const strangeRoot: PolicyPrincipal = { kind: "root", account: OTHER, arn: `arn:aws:iam::${OTHER}:root` };
const guest: PolicyPrincipal = { kind: "federated", account: OWN, arn: `arn:aws:sts::${OWN}:federated-user/guest` };
const nobody: PolicyPrincipal = { kind: "anonymous", account: OWN, arn: "anonymous" };
const gateway: PolicyPrincipal = { kind: "service", account: OWN, arn: "apigateway.amazonaws.com" };

const ACTION = "dynamodb:GetItem";
const TABLE = `arn:aws:dynamodb:us-east-1:${OWN}:table/notes`;

type Statements = object | object[];
interface Case {
  who?: PolicyPrincipal;
  action?: string;
  on?: string;
  owner?: string;
  identity?: Statements;
  boundary?: Statements;
  session?: Statements;
  control?: Statements[];
  resource?: Statements;
  needsPolicy?: boolean;
  granted?: boolean;
  context?: Record<string, string | string[]>;
  version?: string;
}

const list = (Statement: Statements, Version = "2012-10-17"): PolicyList => new PolicyList([{ source: { type: "test", id: "test" }, policy: new Policy({ Version, Statement: [Statement].flat() }) }]);
const allow = (Action: string | string[] = ACTION, Resource: string | string[] = "*", more: object = {}): object => ({ Effect: "Allow", Action, Resource, ...more });
const deny = (Action: string | string[] = ACTION, Resource: string | string[] = "*", more: object = {}): object => ({ Effect: "Deny", Action, Resource, ...more });
const to = (Principal: unknown, more: object = {}): object => ({ ...allow(), Principal, ...more });

/** `allowed`, or the end of AWS's message. */
function decide({ who = ann, action = ACTION, on = TABLE, owner = OWN, identity, boundary, session, control = [], resource, needsPolicy = false, granted = false, context = {}, version }: Case): string {
  const bare = who.kind === "anonymous" || who.kind === "service";
  const policies: PrincipalPolicies | undefined = bare ? undefined : {
    identity: identity === undefined ? new PolicyList([]) : list(identity, version),
    boundary: boundary && list(boundary),
    session: session && list(session),
    control: control.map((one) => list(one)),
  };
  const decision = evaluate({ action, resource: on, values: (key) => context[key], principal: who, owner, resourcePolicy: resource && list(resource), needsResourcePolicy: needsPolicy, granted }, policies);
  return decision.allowed ? "allowed" : reasonOf(decision, action).trim();
}

const no = (layer: string, action = ACTION): string => `because no ${layer} allows the ${action} action`;
const IDENTITY = no("identity-based policy");
const RESOURCE = no("resource-based policy");
const BOUNDARY = no("permissions boundary");
const SESSION = no("session policy");
const CONTROL = no("service control policy");
const denied = (layer: string): string => `with an explicit deny in a${/^[aeiou]/.test(layer) ? "n" : ""} ${layer}`;

const cases = (rows: readonly (readonly [name: string, question: Case, decision: string])[]): void => it.each(rows)("%s", (_name, question, decision) => expect(decide(question)).toBe(decision));

describe("identity-based policies", () => {
  cases([
    ["nothing is allowed by default", {}, IDENTITY],
    ["an action that is allowed", { identity: allow() }, "allowed"],
    ["another action", { identity: allow("dynamodb:PutItem") }, IDENTITY],
    ["all actions of a service", { identity: allow("dynamodb:*") }, "allowed"],
    ["all actions of another service", { identity: allow("s3:*") }, IDENTITY],
    ["all actions", { identity: allow("*") }, "allowed"],
    ["actions by their beginning", { identity: allow("dynamodb:Get*") }, "allowed"],
    ["actions by their end", { identity: allow("dynamodb:*Item") }, "allowed"],
    ["actions by one character", { identity: allow("dynamodb:?etItem") }, "allowed"],
    ["actions in another case", { identity: allow("DynamoDB:getitem") }, "allowed"],
    ["one action of several", { identity: allow(["s3:GetObject", ACTION]) }, "allowed"],
    ["a service with a wildcard", { identity: allow("dyna*:GetItem") }, "allowed"],
    ["the resource", { identity: allow(ACTION, TABLE) }, "allowed"],
    ["another resource", { identity: allow(ACTION, `${TABLE}s`) }, IDENTITY],
    ["resources by their beginning", { identity: allow(ACTION, `arn:aws:dynamodb:us-east-1:${OWN}:table/n*`) }, "allowed"],
    ["resources of any region and account", { identity: allow(ACTION, "arn:aws:dynamodb:*:*:table/notes") }, "allowed"],
    ["resources of another region", { identity: allow(ACTION, `arn:aws:dynamodb:eu-west-1:${OWN}:table/notes`) }, IDENTITY],
    ["resources in another case", { identity: allow(ACTION, TABLE.replace("notes", "Notes")) }, IDENTITY],
    ["one resource of several", { identity: allow(ACTION, ["arn:aws:s3:::x", TABLE]) }, "allowed"],
    ["a table, asked for its index", { identity: allow("dynamodb:Query", TABLE), action: "dynamodb:Query", on: `${TABLE}/index/by-date` }, no("identity-based policy", "dynamodb:Query")],
    ["a table's indexes", { identity: allow("dynamodb:Query", `${TABLE}/index/*`), action: "dynamodb:Query", on: `${TABLE}/index/by-date` }, "allowed"],
    ["a star that crosses colons", { identity: allow("logs:PutLogEvents", "arn:aws:logs:*"), action: "logs:PutLogEvents", on: `arn:aws:logs:us-east-1:${OWN}:log-group:g:log-stream:s` }, "allowed"],
    ["everything but", { identity: { Effect: "Allow", NotAction: "iam:*", Resource: "*" } }, "allowed"],
    ["everything but this", { identity: { Effect: "Allow", NotAction: ["iam:*", "dynamodb:*"], Resource: "*" } }, IDENTITY],
    ["everywhere but there", { identity: { Effect: "Allow", Action: ACTION, NotResource: "arn:aws:dynamodb:*:*:table/secret" } }, "allowed"],
    ["everywhere but here", { identity: { Effect: "Allow", Action: ACTION, NotResource: TABLE } }, IDENTITY],
    ["a denial beside an allow", { identity: [allow(), deny()] }, denied("identity-based policy")],
    ["a denial before an allow", { identity: [deny(), allow("*")] }, denied("identity-based policy")],
    ["a denial of something else", { identity: [allow(), deny("dynamodb:PutItem")] }, "allowed"],
    ["a denial of another resource", { identity: [allow(), deny(ACTION, "arn:aws:dynamodb:*:*:table/secret")] }, "allowed"],
    ["a denial of everything but", { identity: [allow("*"), { Effect: "Deny", NotAction: "s3:*", Resource: "*" }] }, denied("identity-based policy")],
    ["a denial outside a resource", { identity: [allow("*"), { Effect: "Deny", Action: "*", NotResource: TABLE }] }, "allowed"],
    ["a denial alone", { identity: deny() }, denied("identity-based policy")],
    ["a role's session", { who: role, identity: allow() }, "allowed"],
    ["a role's session without", { who: role }, IDENTITY],
  ]);
});

describe("resource-based policies in one account", () => {
  cases([
    ["name the user", { resource: to({ AWS: ann.arn }) }, "allowed"],
    ["name another user", { resource: to({ AWS: `arn:aws:iam::${OWN}:user/bob` }) }, IDENTITY],
    ["name several", { resource: to({ AWS: [`arn:aws:iam::${OWN}:user/bob`, ann.arn] }) }, "allowed"],
    ["name everybody", { resource: to("*") }, "allowed"],
    ["name everybody as AWS", { resource: to({ AWS: "*" }) }, "allowed"],
    ["name the account, which delegates", { resource: to({ AWS: OWN }) }, IDENTITY],
    ["name the account's root, which delegates", { resource: to({ AWS: root.arn }) }, IDENTITY],
    ["name the account, and the user may", { resource: to({ AWS: OWN }), identity: allow() }, "allowed"],
    ["say nothing, and the user may", { resource: to({ AWS: OTHER }), identity: allow() }, "allowed"],
    ["deny everybody", { resource: { ...deny(), Principal: "*" }, identity: allow() }, denied("resource-based policy")],
    ["deny the user", { resource: { ...deny(), Principal: { AWS: ann.arn } }, identity: allow() }, denied("resource-based policy")],
    ["deny another user", { resource: { ...deny(), Principal: { AWS: `arn:aws:iam::${OWN}:user/bob` } }, identity: allow() }, "allowed"],
    ["deny the account", { resource: { ...deny(), Principal: { AWS: OWN } }, identity: allow() }, denied("resource-based policy")],
    ["deny everybody but the user", { resource: { ...deny(), Principal: undefined, NotPrincipal: { AWS: ann.arn } }, identity: allow() }, "allowed"],
    ["deny everybody but another", { resource: { ...deny(), Principal: undefined, NotPrincipal: { AWS: `arn:aws:iam::${OWN}:user/bob` } }, identity: allow() }, denied("resource-based policy")],
    ["name the role of a session", { who: role, resource: to({ AWS: role.roleArn }) }, "allowed"],
    ["name the session", { who: role, resource: to({ AWS: role.arn }) }, "allowed"],
    ["name another role", { who: role, resource: to({ AWS: `arn:aws:iam::${OWN}:role/worker` }) }, IDENTITY],
    ["allow another action", { resource: to({ AWS: ann.arn }, { Action: "dynamodb:PutItem" }) }, IDENTITY],
    ["are about another resource", { resource: to({ AWS: ann.arn }, { Resource: "arn:aws:dynamodb:*:*:table/x" }) }, IDENTITY],
    ["name a federated user", { who: guest, session: allow("s3:*"), resource: to({ AWS: guest.arn }) }, "allowed"],
    ["name a service", { who: gateway, resource: to({ Service: "apigateway.amazonaws.com" }) }, "allowed"],
    ["name another service", { who: gateway, resource: to({ Service: "events.amazonaws.com" }) }, RESOURCE],
    ["name the account of a service", { who: gateway, resource: to({ AWS: OWN }) }, RESOURCE],
    ["name everybody, a service too", { who: gateway, resource: to("*") }, "allowed"],
    ["say nothing to a service", { who: gateway }, RESOURCE],
    ["name everybody, nobody in particular too", { who: nobody, resource: to("*") }, "allowed"],
    ["name an account, not nobody", { who: nobody, resource: to({ AWS: OWN }) }, RESOURCE],
    ["say nothing to nobody", { who: nobody }, RESOURCE],
    ["deny nobody", { who: nobody, resource: [to("*"), { ...deny(), Principal: "*" }] }, denied("resource-based policy")],
  ]);
});

describe("roots", () => {
  cases([
    ["may do everything in their account", { who: root }, "allowed"],
    ["not what a resource denies", { who: root, resource: { ...deny(), Principal: "*" } }, denied("resource-based policy")],
    ["not where a resource's policy is all that counts", { who: root, needsPolicy: true, resource: to({ AWS: ann.arn }) }, RESOURCE],
    ["where that policy names the account", { who: root, needsPolicy: true, resource: to({ AWS: root.arn }) }, "allowed"],
    ["nothing of another account", { who: strangeRoot }, RESOURCE],
    ["what another account lets theirs", { who: strangeRoot, resource: to({ AWS: OTHER }) }, "allowed"],
    ["what another account lets everybody", { who: strangeRoot, resource: to("*") }, "allowed"],
    ["not what another account lets one of its users", { who: strangeRoot, resource: to({ AWS: stranger.arn }) }, RESOURCE],
    ["not beyond a service control policy", { who: root, control: [allow("s3:*")] }, CONTROL],
    ["not what a service control policy denies", { who: root, control: [[allow("*"), deny()]] }, denied("service control policy")],
  ]);
});

describe("cross-account access", () => {
  cases([
    ["needs both sides", { who: stranger, identity: allow(), resource: to({ AWS: OTHER }) }, "allowed"],
    ["the user named, and allowed at home", { who: stranger, identity: allow(), resource: to({ AWS: stranger.arn }) }, "allowed"],
    ["the user named, but not allowed at home", { who: stranger, resource: to({ AWS: stranger.arn }) }, IDENTITY],
    ["the account named, but not allowed at home", { who: stranger, resource: to({ AWS: OTHER }) }, IDENTITY],
    ["everybody named, but not allowed at home", { who: stranger, resource: to("*") }, IDENTITY],
    ["everybody named, and allowed at home", { who: stranger, identity: allow(), resource: to("*") }, "allowed"],
    ["allowed at home only", { who: stranger, identity: allow() }, RESOURCE],
    ["allowed at home for that table only", { who: stranger, identity: allow(ACTION, TABLE), resource: to({ AWS: OTHER }) }, "allowed"],
    ["allowed at home for another table", { who: stranger, identity: allow(ACTION, `arn:aws:dynamodb:us-east-1:${OTHER}:table/notes`), resource: to({ AWS: OTHER }) }, IDENTITY],
    ["another account named", { who: stranger, identity: allow(), resource: to({ AWS: "333333333333" }) }, RESOURCE],
    ["nothing on either side", { who: stranger }, IDENTITY],
    ["denied by the resource", { who: stranger, identity: allow(), resource: [to("*"), { ...deny(), Principal: { AWS: OTHER } }] }, denied("resource-based policy")],
    ["denied at home", { who: stranger, identity: [allow(), deny()], resource: to("*") }, denied("identity-based policy")],
    ["a role named, and allowed at home", { who: strangeRole, identity: allow(), resource: to({ AWS: strangeRole.roleArn }) }, "allowed"],
    ["a role named, but not allowed at home", { who: strangeRole, resource: to({ AWS: strangeRole.roleArn }) }, IDENTITY],
    ["a session named, but not allowed at home", { who: strangeRole, resource: to({ AWS: strangeRole.arn }) }, IDENTITY],
    ["beyond a boundary at home", { who: stranger, identity: allow(), boundary: allow("s3:*"), resource: to({ AWS: stranger.arn }) }, BOUNDARY],
    ["beyond a session policy", { who: strangeRole, identity: allow(), session: allow("s3:*"), resource: to({ AWS: strangeRole.roleArn }) }, SESSION],
    ["beyond a service control policy at home", { who: stranger, identity: allow(), control: [allow("s3:*")], resource: to("*") }, CONTROL],
    ["by an access control list, allowed at home", { who: stranger, identity: allow(), granted: true }, "allowed"],
    ["by an access control list alone", { who: stranger, granted: true }, IDENTITY],
    ["a role to assume", { who: stranger, action: "sts:AssumeRole", on: `arn:aws:iam::${OWN}:role/r`, identity: allow("sts:AssumeRole"), needsPolicy: true, resource: { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: OTHER } } }, "allowed"],
    ["a role that trusts others", { who: stranger, action: "sts:AssumeRole", on: `arn:aws:iam::${OWN}:role/r`, identity: allow("sts:AssumeRole"), needsPolicy: true, resource: { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: OWN } } }, no("resource-based policy", "sts:AssumeRole")],
  ]);
});

describe("permissions boundaries", () => {
  cases([
    ["bound what identity policies allow", { identity: allow("*"), boundary: allow("s3:*") }, BOUNDARY],
    ["let pass what both allow", { identity: allow("*"), boundary: allow("dynamodb:*") }, "allowed"],
    ["give nothing themselves", { boundary: allow("*") }, IDENTITY],
    ["deny", { identity: allow("*"), boundary: [allow("*"), deny()] }, denied("permissions boundary")],
    ["bound a role", { who: role, identity: allow("*"), boundary: allow("s3:*") }, BOUNDARY],
    ["do not bound what a resource gives the user itself", { boundary: allow("s3:*"), resource: to({ AWS: ann.arn }) }, "allowed"],
    ["do not bound what a resource gives the session itself", { who: role, boundary: allow("s3:*"), resource: to({ AWS: role.arn }) }, "allowed"],
    ["bound what a resource gives the role", { who: role, boundary: allow("s3:*"), resource: to({ AWS: role.roleArn }) }, BOUNDARY],
    ["bound what a resource gives the account", { identity: allow(), boundary: allow("s3:*"), resource: to({ AWS: OWN }) }, BOUNDARY],
    ["deny what a resource gives the user itself", { boundary: [allow("*"), deny()], resource: to({ AWS: ann.arn }) }, denied("permissions boundary")],
    ["have resources", { identity: allow("*"), boundary: allow(ACTION, TABLE) }, "allowed"],
    ["have other resources", { identity: allow("*"), boundary: allow(ACTION, "arn:aws:dynamodb:*:*:table/x") }, BOUNDARY],
    ["have conditions", { identity: allow("*"), boundary: allow(ACTION, "*", { Condition: { StringEquals: { "aws:RequestedRegion": "us-east-1" } } }), context: { "aws:requestedregion": "eu-west-1" } }, BOUNDARY],
    ["allow everything but", { identity: allow("*"), boundary: { Effect: "Allow", NotAction: "iam:*", Resource: "*" } }, "allowed"],
    ["do not bind a root", { who: root, boundary: allow("s3:*") }, "allowed"],
  ]);
});

describe("session policies", () => {
  cases([
    ["bound a role's session", { who: role, identity: allow("*"), session: allow("s3:*") }, SESSION],
    ["let pass what both allow", { who: role, identity: allow("*"), session: allow() }, "allowed"],
    ["give nothing themselves", { who: role, session: allow("*") }, IDENTITY],
    ["deny", { who: role, identity: allow("*"), session: [allow("*"), deny()] }, denied("session policy")],
    ["bound what a resource gives the role", { who: role, session: allow("s3:*"), resource: to({ AWS: role.roleArn }) }, SESSION],
    ["do not bound what a resource gives the session itself", { who: role, session: allow("s3:*"), resource: to({ AWS: role.arn }) }, "allowed"],
    ["meet a boundary", { who: role, identity: allow("*"), boundary: allow("s3:*"), session: allow("*") }, BOUNDARY],
    ["all three agree", { who: role, identity: allow("*"), boundary: allow("dynamodb:*"), session: allow("dynamodb:Get*") }, "allowed"],
    ["of a federated user bound the user's policies", { who: guest, identity: allow("*"), session: allow("s3:*") }, SESSION],
    ["of a federated user who was given none", { who: guest, identity: allow("*"), session: [] }, SESSION],
    ["of a federated user, agreed", { who: guest, identity: allow("*"), session: allow() }, "allowed"],
    ["deny what a resource gives", { who: role, session: [allow("*"), deny()], resource: to({ AWS: role.arn }) }, denied("session policy")],
  ]);
});

describe("service control policies", () => {
  cases([
    ["let pass what they allow", { identity: allow(), control: [allow("*")] }, "allowed"],
    ["bound an account", { identity: allow("*"), control: [allow("s3:*")] }, CONTROL],
    ["deny", { identity: allow("*"), control: [[allow("*"), deny("dynamodb:*")]] }, denied("service control policy")],
    ["allow at every level", { identity: allow("*"), control: [allow("*"), allow("dynamodb:*")] }, "allowed"],
    ["miss at one level", { identity: allow("*"), control: [allow("*"), allow("s3:*")] }, CONTROL],
    ["deny at one level", { identity: allow("*"), control: [allow("*"), [allow("*"), deny()]] }, denied("service control policy")],
    ["give nothing themselves", { control: [allow("*")] }, IDENTITY],
    ["bound what a resource gives the user itself", { control: [allow("s3:*")], resource: to({ AWS: ann.arn }) }, CONTROL],
    ["do not bind services", { who: gateway, control: [allow("s3:*")], resource: to({ Service: gateway.arn }) }, "allowed"],
    ["deny regions", { identity: allow("*"), control: [[allow("*"), { Effect: "Deny", Action: "*", Resource: "*", Condition: { StringNotEquals: { "aws:RequestedRegion": ["us-east-1"] } } }]], context: { "aws:requestedregion": "eu-west-1" } }, denied("service control policy")],
    ["deny other regions", { identity: allow("*"), control: [[allow("*"), { Effect: "Deny", Action: "*", Resource: "*", Condition: { StringNotEquals: { "aws:RequestedRegion": ["us-east-1"] } } }]], context: { "aws:requestedregion": "us-east-1" } }, "allowed"],
    ["come before identity policies in the reason", { identity: deny(), control: [[allow("*"), deny()]] }, denied("service control policy")],
  ]);
});

describe("resources that need a word of their own", () => {
  const assume = (Principal: unknown, more: object = {}): Case => ({ action: "sts:AssumeRole", on: `arn:aws:iam::${OWN}:role/r`, needsPolicy: true, resource: { Effect: "Allow", Action: "sts:AssumeRole", Principal, ...more } });
  const kms = (Principal: unknown): Case => ({ action: "kms:Decrypt", on: `arn:aws:kms:us-east-1:${OWN}:key/k`, needsPolicy: true, resource: { Effect: "Allow", Action: "kms:*", Resource: "*", Principal } });
  cases([
    ["a role that trusts the user", assume({ AWS: ann.arn }), "allowed"],
    ["a role that trusts the account, and the user may", { ...assume({ AWS: OWN }), identity: allow("sts:AssumeRole") }, "allowed"],
    ["a role that trusts the account, and the user may not", assume({ AWS: OWN }), no("identity-based policy", "sts:AssumeRole")],
    ["a role that trusts somebody else, though the user may", { ...assume({ AWS: OTHER }), identity: allow("*") }, no("resource-based policy", "sts:AssumeRole")],
    ["a role that trusts a service", { ...assume({ Service: "lambda.amazonaws.com" }), who: { ...gateway, arn: "lambda.amazonaws.com" } }, "allowed"],
    ["a role that trusts another service", { ...assume({ Service: "lambda.amazonaws.com" }), who: gateway }, no("resource-based policy", "sts:AssumeRole")],
    ["a role that trusts a role", { ...assume({ AWS: role.roleArn }), who: role }, "allowed"],
    ["a role that asks for an external id, given", { ...assume({ AWS: ann.arn }, { Condition: { StringEquals: { "sts:ExternalId": "x" } } }), context: { "sts:externalid": "x" } }, "allowed"],
    ["a role that asks for an external id, not given", assume({ AWS: ann.arn }, { Condition: { StringEquals: { "sts:ExternalId": "x" } } }), no("resource-based policy", "sts:AssumeRole")],
    ["a role that asks for a second factor, given", { ...assume({ AWS: ann.arn }, { Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }), context: { "aws:multifactorauthpresent": "true" } }, "allowed"],
    ["a role that asks for a second factor, with keys alone", assume({ AWS: ann.arn }, { Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }), no("resource-based policy", "sts:AssumeRole")],
    ["a role that denies", { ...assume({ AWS: OWN }), identity: allow("*"), resource: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: "*" }, { Effect: "Deny", Action: "sts:AssumeRole", Principal: { AWS: ann.arn } }] }, denied("resource-based policy")],
    ["a key whose policy enables IAM, and the user may", { ...kms({ AWS: root.arn }), identity: allow("kms:Decrypt") }, "allowed"],
    ["a key whose policy enables IAM, and the user may not", kms({ AWS: root.arn }), no("identity-based policy", "kms:Decrypt")],
    ["a key whose policy names the user", kms({ AWS: ann.arn }), "allowed"],
    ["a key whose policy names somebody else, though the user may", { ...kms({ AWS: `arn:aws:iam::${OWN}:user/bob` }), identity: allow("kms:*") }, no("resource-based policy", "kms:Decrypt")],
  ]);
});

describe("conditions", () => {
  const when = (Condition: object, context: Record<string, string | string[]>): Case => ({ identity: allow(ACTION, "*", { Condition }), context });
  const holds = (rows: readonly (readonly [string, object, Record<string, string | string[]>, boolean])[]): void => cases(rows.map(([name, condition, context, yes]) => [name, when(condition, context), yes ? "allowed" : IDENTITY] as const));
  holds([
    ["StringEquals", { StringEquals: { "aws:username": "ann" } }, { "aws:username": "ann" }, true],
    ["StringEquals, another", { StringEquals: { "aws:username": "ann" } }, { "aws:username": "bob" }, false],
    ["StringEquals, in another case", { StringEquals: { "aws:username": "ann" } }, { "aws:username": "Ann" }, false],
    ["StringEquals, one of several", { StringEquals: { "aws:username": ["bob", "ann"] } }, { "aws:username": "ann" }, true],
    ["StringEquals, a key that is not there", { StringEquals: { "aws:username": "ann" } }, {}, false],
    ["StringEquals, a star that is no wildcard", { StringEquals: { "aws:username": "a*" } }, { "aws:username": "ann" }, false],
    ["StringNotEquals", { StringNotEquals: { "aws:username": "ann" } }, { "aws:username": "bob" }, true],
    ["StringNotEquals, the same", { StringNotEquals: { "aws:username": "ann" } }, { "aws:username": "ann" }, false],
    ["StringNotEquals, none of several", { StringNotEquals: { "aws:username": ["ann", "bob"] } }, { "aws:username": "bob" }, false],
    ["StringNotEquals, a key that is not there", { StringNotEquals: { "aws:username": "ann" } }, {}, true],
    ["StringEqualsIgnoreCase", { StringEqualsIgnoreCase: { "aws:username": "ANN" } }, { "aws:username": "ann" }, true],
    ["StringNotEqualsIgnoreCase", { StringNotEqualsIgnoreCase: { "aws:username": "ANN" } }, { "aws:username": "ann" }, false],
    ["StringLike", { StringLike: { "s3:prefix": "home/*" } }, { "s3:prefix": "home/ann" }, true],
    ["StringLike, one character", { StringLike: { "s3:prefix": "home/?" } }, { "s3:prefix": "home/ann" }, false],
    ["StringNotLike", { StringNotLike: { "s3:prefix": "home/*" } }, { "s3:prefix": "home/ann" }, false],
    ["StringLike with a variable", { StringLike: { "s3:prefix": "home/${aws:username}/*" } }, { "aws:username": "ann", "s3:prefix": "home/ann/x" }, true],
    ["StringLike with another's variable", { StringLike: { "s3:prefix": "home/${aws:username}/*" } }, { "aws:username": "bob", "s3:prefix": "home/ann/x" }, false],
    ["a variable that is not there", { StringLike: { "s3:prefix": "home/${aws:username}/*" } }, { "s3:prefix": "home//x" }, false],
    ["a variable with a default", { StringLike: { "s3:prefix": "home/${aws:username, 'shared'}/*" } }, { "s3:prefix": "home/shared/x" }, true],
    ["NumericEquals", { NumericEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "10" }, true],
    ["NumericEquals, written otherwise", { NumericEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "10.0" }, true],
    ["NumericNotEquals", { NumericNotEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "10" }, false],
    ["NumericLessThan", { NumericLessThan: { "s3:max-keys": "10" } }, { "s3:max-keys": "9" }, true],
    ["NumericLessThan, the same", { NumericLessThan: { "s3:max-keys": "10" } }, { "s3:max-keys": "10" }, false],
    ["NumericLessThanEquals", { NumericLessThanEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "10" }, true],
    ["NumericGreaterThan", { NumericGreaterThan: { "s3:max-keys": "10" } }, { "s3:max-keys": "11" }, true],
    ["NumericGreaterThanEquals", { NumericGreaterThanEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "9" }, false],
    ["a number that is none", { NumericLessThan: { "s3:max-keys": "10" } }, { "s3:max-keys": "few" }, false],
    ["DateLessThan", { DateLessThan: { "aws:CurrentTime": "2030-01-01T00:00:00Z" } }, { "aws:currenttime": "2029-12-31T23:59:59Z" }, true],
    ["DateGreaterThan", { DateGreaterThan: { "aws:CurrentTime": "2030-01-01T00:00:00Z" } }, { "aws:currenttime": "2029-12-31T23:59:59Z" }, false],
    ["DateEquals, in seconds", { DateEquals: { "aws:EpochTime": "1893456000" } }, { "aws:epochtime": "1893456000" }, true],
    ["DateLessThanEquals, seconds against a date", { DateLessThanEquals: { "aws:EpochTime": "2030-01-01T00:00:00Z" } }, { "aws:epochtime": "1893456000" }, true],
    ["DateNotEquals", { DateNotEquals: { "aws:CurrentTime": "2030-01-01T00:00:00Z" } }, { "aws:currenttime": "2030-01-01T00:00:00Z" }, false],
    ["DateGreaterThanEquals", { DateGreaterThanEquals: { "aws:CurrentTime": "2030-01-01T00:00:00Z" } }, { "aws:currenttime": "2030-01-01T00:00:00Z" }, true],
    ["Bool", { Bool: { "aws:SecureTransport": "true" } }, { "aws:securetransport": "true" }, true],
    ["Bool, false", { Bool: { "aws:SecureTransport": "false" } }, { "aws:securetransport": "true" }, false],
    ["Bool, as JSON has it", { Bool: { "aws:SecureTransport": true } }, { "aws:securetransport": "true" }, true],
    ["BoolIfExists, not there", { BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } }, {}, true],
    ["Bool, not there", { Bool: { "aws:MultiFactorAuthPresent": "true" } }, {}, false],
    ["BinaryEquals", { BinaryEquals: { "k:v": "QmluYXJ5" } }, { "k:v": "QmluYXJ5" }, true],
    ["IpAddress", { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:sourceip": "203.0.113.7" }, true],
    ["IpAddress, outside", { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:sourceip": "203.0.114.7" }, false],
    ["IpAddress, one address", { IpAddress: { "aws:SourceIp": "203.0.113.7" } }, { "aws:sourceip": "203.0.113.7" }, true],
    ["IpAddress of version 6", { IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "2001:DB8::/32"] } }, { "aws:sourceip": "2001:db8::1" }, true],
    ["NotIpAddress", { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:sourceip": "198.51.100.1" }, true],
    ["NotIpAddress, inside", { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:sourceip": "203.0.113.1" }, false],
    ["IpAddress of a call in process", { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, {}, false],
    ["ArnEquals", { ArnEquals: { "aws:SourceArn": "arn:aws:sns:us-east-1:1:t" } }, { "aws:sourcearn": "arn:aws:sns:us-east-1:1:t" }, true],
    ["ArnLike", { ArnLike: { "aws:SourceArn": "arn:aws:execute-api:*:*:api/*/GET/*" } }, { "aws:sourcearn": "arn:aws:execute-api:us-east-1:1:api/prod/GET/notes" }, true],
    ["ArnLike, too few parts", { ArnLike: { "aws:SourceArn": "arn:aws:execute-api:*" } }, { "aws:sourcearn": "arn:aws:execute-api:us-east-1:1:api/prod/GET/notes" }, false],
    ["ArnLike, no source", { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:*" } }, {}, false],
    ["ArnNotLike", { ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/admin*" } }, { "aws:principalarn": "arn:aws:iam::1:role/worker" }, true],
    ["ArnNotEquals", { ArnNotEquals: { "aws:PrincipalArn": "arn:aws:iam::1:role/worker" } }, { "aws:principalarn": "arn:aws:iam::1:role/worker" }, false],
    ["Null, wanted absent", { Null: { "aws:TokenIssueTime": "true" } }, {}, true],
    ["Null, wanted absent but there", { Null: { "aws:TokenIssueTime": "true" } }, { "aws:tokenissuetime": "x" }, false],
    ["Null, wanted there", { Null: { "aws:TokenIssueTime": "false" } }, { "aws:tokenissuetime": "x" }, true],
    ["StringEqualsIfExists, there", { StringEqualsIfExists: { "aws:username": "ann" } }, { "aws:username": "bob" }, false],
    ["ForAllValues", { "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }, { "aws:tagkeys": ["a", "b"] }, true],
    ["ForAllValues, one too many", { "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }, { "aws:tagkeys": ["a", "c"] }, false],
    ["ForAllValues of none", { "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }, {}, true],
    ["ForAllValues of one", { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "${aws:username}*" } }, { "aws:username": "ann", "dynamodb:leadingkeys": ["ann-1", "ann-2"] }, true],
    ["ForAnyValue", { "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }, { "aws:tagkeys": ["a", "z"] }, true],
    ["ForAnyValue of none", { "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }, {}, false],
    ["ForAnyValue, denied ones", { "ForAnyValue:StringNotEquals": { "aws:TagKeys": "a" } }, { "aws:tagkeys": ["a", "z"] }, true],
    ["two keys of one operator", { StringEquals: { "aws:username": "ann", "aws:RequestedRegion": "us-east-1" } }, { "aws:username": "ann", "aws:requestedregion": "eu-west-1" }, false],
    ["two operators", { StringEquals: { "aws:username": "ann" }, Bool: { "aws:SecureTransport": "true" } }, { "aws:username": "ann", "aws:securetransport": "true" }, true],
    ["a tag of the principal against a tag of the resource", { StringEquals: { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } }, { "aws:resourcetag/team": "red", "aws:principaltag/team": "red" }, true],
    ["a tag of the principal against another", { StringEquals: { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } }, { "aws:resourcetag/team": "blue", "aws:principaltag/team": "red" }, false],
    ["a tag that the request sets", { StringEquals: { "aws:RequestTag/team": ["red", "blue"] } }, { "aws:requesttag/team": "blue" }, true],
  ]);
  cases([
    ["in a denial that holds", { identity: [allow("*"), deny("*", "*", { Condition: { Bool: { "aws:SecureTransport": "false" } } })], context: { "aws:securetransport": "false" } }, denied("identity-based policy")],
    ["in a denial that does not hold", { identity: [allow("*"), deny("*", "*", { Condition: { Bool: { "aws:SecureTransport": "false" } } })], context: { "aws:securetransport": "true" } }, "allowed"],
    ["in a denial of whoever has no second factor", { identity: [allow("*"), deny("*", "*", { Condition: { BoolIfExists: { "aws:MultiFactorAuthPresent": "false" } } })] }, denied("identity-based policy")],
    ["in a resource's policy, for a service on behalf of a resource", { who: gateway, resource: to({ Service: gateway.arn }, { Condition: { ArnLike: { "aws:SourceArn": `arn:aws:execute-api:us-east-1:${OWN}:api/*` } } }), context: { "aws:sourcearn": `arn:aws:execute-api:us-east-1:${OWN}:api/prod/GET/x` } }, "allowed"],
    ["in a resource's policy, for a service on behalf of another", { who: gateway, resource: to({ Service: gateway.arn }, { Condition: { ArnLike: { "aws:SourceArn": `arn:aws:execute-api:us-east-1:${OWN}:api/*` } } }), context: { "aws:sourcearn": `arn:aws:execute-api:us-east-1:${OWN}:other/prod/GET/x` } }, RESOURCE],
    ["in a resource's policy, for a service of another account", { who: gateway, resource: to({ Service: gateway.arn }, { Condition: { StringEquals: { "aws:SourceAccount": OWN } } }), context: { "aws:sourceaccount": OTHER } }, RESOURCE],
    ["a variable in a resource", { identity: allow(ACTION, `arn:aws:dynamodb:us-east-1:${OWN}:table/\${aws:username}`), context: { "aws:username": "notes" } }, "allowed"],
    ["another's variable in a resource", { identity: allow(ACTION, `arn:aws:dynamodb:us-east-1:${OWN}:table/\${aws:username}`), context: { "aws:username": "ann" } }, IDENTITY],
    ["a user who is called star", { identity: allow(ACTION, `arn:aws:dynamodb:us-east-1:${OWN}:table/\${aws:username}`), context: { "aws:username": "*" } }, IDENTITY],
    ["variables of the first version of the language", { version: "2008-10-17", identity: allow(ACTION, `arn:aws:dynamodb:us-east-1:${OWN}:table/\${aws:username}`), context: { "aws:username": "notes" } }, IDENTITY],
  ]);
});
