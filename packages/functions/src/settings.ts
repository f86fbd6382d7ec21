import type { PlatformConfig } from "@cumulet/core";

/** A number that a person may set as `CUMULET_LAMBDA_<NAME>`; what is no number is ignored. */
export function setting(config: PlatformConfig, name: string, fallback: number): number {
  const text = config.settings[`lambda.${name}`];
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : fallback;
}

/** A text that a person may set as `CUMULET_LAMBDA_<NAME>`. */
export function textSetting(config: PlatformConfig, name: string): string | undefined {
  return config.settings[`lambda.${name}`] || undefined;
}
