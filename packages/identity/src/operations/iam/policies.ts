import type {
  CreatePolicyRequest, CreatePolicyResponse, CreatePolicyVersionRequest, CreatePolicyVersionResponse, GetPolicyResponse, GetPolicyVersionResponse,
  ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, ListPoliciesRequest, ListPoliciesResponse, ListPolicyVersionsRequest, ListPolicyVersionsResponse,
  Policy, PolicyVersion as WireVersion,
} from "@cumulet/protocol/models/iam.d.ts";
import { AwsError } from "@cumulet/protocol";
import { uniqueId } from "../../domain/ids.ts";
import { findManaged, managedPolicies, type ManagedPolicy } from "../../domain/managed-policies.ts";
import { parseArn } from "../../domain/names.ts";
import { checkIdentityPolicy, encodeDocument, policySize } from "../../domain/policy-document.ts";
import type { Entity } from "../../store/entities.ts";
import { alreadyExists, arnOf, checkQuota, deleteConflict, invalidInput, limitExceeded, need, noSuchEntity, page, pageOf, quota, type Ctx, type IdentityKind } from "./common.ts";
import { checkedTags, listTags, shownTags, tag, untag } from "./tags.ts";

/** A managed policy: one of the account's, or one of AWS's. */
export type Managed = { arn: string; name: string; customer: Entity<"policy">; aws?: undefined } | { arn: string; name: string; customer?: undefined; aws: ManagedPolicy };

/** The managed policy of an ARN, as this account sees it. */
export function findPolicy(ctx: Ctx, arn: string): Managed | undefined {
  const parts = parseArn(arn);
  if (parts === undefined || parts.type !== "policy") return undefined;
  if (parts.account === "aws") {
    const aws = findManaged(`${parts.path}${parts.name}`);
    return aws && { arn, name: aws.name, aws };
  }
  if (parts.account !== ctx.account) return undefined;
  const customer = ctx.store.entities.find("policy", parts.name);
  return customer !== undefined && customer.path === parts.path ? { arn, name: customer.name, customer } : undefined;
}

/** @throws AwsError NoSuchEntity */
export function needPolicy(ctx: Ctx, arn: string): Managed {
  if (parseArn(arn)?.type !== "policy") throw invalidInput(`ARN ${arn} is not valid.`);
  const found = findPolicy(ctx, arn);
  if (found === undefined) throw noSuchEntity(`Policy ${arn} was not found.`);
  return found;
}

/** The same for what AWS's policies do not allow. */
function needCustomerPolicy(ctx: Ctx, arn: string): Entity<"policy"> {
  const { customer } = needPolicy(ctx, arn);
  if (customer === undefined) throw invalidInput(`Cannot perform the operation on the AWS managed policy ${arn}.`);
  return customer;
}

/** A managed policy as lists show it. */
export function describePolicy(ctx: Ctx, { arn, name, customer, aws }: Managed): Policy {
  const counts = { AttachmentCount: ctx.store.policies.attachmentCount(arn), PermissionsBoundaryUsageCount: ctx.store.entities.boundaryUses(arn), IsAttachable: true };
  if (aws !== undefined) {
    return { PolicyName: name, PolicyId: aws.id, Arn: arn, Path: aws.path, DefaultVersionId: aws.version, ...counts, CreateDate: aws.createdMs, UpdateDate: aws.updatedMs };
  }
  const { id, path, createdMs, details } = customer;
  return { PolicyName: name, PolicyId: id, Arn: arn, Path: path, DefaultVersionId: `v${details.defaultVersion}`, ...counts, CreateDate: createdMs, UpdateDate: details.updatedMs };
}

/** The document of a managed policy's default version. */
export function defaultDocument(ctx: Ctx, policy: Managed): string {
  return policy.aws?.document ?? ctx.store.policies.version(policy.customer!.id, policy.customer!.details.defaultVersion)!.document;
}

