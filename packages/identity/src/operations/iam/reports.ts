import type {
  GenerateCredentialReportResponse, GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse, GetCredentialReportResponse, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, UserDetail,
} from "@cumulet/protocol/models/iam.d.ts";
import { AwsError } from "@cumulet/protocol";
import { encodeDocument } from "../../domain/policy-document.ts";
import { managedPolicies } from "../../domain/managed-policies.ts";
import { parseArn } from "../../domain/names.ts";
import type { Entity } from "../../store/entities.ts";
import { arnOf, pageOf, type Ctx } from "./common.ts";
import { describeProfile } from "./instance-profiles.ts";
import { describePolicy, shownBoundary } from "./policies.ts";
import { describeRole } from "./roles.ts";
import { shownTags } from "./tags.ts";
import { describeUser } from "./users.ts";

const REPORT = "credential-report";
/** A report is made anew after four hours. */
const REPORT_MS = 4 * 3600 * 1000;

interface Report {
  generatedMs: number;
  content: string;
}

const COLUMNS = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/** `STARTED` for the call that makes a report, `COMPLETE` for those that find one. */
export function generateCredentialReport(ctx: Ctx): GenerateCredentialReportResponse {
  const present = ctx.store.setting<Report>(REPORT);
  if (present !== undefined && ctx.clock.now() - present.generatedMs < REPORT_MS) return { State: "COMPLETE" };
  const users = ctx.store.entities.list("user", 10_000);
  const rows = [rootRow(ctx), ...users.map((user) => userRow(ctx, user))];
  ctx.store.setSetting(REPORT, { generatedMs: ctx.clock.now(), content: [COLUMNS, ...rows].join("\n") } satisfies Report);
  return { State: "STARTED", Description: "No report exists. Starting a new report generation task" };
}

export function getCredentialReport(ctx: Ctx): GetCredentialReportResponse {
  const report = ctx.store.setting<Report>(REPORT);
  if (report === undefined) throw new AwsError("ReportNotPresent", "No report has been generated. Use the GenerateCredentialReport API to generate one.");
  if (ctx.clock.now() - report.generatedMs >= REPORT_MS) throw new AwsError("ReportExpired", "The most recent credential report has expired. Use the GenerateCredentialReport API to generate a new one.");
  return { Content: Buffer.from(report.content), ReportFormat: "text/csv", GeneratedTime: report.generatedMs };
}

const time = (ms: number | undefined): string => (ms === undefined ? "N/A" : `${new Date(ms).toISOString().slice(0, 19)}+00:00`);

function keyColumns(ctx: Ctx, ownerId: string): string[] {
  const keys = ctx.store.credentials.of("access-key", ownerId);
  return [0, 1].flatMap((index) => {
    const key = keys[index];
    const used = key?.details.lastUsed;
    return [String(key?.active ?? false), time(key?.createdMs), time(used?.ms), used?.region ?? "N/A", used?.service ?? "N/A"];
  });
}

function rootRow(ctx: Ctx): string {
  return ["<root_account>", `arn:${ctx.partition}:iam::${ctx.account}:root`, time(0), "not_supported", "no_information", "not_supported", "not_supported", "false", ...keyColumns(ctx, ctx.account), "false", "N/A", "false", "N/A"].join(",");
}

function userRow(ctx: Ctx, user: Entity<"user">): string {
  const { loginProfile, passwordLastUsedMs } = user.details;
  const certificates = ctx.store.credentials.of("signing-certificate", user.id);
  return [
    user.name, arnOf(ctx, user), time(user.createdMs), String(loginProfile !== undefined), loginProfile === undefined ? "N/A" : passwordLastUsedMs === undefined ? "no_information" : time(passwordLastUsedMs),
    time(loginProfile?.createdMs), "N/A", String(ctx.store.entities.devicesOf(user.id).length > 0), ...keyColumns(ctx, user.id),
    ...[0, 1].flatMap((index) => [String(certificates[index]?.active ?? false), time(certificates[index]?.createdMs)]),
  ].join(",");
}

type Detail = { kind: string; key: string } & ({ user: UserDetail } | { group: GroupDetail } | { role: RoleDetail } | { policy: ManagedPolicyDetail });

