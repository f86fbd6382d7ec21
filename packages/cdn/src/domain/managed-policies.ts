/** The policies that AWS keeps for everybody: same ids in every account. Ids and settings from the CloudFront developer guide. */
import type { CachePolicyConfig, OriginRequestPolicyConfig, ResponseHeadersPolicyConfig } from "@cumulet/protocol/models/cloudfront.d.ts";

/** A managed policy and its id. */
export interface Managed<Config> {
  id: string;
  config: Config;
}

const YEAR = 31_536_000;
const DAY = 86_400;

const items = (...names: string[]): { Quantity: number; Items: string[] } => ({ Quantity: names.length, Items: names });

type CacheKeySource = "none" | "all" | string[];

function cachePolicy(id: string, name: string, comment: string, ttl: [number, number, number], compress: boolean, headers: string[], cookies: CacheKeySource, queryStrings: CacheKeySource): Managed<CachePolicyConfig> {
  const [MinTTL, DefaultTTL, MaxTTL] = ttl;
  return {
    id,
    config: {
      Comment: comment,
      Name: `Managed-${name}`,
      DefaultTTL,
      MaxTTL,
      MinTTL,
      ParametersInCacheKeyAndForwardedToOrigin: {
        EnableAcceptEncodingGzip: compress,
        EnableAcceptEncodingBrotli: compress,
        HeadersConfig: headers.length === 0 ? { HeaderBehavior: "none" } : { HeaderBehavior: "whitelist", Headers: items(...headers) },
        CookiesConfig: Array.isArray(cookies) ? { CookieBehavior: "whitelist", Cookies: items(...cookies) } : { CookieBehavior: cookies },
        QueryStringsConfig: Array.isArray(queryStrings) ? { QueryStringBehavior: "whitelist", QueryStrings: items(...queryStrings) } : { QueryStringBehavior: queryStrings },
      },
    },
  };
}

const methodOverrides = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"];

export const managedCachePolicies: readonly Managed<CachePolicyConfig>[] = [
  cachePolicy("08627262-05a9-4f76-9ded-b50ca2e3a84f", "Elemental-MediaPackage", "Policy for Elemental MediaPackage Origin", [0, DAY, YEAR], true, ["Origin"], "none", ["aws.manifestfilter", "start", "end", "m"]),
  cachePolicy("2e54312d-136d-493c-8eb9-b001f22f67d2", "Amplify", "Policy for Amplify Origin", [2, 2, 600], true, ["Authorization", "CloudFront-Viewer-Country", "Host"], "all", "all"),
  cachePolicy("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled", "Policy with caching disabled", [0, 0, 0], false, [], "none", "none"),
  cachePolicy("4cc15a8a-d715-48a4-82b8-cc0b614638fe", "UseOriginCacheControlHeaders-QueryStrings", "Policy for origins that return Cache-Control headers and serve different content based on values present in the query string.", [0, 0, YEAR], true, ["Host", "Origin", ...methodOverrides], "all", "all"),
  cachePolicy("658327ea-f89d-4fab-a63d-7e88639e58f6", "CachingOptimized", "Policy with caching enabled. Supports Gzip and Brotli compression.", [1, DAY, YEAR], true, [], "none", "none"),
  cachePolicy("83da9c7e-98b4-4e11-a168-04f0df8e2c65", "UseOriginCacheControlHeaders", "Policy for origins that return Cache-Control headers. Query strings are not included in the cache key.", [0, 0, YEAR], true, ["Host", "Origin", ...methodOverrides], "all", "none"),
  cachePolicy("b2884449-e4de-46a7-ac36-70bc7f1ddd6d", "CachingOptimizedForUncompressedObjects", "Default policy when compression is disabled", [1, DAY, YEAR], false, [], "none", "none"),
];

function originRequestPolicy(id: string, name: string, comment: string, HeadersConfig: OriginRequestPolicyConfig["HeadersConfig"], everything: boolean): Managed<OriginRequestPolicyConfig> {
  const behavior = everything ? "all" : "none";
  return { id, config: { Comment: comment, Name: `Managed-${name}`, HeadersConfig, CookiesConfig: { CookieBehavior: behavior }, QueryStringsConfig: { QueryStringBehavior: behavior } } };
}

const whitelist = (...names: string[]): OriginRequestPolicyConfig["HeadersConfig"] => ({ HeaderBehavior: "whitelist", Headers: items(...names) });