export function createPolicy(ctx: Ctx, { PolicyName, Path = "/", PolicyDocument, Description, Tags }: CreatePolicyRequest): CreatePolicyResponse {
  const tags = checkedTags(Tags);
  if (ctx.store.entities.taken("policy", PolicyName)) throw alreadyExists(`A policy called ${PolicyName} already exists. Duplicate names are not allowed.`);
  checkIdentityPolicy(PolicyDocument);
  checkSize(ctx, PolicyDocument);
  checkQuota(ctx, "PoliciesPerAccount", 1500, ctx.store.entities.count("policy"));
  const now = ctx.clock.now();
  const entity: Entity<"policy"> = {
    kind: "policy", name: PolicyName, path: Path, id: uniqueId("ANPA", ctx.account, ctx.ids), createdMs: now, boundary: undefined, tags,
    details: { updatedMs: now, defaultVersion: 1, lastVersion: 1, ...(Description === undefined ? {} : { description: Description }) },
  };
  ctx.store.entities.insert(entity);
  ctx.store.policies.addVersion(entity.id, { version: 1, document: PolicyDocument, createdMs: now });
  return { Policy: { ...describePolicy(ctx, { arn: arnOf(ctx, entity), name: PolicyName, customer: entity }), ...shownTags(tags) } };
}

function checkSize(ctx: Ctx, document: string): void {
  const limit = quota(ctx, "PolicySize", 6144);
  if (policySize(document) > limit) throw limitExceeded(`Cannot exceed quota for PolicySize: ${limit}`);
}

export function getPolicy(ctx: Ctx, { PolicyArn }: { PolicyArn: string }): GetPolicyResponse {
  const policy = needPolicy(ctx, PolicyArn);
  const description = policy.aws?.description ?? policy.customer?.details.description;
  return { Policy: { ...describePolicy(ctx, policy), ...(description === undefined ? {} : { Description: description }), Tags: policy.customer?.tags ?? [] } };
}

export function deletePolicy(ctx: Ctx, { PolicyArn }: { PolicyArn: string }): void {
  const { id } = needCustomerPolicy(ctx, PolicyArn);
  if (ctx.store.policies.attachmentCount(PolicyArn) + ctx.store.entities.boundaryUses(PolicyArn) > 0) throw deleteConflict("Cannot delete a policy attached to entities.");
  if (ctx.store.policies.versions(id).length > 1) {
    throw deleteConflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.");
  }
  ctx.store.entities.delete(id);
}

export function listPolicies(ctx: Ctx, input: ListPoliciesRequest): ListPoliciesResponse {
  const { Scope = "All", OnlyAttached = false, PathPrefix = "/", PolicyUsageFilter } = input;
  const wanted = (policy: Policy): boolean => {
    const used = (PolicyUsageFilter !== "PermissionsBoundary" && policy.AttachmentCount! > 0) || (PolicyUsageFilter !== "PermissionsPolicy" && policy.PermissionsBoundaryUsageCount! > 0);
    return (!OnlyAttached && PolicyUsageFilter === undefined) || used;
  };
  const own = Scope === "AWS" ? [] : ctx.store.entities.list("policy", 10_000, "", PathPrefix)
    .map((customer) => describePolicy(ctx, { arn: arnOf(ctx, customer), name: customer.name, customer }));
  const awss = Scope === "Local" ? [] : managedPolicies().filter(({ path }) => path.startsWith(PathPrefix))
    .map((aws) => describePolicy(ctx, { arn: aws.arn(ctx.partition), name: aws.name, aws }));
  const { items, ...rest } = pageOf(input, [...own, ...awss].filter(wanted), ({ Arn }) => Arn as string);
  return { Policies: items, ...rest };
}

function describeVersion({ version, document, createdMs }: { version: number; document: string; createdMs: number }, defaultVersion: number, withDocument: boolean): WireVersion {
  return { ...(withDocument ? { Document: encodeDocument(document) } : {}), VersionId: `v${version}`, IsDefaultVersion: version === defaultVersion, CreateDate: createdMs };
}

