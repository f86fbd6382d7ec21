import { AwsError } from "@cumulet/protocol";
import type {
  CreateTrailRequest, CreateTrailResponse, DeleteTrailRequest, DescribeTrailsRequest, DescribeTrailsResponse, GetTrailRequest, GetTrailResponse, GetTrailStatusRequest,
  GetTrailStatusResponse, ListTrailsRequest, ListTrailsResponse, StartLoggingRequest, StopLoggingRequest, Trail, UpdateTrailRequest, UpdateTrailResponse,
} from "@cumulet/protocol/models/cloudtrail.d.ts";
import { auditOf, homeOf } from "../audit.ts";
import { deliverTrail, wakeDelivery } from "../delivery.ts";
import type { TrailRecord } from "../domain/records.ts";
import type { Ctx } from "./lookup-events.ts";
import { setTags } from "./tags.ts";

/** Trails of an account in one region; five is AWS's quota. */
const TRAILS_MAX = 5;

export function trailArn(ctx: Ctx, name: string, region = ctx.region): string {
  return `arn:${ctx.partition}:cloudtrail:${region}:${ctx.account}:trail/${name}`;
}

export function unknownTrail(ctx: Ctx, name: string): AwsError {
  return new AwsError("TrailNotFoundException", `Unknown trail: ${name} for the user: ${ctx.account}`);
}

/** A trail by name (in this region) or ARN. */
export function trailOf(ctx: Ctx, nameOrArn: string): TrailRecord {
  const arn = nameOrArn.startsWith("arn:") ? nameOrArn : trailArn(ctx, nameOrArn);
  const trail = homeOf(ctx).store.trails.get(arn);
  if (trail === undefined) throw unknownTrail(ctx, arn);
  return trail;
}

/** Writes a trail, and has the audit look at it. */
export function saveTrail(ctx: Ctx, trail: TrailRecord): void {
  homeOf(ctx).store.trails.put(trail.arn, trail);
  auditOf(ctx).changed(ctx.account);
}

/** Changes of a trail are its home region's to make. */
function ownTrail(ctx: Ctx, nameOrArn: string): TrailRecord {
  const trail = trailOf(ctx, nameOrArn);
  if (trail.homeRegion !== ctx.region) throw new AwsError("InvalidHomeRegionException", `The trail can be updated from its home region only: ${trail.homeRegion}.`);
  return trail;
}

function checkName(name: string): void {
  const refuse = (message: string): never => {
    throw new AwsError("InvalidTrailNameException", message);
  };
  if (name.length < 3) refuse("Trail name too short. Minimum allowed length: 3 characters. Specified name length: " + `${name.length} characters.`);
  if (name.length > 128) refuse("Trail name too long. Maximum allowed length: 128 characters. Specified name length: " + `${name.length} characters.`);
  if (!/^[A-Za-z0-9]/.test(name)) refuse("Trail name must starts with a letter or number.");
  if (!/[A-Za-z0-9]$/.test(name)) refuse("Trail name must ends with a letter or number.");
  if (!/^[A-Za-z0-9._-]+$/.test(name)) refuse("Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).");
}

async function checkBucket(ctx: Ctx, bucket: string): Promise<void> {
  try {
    await ctx.call.s3.HeadBucket({ Bucket: bucket });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError("S3BucketDoesNotExistException", `S3 bucket ${bucket} does not exist!`);
  }
}

