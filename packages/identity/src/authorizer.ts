import type { AccessDecision, Principal, ResourceDescription } from "@cumulet/core";
import { Policy, refusalMessage } from "@cumulet/core";
import { decideWish, partitionOf, type AccessFacts, type Authorizer, type Call, type LoadedService, type Runtime, type Subject } from "@cumulet/core/platform";
import { AwsError, missingAuthentication, signatureStyle } from "@cumulet/protocol";
import { accessData } from "./domain/access/data.ts";
import { compileAccess, type Need, type OperationAccess, type Scope, type ServiceAccess } from "./domain/access/rules.ts";
import { identityStore } from "./store.ts";
import { Subjects } from "./subjects.ts";

/** A call in the terms of policies: of a request under way, or of one that was recorded. */
export interface Asked {
  service: LoadedService;
  operation: string;
  account: string;
  region: string;
  principal: Principal;
  input: unknown;
}

/** Texts of resource policies compiled, the latest used kept. */
const COMPILED = 500;

/** Decides calls by IAM's policies and those of the resources that they touch. */
export class PolicyAuthorizer implements Authorizer {
  readonly #subjects = new Subjects();
  readonly #operations = new Map<string, OperationAccess>();
  readonly #policies = new Map<string, Policy | undefined>();

  subject(principal: Principal, runtime: Runtime): Subject {
    return this.#subjects.of(principal, runtime);
  }

  decide(call: Call): AwsError | undefined {
    const service = call.service!;
    const facts = call.accessFacts();
    const asked: Asked = { service, operation: call.operationName, account: call.account, region: call.region, principal: call.principal, input: call.input };
    return this.refusal(asked, facts, call.runtime, (decision, need) => refusalOf(call, decision, need));
  }

  /** The first refusal of what a call needs, as `word` writes it; decisions are noted in the facts. */
  refusal<T>(asked: Asked, facts: AccessFacts, runtime: Runtime, word: (decision: AccessDecision, need: Need) => T): T | undefined {
    for (const { decision, need } of this.decisions(asked, facts, runtime)) if (!decision.allowed) return word(decision, need);
    return undefined;
  }

  /** Decides what a call needs, one by one, in the order of AWS. */
  *decisions(asked: Asked, facts: AccessFacts, runtime: Runtime): Generator<{ decision: AccessDecision; need: Need }> {
    const { service, operation, input } = asked;
    const table = tableOf(service);
    if (table.free?.includes(operation)) return;
    if (forbiddenToSession(facts.principal, service.id, operation)) {
      yield { decision: { allowed: false, explicit: true, layer: "session", by: undefined }, need: { action: `${table.prefix}:${operation}`, resource: "*" } };
      return;
    }
    const compiled = this.#compiled(service, operation, table);
    const requestTags = compiled.requestTags(input as Record<string, unknown>);
    for (const need of compiled.needs((input ?? {}) as Record<string, unknown>, scopeOf(asked, runtime))) {
      if (facts.principal.kind === "service" && !table.gated?.includes(need.action)) continue;
      const { owner, description } = this.#resource(asked, need, runtime, table);
      if (description?.arn !== undefined) need.resource = description.arn;
      const decision = decideWish(runtime, facts, {
        action: need.action,
        resource: need.resource,
        owner,
        policy: description?.policy === undefined ? undefined : this.#policy(description.policy),
        needsPolicy: table.needsPolicy !== undefined && description?.policy !== undefined && resourceType(need.resource).startsWith(table.needsPolicy),
        values: (key) => need.values?.[key] ?? description?.values?.(key),
        resourceTags: description?.tags && (() => description.tags!()),
        requestTags,
      });
      // Nothing lets a root assume a role.
      const rootAssumes = facts.principal.kind === "root" && service.id === "sts" && operation === "AssumeRole";
      yield { decision: rootAssumes ? { ...decision, allowed: false } : decision, need };
    }
  }

  /** What a call needs, whoever makes it. */
  needs(asked: Asked, runtime: Runtime): Need[] {
    const table = tableOf(asked.service);
    if (table.free?.includes(asked.operation)) return [];
    return this.#compiled(asked.service, asked.operation, table).needs((asked.input ?? {}) as Record<string, unknown>, scopeOf(asked, runtime));
  }