export function createPolicyVersion(ctx: Ctx, { PolicyArn, PolicyDocument, SetAsDefault = false }: CreatePolicyVersionRequest): CreatePolicyVersionResponse {
  const policy = needCustomerPolicy(ctx, PolicyArn);
  checkIdentityPolicy(PolicyDocument);
  checkSize(ctx, PolicyDocument);
  const limit = quota(ctx, "VersionsPerPolicy", 5);
  if (ctx.store.policies.versions(policy.id).length >= limit) {
    throw limitExceeded(`A managed policy can have up to ${limit} versions. Before you create a new version, you must delete an existing version.`);
  }
  const { details } = policy;
  const version = { version: details.lastVersion + 1, document: PolicyDocument, createdMs: ctx.clock.now() };
  const defaultVersion = SetAsDefault ? version.version : details.defaultVersion;
  ctx.store.policies.addVersion(policy.id, version);
  ctx.store.entities.update({ ...policy, details: { ...details, lastVersion: version.version, defaultVersion, updatedMs: version.createdMs } });
  return { PolicyVersion: describeVersion(version, defaultVersion, false) };
}

/** `v12` as a number. @throws AwsError NoSuchEntity for a version that the policy does not have. */
function needVersion(ctx: Ctx, policy: Entity<"policy">, arn: string, versionId: string): { version: number; document: string; createdMs: number } {
  const number = /^v([1-9]\d{0,8})(\.[A-Za-z0-9-]*)?$/.exec(versionId)?.[1];
  const version = number === undefined ? undefined : ctx.store.policies.version(policy.id, Number(number));
  if (version === undefined) throw noSuchEntity(`Policy ${arn} version ${versionId} does not exist or is not attachable.`);
  return version;
}

export function getPolicyVersion(ctx: Ctx, { PolicyArn, VersionId }: { PolicyArn: string; VersionId: string }): GetPolicyVersionResponse {
  const { aws, customer } = needPolicy(ctx, PolicyArn);
  if (customer !== undefined) return { PolicyVersion: describeVersion(needVersion(ctx, customer, PolicyArn, VersionId), customer.details.defaultVersion, true) };
  if (VersionId !== aws.version) throw noSuchEntity(`Policy ${PolicyArn} version ${VersionId} does not exist or is not attachable.`);
  return { PolicyVersion: { Document: encodeDocument(aws.document), VersionId, IsDefaultVersion: true, CreateDate: aws.updatedMs } };
}

export function listPolicyVersions(ctx: Ctx, input: ListPolicyVersionsRequest): ListPolicyVersionsResponse {
  const { aws, customer } = needPolicy(ctx, input.PolicyArn);
  if (aws !== undefined) return { Versions: [{ VersionId: aws.version, IsDefaultVersion: true, CreateDate: aws.updatedMs }], IsTruncated: false };
  const versions = ctx.store.policies.versions(customer.id).map((version) => describeVersion(version, customer.details.defaultVersion, false));
  // Newest first: sorted by what is left to a version number that never comes.
  const { items, ...rest } = pageOf(input, versions, ({ VersionId }) => String(1e9 - Number(VersionId!.slice(1))).padStart(10, "0"));
  return { Versions: items, ...rest };
}

export function deletePolicyVersion(ctx: Ctx, { PolicyArn, VersionId }: { PolicyArn: string; VersionId: string }): void {
  const policy = needCustomerPolicy(ctx, PolicyArn);
  const { version } = needVersion(ctx, policy, PolicyArn, VersionId);
  if (version === policy.details.defaultVersion) throw deleteConflict("Cannot delete the default version of a policy.");
  ctx.store.policies.deleteVersion(policy.id, version);
}

