import type { Background, Context, PlatformConfig } from "@cumulet/core";
import { createHostParser, endpointLabels, type HostParser } from "@cumulet/protocol";
import { wildcardMatch } from "../domain/path-pattern.ts";
import type { CdnStore } from "../store.ts";
import { Cache } from "./cache/cache.ts";
import { Origins } from "./origin.ts";

const MIB = 1024 * 1024;
/** Memory for cached bodies of an edge, MiB, and largest body that is kept, unless settings say otherwise. */
const MEMORY_MIB = 256;
const OBJECT_MIB = 32;

/** What lives as long as a platform runs and is no state: caches, connections. One for each platform. */
export class Network {
  readonly cache: Cache;
  readonly origins = new Origins();
  /** Name of the edge as `X-Amz-Cf-Pop` says it. */
  readonly pop = "LCL50-P1";
  /** Where viewers reach this cloud by HTTPS; undefined when it does not listen for it. */
  httpsPort: number | undefined;
  readonly parseHost: HostParser;

  constructor(config: PlatformConfig) {
    const { settings } = config;
    this.cache = new Cache({
      bytes: (Number(settings["cdn.cache_memory_mib"] ?? MEMORY_MIB) || MEMORY_MIB) * MIB,
      objectBytes: OBJECT_MIB * MIB,
    });
    this.parseHost = createHostParser({ bases: config.domains, serviceLabels: endpointLabels() });
  }
}

/** Networks by their platform's configuration: several platforms may run in one process. */
const networks = new WeakMap<PlatformConfig, Network>();

/** The network of a platform. */
export function networkOf(config: PlatformConfig): Network {
  let network = networks.get(config);
  if (network === undefined) networks.set(config, (network = new Network(config)));
  return network;
}

/** Makes every edge forget paths of a distribution; a path may end in `*`. */
export function purge(ctx: Context<CdnStore>, distribution: string, paths: readonly string[]): void {
  const patterns = paths.map((path) => (path.startsWith("/") ? path : `/${path}`));
  networkOf(ctx.config).cache.purge(ctx.account, distribution, (target) => patterns.some((pattern) => wildcardMatch(pattern, target)));
}

/** Makes every edge forget a distribution. */
export function dropDistribution(ctx: Context<CdnStore>, distribution: string): void {
  networkOf(ctx.config).cache.purge(ctx.account, distribution, () => true);
}

/** Closes what the network holds open when the platform stops, and forgets what edges have of an account that was reset. */
export function runNetwork({ config, onScope }: Background<CdnStore>): AsyncDisposable {
  const seen = new Set<string>();
  const scopes = onScope(({ account }) => {
    // Opened again in the same run: its state was reset or restored, and what edges have may be of another time.
    if (seen.has(account)) networkOf(config).cache.clear(account);
    seen.add(account);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      scopes[Symbol.dispose]();
      await networkOf(config).origins.close();
      networks.delete(config);
    },
  };
}
