import type { PlatformConfig } from "@cumulet/core";
import type { CachePolicyConfig, ContinuousDeploymentPolicyConfig, DistributionConfig, KeyGroupConfig, Origin, OriginAccessControlConfig, OriginGroup, OriginRequestPolicyConfig, PublicKeyConfig, ResponseHeadersPolicyConfig } from "@cumulet/protocol/models/cloudfront.d.ts";
import { compileBehavior, type Behavior } from "../domain/behavior.ts";
import type { RuleLookup } from "../domain/distribution-rules.ts";
import { managedCachePolicies, managedOriginRequestPolicies, managedResponseHeadersPolicies } from "../domain/managed-policies.ts";
import { compilePathPattern } from "../domain/path-pattern.ts";
import type { DistributionBody } from "../names.ts";
import type { CdnStore, Resource } from "../store.ts";

/** A distribution as the edges run it: patterns, policies and origins made ready. */
export interface Distribution {
  id: string;
  etag: string;
  config: DistributionConfig;
  /** `d111111abcdef8.cloudfront.localhost` */
  domainName: string;
  origins: ReadonlyMap<string, ReadyOrigin>;
  groups: ReadonlyMap<string, OriginGroup>;
  /** Sends a part of the traffic to a staging distribution. */
  deployment: ContinuousDeploymentPolicyConfig | undefined;
  /** Alternate domain names, as configured. */
  aliases: readonly string[];
  /** The first that fits, in the order of the configuration; the default one last. */
  behavior(path: string): Behavior;
  /** Seconds for which an error status is kept at least. */
  errorTtl(status: number): number;
}

/** An origin and how it is signed for. */
export interface ReadyOrigin {
  config: Origin;
  access: OriginAccessControlConfig | undefined;
  /** Id of the origin access identity that reads the bucket. */
  identity: string | undefined;
}

/** CloudFront's error caching minimum TTL unless a distribution says otherwise, seconds. */
const ERROR_TTL = 10;

const managedCache = new Map(managedCachePolicies.map(({ id, config }) => [id, config]));
const managedOriginRequest = new Map(managedOriginRequestPolicies.map(({ id, config }) => [id, config]));
const managedResponseHeaders = new Map(managedResponseHeadersPolicies.map(({ id, config }) => [id, config]));

/** Policies of an account, managed ones included. */
export function policiesOf({ resources }: CdnStore): RuleLookup {
  return {
    cachePolicy: (id) => managedCache.get(id) ?? resources.get<CachePolicyConfig>("cache-policy", id)?.body,
    originRequestPolicy: (id) => managedOriginRequest.get(id) ?? resources.get<OriginRequestPolicyConfig>("origin-request-policy", id)?.body,
    responseHeadersPolicy: (id) => managedResponseHeaders.get(id) ?? resources.get<ResponseHeadersPolicyConfig>("response-headers-policy", id)?.body,
    keyGroup: (id) => resources.get<KeyGroupConfig>("key-group", id)?.body.Items,
    originAccessControl: (id) => resources.get("origin-access-control", id),
    originAccessIdentity: (id) => resources.get("origin-access-identity", id),
    realtimeLogConfig: (arn) => resources.get("realtime-log-config", arn.split("/").at(-1)!),
    publicKey: (id) => resources.get<PublicKeyConfig>("public-key", id)?.body.EncodedKey,
  };
}

/** Compiled distributions of a store, valid for one of its generations. */
const compiled = new WeakMap<CdnStore, { generation: number; distributions: Map<string, Distribution | undefined> }>();

/** Whose rules decide where CloudFront and the RFCs differ. */
export type Semantics = "cloudfront" | "rfc";

/** `CUMULET_CDN_CACHE_SEMANTICS=rfc`, or CloudFront's. */
export function semanticsOf({ settings }: PlatformConfig): Semantics {
  return settings["cdn.cache_semantics"] === "rfc" ? "rfc" : "cloudfront";
}

/** The distribution of an id, compiled once for every change of configuration. */
export function distributionOf(store: CdnStore, id: string, config: PlatformConfig): Distribution | undefined {
  const { generation } = store.resources;
  let known = compiled.get(store);
  if (known === undefined || known.generation !== generation) {
    known = { generation, distributions: new Map() };
    compiled.set(store, known);
  }
  let distribution = known.distributions.get(id);
  if (distribution === undefined) {
    const resource = store.resources.get<DistributionBody>("distribution", id);
    if (resource === undefined) return undefined;
    distribution = compileDistribution(resource, store, config.domains[0] ?? "localhost", semanticsOf(config));
    known.distributions.set(id, distribution);
  }
  return distribution;
}

function compileDistribution({ id, etag, body }: Resource<DistributionBody>, store: CdnStore, domain: string, semantics: Semantics): Distribution {
  const { config } = body;
  const policies = policiesOf(store);
  const behaviors = (config.CacheBehaviors?.Items ?? []).map((item) => {
    const behavior = compileBehavior(item, policies, semantics);
    return { matches: compilePathPattern(behavior.pathPattern), behavior };
  });
  const fallback = compileBehavior(config.DefaultCacheBehavior, policies, semantics);
  const errors = new Map((config.CustomErrorResponses?.Items ?? []).map((response) => [response.ErrorCode, response]));
  return {
    id,
    etag,
    config,
    domainName: `${body.label}.cloudfront.${domain}`,
    origins: new Map(config.Origins.Items.map((origin) => [origin.Id, readyOrigin(origin, store)])),
    groups: new Map((config.OriginGroups?.Items ?? []).map((group) => [group.Id, group])),
    deployment: config.ContinuousDeploymentPolicyId === undefined || config.ContinuousDeploymentPolicyId === "" ? undefined
      : store.resources.get<ContinuousDeploymentPolicyConfig>("continuous-deployment-policy", config.ContinuousDeploymentPolicyId)?.body,
    aliases: config.Aliases?.Items ?? [],
    behavior: (path) => {
      for (const { matches, behavior } of behaviors) if (matches(path)) return behavior;
      return fallback;
    },
    errorTtl: (status) => errors.get(status)?.ErrorCachingMinTTL ?? ERROR_TTL,
  };
}

function readyOrigin(config: Origin, { resources }: CdnStore): ReadyOrigin {
  const { OriginAccessControlId: id, S3OriginConfig } = config;
  return {
    config,
    access: id === undefined || id === "" ? undefined : resources.get<OriginAccessControlConfig>("origin-access-control", id)?.body,
    identity: S3OriginConfig === undefined || S3OriginConfig.OriginAccessIdentity === "" ? undefined : S3OriginConfig.OriginAccessIdentity.split("/").at(-1),
  };
}
