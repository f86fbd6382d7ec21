import type {
  ContextEntry, EvaluationResult, GetContextKeysForPolicyResponse, ResourceSpecificResult, SimulateCustomPolicyRequest, SimulatePolicyResponse, SimulatePrincipalPolicyRequest, Statement as WireStatement,
} from "@cumulet/protocol/models/iam.d.ts";
import type { NamedPolicy, PolicyPrincipal, StatementRef } from "@cumulet/core";
import { evaluate, PolicyList, PolicySyntaxError } from "@cumulet/core";
import { findManaged } from "../../domain/managed-policies.ts";
import { parseArn } from "../../domain/names.ts";
import { statementPlaces } from "../../domain/positions.ts";
import { identityPolicies, managed, named } from "../../subjects.ts";
import type { Entity } from "../../store/entities.ts";
import { invalidInput, noSuchEntity, pageOf, type Ctx } from "./common.ts";

/** Who and what a simulation is about. */
interface Simulation {
  identity: NamedPolicy[];
  boundary: NamedPolicy[] | undefined;
  resourcePolicy: NamedPolicy[] | undefined;
  caller: PolicyPrincipal;
  owner: string;
  /** Documents by source, for places in them. */
  documents: Map<string, string>;
}

type Input = Omit<SimulatePrincipalPolicyRequest, "PolicySourceArn">;

export function simulateCustomPolicy(ctx: Ctx, input: SimulateCustomPolicyRequest): SimulatePolicyResponse {
  const documents = new Map<string, string>();
  return simulate(input, {
    identity: inputs("PolicyInputList", "IAM Policy", input.PolicyInputList, documents),
    boundary: input.PermissionsBoundaryPolicyInputList === undefined ? undefined : inputs("PermissionsBoundaryPolicyInputList", "Permissions Boundary", input.PermissionsBoundaryPolicyInputList, documents),
    ...resourceSide(ctx, input, undefined, documents),
    documents,
  });
}

export function simulatePrincipalPolicy(ctx: Ctx, input: SimulatePrincipalPolicyRequest): SimulatePolicyResponse {
  const entity = needSource(ctx, input.PolicySourceArn);
  const documents = new Map<string, string>();
  const own = identityPolicies(ctx.store, entity);
  const extra = inputs("PolicyInputList", "IAM Policy", input.PolicyInputList ?? [], documents);
  for (const { source } of own) documents.set(source.id, documentOf(ctx, source.arn, source.id, entity));
  const boundary = input.PermissionsBoundaryPolicyInputList === undefined
    ? (entity.boundary === undefined ? undefined : managed(ctx.store, entity.boundary, "Permissions Boundary"))
    : inputs("PermissionsBoundaryPolicyInputList", "Permissions Boundary", input.PermissionsBoundaryPolicyInputList, documents);
  return simulate(input, { identity: [...own, ...extra], boundary, ...resourceSide(ctx, input, input.PolicySourceArn, documents), documents });
}

function needSource(ctx: Ctx, arn: string): Entity<"user" | "group" | "role"> {
  const parts = parseArn(arn);
  if (parts === undefined || !["user", "group", "role"].includes(parts.type)) throw invalidInput(`Invalid Entity Arn: ${arn}`);
  const entity = parts.account === ctx.account ? ctx.store.entities.find(parts.type as "user", parts.name) : undefined;
  if (entity === undefined || entity.path !== parts.path) throw noSuchEntity(`The ${parts.type} with name ${parts.name} cannot be found.`);
  return entity;
}

function documentOf(ctx: Ctx, arn: string | undefined, id: string, entity: Entity): string {
  if (arn === undefined) {
    const owners = entity.kind === "user" ? [entity, ...ctx.store.entities.groupsOf(entity.id, 1000)] : [entity];
    for (const owner of owners) {
      const prefix = `${owner.kind}_${owner.name}_`;
      const document = id.startsWith(prefix) ? ctx.store.policies.inline(owner.id, id.slice(prefix.length)) : undefined;
      if (document !== undefined) return document;
    }
    return "{}";
  }
  const parts = parseArn(arn)!;
  if (parts.account === "aws") return findManaged(`${parts.path}${parts.name}`)?.document ?? "{}";
  const customer = parts.account === ctx.account ? ctx.store.entities.find("policy", parts.name) : undefined;
  return customer === undefined ? "{}" : (ctx.store.policies.version(customer.id, customer.details.defaultVersion)?.document ?? "{}");
}

function inputs(list: string, type: string, documents: readonly string[], seen: Map<string, string>): NamedPolicy[] {
  return documents.map((document, index) => {
    const id = `${list}.${index + 1}`;
    seen.set(id, document);
    return parsed({ type, id }, document);
  });
}

function parsed(source: { type: string; id: string }, document: string): NamedPolicy {
  try {
    return named(source, document);
  } catch (problem) {
    if (problem instanceof PolicySyntaxError) throw invalidInput("Invalid Input Policy list.");
    throw problem;
  }
}

function resourceSide(ctx: Ctx, { ResourcePolicy, ResourceOwner, CallerArn }: Input, source: string | undefined, documents: Map<string, string>): Pick<Simulation, "resourcePolicy" | "caller" | "owner"> {
  if (ResourcePolicy !== undefined && CallerArn === undefined && (source === undefined || parseArn(source)?.type !== "user")) throw invalidInput("CallerArn is required if ResourcePolicy is provided and PolicySourceArn is not the ARN of a user.");
  const arn = CallerArn ?? source ?? `arn:${ctx.partition}:iam::${ctx.account}:user/simulated`;
  const parts = parseArn(arn);
  if (CallerArn !== undefined && (parts === undefined || parts.type !== "user")) throw invalidInput(`Invalid caller ARN: ${CallerArn}`);
  if (ResourcePolicy !== undefined) documents.set("ResourcePolicy", ResourcePolicy);
  const caller: PolicyPrincipal = parts?.type === "role" ? { kind: "role", account: parts.account, arn, roleArn: arn } : { kind: "user", account: parts?.account ?? ctx.account, arn };
  return {
    resourcePolicy: ResourcePolicy === undefined ? undefined : [parsed({ type: "Resource Policy", id: "ResourcePolicy" }, ResourcePolicy)],
    caller,
    owner: ResourceOwner === undefined ? caller.account : (parseArn(ResourceOwner)?.account ?? ResourceOwner),
  };
}