export function setDefaultPolicyVersion(ctx: Ctx, { PolicyArn, VersionId }: { PolicyArn: string; VersionId: string }): void {
  const policy = needCustomerPolicy(ctx, PolicyArn);
  const { version } = needVersion(ctx, policy, PolicyArn, VersionId);
  ctx.store.entities.update({ ...policy, details: { ...policy.details, defaultVersion: version, updatedMs: ctx.clock.now() } });
}

export function listEntitiesForPolicy(ctx: Ctx, input: ListEntitiesForPolicyRequest): ListEntitiesForPolicyResponse {
  const { PolicyArn, EntityFilter, PathPrefix = "/", PolicyUsageFilter } = input;
  needPolicy(ctx, PolicyArn);
  const attached = PolicyUsageFilter === "PermissionsBoundary" ? [] : ctx.store.policies.attachedTo(PolicyArn, 10_000).map((id) => ctx.store.entities.byId(id)!);
  const bounded = PolicyUsageFilter === "PermissionsPolicy" ? [] : ctx.store.entities.boundedBy(PolicyArn);
  const kinds: Record<string, IdentityKind> = { User: "user", Role: "role", Group: "group" };
  const all = [...new Map([...attached, ...bounded].map((entity) => [entity.id, entity])).values()]
    .filter(({ kind, path }) => path.startsWith(PathPrefix) && (EntityFilter === undefined || kinds[EntityFilter] === kind));
  const { items, ...rest } = pageOf(input, all, ({ kind, name }) => `${kind} ${name}`);
  const of = (kind: IdentityKind): Entity[] => items.filter((entity) => entity.kind === kind);
  return {
    PolicyGroups: of("group").map(({ name, id }) => ({ GroupName: name, GroupId: id })),
    PolicyUsers: of("user").map(({ name, id }) => ({ UserName: name, UserId: id })),
    PolicyRoles: of("role").map(({ name, id }) => ({ RoleName: name, RoleId: id })),
    ...rest,
  };
}

export const tagPolicy = (ctx: Ctx, { PolicyArn, Tags }: { PolicyArn: string; Tags: { Key: string; Value: string }[] }): void => tag(ctx, needCustomerPolicy(ctx, PolicyArn), Tags);
export const untagPolicy = (ctx: Ctx, { PolicyArn, TagKeys }: { PolicyArn: string; TagKeys: string[] }): void => untag(ctx, needCustomerPolicy(ctx, PolicyArn), TagKeys);
export const listPolicyTags = (ctx: Ctx, input: { PolicyArn: string; MaxItems?: number; Marker?: string }): ReturnType<typeof listTags> => listTags(needCustomerPolicy(ctx, input.PolicyArn), input);

/** `AttachRolePolicy` and its like. */
export function attachPolicy(ctx: Ctx, kind: IdentityKind, name: string, policyArn: string): void {
  const owner = need(ctx, kind, name);
  if (kind === "role") refuseLinked(owner);
  if (findPolicy(ctx, policyArn) === undefined) throw noSuchEntity(`Policy ${policyArn} does not exist or is not attachable.`);
  if (ctx.store.policies.isAttached(owner.id, policyArn)) return;
  const limit = kind === "user" ? "PoliciesPerUser" : kind === "role" ? "PoliciesPerRole" : "PoliciesPerGroup";
  checkQuota(ctx, limit, 10, ctx.store.policies.attached(owner.id, 1000).length);
  ctx.store.policies.attach(owner.id, policyArn);
}

/** `DetachRolePolicy` and its like. */
export function detachPolicy(ctx: Ctx, kind: IdentityKind, name: string, policyArn: string): void {
  const owner = need(ctx, kind, name);
  if (kind === "role") refuseLinked(owner);
  if (!ctx.store.policies.detach(owner.id, policyArn)) throw noSuchEntity(`Policy ${policyArn} was not found.`);
}

