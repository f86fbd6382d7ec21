import { AwsError } from "@cumulet/protocol";
import type { Principal } from "../context.ts";
import { evaluate, reasonOf, type AccessDecision, type PrincipalPolicies } from "../policy/evaluate.ts";
import type { ConditionValues } from "../policy/conditions.ts";
import { Policy, type PolicyPrincipal } from "../policy/policy.ts";
import { PolicyList } from "../policy/policy-list.ts";
import { requestValues } from "../policy/request-values.ts";
import type { Runtime } from "../runtime.ts";

/** What an account says of one of its principals, as the authorizer knows it. */
export interface Subject extends PrincipalPolicies {
  /** `aws:PrincipalTag/...` */
  tags: Readonly<Record<string, string>>;
}

/** One thing that somebody wants to do with one resource. */
export interface Wish {
  /** `s3:GetObject` */
  action: string;
  /** An ARN. */
  resource: string;
  /** The account that owns the resource. */
  owner: string;
  /** The resource's own policy. */
  policy?: Policy | undefined;
  /** Nobody gets in without a word of the resource's policy: KMS keys, roles. */
  needsPolicy?: boolean;
  /** An access control list grants it. */
  granted?: boolean;
  /** Condition keys of the service, in lower case; those that begin with `aws:` are known. */
  values?: ConditionValues | undefined;
  resourceTags?: (() => Readonly<Record<string, string>> | undefined) | undefined;
  requestTags?: Readonly<Record<string, string>> | undefined;
  /** S3's id of the caller. */
  canonicalId?: string;
  /** Default: the caller. */
  principal?: Principal;
}

/** A wish that was decided, as a request's record keeps it. */
export interface DecidedWish extends AccessDecision {
  action: string;
  resource: string;
  principal: string;
}

/** Who asks, from where. */
export interface AccessFacts {
  principal: Principal;
  region: string;
  http: Parameters<typeof requestValues>[0]["http"];
  sourceArn: string | undefined;
  /** Where decisions are noted for whoever asks why. */
  notes: { [key: string]: unknown };
}

const EVERYTHING = new PolicyList([{ source: { type: "none", id: "no authorizer" }, policy: new Policy({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } }) }]);

/** Without an authorizer whoever has an account may do there what the account may. */
const UNBOUND: Subject = { identity: EVERYTHING, boundary: undefined, session: undefined, control: [], tags: {} };

/** Decides one wish with all policies that bear on it, whatever the mode; notes the decision. */
export function decideWish(runtime: Runtime, facts: AccessFacts, wish: Wish): AccessDecision {
  const principal = wish.principal ?? facts.principal;
  const bare = principal.kind === "service" || principal.kind === "anonymous";
  const subject = bare ? undefined : (runtime.authorizer?.subject(principal, runtime) ?? UNBOUND);
  const decision = evaluate({
    action: wish.action,
    resource: wish.resource,
    values: requestValues({
      principal, principalTags: subject?.tags ?? {}, region: facts.region, nowMs: runtime.clock.now(), http: facts.http, sourceArn: facts.sourceArn,
      owner: wish.owner, resourceTags: wish.resourceTags, requestTags: wish.requestTags,
    }, wish.values),
    principal: policyPrincipal(principal, wish.canonicalId),
    owner: wish.owner,
    resourcePolicy: wish.policy && listOf(wish.policy),
    ...(wish.needsPolicy === undefined ? {} : { needsResourcePolicy: wish.needsPolicy }),
    ...(wish.granted === undefined ? {} : { granted: wish.granted }),
  }, subject);
  const noted: DecidedWish = { action: wish.action, resource: wish.resource, principal: principal.arn, ...decision };
  const decisions = (facts.notes.access ??= []) as DecidedWish[];
  // A request with a thousand keys needs no thousand notes.
  if (decisions.length < 100) decisions.push(noted);
  return decision;
}

/** AWS's sentence for a refusal, with its reason. */
export function refusalMessage(principal: Principal, { action, resource }: Pick<Wish, "action" | "resource">, decision: AccessDecision): string {
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}${reasonOf(decision, action)}`;
}

/** Does with a decision what the mode asks: `strict` throws, `soft` says what strict would have refused. */
export function enforce(runtime: Runtime, facts: AccessFacts & { service: string; operation: string; requestId: string }, refusal: AwsError): void {
  facts.notes.wouldDeny = refusal.message;
  if (runtime.config.authorization === "strict") throw refusal;
  runtime.log.warn("would be denied under strict authorization", { service: facts.service, operation: facts.operation, requestId: facts.requestId, reason: refusal.message });
}

/** A principal as policies name it. */
export function policyPrincipal({ kind, account, arn, session }: Principal, canonicalId?: string): PolicyPrincipal {
  return {
    kind, account, arn,
    ...(session?.issuer.type === "Role" ? { roleArn: session.issuer.arn } : {}),
    ...(canonicalId === undefined ? {} : { canonicalId }),
  };
}

const RESOURCE_POLICY = { type: "Resource Policy", id: "resource" };
const lists = new WeakMap<Policy, PolicyList>();

/** A resource's policy as a list, made once for each compiled policy. */
export function listOf(policy: Policy): PolicyList {
  let list = lists.get(policy);
  if (list === undefined) lists.set(policy, (list = new PolicyList([{ source: RESOURCE_POLICY, policy }])));
  return list;
}