function simulate(input: Input, simulation: Simulation): SimulatePolicyResponse {
  const resources = input.ResourceArns === undefined || input.ResourceArns.length === 0 ? ["*"] : input.ResourceArns;
  for (const action of input.ActionNames) if (!/^[\w-]+:[\w*?-]+$/.test(action)) throw invalidInput(`Invalid Action name: ${action}`);
  const values = contextOf(input.ContextEntries ?? []);
  const all = input.ActionNames.flatMap((action) => resources.map((resource) => one(simulation, action, resource, values)));
  const { items, ...rest } = pageOf(input, all.map((result, index) => ({ result, key: String(index).padStart(8, "0") })), ({ key }) => key);
  return { EvaluationResults: items.map(({ result }) => result), ...rest };
}

/** Context entries as values of condition keys. */
function contextOf(entries: readonly ContextEntry[]): Map<string, string | readonly string[]> {
  return new Map(entries.map(({ ContextKeyName = "", ContextKeyValues = [], ContextKeyType = "string" }) => (
    [ContextKeyName.toLowerCase(), ContextKeyType.endsWith("List") ? ContextKeyValues : (ContextKeyValues[0] ?? "")])));
}

function one(simulation: Simulation, action: string, resource: string, context: Map<string, string | readonly string[]>): EvaluationResult {
  const missing = new Set<string>();
  const values = (key: string): string | readonly string[] | undefined => {
    const value = context.get(key);
    if (value === undefined) missing.add(key);
    return value;
  };
  const identity = new PolicyList(simulation.identity);
  const boundary = simulation.boundary && new PolicyList(simulation.boundary);
  const resourcePolicy = simulation.resourcePolicy && new PolicyList(simulation.resourcePolicy);
  const question = { action, resource, values, principal: simulation.caller };
  const decision = evaluate({ ...question, owner: simulation.owner, resourcePolicy }, { identity, boundary, session: undefined, control: [] });
  const matched = [...identity.matches(question), ...(resourcePolicy?.matches(question) ?? []), ...(boundary?.matches(question) ?? [])].filter(({ effect }) => (decision.explicit ? effect === "Deny" : decision.allowed));
  const verdict = (list: PolicyList | undefined): string => {
    const said = list?.decide(question);
    return said === undefined ? "implicitDeny" : said.effect === "allow" ? "allowed" : "explicitDeny";
  };
  const crossing = simulation.owner !== simulation.caller.account;
  const shared = {
    MatchedStatements: matched.map((ref) => statementOf(ref, simulation.documents)),
    MissingContextValues: [...missing].sort(),
    EvalDecisionDetails: (crossing ? { "IAM Policy": verdict(identity), "Resource Policy": verdict(resourcePolicy) } : {}) as { [policyType: string]: string },
    ...(boundary === undefined ? {} : { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: verdict(boundary) === "allowed" } }),
  };
  const EvalDecision = decision.allowed ? "allowed" : decision.explicit ? "explicitDeny" : "implicitDeny";
  const specific: ResourceSpecificResult = { EvalResourceName: resource, EvalResourceDecision: EvalDecision, ...shared };
  return { EvalActionName: action, EvalResourceName: resource, EvalDecision, ...shared, OrganizationsDecisionDetail: { AllowedByOrganizations: true }, ResourceSpecificResults: [specific] };
}

function statementOf({ source, statement }: StatementRef, documents: Map<string, string>): WireStatement {
  const place = statementPlaces(documents.get(source.id) ?? "{}")[statement];
  return { SourcePolicyId: source.id, SourcePolicyType: source.type, ...(place === undefined ? {} : { StartPosition: place.start, EndPosition: place.end }) };
}

export function contextKeysForCustom(_ctx: Ctx, { PolicyInputList }: { PolicyInputList: string[] }): GetContextKeysForPolicyResponse {
  return { ContextKeyNames: keysOf(PolicyInputList.map((document) => parsed({ type: "IAM Policy", id: "" }, document))) };
}

export function contextKeysForPrincipal(ctx: Ctx, { PolicySourceArn, PolicyInputList = [] }: { PolicySourceArn: string; PolicyInputList?: string[] }): GetContextKeysForPolicyResponse {
  const own = identityPolicies(ctx.store, needSource(ctx, PolicySourceArn));
  return { ContextKeyNames: keysOf([...own, ...PolicyInputList.map((document) => parsed({ type: "IAM Policy", id: "" }, document))]) };
}

/** Every condition key and variable that policies mention. */
function keysOf(policies: readonly NamedPolicy[]): string[] {
  const keys = new Set<string>();
  for (const { policy } of policies) {
    for (const statement of policy.statements) {
      for (const block of Object.values(statement.Condition ?? {})) for (const key of Object.keys(block)) keys.add(key);
      for (const match of JSON.stringify([statement.Resource, statement.NotResource, statement.Condition]).matchAll(/\$\{([^},*?$]+)/g)) keys.add(match[1]!.trim());
    }
  }
  return [...keys];
}