  #compiled(service: LoadedService, operation: string, table: ServiceAccess): OperationAccess {
    const key = `${service.id} ${operation}`;
    let compiled = this.#operations.get(key);
    if (compiled === undefined) this.#operations.set(key, (compiled = compileAccess(table, service.operation(operation), service.compiled.model)));
    return compiled;
  }

  /** Whose a resource is, and what it says of itself. */
  #resource({ service, operation, account, region, input }: Asked, need: Need, runtime: Runtime, table: ServiceAccess): { owner: string; description: ResourceDescription | undefined } {
    const { resources, store } = service.definition;
    const foreign = resources?.owner === undefined ? undefined : resources.owner(need.resource, runtime.storage.directory.names(store.name));
    const named = placeOf(need.resource);
    const owner = foreign?.account ?? named.account ?? account;
    // A role that is passed is IAM's, whoever it is passed by.
    if (resources === undefined || need.resource === "*" || !need.action.startsWith(table.prefix)) return { owner, description: undefined };
    const place = foreign?.region ?? named.region ?? region;
    // Somebody else's store is not made by asking for it.
    const scope = owner === account ? runtime.storage.open(store, owner, place) : runtime.storage.existing({ account: owner, region: store.scope === "global" ? "global" : place, store: store.name });
    if (scope === undefined) return { owner, description: undefined };
    return { owner, description: resources.describe({ account: owner, region: place, partition: partitionOf(place), store: scope.state }, need.resource, { operation, input }) };
  }

  #policy(text: string): Policy | undefined {
    if (this.#policies.has(text)) return this.#policies.get(text);
    let policy: Policy | undefined;
    try {
      policy = new Policy(text);
    } catch {
      // Services refuse what is no policy when it is stored; one that slipped through says nothing.
    }
    if (this.#policies.size >= COMPILED) this.#policies.clear();
    this.#policies.set(text, policy);
    return policy;
  }
}

/** The authorizer of the platform. */
export function createAuthorizer(): PolicyAuthorizer {
  return new PolicyAuthorizer();
}

function tableOf(service: LoadedService): ServiceAccess {
  return accessData[service.id] ?? { prefix: service.compiled.model.metadata.signingName };
}

/** Region and account of an ARN, where it names one each. Not by a split: this is asked of every call. */
function placeOf(arn: string): { region: string | undefined; account: string | undefined } {
  const service = arn.indexOf(":", arn.indexOf(":") + 1);
  const region = arn.indexOf(":", service + 1);
  const account = arn.indexOf(":", region + 1);
  const end = arn.indexOf(":", account + 1);
  if (service < 0 || end < 0) return { region: undefined, account: undefined };
  return {
    region: account === region + 1 || arn.charCodeAt(region + 1) === 42 ? undefined : arn.slice(region + 1, account),
    account: end - account === 13 && arn.charCodeAt(account + 1) !== 42 ? arn.slice(account + 1, end) : undefined,
  };
}

/** `role/` of `arn:aws:iam::1:role/x` */
function resourceType(arn: string): string {
  return arn.split(":").slice(5).join(":");
}

function scopeOf({ account, region, principal }: Asked, runtime: Runtime): Scope {
  return {
    caller: principal.kind === "user" ? principal.arn : undefined,
    account, region, partition: partitionOf(region),
    pathOf: (kind, name) => runtime.storage.store(identityStore, account, region).entities.find(kind, name)?.path,
  };
}

/** What GetSessionToken's credentials cannot do, whatever policies say. Source: STS API reference, GetSessionToken. */
function forbiddenToSession({ kind, session }: Principal, service: string, operation: string): boolean {
  if (session === undefined || (kind !== "user" && kind !== "federated")) return false;
  if (service === "iam") return kind === "federated" || !session.mfa;
  return service === "sts" && operation !== "GetCallerIdentity" && (kind === "federated" || operation !== "AssumeRole");
}

/** A refusal as the service of a call words it. */
function refusalOf(call: Call, decision: AccessDecision, need: Need): AwsError {
  const { model } = call.service!.compiled;
  const { principal } = call;
  const protocol = call.protocol ?? model.metadata.protocols[0]!;
  if (principal.kind === "anonymous") return missingAuthentication(signatureStyle(model, protocol));
  const table = tableOf(call.service!);
  if (model.id === "sts" && need.resource.includes(":role/")) {
    // STS gives no reason; and a root is told why at once.
    return new AwsError("AccessDenied", principal.kind === "root"
      ? "Roles may not be assumed by root accounts."
      : `User: ${principal.arn} is not authorized to perform: ${need.action} on resource: ${need.resource}`, { status: 403 });
  }
  const action = table.writes?.(need.action) ?? need.action;
  const message = refusalMessage(principal, { action, resource: need.resource }, decision);
  if (model.id === "sns") return new AwsError("AuthorizationError", message, { status: 403 });
  if (model.id === "sqs") return new AwsError("AccessDenied", message, { status: 403 });
  const xml = protocol === "query" || protocol === "rest-xml";
  return new AwsError(xml ? "AccessDenied" : "AccessDeniedException", message, { status: xml || protocol === "rest-json" ? 403 : 400 });
}
