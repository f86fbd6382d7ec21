import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { RestStageItem } from "../../store.ts";
import { badRequest, defined } from "../shared.ts";

/** AWS's own list of what may be patched on a stage, with its missing commas. Recorded. */
const METHOD_SETTING_PATHS =
  "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, " +
  "/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit" +
  "/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, " +
  "/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, " +
  "/*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, " +
  "/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

/** What a method's settings are once the first of them is set. Recorded. */
const DEFAULT_SETTING: Rest.MethodSetting = {
  metricsEnabled: false,
  dataTraceEnabled: false,
  throttlingBurstLimit: 5000,
  throttlingRateLimit: 10000,
  cachingEnabled: false,
  cacheTtlInSeconds: 300,
  cacheDataEncrypted: false,
  requireAuthorizationForCacheControl: true,
  unauthorizedCacheControlHeaderStrategy: "SUCCEED_WITH_RESPONSE_HEADER",
};

const yes = (value: string): boolean => value.toLowerCase() === "true";

function number(value: string): number {
  const parsed = Number(value);
  if (value === "" || !Number.isFinite(parsed)) throw badRequest(`Invalid value specified: ${value}`);
  return parsed;
}

const SETTINGS: { [path: string]: (setting: Rest.MethodSetting, value: string) => void } = {
  "metrics/enabled": (setting, value) => void (setting.metricsEnabled = yes(value)),
  "logging/dataTrace": (setting, value) => void (setting.dataTraceEnabled = yes(value)),
  "logging/loglevel": (setting, value) => {
    if (!["OFF", "ERROR", "INFO"].includes(value)) throw badRequest("Invalid logging level. Must be one of [OFF, ERROR, INFO]");
    setting.loggingLevel = value;
  },
  "throttling/burstLimit": (setting, value) => void (setting.throttlingBurstLimit = number(value)),
  "throttling/rateLimit": (setting, value) => void (setting.throttlingRateLimit = number(value)),
  "caching/enabled": (setting, value) => void (setting.cachingEnabled = yes(value)),
  "caching/ttlInSeconds": (setting, value) => {
    const ttl = number(value);
    if (ttl < 0 || ttl > 3600) throw badRequest("Invalid cache TTL, must be between 0 and 3600");
    setting.cacheTtlInSeconds = ttl;
  },
  "caching/dataEncrypted": (setting, value) => void (setting.cacheDataEncrypted = yes(value)),
  "caching/requireAuthorizationForCacheControl": (setting, value) => void (setting.requireAuthorizationForCacheControl = yes(value)),
  "caching/unauthorizedCacheControlHeaderStrategy": (setting, value) => void (setting.unauthorizedCacheControlHeaderStrategy = value),
};

/** The key of a method's settings in a patch path: `/~1pets~1{id}/GET` and `/pets/{id}/GET` both name `pets/{id}/GET`. */
function settingKey(path: string): string {
  const plain = path.replaceAll("~1", "/").replaceAll("~0", "~");
  return plain.replace(/^\/+/, "") === plain ? plain : plain.replace(/^\/+(?=[^/])/, "");
}

export interface StagePatchWorld {
  deploymentExists(id: string): boolean;
  checkVariable(name: string, value: string): void;
}

/** Applies patch operations to a stage in order; `copy` promotes a canary. */
export function patchStage(stage: RestStageItem, operations: readonly Rest.PatchOperation[] | undefined, world: StagePatchWorld): RestStageItem {
  const copy = structuredClone(stage);
  for (const operation of operations ?? []) {
    if (operation.op === "copy") promote(copy, operation);
    else change(copy, operation, world);
  }
  return copy;
}

function promote(stage: RestStageItem, { path = "", from = "" }: Rest.PatchOperation): void {
  const deployment = path === "/deploymentId" && from === "/canarySettings/deploymentId";
  const variables = path === "/variables" && from === "/canarySettings/stageVariableOverrides";
  if (!deployment && !variables) {
    throw badRequest(`Invalid copy operation with path: ${path} and from ${from}. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]`);
  }
  if (stage.canarySettings === undefined) throw badRequest("Promotion not available. Canary does not exist.");
  if (deployment) stage.deploymentId = stage.canarySettings.deploymentId ?? stage.deploymentId;
  else if (stage.canarySettings.stageVariableOverrides !== undefined) stage.variables = { ...stage.variables, ...stage.canarySettings.stageVariableOverrides };
}

function change(stage: RestStageItem, { op, path = "", value = "" }: Rest.PatchOperation, world: StagePatchWorld): void {
  if (op !== "replace" && op !== "add" && op !== "remove") throw badRequest(`Invalid operation specified: ${op}`);
  const plain = PLAIN[path];
  if (plain !== undefined && op !== "add") return plain(stage, op === "remove" ? undefined : value, world);
  if (plain !== undefined && path.startsWith("/accessLogSettings")) return plain(stage, value, world);
  if (path === "/canarySettings" && op === "remove") {
    delete stage.canarySettings;
    return;
  }
  if (path.startsWith("/variables/")) return changeVariable(stage, path.slice(11), op, value, world);
  if (path.startsWith("/canarySettings/")) {
    if (op === "add" && path === "/canarySettings/deploymentId") throw badRequest(`Invalid add operation with path: ${path}`);
    if (changeCanary(stage, path.slice(16), op, value, world)) return;
  }
  if (op === "remove") return removeSetting(stage, path);
  const match = /^\/(.+)\/((?:metrics|logging|throttling|caching)\/[A-Za-z]+)$/.exec(path);
  const set = match === null || !Object.hasOwn(SETTINGS, match[2]!) ? undefined : SETTINGS[match[2]!];
  if (match === null || set === undefined || !match[1]!.includes("/") || op === "add") throw badRequest(`Invalid method setting path: ${path}. Must be one of: [${METHOD_SETTING_PATHS}]`);
  const key = settingKey(match[1]!);
  const setting = { ...DEFAULT_SETTING, ...stage.methodSettings?.[key] };
  set(setting, value);
  stage.methodSettings = { ...stage.methodSettings, [key]: setting };
}

