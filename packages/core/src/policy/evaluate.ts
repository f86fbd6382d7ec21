import type { ConditionValues } from "./conditions.ts";
import type { PolicyPrincipal, PolicyQuestion } from "./policy.ts";
import type { PolicyList, StatementRef } from "./policy-list.ts";

/** Everything that an account says of one of its principals. */
export interface PrincipalPolicies {
  /** Of the user and its groups, or of the role. */
  identity: PolicyList;
  /** Undefined: no boundary. */
  boundary: PolicyList | undefined;
  /** Undefined: no session policy. */
  session: PolicyList | undefined;
  /** Service control policies, one list a level of the organization; each has to allow. */
  control: readonly PolicyList[];
}

/** One question about one action on one resource. */
export interface AccessQuestion {
  action: string;
  resource: string;
  values: ConditionValues;
  principal: PolicyPrincipal;
  /** The account that owns the resource. */
  owner: string;
  /** The resource's own policy. */
  resourcePolicy?: PolicyList | undefined;
  /** Roles and keys: without a word of their own policy nobody gets in, not even through identity policies. */
  needsResourcePolicy?: boolean;
  /** Something older than policies grants it: an entry of an access control list. */
  granted?: boolean;
}

/** The kinds of policies, in the words of AWS's messages. */
export type Layer = "identity" | "resource" | "boundary" | "session" | "control";

/** Yes or no, and why. */
export interface AccessDecision {
  allowed: boolean;
  /** A statement denies it; else nobody allowed it. */
  explicit: boolean;
  /** The kind of policy that decided; undefined when none had to be asked (the root in its own account). */
  layer: Layer | undefined;
  /** The statement that decided; undefined when it is the lack of one. */
  by: StatementRef | undefined;
}

const refusal = (layer: Layer): AccessDecision => ({ allowed: false, explicit: false, layer, by: undefined });
const denial = (layer: Layer, by: StatementRef): AccessDecision => ({ allowed: false, explicit: true, layer, by: refOf(by) });
const grant = (layer: Layer | undefined, by?: StatementRef): AccessDecision => ({ allowed: true, explicit: false, layer, by: by && refOf(by) });
const refOf = ({ source, statement, says }: StatementRef): StatementRef => ({ source, statement, says });

/**
 * Decides as AWS does: a denial anywhere wins; then service control policies, the resource's policy, identity policies,
 * boundary and session policies each have their say. Source: IAM User Guide, "Policy evaluation logic" and "Cross-account
 * policy evaluation logic".
 *
 * @param policies Undefined for callers that have none: services, and nobody in particular.
 */
export function evaluate(question: AccessQuestion, policies: PrincipalPolicies | undefined): AccessDecision {
  const { principal, owner, resourcePolicy, needsResourcePolicy = false, granted = false } = question;
  const asked: PolicyQuestion = question;
  const resource = resourcePolicy?.decide(asked);
  const identity = policies?.identity.decide(asked);
  const boundary = policies?.boundary?.decide(asked);
  const session = policies?.session?.decide(asked);
  let control: StatementRef | undefined;
  let uncontrolled = false;
  for (const level of policies?.control ?? []) {
    const said = level.decide(asked);
    if (said === undefined) uncontrolled = true;
    else if (said.effect === "deny") return denial("control", said);
    else control = said;
  }
  if (resource?.effect === "deny") return denial("resource", resource);
  if (identity?.effect === "deny") return denial("identity", identity);
  if (boundary?.effect === "deny") return denial("boundary", boundary);
  if (session?.effect === "deny") return denial("session", session);

  if (policies === undefined || principal.kind === "anonymous" || principal.kind === "service") {
    return resource !== undefined && resource.via !== "account" ? grant("resource", resource) : granted ? grant(undefined) : refusal("resource");
  }
  if (uncontrolled) return refusal("control");

  const insider = principal.account === owner;
  if (principal.kind === "root") {
    if (resource !== undefined) return grant("resource", resource);
    return (insider && !needsResourcePolicy) || granted ? grant(undefined, control) : refusal("resource");
  }
  // Named itself, a principal of the same account needs nobody else's word; boundary and session were only asked to deny.
  if (insider && resource?.via === "principal") return grant("resource", resource);
  if (needsResourcePolicy && resource === undefined) return refusal("resource");
  if (!insider && resource === undefined && !granted) return refusal(identity === undefined ? "identity" : "resource");
  const allowedByResource = insider && resource?.via === "role";
  if (identity === undefined && !allowedByResource) return refusal("identity");
  if (policies.boundary !== undefined && boundary === undefined) return refusal("boundary");
  if (policies.session !== undefined && session === undefined) return refusal("session");
  return allowedByResource && identity === undefined ? grant("resource", resource) : grant("identity", identity);
}

const DENYING: Record<Layer, string> = {
  identity: "an identity-based policy", resource: "a resource-based policy", boundary: "a permissions boundary", session: "a session policy", control: "a service control policy",
};
const ALLOWING: Record<Layer, string> = {
  identity: "identity-based policy", resource: "resource-based policy", boundary: "permissions boundary", session: "session policy", control: "service control policy",
};

/**
 * The end of AWS's sentence. Source: IAM User Guide, "Troubleshoot access denied error messages".
 *
 * @example " because no identity-based policy allows the s3:GetObject action"
 */
export function reasonOf({ explicit, layer = "identity" }: AccessDecision, action: string): string {
  return explicit ? ` with an explicit deny in ${DENYING[layer]}` : ` because no ${ALLOWING[layer]} allows the ${action} action`;
}