async function checkLogs(ctx: Ctx, groupArn: string | undefined, roleArn: string | undefined): Promise<void> {
  if (groupArn === undefined || groupArn === "") return;
  const match = /^arn:[^:]+:logs:([^:]+):([0-9]{12}):log-group:([^:]+):\*$/.exec(groupArn);
  if (match === null) throw new AwsError("InvalidCloudWatchLogsLogGroupArnException", "CloudTrail cannot validate the specified log group ARN.");
  if (roleArn === undefined) throw new AwsError("InvalidCloudWatchLogsRoleArnException", "CloudTrail cannot validate the specified role ARN.");
  try {
    const { logGroups = [] } = await ctx.as({ account: match[2]!, region: match[1]! }).logs.DescribeLogGroups({ logGroupNamePrefix: match[3]! });
    if (logGroups.some(({ logGroupName }) => logGroupName === match[3])) return;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
  throw new AwsError("InvalidCloudWatchLogsLogGroupArnException", "Access denied. Check the permissions for your role.");
}

export async function createTrail(ctx: Ctx, input: CreateTrailRequest): Promise<CreateTrailResponse> {
  checkName(input.Name);
  const multiRegion = input.IsMultiRegionTrail ?? false;
  const globalEvents = input.IncludeGlobalServiceEvents ?? true;
  if (multiRegion && !globalEvents) throw new AwsError("InvalidParameterCombinationException", "Multi-Region trail must include global service events.");
  if (input.IsOrganizationTrail === true) throw new AwsError("UnsupportedOperationException", "Organization trails are not supported by Cumulet.");
  const arn = trailArn(ctx, input.Name);
  const exists = (): boolean => homeOf(ctx).store.trails.get(arn) !== undefined;
  const refuse = (): AwsError => new AwsError("TrailAlreadyExistsException", `Trail ${input.Name} already exists for customer: ${ctx.account}`);
  if (exists()) throw refuse();
  if (homeOf(ctx).store.trails.all().filter(({ homeRegion }) => homeRegion === ctx.region).length >= TRAILS_MAX) {
    throw new AwsError("MaximumNumberOfTrailsExceededException", `User: ${ctx.account} already has ${TRAILS_MAX} trails in ${ctx.region}.`);
  }
  await checkBucket(ctx, input.S3BucketName);
  await checkLogs(ctx, input.CloudWatchLogsLogGroupArn, input.CloudWatchLogsRoleArn);
  return ctx.transaction(() => {
    if (exists()) throw refuse();
    const trail: TrailRecord = {
      arn, name: input.Name, homeRegion: ctx.region, bucket: input.S3BucketName, prefix: input.S3KeyPrefix, snsTopic: input.SnsTopicName, globalEvents, multiRegion,
      validation: input.EnableLogFileValidation ?? false, logGroupArn: input.CloudWatchLogsLogGroupArn || undefined, logRoleArn: input.CloudWatchLogsRoleArn || undefined, kmsKeyId: input.KmsKeyId,
      eventSelectors: undefined, advancedEventSelectors: undefined, insightSelectors: undefined, logging: false, startedMs: undefined, stoppedMs: undefined,
      deliveredMs: undefined, deliveryError: undefined, logsDeliveredMs: undefined, logsError: undefined, notifiedMs: undefined, notificationError: undefined,
    };
    saveTrail(ctx, trail);
    if (input.TagsList !== undefined) setTags(ctx, arn, input.TagsList);
    return configuration(ctx, trail);
  });
}

export async function updateTrail(ctx: Ctx, input: UpdateTrailRequest): Promise<UpdateTrailResponse> {
  ownTrail(ctx, input.Name);
  if (input.S3BucketName !== undefined) await checkBucket(ctx, input.S3BucketName);
  await checkLogs(ctx, input.CloudWatchLogsLogGroupArn, input.CloudWatchLogsRoleArn);
  return ctx.transaction(() => {
    const before = ownTrail(ctx, input.Name);
    const trail: TrailRecord = {
      ...before,
      bucket: input.S3BucketName ?? before.bucket,
      prefix: input.S3KeyPrefix ?? before.prefix,
      snsTopic: input.SnsTopicName === undefined ? before.snsTopic : input.SnsTopicName || undefined,
      globalEvents: input.IncludeGlobalServiceEvents ?? before.globalEvents,
      multiRegion: input.IsMultiRegionTrail ?? before.multiRegion,
      validation: input.EnableLogFileValidation ?? before.validation,
      logGroupArn: input.CloudWatchLogsLogGroupArn === undefined ? before.logGroupArn : input.CloudWatchLogsLogGroupArn || undefined,
      logRoleArn: input.CloudWatchLogsRoleArn === undefined ? before.logRoleArn : input.CloudWatchLogsRoleArn || undefined,
      kmsKeyId: input.KmsKeyId === undefined ? before.kmsKeyId : input.KmsKeyId || undefined,
    };
    if (trail.multiRegion && !trail.globalEvents) throw new AwsError("InvalidParameterCombinationException", "Multi-Region trail must include global service events.");
    saveTrail(ctx, trail);
    return configuration(ctx, trail);
  });
}

export async function deleteTrail(ctx: Ctx, input: DeleteTrailRequest): Promise<Record<string, never>> {
  const trail = ownTrail(ctx, input.Name);
  await deliverTrail(ctx, trail);
  ctx.transaction(() => {
    homeOf(ctx).store.trails.delete(trail.arn);
    homeOf(ctx).store.tags.delete(trail.arn);
    auditOf(ctx).changed(ctx.account);
  });
  return {};
}

export function getTrail(ctx: Ctx, input: GetTrailRequest): GetTrailResponse {
  return { Trail: describe(ctx, trailOf(ctx, input.Name)) };
}

/** Trails seen from a region: its own, and those of other regions that cover it, unless shadows are not wanted. */
export function describeTrails(ctx: Ctx, input: DescribeTrailsRequest): DescribeTrailsResponse {
  const { trailNameList: names = [], includeShadowTrails: shadows = true } = input;
  const seen = homeOf(ctx).store.trails.all().filter((trail) => trail.homeRegion === ctx.region || (shadows && trail.multiRegion));
  // Names that are not there are left out, which is not an error.
  const wanted = names.length === 0 ? seen : seen.filter(({ name, arn }) => names.includes(name) || names.includes(arn));
  return { trailList: wanted.map((trail) => describe(ctx, trail)) };
}

export function listTrails(ctx: Ctx, _input: ListTrailsRequest): ListTrailsResponse {
  return { Trails: homeOf(ctx).store.trails.all().map(({ arn, name, homeRegion }) => ({ TrailARN: arn, Name: name, HomeRegion: homeRegion })) };
}

export function startLogging(ctx: Ctx, input: StartLoggingRequest): Record<string, never> {
  const trail = ownTrail(ctx, input.Name);
  if (!trail.logging) saveTrail(ctx, { ...trail, logging: true, startedMs: ctx.clock.now() });
  wakeDelivery(ctx);
  return {};
}

/** What happened until now is delivered still. */
export async function stopLogging(ctx: Ctx, input: StopLoggingRequest): Promise<Record<string, never>> {
  const trail = ownTrail(ctx, input.Name);
  if (!trail.logging) return {};
  await deliverTrail(ctx, trail);
  ctx.transaction(() => saveTrail(ctx, { ...ownTrail(ctx, input.Name), logging: false, stoppedMs: ctx.clock.now() }));
  return {};
}

export function getTrailStatus(ctx: Ctx, input: GetTrailStatusRequest): GetTrailStatusResponse {
  const trail = trailOf(ctx, input.Name);
  const seconds = (ms: number | undefined): string => (ms === undefined ? "" : `${new Date(ms).toISOString().slice(0, 19)}Z`);
  return {
    IsLogging: trail.logging,
    ...(trail.deliveryError === undefined ? {} : { LatestDeliveryError: trail.deliveryError }),
    ...(trail.notificationError === undefined ? {} : { LatestNotificationError: trail.notificationError }),
    ...(trail.deliveredMs === undefined ? {} : { LatestDeliveryTime: trail.deliveredMs }),
    ...(trail.notifiedMs === undefined ? {} : { LatestNotificationTime: trail.notifiedMs }),
    ...(trail.startedMs === undefined ? {} : { StartLoggingTime: trail.startedMs }),
    ...(trail.stoppedMs === undefined ? {} : { StopLoggingTime: trail.stoppedMs }),
    ...(trail.logsError === undefined ? {} : { LatestCloudWatchLogsDeliveryError: trail.logsError }),
    ...(trail.logsDeliveredMs === undefined ? {} : { LatestCloudWatchLogsDeliveryTime: trail.logsDeliveredMs }),
    LatestDeliveryAttemptTime: seconds(trail.deliveredMs),
    LatestNotificationAttemptTime: seconds(trail.notifiedMs),
    LatestNotificationAttemptSucceeded: seconds(trail.notifiedMs),
    LatestDeliveryAttemptSucceeded: seconds(trail.deliveredMs),
    TimeLoggingStarted: seconds(trail.startedMs),
    TimeLoggingStopped: seconds(trail.stoppedMs),
  };
}

/** The ARN of a trail's topic, given by name or ARN. */
export function topicArn(ctx: Ctx, trail: TrailRecord): string | undefined {
  if (trail.snsTopic === undefined) return undefined;
  return trail.snsTopic.startsWith("arn:") ? trail.snsTopic : `arn:${ctx.partition}:sns:${trail.homeRegion}:${ctx.account}:${trail.snsTopic}`;
}

function configuration(ctx: Ctx, trail: TrailRecord): CreateTrailResponse {
  const topic = topicArn(ctx, trail);
  return {
    Name: trail.name,
    S3BucketName: trail.bucket,
    ...(trail.prefix === undefined ? {} : { S3KeyPrefix: trail.prefix }),
    ...(topic === undefined ? {} : { SnsTopicName: topic.slice(topic.lastIndexOf(":") + 1), SnsTopicARN: topic }),
    IncludeGlobalServiceEvents: trail.globalEvents,
    IsMultiRegionTrail: trail.multiRegion,
    TrailARN: trail.arn,
    LogFileValidationEnabled: trail.validation,
    ...(trail.logGroupArn === undefined ? {} : { CloudWatchLogsLogGroupArn: trail.logGroupArn }),
    ...(trail.logRoleArn === undefined ? {} : { CloudWatchLogsRoleArn: trail.logRoleArn }),
    ...(trail.kmsKeyId === undefined ? {} : { KmsKeyId: trail.kmsKeyId }),
    IsOrganizationTrail: false,
  };
}

function describe(ctx: Ctx, trail: TrailRecord): Trail {
  return {
    ...configuration(ctx, trail),
    HomeRegion: trail.homeRegion,
    HasCustomEventSelectors: trail.eventSelectors !== undefined || trail.advancedEventSelectors !== undefined,
    HasInsightSelectors: (trail.insightSelectors?.length ?? 0) > 0,
  };
}
