import { composePlatform, type Platform, type PlatformOptions } from "@cumulet/core/platform";
import { createAuthorizer } from "@cumulet/identity";
import { services } from "./services.ts";

export { services } from "./services.ts";
export { AdminError, type Platform, type PlatformOptions } from "@cumulet/core/platform";

/** The whole cloud: every service, composed. It does not listen; see `Platform.handle`. */
export function createPlatform(options: Omit<PlatformOptions, "services"> & Partial<Pick<PlatformOptions, "services">>): Promise<Platform> {
  return composePlatform({ services, authorizer: createAuthorizer(), ...options });
}
