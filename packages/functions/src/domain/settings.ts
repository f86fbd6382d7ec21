import type { CreateFunctionRequest, LoggingConfig, UpdateFunctionConfigurationRequest } from "@cumulet/protocol/models/lambda.d.ts";
import { invalidParameter } from "./errors.ts";
import type { LayerReference, VersionSettings } from "./function.ts";
import { checkRuntime, hasSnapStart } from "./runtimes.ts";

/** Environment variables that Lambda sets itself and lets nobody change. */
const RESERVED_VARIABLES = new Set([
  "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
]);
const VARIABLES_BYTES_MAX = 4096;
const TAGS_MAX = 50;
const LAYERS_MAX = 5;

/** The settings of a new function; layers are looked up by the caller. Throws AWS's error for what does not fit together. */
export function createSettings(input: CreateFunctionRequest, layers: LayerReference[]): VersionSettings {
  refuseUnsupported(input);
  const packageType = input.PackageType === "Image" ? "Image" : "Zip";
  if (packageType === "Zip") {
    if (input.Runtime === undefined || input.Handler === undefined) {
      throw invalidParameter("Runtime and Handler are mandatory parameters for functions created with deployment packages.");
    }
    checkRuntime(input.Runtime);
    if (input.ImageConfig !== undefined) throw invalidParameter("ImageConfig is not supported for functions created with deployment packages.");
  } else {
    if (input.Runtime !== undefined || input.Handler !== undefined) throw invalidParameter("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.");
    if ((input.Layers?.length ?? 0) > 0) throw invalidParameter("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.");
  }
  const settings: VersionSettings = {
    runtime: input.Runtime,
    role: input.Role,
    handler: input.Handler,
    description: input.Description ?? "",
    timeout: input.Timeout ?? 3,
    memorySize: input.MemorySize ?? 128,
    environment: variables(input.Environment?.Variables),
    kmsKeyArn: input.KMSKeyArn || undefined,
    deadLetterTarget: deadLetterTarget(input.DeadLetterConfig?.TargetArn),
    tracingMode: input.TracingConfig?.Mode === "Active" ? "Active" : "PassThrough",
    packageType,
    architectures: architectures(input.Architectures),
    ephemeralStorage: input.EphemeralStorage?.Size ?? 512,
    snapStart: snapStart(input.SnapStart?.ApplyOn, input.Runtime),
    logging: logging(input.LoggingConfig, { format: "Text", group: `/aws/lambda/${input.FunctionName}` }),
    vpc: vpc(input.VpcConfig),
    imageConfig: imageConfig(input.ImageConfig),
    layers,
    tenantIsolation: input.TenancyConfig === undefined ? undefined : "PER_TENANT",
  };
  return settings;
}

/** Settings with the changes of a request laid over them. `layers` is undefined when the request says nothing about them. */
export function updateSettings(before: VersionSettings, functionName: string, input: UpdateFunctionConfigurationRequest, layers: LayerReference[] | undefined): VersionSettings {
  refuseUnsupported(input);
  if (input.Runtime !== undefined) checkRuntime(input.Runtime);
  if (before.packageType === "Image" && (input.Runtime !== undefined || input.Handler !== undefined || layers !== undefined)) {
    throw invalidParameter("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.");
  }
  if (before.packageType === "Zip" && input.ImageConfig !== undefined) throw invalidParameter("ImageConfig is not supported for functions created with deployment packages.");
  const runtime = input.Runtime ?? before.runtime;
  return {
    ...before,
    runtime,
    role: input.Role ?? before.role,
    handler: input.Handler ?? before.handler,
    description: input.Description ?? before.description,
    timeout: input.Timeout ?? before.timeout,
    memorySize: input.MemorySize ?? before.memorySize,
    environment: input.Environment === undefined ? before.environment : variables(input.Environment.Variables ?? {}),
    // An empty string takes the key away.
    kmsKeyArn: input.KMSKeyArn === undefined ? before.kmsKeyArn : input.KMSKeyArn || undefined,
    deadLetterTarget: input.DeadLetterConfig === undefined ? before.deadLetterTarget : deadLetterTarget(input.DeadLetterConfig.TargetArn),
    tracingMode: input.TracingConfig?.Mode === undefined ? before.tracingMode : input.TracingConfig.Mode === "Active" ? "Active" : "PassThrough",
    ephemeralStorage: input.EphemeralStorage?.Size ?? before.ephemeralStorage,
    snapStart: input.SnapStart === undefined ? before.snapStart : snapStart(input.SnapStart.ApplyOn, runtime),
    logging: input.LoggingConfig === undefined ? before.logging : logging(input.LoggingConfig, before.logging, `/aws/lambda/${functionName}`),
    vpc: input.VpcConfig === undefined ? before.vpc : vpc(input.VpcConfig),
    imageConfig: input.ImageConfig === undefined ? before.imageConfig : imageConfig(input.ImageConfig),
    layers: layers ?? before.layers,
  };
}