/** `ListAttachedRolePolicies` and its like. */
export function listAttached(ctx: Ctx, kind: IdentityKind, name: string, input: { PathPrefix?: string; MaxItems?: number; Marker?: string }) {
  const owner = need(ctx, kind, name);
  const prefix = input.PathPrefix ?? "/";
  const all = ctx.store.policies.attached(owner.id, 1000).flatMap((arn) => {
    const parts = parseArn(arn)!;
    return parts.path.startsWith(prefix) ? [{ PolicyName: parts.name, PolicyArn: arn }] : [];
  });
  const { items, ...rest } = pageOf(input, all, ({ PolicyArn }) => PolicyArn);
  return { AttachedPolicies: items, ...rest };
}

/** Characters that all inline policies of one entity may have, white space not counted. */
const INLINE_LIMIT: Record<IdentityKind, number> = { user: 2048, role: 10_240, group: 5120 };

/** `PutRolePolicy` and its like. */
export function putInline(ctx: Ctx, kind: IdentityKind, name: string, policyName: string, document: string): void {
  const owner = need(ctx, kind, name);
  if (kind === "role") refuseLinked(owner);
  checkIdentityPolicy(document);
  const limit = quota(ctx, `InlinePolicySizePer${kind[0]!.toUpperCase()}${kind.slice(1)}`, INLINE_LIMIT[kind]);
  if (ctx.store.policies.inlineSize(owner.id, policyName) + policySize(document) > limit) {
    throw limitExceeded(`Maximum policy size of ${limit} bytes exceeded for ${kind} ${name}`);
  }
  ctx.store.policies.putInline(owner.id, policyName, document);
}

/** `GetRolePolicy` and its like. */
export function getInline(ctx: Ctx, kind: IdentityKind, name: string, policyName: string): { PolicyName: string; PolicyDocument: string } {
  const document = ctx.store.policies.inline(need(ctx, kind, name).id, policyName);
  if (document === undefined) throw noSuchEntity(`The ${kind} policy with name ${policyName} cannot be found.`);
  return { PolicyName: policyName, PolicyDocument: encodeDocument(document) };
}

/** `DeleteRolePolicy` and its like. */
export function deleteInline(ctx: Ctx, kind: IdentityKind, name: string, policyName: string): void {
  const owner = need(ctx, kind, name);
  if (kind === "role") refuseLinked(owner);
  if (!ctx.store.policies.deleteInline(owner.id, policyName)) throw noSuchEntity(`The ${kind} policy with name ${policyName} cannot be found.`);
}

/** `ListRolePolicies` and its like. */
export function listInline(ctx: Ctx, kind: IdentityKind, name: string, input: { MaxItems?: number; Marker?: string }) {
  const { id } = need(ctx, kind, name);
  const { items, ...rest } = page(input, (limit, after) => ctx.store.policies.inlineList(id, limit, after), (one) => one.name);
  return { PolicyNames: items.map((one) => one.name), ...rest };
}

/** Service-linked roles are their service's to change. @throws AwsError UnmodifiableEntity */
export function refuseLinked(entity: Entity): void {
  const { linkedService } = entity.details as Entity<"role">["details"];
  if (linkedService !== undefined) throw unmodifiable(entity.name, linkedService);
}

function unmodifiable(name: string, service: string) {
  return new AwsError("UnmodifiableEntity", `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS (${service})`);
}

/** `PutRolePermissionsBoundary`, `CreateUser` and their like: the ARN of a policy that may serve as a boundary. */
export function checkedBoundary(ctx: Ctx, arn: string | undefined): string | undefined {
  if (arn === undefined) return undefined;
  if (parseArn(arn)?.type !== "policy") throw invalidInput(`ARN ${arn} is not valid.`);
  if (findPolicy(ctx, arn) === undefined) throw noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
  return arn;
}

/** A boundary in an answer. */
export function shownBoundary({ boundary }: Entity) {
  return boundary === undefined ? {} : { PermissionsBoundary: { PermissionsBoundaryType: "Policy" as const, PermissionsBoundaryArn: boundary } };
}
