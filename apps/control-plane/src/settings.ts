import { resolve } from "node:path";
import type { LogLevel, PlatformConfig } from "@cumulet/core/platform";

/** Everything that `cumulet start` needs to know, from flags over environment over defaults. */
export interface Settings {
  host: string;
  port: number;
  /** Undefined: nothing is kept. */
  dataFolder: string | undefined;
  example: boolean;
  log: { level: LogLevel; format: "human" | "json" };
  config: Partial<PlatformConfig>;
  extraOrigins: string[];
}

/** The flags of `cumulet start`, as typed. */
export interface StartFlags {
  port?: string;
  host?: string;
  data?: string;
  ephemeral?: boolean;
  example?: boolean;
  logLevel?: string;
  json?: boolean;
}

/** A setting that cannot be: said in one sentence, never as a stack. */
export class SettingError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>;

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/**
 * Reads the settings. LocalStack's well-known names are taken where ours are not set, so that existing compose files and
 * scripts go on working.
 * @throws SettingError
 */
export function readSettings(flags: StartFlags, env: Environment, cwd: string): Settings {
  const [gatewayHost, gatewayPort] = splitListen(env.GATEWAY_LISTEN);
  const port = readPort(flags.port ?? env.CUMULET_PORT ?? gatewayPort ?? "4566");
  const host = flags.host ?? env.CUMULET_HOST ?? gatewayHost ?? "127.0.0.1";
  const ephemeral = flags.ephemeral ?? truthy(env.CUMULET_EPHEMERAL) ?? (env.PERSISTENCE === undefined ? false : truthy(env.PERSISTENCE) === false);
  const defaultAccount = env.CUMULET_DEFAULT_ACCOUNT ?? "000000000000";
  if (!/^\d{12}$/.test(defaultAccount)) throw new SettingError(`CUMULET_DEFAULT_ACCOUNT must be 12 digits, not "${defaultAccount}".`);
  return {
    host,
    port,
    dataFolder: ephemeral ? undefined : resolve(cwd, flags.data ?? env.CUMULET_DATA ?? "data"),
    example: flags.example ?? truthy(env.CUMULET_EXAMPLE) ?? true,
    log: {
      level: oneOf("the log level", flags.logLevel ?? env.CUMULET_LOG ?? (truthy(env.DEBUG) ? "debug" : "info"), LEVELS),
      format: flags.json || env.CUMULET_LOG_FORMAT === "json" ? "json" : "human",
    },
    config: {
      defaultAccount,
      defaultRegion: env.CUMULET_DEFAULT_REGION ?? env.DEFAULT_REGION ?? "us-east-1",
      endpoint: env.CUMULET_ENDPOINT,
      domains: ["localhost", "localhost.localstack.cloud", "localhost.floci.io", ...list(env.CUMULET_DOMAINS ?? env.LOCALSTACK_HOST?.replace(/:\d+$/, ""))],
      signatures: oneOf("CUMULET_SIGNATURES", env.CUMULET_SIGNATURES ?? "off", ["off", "warn", "enforce"] as const),
      authorization: oneOf("CUMULET_AUTHORIZATION", env.CUMULET_AUTHORIZATION ?? "off", ["off", "soft", "strict"] as const),
      quotas: quotas(env),
      settings: serviceSettings(env),
    },
    extraOrigins: list(env.CUMULET_EXTRA_CORS_ALLOWED_ORIGINS ?? env.EXTRA_CORS_ALLOWED_ORIGINS),
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new SettingError(`The port must be a whole number from 0 to 65535, not "${text}".`);
  return port;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw new SettingError(`${name} must be one of ${allowed.join(", ")}, not "${value}".`);
}

function truthy(value: string | undefined): boolean | undefined {
  return value === undefined || value === "" ? undefined : ["1", "true", "yes", "on"].includes(value.toLowerCase());
}

function list(value: string | undefined): string[] {
  return (value ?? "").split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/** LocalStack's GATEWAY_LISTEN: `0.0.0.0:4566`, a list of them, or a port alone. The first counts. */
function splitListen(value: string | undefined): [string | undefined, string | undefined] {
  const first = list(value)[0];
  if (first === undefined) return [undefined, undefined];
  const colon = first.lastIndexOf(":");
  return colon < 0 ? [undefined, first] : [first.slice(0, colon), first.slice(colon + 1)];
}

/** `CUMULET_QUOTA_APIGATEWAY_RESOURCES=500` is the quota `apigateway.resources`. */
function quotas(env: Environment): { [name: string]: number } {
  const found: { [name: string]: number } = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("CUMULET_QUOTA_") || value === undefined) continue;
    const number = Number(value);
    if (!Number.isFinite(number)) throw new SettingError(`${name} must be a number, not "${value}".`);
    found[settingName(name.slice("CUMULET_QUOTA_".length))] = number;
  }
  return found;
}

/** `CUMULET_S3_BUCKET_DEFAULTS=legacy` is the setting `s3.bucket_defaults`; OpenTelemetry's own names (`OTEL_EXPORTER_OTLP_ENDPOINT`) are settings too. */
function serviceSettings(env: Environment): { [name: string]: string } {
  const found: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith("OTEL_EXPORTER_OTLP_") && value !== undefined) found[settingName(name)] = value;
    if (name.startsWith("CUMULET_") && value !== undefined) found[settingName(name.slice("CUMULET_".length))] = value;
  }
  return found;
}

function settingName(rest: string): string {
  const [service, ...words] = rest.toLowerCase().split("_");
  return `${service}.${words.join("_")}`;
}