function removeSetting(stage: RestStageItem, path: string): void {
  const name = path.replace(/^\//, "");
  const key = settingKey(name);
  if (stage.methodSettings === undefined || !Object.hasOwn(stage.methodSettings, key)) throw badRequest(`Cannot remove method setting ${name} because there is no method setting for this method `);
  const { [key]: _removed, ...rest } = stage.methodSettings;
  stage.methodSettings = rest;
}

function changeVariable(stage: RestStageItem, name: string, op: string, value: string, world: StagePatchWorld): void {
  const variables = { ...stage.variables };
  if (op === "remove") delete variables[name];
  else {
    world.checkVariable(name, value);
    variables[name] = value;
  }
  if (Object.keys(variables).length === 0) delete stage.variables;
  else stage.variables = variables;
}

/** True when the path is one of a canary's. A canary comes to be by its first setting. */
function changeCanary(stage: RestStageItem, name: string, op: string, value: string, world: StagePatchWorld): boolean {
  const canary: Rest.CanarySettings = { percentTraffic: 0, deploymentId: stage.deploymentId, useStageCache: false, ...stage.canarySettings };
  const override = /^stageVariableOverrides\/(.+)$/.exec(name)?.[1];
  if (override !== undefined) {
    const overrides = { ...canary.stageVariableOverrides };
    if (op === "remove") delete overrides[override];
    else overrides[override] = value;
    canary.stageVariableOverrides = overrides;
  } else if (op === "remove") return false;
  else if (name === "percentTraffic") {
    const percent = number(value);
    if (percent < 0 || percent > 100) throw badRequest("Invalid canary settings. Percent traffic must be between 0 and 100");
    canary.percentTraffic = percent;
  } else if (name === "deploymentId") {
    if (!world.deploymentExists(value)) throw badRequest("Deployment id does not exist");
    canary.deploymentId = value;
  } else if (name === "useStageCache") canary.useStageCache = yes(value);
  else return false;
  stage.canarySettings = defined(canary);
  return true;
}

const PLAIN: { [path: string]: (stage: RestStageItem, value: string | undefined, world: StagePatchWorld) => void } = {
  "/deploymentId": (stage, value, world) => {
    if (value === undefined || !world.deploymentExists(value)) throw badRequest("Deployment id does not exist");
    stage.deploymentId = value;
  },
  "/description": (stage, value) => {
    if (value === undefined) delete stage.description;
    else stage.description = value;
  },
  "/documentationVersion": (stage, value) => {
    if (value === undefined || value === "") delete stage.documentationVersion;
    else stage.documentationVersion = value;
  },
  "/clientCertificateId": (stage, value) => {
    if (value === undefined || value === "") delete stage.clientCertificateId;
    else stage.clientCertificateId = value;
  },
  "/tracingEnabled": (stage, value) => void (stage.tracingEnabled = yes(value ?? "")),
  "/cacheClusterEnabled": (stage, value) => setCache(stage, yes(value ?? "")),
  "/cacheClusterSize": (stage, value) => {
    if (value === undefined || value === "") delete stage.cacheClusterSize;
    else stage.cacheClusterSize = cacheSize(value);
  },
  "/accessLogSettings": (stage, value) => {
    if (value === undefined) delete stage.accessLogSettings;
  },
  "/accessLogSettings/destinationArn": (stage, value) => setAccessLog(stage, "destinationArn", value),
  "/accessLogSettings/format": (stage, value) => setAccessLog(stage, "format", value),
};

function setAccessLog(stage: RestStageItem, key: "destinationArn" | "format", value: string | undefined): void {
  const settings = { ...stage.accessLogSettings };
  // A log group's ARN is kept without the `:*` that tools append.
  if (value === undefined || value === "") delete settings[key];
  else settings[key] = key === "destinationArn" ? value.replace(/:\*$/, "") : value;
  if (Object.keys(settings).length === 0) delete stage.accessLogSettings;
  else stage.accessLogSettings = settings;
}

const CACHE_SIZES = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

/** A size of the cache, checked. */
export function cacheSize(value: string): string {
  if (!CACHE_SIZES.includes(value)) throw badRequest(`Invalid cache cluster size: ${value}. Must be one of [${CACHE_SIZES.join(", ")}]`);
  return value;
}

/** Turns the cache of a stage on or off. */
export function setCache(stage: Rest.Stage, enabled: boolean): void {
  stage.cacheClusterEnabled = enabled;
  stage.cacheClusterStatus = enabled ? "AVAILABLE" : "NOT_AVAILABLE";
  if (enabled) stage.cacheClusterSize ??= "0.5";
}
