import type { NamedPolicy, PolicySource, Principal } from "@cumulet/core";
import { Policy, PolicyList } from "@cumulet/core";
import type { Runtime, Subject } from "@cumulet/core/platform";
import { findManaged } from "./domain/managed-policies.ts";
import { parseArn } from "./domain/names.ts";
import { identityStore, type IdentityStore } from "./store.ts";
import type { Entity } from "./store/entities.ts";

/** What is known of an account's principals, good for as long as the account's IAM does not change. */
interface Known {
  version: string;
  subjects: Map<string, Subject>;
}

/** Sessions come and go; whoever falls out is compiled again. */
const CACHED = 5000;

const NOTHING = new PolicyList([]);
const NOBODY: Subject = { identity: NOTHING, boundary: undefined, session: undefined, control: [], tags: {} };

/** Compiled policies of principals. One an authorizer. */
export class Subjects {
  readonly #known = new WeakMap<IdentityStore, Known>();

  /** The policies of a principal, compiled when asked for the first time. */
  of(principal: Principal, runtime: Runtime): Subject {
    const store = runtime.storage.store(identityStore, principal.account, runtime.config.defaultRegion);
    let known = this.#known.get(store);
    if (known === undefined || known.version !== store.version) this.#known.set(store, (known = { version: store.version, subjects: new Map() }));
    const { subjects } = known;
    const key = principal.session === undefined ? principal.id : `${principal.id} ${principal.accessKeyId ?? ""} ${principal.session.issuedMs}`;
    let subject = subjects.get(key);
    if (subject === undefined) {
      if (subjects.size >= CACHED) subjects.clear();
      subjects.set(key, (subject = compile(store, principal)));
    }
    return subject;
  }
}

/** Everything that IAM says of a principal. */
export function compile(store: IdentityStore, principal: Principal): Subject {
  const { session } = principal;
  const control = controlOf(store);
  const base = { ...NOBODY, control };
  if (principal.kind === "root") return base;
  const entity = entityOf(store, principal);
  const narrowed = session?.policies !== undefined || session?.policyArns !== undefined || principal.kind === "federated";
  const sessionPolicies = narrowed
    ? new PolicyList([
      ...(session?.policies ?? []).map((document, index) => named({ type: "Session Policy", id: `Policy.${index + 1}` }, document)),
      ...(session?.policyArns ?? []).flatMap((arn) => managed(store, arn, "Session Policy")),
    ])
    : undefined;
  // A federated user of the root may do what its session policies say.
  if (entity === undefined) return principal.kind === "federated" && session?.issuer.type === "Root" ? { ...base, identity: EVERYTHING, session: sessionPolicies } : base;
  return {
    identity: new PolicyList(identityPolicies(store, entity)),
    boundary: entity.boundary === undefined ? undefined : new PolicyList(managed(store, entity.boundary, "Permissions Boundary")),
    session: sessionPolicies,
    control,
    tags: { ...Object.fromEntries(entity.tags.map(({ Key, Value }) => [Key, Value])), ...session?.tags },
  };
}

const EVERYTHING = new PolicyList([named({ type: "IAM Policy", id: "root" }, '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')]);

/** The user or role behind a principal; undefined when it is gone. */
function entityOf(store: IdentityStore, principal: Principal): Entity<"user" | "role"> | undefined {
  const { session } = principal;
  if (principal.kind === "user") return store.entities.byId<"user">(principal.id);
  if (session === undefined) return undefined;
  const byId = store.entities.byId<"user" | "role">(session.issuer.id);
  if (byId !== undefined) return byId;
  // A service that acts for a function's role knows its ARN only. A role that was deleted and made anew is another one.
  if (session.issuer.id !== "") return undefined;
  const arn = parseArn(session.issuer.arn);
  return arn?.type === "role" ? store.entities.find("role", arn.name) : undefined;
}

/** Policies of a user with those of its groups, or of a role. */
export function identityPolicies(store: IdentityStore, entity: Entity): NamedPolicy[] {
  const own = policiesOf(store, entity);
  return entity.kind === "user" ? [...own, ...store.entities.groupsOf(entity.id, 1000).flatMap((group) => policiesOf(store, group))] : own;
}

/** The policies of an entity alone. */
export function policiesOf(store: IdentityStore, entity: Entity): NamedPolicy[] {
  return [
    ...store.policies.inlineList(entity.id, 1000).map(({ name, document }) => named({ type: "IAM Policy", id: `${entity.kind}_${entity.name}_${name}` }, document)),
    ...store.policies.attached(entity.id, 1000).flatMap((arn) => managed(store, arn, "IAM Policy")),
  ];
}

const awsPolicies = new Map<string, Policy>();

/** A managed policy's default version; nothing when it is gone. */
export function managed(store: IdentityStore, arn: string, type: string): NamedPolicy[] {
  const parts = parseArn(arn);
  if (parts === undefined) return [];
  const source = { type, id: parts.name, arn };
  if (parts.account === "aws") {
    const key = `${parts.path}${parts.name}`;
    let policy = awsPolicies.get(key);
    if (policy === undefined) {
      const found = findManaged(key);
      if (found === undefined) return [];
      awsPolicies.set(key, (policy = new Policy(found.document)));
    }
    return [{ source, policy }];
  }
  const entity = store.entities.find("policy", parts.name);
  const version = entity && store.policies.version(entity.id, entity.details.defaultVersion);
  return version === undefined ? [] : [named(source, version.document)];
}

export function named(source: PolicySource, document: string): NamedPolicy {
  return { source, policy: new Policy(document) };
}

/** Under this name stand an account's service control policies: documents by level of the organization. */
export const CONTROL_SETTING = "service-control-policies";

function controlOf(store: IdentityStore): readonly PolicyList[] {
  const levels = store.setting<{ name: string; document: string }[][]>(CONTROL_SETTING) ?? [];
  return levels.map((level) => new PolicyList(level.map(({ name, document }) => named({ type: "Service Control Policy", id: name }, document))));
}