export function authorizationDetails(ctx: Ctx, input: GetAccountAuthorizationDetailsRequest): GetAccountAuthorizationDetailsResponse {
  const wanted = (kind: string): boolean => input.Filter === undefined || input.Filter.length === 0 || input.Filter.includes(kind);
  const { entities, policies } = ctx.store;
  const all: Detail[] = [
    ...(wanted("User") ? entities.list("user", 10_000).map((user): Detail => ({ kind: "user", key: `1 ${user.name}`, user: { ...describeUser(ctx, user), ...inlineOf(ctx, user, "UserPolicyList"), GroupList: entities.groupsOf(user.id, 1000).map(({ name }) => name), ...attachedOf(ctx, user), ...shownBoundary(user), ...shownTags(user.tags) } })) : []),
    ...(wanted("Group") ? entities.list("group", 10_000).map((group): Detail => ({ kind: "group", key: `2 ${group.name}`, group: { Path: group.path, GroupName: group.name, GroupId: group.id, Arn: arnOf(ctx, group), CreateDate: group.createdMs, ...inlineOf(ctx, group, "GroupPolicyList"), ...attachedOf(ctx, group) } })) : []),
    ...(wanted("Role") ? entities.list("role", 10_000).map((role): Detail => ({ kind: "role", key: `3 ${role.name}`, role: {
      ...describeRole(ctx, role), InstanceProfileList: entities.profilesOf(role.id, 1000).map((profile) => describeProfile(ctx, profile)), ...inlineOf(ctx, role, "RolePolicyList"), ...attachedOf(ctx, role), ...shownBoundary(role), ...shownTags(role.tags),
      RoleLastUsed: role.details.lastUsed === undefined ? {} : { LastUsedDate: role.details.lastUsed.ms, Region: role.details.lastUsed.region },
    } })) : []),
    ...(wanted("LocalManagedPolicy") ? entities.list("policy", 10_000).map((customer): Detail => {
      const arn = arnOf(ctx, customer);
      return { kind: "policy", key: `4 ${arn}`, policy: { ...describePolicy(ctx, { arn, name: customer.name, customer }), PolicyVersionList: policies.versions(customer.id).map(({ version, document, createdMs }) => (
        { Document: encodeDocument(document), VersionId: `v${version}`, IsDefaultVersion: version === customer.details.defaultVersion, CreateDate: createdMs })) } };
    }) : []),
    // Of AWS's own only those in use, as on AWS.
    ...(wanted("AWSManagedPolicy") ? managedPolicies().filter((aws) => policies.attachmentCount(aws.arn(ctx.partition)) > 0).map((aws): Detail => {
      const arn = aws.arn(ctx.partition);
      return { kind: "policy", key: `5 ${arn}`, policy: { ...describePolicy(ctx, { arn, name: aws.name, aws }), PolicyVersionList: [{ Document: encodeDocument(aws.document), VersionId: aws.version, IsDefaultVersion: true, CreateDate: aws.updatedMs }] } };
    }) : []),
  ];
  const { items, ...rest } = pageOf(input, all, ({ key }) => key);
  return {
    UserDetailList: items.flatMap((one) => ("user" in one ? [one.user] : [])),
    GroupDetailList: items.flatMap((one) => ("group" in one ? [one.group] : [])),
    RoleDetailList: items.flatMap((one) => ("role" in one ? [one.role] : [])),
    Policies: items.flatMap((one) => ("policy" in one ? [one.policy] : [])),
    ...rest,
  };
}

function inlineOf<K extends string>(ctx: Ctx, { id }: Entity, member: K): { [P in K]?: PolicyDetail[] } {
  const list = ctx.store.policies.inlineList(id, 1000);
  return (list.length === 0 ? {} : { [member]: list.map(({ name, document }) => ({ PolicyName: name, PolicyDocument: encodeDocument(document) })) }) as { [P in K]?: PolicyDetail[] };
}

function attachedOf(ctx: Ctx, { id }: Entity) {
  return { AttachedManagedPolicies: ctx.store.policies.attached(id, 1000).map((arn) => ({ PolicyName: parseArn(arn)!.name, PolicyArn: arn })) };
}