export const managedOriginRequestPolicies: readonly Managed<OriginRequestPolicyConfig>[] = [
  originRequestPolicy("216adef6-5c7f-47e4-b989-5492eafa07d3", "AllViewer", "Policy to forward all parameters in viewer requests", { HeaderBehavior: "allViewer" }, true),
  originRequestPolicy("33f36d7e-f396-46d9-90e0-52428a34d9dc", "AllViewerAndCloudFrontHeaders-2022-06", "Policy to forward all parameters in viewer requests and all CloudFront headers released through June 2022", {
    HeaderBehavior: "allViewerAndWhitelistCloudFront",
    Headers: items(
      "CloudFront-Forwarded-Proto", "CloudFront-Is-Android-Viewer", "CloudFront-Is-Desktop-Viewer", "CloudFront-Is-IOS-Viewer", "CloudFront-Is-Mobile-Viewer",
      "CloudFront-Is-SmartTV-Viewer", "CloudFront-Is-Tablet-Viewer", "CloudFront-Viewer-Address", "CloudFront-Viewer-ASN", "CloudFront-Viewer-City",
      "CloudFront-Viewer-Country", "CloudFront-Viewer-Country-Name", "CloudFront-Viewer-Country-Region", "CloudFront-Viewer-Country-Region-Name",
      "CloudFront-Viewer-Http-Version", "CloudFront-Viewer-Latitude", "CloudFront-Viewer-Longitude", "CloudFront-Viewer-Metro-Code",
      "CloudFront-Viewer-Postal-Code", "CloudFront-Viewer-Time-Zone", "CloudFront-Viewer-TLS",
    ),
  }, true),
  {
    ...originRequestPolicy("59781a5b-3903-41f3-afcb-af62929ccde1", "CORS-CustomOrigin", "Policy for a custom origin with CORS settings enabled", whitelist("Origin"), false),
  },
  {
    id: "775133bc-15f2-49f9-abea-afb2e0bf67d2",
    config: {
      Comment: "Policy to forward all parameters in viewer requests to a MediaTailor endpoint",
      Name: "Managed-Elemental-MediaTailor-PersonalizedManifests",
      HeadersConfig: whitelist("Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method", "User-Agent", "X-Forwarded-For"),
      CookiesConfig: { CookieBehavior: "none" },
      QueryStringsConfig: { QueryStringBehavior: "all" },
    },
  },
  originRequestPolicy("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "CORS-S3Origin", "Policy for S3 origin with CORS settings enabled", whitelist("Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"), false),
  originRequestPolicy("acba4595-bd28-49b8-b9fe-13317c0390fa", "UserAgentRefererHeaders", "Policy to forward user-agent and referer headers to origin", whitelist("User-Agent", "Referer"), false),
  originRequestPolicy("b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader", "Policy to forward all parameters in viewer requests except for the Host header", { HeaderBehavior: "allExcept", Headers: items("host") }, true),
  originRequestPolicy("bf0718e1-ba1e-49d1-88b1-f726733018ae", "HostHeaderOnly", "Policy to forward Host header only", whitelist("Host"), false),
];

const security: NonNullable<ResponseHeadersPolicyConfig["SecurityHeadersConfig"]> = {
  XSSProtection: { Override: false, Protection: true, ModeBlock: true },
  FrameOptions: { Override: false, FrameOption: "SAMEORIGIN" },
  ReferrerPolicy: { Override: false, ReferrerPolicy: "strict-origin-when-cross-origin" },
  ContentTypeOptions: { Override: true },
  StrictTransportSecurity: { Override: false, AccessControlMaxAgeSec: YEAR },
};

function cors(preflight: boolean): NonNullable<ResponseHeadersPolicyConfig["CorsConfig"]> {
  return {
    AccessControlAllowOrigins: items("*"),
    AccessControlAllowHeaders: items("*"),
    AccessControlAllowMethods: preflight ? items("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS") : items("GET", "HEAD"),
    AccessControlAllowCredentials: false,
    ...(preflight ? { AccessControlExposeHeaders: items("*") } : {}),
    OriginOverride: false,
  };
}

export const managedResponseHeadersPolicies: readonly Managed<ResponseHeadersPolicyConfig>[] = [
  { id: "5cc3b908-e619-4b99-88e5-2cf7f45965bd", config: { Comment: "Allows all origins for CORS requests, including preflight requests", Name: "Managed-CORS-With-Preflight", CorsConfig: cors(true) } },
  { id: "60669652-455b-4ae9-85a4-c4c02393f86c", config: { Comment: "Allows all origins for simple CORS requests", Name: "Managed-SimpleCORS", CorsConfig: cors(false) } },
  { id: "67f7725c-6f97-4210-82d7-5512b31e9d03", config: { Comment: "Adds a set of security headers to every response", Name: "Managed-SecurityHeadersPolicy", SecurityHeadersConfig: security } },
  { id: "e61eb60c-9c35-4d20-a928-2b84e02af89c", config: { Comment: "Allows all origins for simple CORS requests and adds security headers", Name: "Managed-CORS-and-SecurityHeadersPolicy", CorsConfig: cors(false), SecurityHeadersConfig: security } },
  { id: "eaab4381-ed33-4a86-88ca-d9558dc6cd63", config: { Comment: "Allows all origins for CORS requests, including preflight requests, and adds security headers", Name: "Managed-CORS-with-preflight-and-SecurityHeadersPolicy", CorsConfig: cors(true), SecurityHeadersConfig: security } },
];