/** Features whose effect does not exist here: a deployment that relies on one must learn it at once. */
function refuseUnsupported(input: CreateFunctionRequest | UpdateFunctionConfigurationRequest): void {
  if ((input.FileSystemConfigs?.length ?? 0) > 0) throw invalidParameter("FileSystemConfigs is not supported: there is no Amazon EFS in this cloud.");
  if (input.CapacityProviderConfig !== undefined) throw invalidParameter("CapacityProviderConfig is not supported: there are no managed instances in this cloud.");
  if (input.DurableConfig !== undefined) throw invalidParameter("DurableConfig is not supported: durable functions are not part of this cloud.");
}

/** Throws AWS's error for more tags than a function may have. */
export function checkTags(tags: Record<string, string>): void {
  if (Object.keys(tags).length > TAGS_MAX) throw invalidParameter("Number of tags exceeds resource tag limit.");
}

/** Throws AWS's errors for a list of layers that cannot be used together. */
export function checkLayerArns(arns: readonly string[], region: string): void {
  if (arns.length > LAYERS_MAX) throw invalidParameter(`Cannot reference more than ${LAYERS_MAX} layers.`);
  const seen = new Map<string, string>();
  for (const arn of arns) {
    if (arn.split(":")[3] !== region) throw invalidParameter(`Layers are not in the same region as the function. Layers are expected to be in region ${region}.`);
    const layer = arn.slice(0, arn.lastIndexOf(":"));
    const other = seen.get(layer);
    if (other !== undefined) {
      throw invalidParameter(`Two different versions of the same layer are not allowed to be referenced in the same function. ${other} and ${arn} are versions of the same layer.`);
    }
    seen.set(layer, arn);
  }
}

function variables(given: Record<string, string> | undefined): Record<string, string> | undefined {
  if (given === undefined) return undefined;
  const reserved = Object.keys(given).filter((name) => RESERVED_VARIABLES.has(name));
  if (reserved.length > 0) {
    throw invalidParameter(`Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(", ")}`);
  }
  const text = JSON.stringify(given);
  if (Buffer.byteLength(text) > VARIABLES_BYTES_MAX) {
    throw invalidParameter(`Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${text}`);
  }
  return given;
}

function deadLetterTarget(arn: string | undefined): string | undefined {
  if (arn === undefined || arn === "") return undefined;
  if (!/^arn:[^:]+:(sqs|sns):/.test(arn)) throw invalidParameter(`Invalid dead letter target: ${arn}. Supported targets are Amazon SQS queues and Amazon SNS topics.`);
  return arn;
}

function architectures(given: string[] | undefined): string[] {
  return given === undefined || given.length === 0 ? ["x86_64"] : given;
}

function snapStart(applyOn: string | undefined, runtime: string | undefined): "None" | "PublishedVersions" {
  if (applyOn !== "PublishedVersions") return "None";
  if (!hasSnapStart(runtime)) throw invalidParameter(`${runtime} is not supported for SnapStart enabled functions.`);
  return "PublishedVersions";
}

/** JSON logs have levels, `INFO` unless told; text logs have none. */
function logging(given: LoggingConfig | undefined, before: VersionSettings["logging"], ownGroup: string = before.group): VersionSettings["logging"] {
  const format = given?.LogFormat === "JSON" ? "JSON" : given?.LogFormat === "Text" ? "Text" : before.format;
  const group = given?.LogGroup ?? before.group ?? ownGroup;
  if (format === "Text") {
    if (given?.ApplicationLogLevel !== undefined || given?.SystemLogLevel !== undefined) {
      throw invalidParameter("LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or change the LogFormat to \"JSON\" and try again.");
    }
    return { format, group };
  }
  return { format, group, applicationLevel: given?.ApplicationLogLevel ?? before.applicationLevel ?? "INFO", systemLevel: given?.SystemLogLevel ?? before.systemLevel ?? "INFO" };
}

/** Accepted and described; functions reach the network as the platform does. */
function vpc(given: CreateFunctionRequest["VpcConfig"]): VersionSettings["vpc"] {
  if (given === undefined) return undefined;
  const subnetIds = given.SubnetIds ?? [];
  return { subnetIds, securityGroupIds: given.SecurityGroupIds ?? [], vpcId: subnetIds.length === 0 ? "" : "vpc-00000000000000000", ipv6: given.Ipv6AllowedForDualStack ?? false };
}

function imageConfig(given: CreateFunctionRequest["ImageConfig"]): VersionSettings["imageConfig"] {
  if (given === undefined) return undefined;
  const config = {
    ...(given.EntryPoint === undefined || given.EntryPoint.length === 0 ? {} : { EntryPoint: given.EntryPoint }),
    ...(given.Command === undefined || given.Command.length === 0 ? {} : { Command: given.Command }),
    ...(given.WorkingDirectory === undefined || given.WorkingDirectory === "" ? {} : { WorkingDirectory: given.WorkingDirectory }),
  };
  return Object.keys(config).length === 0 ? undefined : config;
}
