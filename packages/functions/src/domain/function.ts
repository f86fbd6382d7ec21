import type { FunctionConfiguration } from "@cumulet/protocol/models/lambda.d.ts";
import { functionArn, LATEST, type Place } from "./names.ts";
import { runtimeVersionArn } from "./runtimes.ts";

/** A function: what all of its versions share. */
export interface FunctionRow {
  name: string;
  /** The number that the next published version gets. */
  nextVersion: number;
  reservedConcurrency: number | undefined;
  recursiveLoop: "Allow" | "Terminate";
  codeSigningConfigArn: string | undefined;
  tags: Record<string, string>;
}

/** Where a version's code is. */
export type CodeReference =
  | { kind: "zip"; sha256: string; blob: string; size: number }
  | { kind: "image"; uri: string; digest: string }
  /** A folder of this machine that is run as it stands: edits are live. */
  | { kind: "folder"; path: string };

/** A layer version that a function uses, with what is needed to unpack it without asking its owner again. */
export interface LayerReference {
  arn: string;
  size: number;
  sha256: string;
  blob: string;
  unzippedBytes: number;
}

/** What can be set of a version: the members of `FunctionConfiguration` that a caller decides, complete with defaults. */
export interface VersionSettings {
  runtime?: string;
  role: string;
  handler?: string;
  description: string;
  timeout: number;
  memorySize: number;
  environment?: Record<string, string>;
  kmsKeyArn?: string;
  deadLetterTarget?: string;
  tracingMode: "Active" | "PassThrough";
  packageType: "Zip" | "Image";
  architectures: string[];
  ephemeralStorage: number;
  snapStart: "None" | "PublishedVersions";
  logging: { format: "Text" | "JSON"; applicationLevel?: string; systemLevel?: string; group: string };
  vpc?: { subnetIds: string[]; securityGroupIds: string[]; vpcId: string; ipv6: boolean };
  fileSystems?: { Arn: string; LocalMountPath: string }[];
  imageConfig?: { EntryPoint?: string[]; Command?: string[]; WorkingDirectory?: string };
  layers: LayerReference[];
  tenantIsolation?: "PER_TENANT";
  durable?: { RetentionPeriodInDays?: number; ExecutionTimeout?: number };
}

/** One version of a function, `$LATEST` among them. */
export interface VersionRow {
  functionName: string;
  /** 0 is `$LATEST`. */
  version: number;
  settings: VersionSettings;
  code: CodeReference;
  /** Base64 SHA-256 of the zip, or the image's digest. */
  codeSha256: string;
  codeSize: number;
  /** Of the code alone, without layers; 0 for an image. */
  unzippedBytes: number;
  lastModifiedMs: number;
  /** A creation or an update is under way until then, platform time. */
  settlesMs: number;
  /** What is under way until then. */
  change: "create" | "update";
  revisionId: string;
  /** The revision that it gets when the change has settled. */
  settledRevisionId: string;
}

/** How a version stands at a moment of platform time. */
export type VersionPhase = "creating" | "updating" | "settled";

export function phaseOf(row: VersionRow, nowMs: number): VersionPhase {
  if (nowMs >= row.settlesMs) return "settled";
  return row.change === "create" ? "creating" : "updating";
}

export function revisionOf(row: VersionRow, nowMs: number): string {
  return nowMs >= row.settlesMs ? row.settledRevisionId : row.revisionId;
}

export function versionName(version: number): string {
  return version === 0 ? LATEST : String(version);
}

/** `FunctionConfiguration` as the operations about one version answer it. `qualifier` as the caller wrote it. */
export function configurationOf(place: Place, row: VersionRow, nowMs: number, qualifier: string | undefined): FunctionConfiguration {
  const phase = phaseOf(row, nowMs);
  const { runtime } = row.settings;
  return {
    ...listedConfigurationOf(place, row, nowMs, qualifier),
    ...(phase === "creating"
      ? { State: "Pending" as const, StateReason: "The function is being created.", StateReasonCode: "Creating" as const }
      : { State: "Active" as const }),
    ...(phase === "settled" ? { LastUpdateStatus: "Successful" as const } : {}),
    // The reason says "created" for updates too: so it does in the real service.
    ...(phase === "updating" ? { LastUpdateStatus: "InProgress" as const, LastUpdateStatusReason: "The function is being created.", LastUpdateStatusReasonCode: "Creating" as const } : {}),
    ...(runtime === undefined || row.settings.packageType === "Image" ? {} : { RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(place.partition, place.region, runtime) } }),
  };
}

/** The same as lists answer it: without states and runtime version. */
export function listedConfigurationOf(place: Place, row: VersionRow, nowMs: number, qualifier: string | undefined): FunctionConfiguration {
  const { settings } = row;
  const { logging, vpc } = settings;
  return {
    FunctionName: row.functionName,
    FunctionArn: functionArn(place, row.functionName, qualifier),
    Runtime: settings.runtime as FunctionConfiguration["Runtime"],
    Role: settings.role,
    Handler: settings.handler,
    CodeSize: row.codeSize,
    Description: settings.description,
    Timeout: settings.timeout,
    MemorySize: settings.memorySize,
    LastModified: timestamp(row.lastModifiedMs),
    CodeSha256: row.codeSha256,
    Version: versionName(row.version),
    VpcConfig: vpc === undefined ? undefined : { SubnetIds: vpc.subnetIds, SecurityGroupIds: vpc.securityGroupIds, VpcId: vpc.vpcId, Ipv6AllowedForDualStack: vpc.ipv6 },
    DeadLetterConfig: settings.deadLetterTarget === undefined ? undefined : { TargetArn: settings.deadLetterTarget },
    Environment: settings.environment === undefined ? undefined : { Variables: settings.environment },
    KMSKeyArn: settings.kmsKeyArn,
    TracingConfig: { Mode: settings.tracingMode },
    RevisionId: revisionOf(row, nowMs),
    Layers: settings.layers.length === 0 ? undefined : settings.layers.map((layer) => ({ Arn: layer.arn, CodeSize: layer.size })),
    FileSystemConfigs: settings.fileSystems,
    PackageType: settings.packageType,
    ImageConfigResponse: settings.imageConfig === undefined ? undefined : { ImageConfig: settings.imageConfig },
    Architectures: settings.architectures as FunctionConfiguration["Architectures"],
    EphemeralStorage: { Size: settings.ephemeralStorage },
    SnapStart: { ApplyOn: settings.snapStart, OptimizationStatus: settings.snapStart === "PublishedVersions" && row.version > 0 ? "On" : "Off" },
    LoggingConfig: {
      LogFormat: logging.format,
      LogGroup: logging.group,
      ...(logging.format === "JSON" ? { ApplicationLogLevel: logging.applicationLevel as "INFO", SystemLogLevel: logging.systemLevel as "INFO" } : {}),
    },
    DurableConfig: settings.durable,
    TenancyConfig: settings.tenantIsolation === undefined ? undefined : { TenantIsolationMode: settings.tenantIsolation },
  };
}

/** Lambda's own format of time: `2026-01-15T12:00:00.000+0000`. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+0000");
}
