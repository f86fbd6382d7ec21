import type { PlatformConfig } from "./context.ts";

/** What may be left out of a configuration, and what it then is. */
export function completeConfig(given: Partial<PlatformConfig>, dataFolder: string): PlatformConfig {
  return {
    defaultAccount: given.defaultAccount ?? "000000000000",
    defaultRegion: given.defaultRegion ?? "us-east-1",
    domains: given.domains ?? ["localhost", "localhost.localstack.cloud", "localhost.floci.io"],
    endpoint: given.endpoint ?? "http://localhost:4566",
    signatures: given.signatures ?? "off",
    authorization: given.authorization ?? "off",
    dataFolder,
    quotas: given.quotas ?? {},
    settings: given.settings ?? {},
  };
}
