import type { Context } from "@cumulet/core";
import { functionArn } from "../domain/names.ts";
import { versionName, type VersionRow } from "../domain/function.ts";
import { runtimeVersionArn } from "../domain/runtimes.ts";
import type { Live } from "../live.ts";
import type { LambdaStore } from "../store.ts";
import { roleCredentials } from "./credentials.ts";
import type { EnvironmentSpec } from "./environment-spec.ts";
import type { Target } from "./fleet.ts";
import { logSink } from "./log-sink.ts";

/** What the fleet needs to run a version. `ctx` outlives the request: pass one of the service's own. */
export function targetOf(live: Live, ctx: Context<LambdaStore>, row: VersionRow): Target {
  const version = versionName(row.version);
  return {
    key: `${ctx.account}/${ctx.region}/${row.functionName}:${version}`,
    generation: row.revisionId,
    spec: (initializationType) => environmentSpec(live, ctx, row, version, initializationType),
    executor: (spec) => live.executor(spec),
    sink: (stream) => logSink(ctx, row.settings.role, row.functionName, row.settings.logging.group, stream),
  };
}

async function environmentSpec(live: Live, ctx: Context<LambdaStore>, row: VersionRow, version: string, initializationType: EnvironmentSpec["initializationType"]): Promise<EnvironmentSpec> {
  const { settings, code } = row;
  const [task, opt, credentials] = await Promise.all([
    code.kind === "zip" ? live.folders.code(code.sha256, ctx.blobs.path(code.blob)) : code.kind === "folder" ? code.path : undefined,
    live.folders.opt(settings.layers.map((layer) => ({ sha256: layer.sha256, zip: ctx.blobs.path(layer.blob) }))),
    roleCredentials(ctx, settings.role, row.functionName),
  ]);
  const { logging, runtime } = settings;
  const environment: Record<string, string> = {
    ...settings.environment,
    _HANDLER: settings.handler ?? "",
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_REGION: ctx.region,
    AWS_DEFAULT_REGION: ctx.region,
    AWS_LAMBDA_FUNCTION_NAME: row.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memorySize),
    AWS_LAMBDA_INITIALIZATION_TYPE: initializationType,
    AWS_LAMBDA_LOG_GROUP_NAME: logging.group,
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    LANG: "en_US.UTF-8",
    TZ: settings.environment?.["TZ"] ?? ":UTC",
  };
  if (runtime !== undefined) environment["AWS_EXECUTION_ENV"] = `AWS_Lambda_${runtime}`;
  if (logging.format === "JSON") {
    environment["AWS_LAMBDA_LOG_FORMAT"] = "JSON";
    environment["AWS_LAMBDA_LOG_LEVEL"] = logging.applicationLevel ?? "INFO";
  }
  return {
    account: ctx.account,
    region: ctx.region,
    functionArn: functionArn(ctx, row.functionName),
    functionName: row.functionName,
    version,
    runtime,
    handler: settings.handler ?? "",
    architecture: settings.architectures[0] ?? "x86_64",
    task,
    editable: code.kind === "folder",
    opt,
    environment,
    memoryMb: settings.memorySize,
    storageMb: settings.ephemeralStorage,
    timeoutMs: settings.timeout * 1000,
    platformEndpoint: ctx.config.endpoint,
    image: code.kind === "image"
      ? { uri: code.uri, entryPoint: settings.imageConfig?.EntryPoint, command: settings.imageConfig?.Command, workingDirectory: settings.imageConfig?.WorkingDirectory }
      : undefined,
    debugPort: undefined,
    initializationType,
    runtimeVersionArn: runtimeVersionArn(ctx.partition, ctx.region, runtime ?? "image"),
    logFormat: logging.format,
    systemLogLevel: (logging.systemLevel as "INFO" | undefined) ?? "INFO",
    tracing: settings.tracingMode === "Active",
    debugged: false,
  };
}
