import type { Context } from "@cumulet/core";
import { typescriptHandler } from "../dev/bundle.ts";
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
  const key = `${ctx.account}/${ctx.region}/${row.functionName}:${version}`;
  return {
    key,
    generation: `${row.revisionId}${contentVersion(live, ctx, row, key)}`,
    single: debugPort(row) !== undefined,
    spec: (initializationType) => environmentSpec(live, ctx, row, version, initializationType),
    executor: (spec) => live.executor(spec),
    sink: (stream) => logSink(ctx, row.settings.role, row.functionName, row.settings.logging.group, stream),
  };
}

/** A variable of the function's: the port of this machine on which a debugger may attach. */
const DEBUG_PORT = "CUMULET_DEBUG_PORT";

function debugPort({ settings }: VersionRow): number | undefined {
  const port = Number(settings.environment?.[DEBUG_PORT]);
  return settings.runtime?.startsWith("nodejs") === true && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** What tells apart environments of one revision: nothing, unless its code is a folder that changes. */
function contentVersion(live: Live, ctx: Context<LambdaStore>, row: VersionRow, key: string): string {
  if (row.code.kind !== "folder") return "";
  return `:${live.hot.version(row.code.path, key, () => live.fleet.refresh(targetOf(live, ctx, row)))}`;
}

/** The folder that becomes `/var/task`. */
async function taskOf(live: Live, ctx: Context<LambdaStore>, row: VersionRow): Promise<string | undefined> {
  const { code, settings } = row;
  if (code.kind === "image") return undefined;
  if (code.kind === "zip") return await live.folders.code(code.sha256, ctx.blobs.path(code.blob));
  const source = settings.runtime?.startsWith("nodejs") === true ? typescriptHandler(code.path, settings.handler ?? "") : undefined;
  if (source === undefined) return code.path;
  return await live.bundles.of(code.path, settings.handler ?? "", source, live.hot.current(code.path));
}

async function environmentSpec(live: Live, ctx: Context<LambdaStore>, row: VersionRow, version: string, initializationType: EnvironmentSpec["initializationType"]): Promise<EnvironmentSpec> {
  const { settings, code } = row;
  const [task, opt, credentials] = await Promise.all([
    taskOf(live, ctx, row),
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
  delete environment[DEBUG_PORT];
  // Bundles carry source maps: errors name lines of what was written.
  if (code.kind === "folder" && task !== code.path) environment["NODE_OPTIONS"] = `${environment["NODE_OPTIONS"] ?? ""} --enable-source-maps`.trim();
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
    editable: code.kind === "folder" ? code.path : undefined,
    opt,
    environment,
    memoryMb: settings.memorySize,
    storageMb: settings.ephemeralStorage,
    timeoutMs: settings.timeout * 1000,
    platformEndpoint: ctx.config.endpoint,
    image: code.kind === "image"
      ? { uri: code.uri, entryPoint: settings.imageConfig?.EntryPoint, command: settings.imageConfig?.Command, workingDirectory: settings.imageConfig?.WorkingDirectory }
      : undefined,
    inspected: debugPort(row) !== undefined,
    debugPort: debugPort(row),
    initializationType,
    runtimeVersionArn: runtimeVersionArn(ctx.partition, ctx.region, runtime ?? "image"),
    logFormat: logging.format,
    systemLogLevel: (logging.systemLevel as "INFO" | undefined) ?? "INFO",
    tracing: settings.tracingMode === "Active",
  };
}
