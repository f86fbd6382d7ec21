import type {
  CacheBehavior, CachePolicyConfig, DefaultCacheBehavior, OriginRequestPolicyConfig, ResponseHeadersPolicyConfig,
} from "@cumulet/protocol/models/cloudfront.d.ts";
import { isOwnHeader } from "./viewer-headers.ts";
import { everything, nothing, selectionOf, union, withWildcards, type Selection } from "./selection.ts";

/** Headers, cookies and query parameters: of a cache key, or of what the origin gets. */
export interface Selections {
  headers: Selection;
  cookies: Selection;
  queries: Selection;
}

/** A cache behaviour, its policies read and its names compiled. */
export interface Behavior {
  config: CacheBehavior | DefaultCacheBehavior;
  pathPattern: string;
  targetOriginId: string;
  viewerProtocol: "allow-all" | "https-only" | "redirect-to-https";
  allowedMethods: ReadonlySet<string>;
  cachedMethods: ReadonlySet<string>;
  compress: boolean;
  /** Seconds. */
  minTtl: number;
  defaultTtl: number;
  maxTtl: number;
  key: Selections;
  forward: Selections;
  /** CloudFront's own headers that the key or the origin asks for, lower case. */
  ownHeaders: readonly string[];
  gzip: boolean;
  brotli: boolean;
  /** Legacy settings (`ForwardedValues`): headers that no list names reach the origin too. */
  legacy: boolean;
  responseHeaders: ResponseHeadersPolicyConfig | undefined;
  /** Public keys (PEM) by id whose signatures open the behaviour; undefined when it is open to all. */
  trustedKeys: ReadonlyMap<string, string> | undefined;
}

/** Where a behaviour's policies are found. */
export interface PolicyLookup {
  cachePolicy(id: string): CachePolicyConfig | undefined;
  originRequestPolicy(id: string): OriginRequestPolicyConfig | undefined;
  responseHeadersPolicy(id: string): ResponseHeadersPolicyConfig | undefined;
  /** Ids of a key group's public keys. */
  keyGroup(id: string): readonly string[] | undefined;
  /** A public key, PEM. */
  publicKey(id: string): string | undefined;
}

/** Compiles a behaviour. A policy that is gone counts as one that forwards and keys nothing. */
export function compileBehavior(config: CacheBehavior | DefaultCacheBehavior, policies: PolicyLookup, semantics: "cloudfront" | "rfc" = "cloudfront"): Behavior {
  const policy = config.CachePolicyId === undefined ? undefined : policies.cachePolicy(config.CachePolicyId);
  const legacy = policy === undefined && config.ForwardedValues !== undefined;
  let key = legacy ? legacyKey(config) : policyKey(policy);
  const origin = config.OriginRequestPolicyId === undefined ? undefined : policies.originRequestPolicy(config.OriginRequestPolicyId);
  const parameters = policy?.ParametersInCacheKeyAndForwardedToOrigin;
  // Legacy: all headers forwarded means that nothing is cached. By the RFCs `Vary` tells which of those forwarded count.
  const allHeaders = legacy && key.headers.mode === "all";
  const uncached = allHeaders && semantics === "cloudfront";
  const forwarded = key;
  if (legacy && semantics === "rfc") key = { headers: nothing, cookies: nothing, queries: key.queries };
  return {
    config,
    pathPattern: "PathPattern" in config ? config.PathPattern : "*",
    targetOriginId: config.TargetOriginId,
    viewerProtocol: config.ViewerProtocolPolicy as Behavior["viewerProtocol"],
    allowedMethods: new Set(config.AllowedMethods?.Items ?? ["HEAD", "GET"]),
    cachedMethods: new Set(config.AllowedMethods?.CachedMethods?.Items ?? ["HEAD", "GET"]),
    compress: config.Compress ?? false,
    minTtl: policy?.MinTTL ?? config.MinTTL ?? 0,
    defaultTtl: uncached ? 0 : (policy?.DefaultTTL ?? config.DefaultTTL ?? 86_400),
    maxTtl: uncached ? 0 : (policy?.MaxTTL ?? config.MaxTTL ?? 31_536_000),
    key,
    forward: origin === undefined ? forwarded : {
      headers: union(forwarded.headers, selectionOf({ behavior: origin.HeadersConfig.HeaderBehavior, names: origin.HeadersConfig.Headers?.Items }, true)),
      cookies: union(key.cookies, withWildcards(selectionOf({ behavior: origin.CookiesConfig.CookieBehavior, names: origin.CookiesConfig.Cookies?.Items }))),
      queries: union(key.queries, selectionOf({ behavior: origin.QueryStringsConfig.QueryStringBehavior, names: origin.QueryStringsConfig.QueryStrings?.Items })),
    },
    ownHeaders: [...new Set([...forwarded.headers.names, ...(origin?.HeadersConfig.Headers?.Items ?? [])].map((name) => name.toLowerCase()).filter(isOwnHeader))],
    gzip: parameters?.EnableAcceptEncodingGzip ?? (legacy && (config.Compress ?? false)),
    brotli: parameters?.EnableAcceptEncodingBrotli ?? (legacy && (config.Compress ?? false)),
    legacy,
    responseHeaders: config.ResponseHeadersPolicyId === undefined ? undefined : policies.responseHeadersPolicy(config.ResponseHeadersPolicyId),
    trustedKeys: trustedKeys(config, policies),
  };
}

function trustedKeys({ TrustedKeyGroups: groups }: CacheBehavior | DefaultCacheBehavior, policies: PolicyLookup): ReadonlyMap<string, string> | undefined {
  if (groups === undefined || !groups.Enabled) return undefined;
  const keys = new Map<string, string>();
  for (const group of groups.Items ?? []) {
    for (const id of policies.keyGroup(group) ?? []) {
      const pem = policies.publicKey(id);
      if (pem !== undefined) keys.set(id, pem);
    }
  }
  return keys;
}

function policyKey(policy: CachePolicyConfig | undefined): Selections {
  const parameters = policy?.ParametersInCacheKeyAndForwardedToOrigin;
  if (parameters === undefined) return { headers: nothing, cookies: nothing, queries: nothing };
  return {
    headers: selectionOf({ behavior: parameters.HeadersConfig.HeaderBehavior, names: parameters.HeadersConfig.Headers?.Items }, true),
    cookies: withWildcards(selectionOf({ behavior: parameters.CookiesConfig.CookieBehavior, names: parameters.CookiesConfig.Cookies?.Items })),
    queries: selectionOf({ behavior: parameters.QueryStringsConfig.QueryStringBehavior, names: parameters.QueryStringsConfig.QueryStrings?.Items }),
  };
}

function legacyKey(config: CacheBehavior | DefaultCacheBehavior): Selections {
  const { QueryString, Cookies, Headers, QueryStringCacheKeys } = config.ForwardedValues!;
  const keyed = QueryStringCacheKeys?.Items ?? [];
  return {
    headers: selectionOf({ behavior: "whitelist", names: Headers?.Items }, true),
    cookies: withWildcards(selectionOf({ behavior: Cookies.Forward, names: Cookies.WhitelistedNames?.Items })),
    queries: !QueryString ? nothing : keyed.length === 0 ? everything : selectionOf({ behavior: "whitelist", names: keyed }),
  };
}
