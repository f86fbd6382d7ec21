import type {
  EntityDetails, GenerateServiceLastAccessedDetailsRequest, GenerateServiceLastAccessedDetailsResponse, GetServiceLastAccessedDetailsRequest, GetServiceLastAccessedDetailsResponse,
  GetServiceLastAccessedDetailsWithEntitiesRequest, GetServiceLastAccessedDetailsWithEntitiesResponse, ListPoliciesGrantingServiceAccessRequest, ListPoliciesGrantingServiceAccessResponse, ServiceLastAccessed,
} from "@cumulet/protocol/models/iam.d.ts";
import type { NamedPolicy } from "@cumulet/core";
import { accessData } from "../../domain/access/data.ts";
import { parseArn } from "../../domain/names.ts";
import { identityPolicies, policiesOf } from "../../subjects.ts";
import type { Entity } from "../../store/entities.ts";
import { arnOf, invalidInput, noSuchEntity, pageOf, type Ctx } from "./common.ts";
import { findPolicy } from "./policies.ts";

/** Reports that can be fetched. */
const JOBS = "last-accessed-jobs";
const JOBS_KEPT = 50;

interface Job {
  id: string;
  arn: string;
  createdMs: number;
  granularity: string;
}

/** Services of this cloud by the prefix of their actions. */
const NAMESPACES: readonly string[] = [...new Set(Object.values(accessData).map(({ prefix }) => prefix))].sort();

export function generateLastAccessed(ctx: Ctx, { Arn, Granularity = "SERVICE_LEVEL" }: GenerateServiceLastAccessedDetailsRequest): GenerateServiceLastAccessedDetailsResponse {
  entitiesOf(ctx, Arn);
  const job: Job = { id: ctx.ids.uuid(), arn: Arn, createdMs: ctx.clock.now(), granularity: Granularity };
  ctx.store.setSetting(JOBS, [...(ctx.store.setting<Job[]>(JOBS) ?? []), job].slice(-JOBS_KEPT));
  return { JobId: job.id };
}

/** Whose accesses a report about an ARN is made of: the entity, a group's users, or all that have a policy. */
function entitiesOf(ctx: Ctx, arn: string): Entity[] {
  const parts = parseArn(arn);
  const { entities, policies } = ctx.store;
  if (parts?.type === "user" || parts?.type === "role") {
    const entity = entities.find(parts.type, parts.name);
    if (entity !== undefined && entity.path === parts.path) return [entity];
  } else if (parts?.type === "group") {
    const group = entities.find("group", parts.name);
    if (group !== undefined) return entities.membersOf(group.id, 10_000);
  } else if (parts?.type === "policy") {
    if (findPolicy(ctx, arn) !== undefined) return policies.attachedTo(arn, 10_000).flatMap((id) => {
      const entity = entities.byId(id)!;
      return entity.kind === "group" ? entities.membersOf(id, 10_000) : [entity];
    });
  } else throw invalidInput(`Invalid ARN: ${arn}`);
  throw noSuchEntity(`${arn} does not exist.`);
}

function needJob(ctx: Ctx, id: string): Job {
  const job = (ctx.store.setting<Job[]>(JOBS) ?? []).find((one) => one.id === id);
  if (job === undefined) throw noSuchEntity(`Cannot find the job with id ${id}`);
  return job;
}

/** Policies that could let a principal use a service. */
function grants(policies: readonly NamedPolicy[], namespace: string): NamedPolicy[] {
  return policies.filter(({ policy }) => policy.statements.some(({ Effect, Action, NotAction }) => {
    if (Effect !== "Allow") return false;
    if (NotAction !== undefined) return ![NotAction].flat().includes(`${namespace}:*`);
    return [Action ?? []].flat().some((action) => action === "*" || action.toLowerCase().startsWith(`${namespace}:`));
  }));
}

export function getLastAccessed(ctx: Ctx, input: GetServiceLastAccessedDetailsRequest): GetServiceLastAccessedDetailsResponse {
  const job = needJob(ctx, input.JobId);
  const entities = entitiesOf(ctx, job.arn);
  const services = NAMESPACES.filter((namespace) => entities.some((entity) => grants(identityPolicies(ctx.store, entity), namespace).length > 0)).map((namespace): ServiceLastAccessed => {
    const uses = entities.flatMap((entity) => ctx.store.usage.of(entity.id).filter(({ service }) => service === namespace).map((use) => ({ ...use, entity })));
    const last = uses.sort((a, b) => b.ms - a.ms)[0];
    return {
      ServiceName: namespace, ServiceNamespace: namespace, TotalAuthenticatedEntities: uses.length,
      ...(last === undefined ? {} : { LastAuthenticated: last.ms, LastAuthenticatedEntity: arnOf(ctx, last.entity), LastAuthenticatedRegion: last.region }),
    };
  });
  const { items, ...rest } = pageOf(input, services, ({ ServiceNamespace }) => ServiceNamespace as string);
  return { JobStatus: "COMPLETED", JobType: job.granularity, JobCreationDate: job.createdMs, JobCompletionDate: job.createdMs, ServicesLastAccessed: items, ...rest };
}

export function getLastAccessedEntities(ctx: Ctx, input: GetServiceLastAccessedDetailsWithEntitiesRequest): GetServiceLastAccessedDetailsWithEntitiesResponse {
  const job = needJob(ctx, input.JobId);
  const all = entitiesOf(ctx, job.arn).filter((entity) => grants(identityPolicies(ctx.store, entity), input.ServiceNamespace).length > 0).map((entity): EntityDetails => {
    const last = ctx.store.usage.of(entity.id).find(({ service }) => service === input.ServiceNamespace);
    return { EntityInfo: { Arn: arnOf(ctx, entity), Name: entity.name, Type: entity.kind.toUpperCase(), Id: entity.id, Path: entity.path }, ...(last === undefined ? {} : { LastAuthenticated: last.ms }) };
  });
  const { items, ...rest } = pageOf(input, all, ({ EntityInfo }) => EntityInfo!.Arn as string);
  return { JobStatus: "COMPLETED", JobCreationDate: job.createdMs, JobCompletionDate: job.createdMs, EntityDetailsList: items, ...rest };
}

export function policiesGranting(ctx: Ctx, { Arn, ServiceNamespaces }: ListPoliciesGrantingServiceAccessRequest): ListPoliciesGrantingServiceAccessResponse {
  const parts = parseArn(Arn);
  const entity = parts !== undefined && ["user", "group", "role"].includes(parts.type) ? ctx.store.entities.find(parts.type as "user", parts.name) : undefined;
  if (entity === undefined) throw noSuchEntity(`${Arn} does not exist.`);
  const owners = entity.kind === "user" ? [entity, ...ctx.store.entities.groupsOf(entity.id, 1000)] : [entity];
  const all = owners.flatMap((owner) => policiesOf(ctx.store, owner).map((policy) => ({ owner, policy })));
  return {
    IsTruncated: false,
    PoliciesGrantingServiceAccess: ServiceNamespaces.map((namespace) => ({
      ServiceNamespace: namespace,
      Policies: all.filter(({ policy }) => grants([policy], namespace).length > 0).map(({ owner, policy: { source } }) => (source.arn !== undefined
        ? { PolicyName: source.id, PolicyType: "MANAGED", PolicyArn: source.arn }
        : { PolicyName: source.id.slice(owner.kind.length + owner.name.length + 2), PolicyType: "INLINE", EntityType: owner.kind.toUpperCase(), EntityName: owner.name })),
    })),
  };
}
