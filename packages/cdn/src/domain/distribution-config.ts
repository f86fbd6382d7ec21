import type {
  AllowedMethods, CacheBehavior, DefaultCacheBehavior, DistributionConfig, Origin, ViewerCertificate,
} from "@cumulet/protocol/models/cloudfront.d.ts";

type Behavior = CacheBehavior | DefaultCacheBehavior;

/**
 * A configuration as AWS stores it: what was left out is there with its default, so that what is read back can be compared
 * and sent again. Values as `GetDistributionConfig` answers them for a distribution created with the required members only.
 */
export function completeDistributionConfig(config: DistributionConfig): DistributionConfig {
  return {
    ...config,
    Aliases: listOf(config.Aliases),
    DefaultRootObject: config.DefaultRootObject ?? "",
    Origins: { Quantity: config.Origins.Quantity, Items: config.Origins.Items.map(completeOrigin) },
    OriginGroups: listOf(config.OriginGroups),
    DefaultCacheBehavior: completeBehavior(config.DefaultCacheBehavior),
    CacheBehaviors: config.CacheBehaviors?.Items === undefined
      ? { Quantity: 0 }
      : { Quantity: config.CacheBehaviors.Quantity, Items: config.CacheBehaviors.Items.map(completeBehavior) },
    CustomErrorResponses: customErrors(config.CustomErrorResponses),
    Logging: {
      Enabled: config.Logging?.Enabled ?? false,
      IncludeCookies: config.Logging?.IncludeCookies ?? false,
      Bucket: config.Logging?.Bucket ?? "",
      Prefix: config.Logging?.Prefix ?? "",
    },
    PriceClass: config.PriceClass ?? "PriceClass_All",
    ViewerCertificate: completeCertificate(config.ViewerCertificate),
    Restrictions: config.Restrictions ?? { GeoRestriction: { RestrictionType: "none", Quantity: 0 } },
    WebACLId: config.WebACLId ?? "",
    HttpVersion: config.HttpVersion ?? "http2",
    IsIPV6Enabled: config.IsIPV6Enabled ?? false,
    ContinuousDeploymentPolicyId: config.ContinuousDeploymentPolicyId ?? "",
    Staging: config.Staging ?? false,
    ConnectionMode: config.ConnectionMode ?? "direct",
  };
}

function listOf<T extends { Quantity: number }>(list: T | undefined): T {
  return list ?? ({ Quantity: 0 } as T);
}

function customErrors(given: DistributionConfig["CustomErrorResponses"]): NonNullable<DistributionConfig["CustomErrorResponses"]> {
  if (given?.Items === undefined) return { Quantity: 0 };
  return {
    Quantity: given.Quantity,
    Items: given.Items.map((response) => ({ ...response, ResponsePagePath: response.ResponsePagePath ?? "", ResponseCode: response.ResponseCode ?? "", ErrorCachingMinTTL: response.ErrorCachingMinTTL ?? 10 })),
  };
}

function completeOrigin(origin: Origin): Origin {
  const custom = origin.CustomOriginConfig;
  return {
    ...origin,
    OriginPath: origin.OriginPath ?? "",
    CustomHeaders: listOf(origin.CustomHeaders),
    ...(origin.S3OriginConfig === undefined ? {} : { S3OriginConfig: { ...origin.S3OriginConfig, OriginReadTimeout: origin.S3OriginConfig.OriginReadTimeout ?? 30 } }),
    ...(custom === undefined ? {} : {
      CustomOriginConfig: {
        ...custom,
        OriginSslProtocols: custom.OriginSslProtocols ?? { Quantity: 3, Items: ["TLSv1", "TLSv1.1", "TLSv1.2"] },
        OriginReadTimeout: custom.OriginReadTimeout ?? 30,
        OriginKeepaliveTimeout: custom.OriginKeepaliveTimeout ?? 5,
      },
    }),
    ConnectionAttempts: origin.ConnectionAttempts ?? 3,
    ConnectionTimeout: origin.ConnectionTimeout ?? 10,
    OriginShield: origin.OriginShield ?? { Enabled: false },
    OriginAccessControlId: origin.OriginAccessControlId ?? "",
  };
}

function completeMethods(given: AllowedMethods | undefined): AllowedMethods {
  const simple = { Quantity: 2, Items: ["HEAD", "GET"] };
  if (given === undefined) return { ...simple, CachedMethods: simple };
  return { ...given, CachedMethods: given.CachedMethods ?? simple };
}

function completeBehavior<B extends Behavior>(behavior: B): B {
  const legacy = behavior.CachePolicyId === undefined && behavior.ForwardedValues !== undefined;
  return {
    ...behavior,
    TrustedSigners: behavior.TrustedSigners ?? { Enabled: false, Quantity: 0 },
    TrustedKeyGroups: behavior.TrustedKeyGroups ?? { Enabled: false, Quantity: 0 },
    AllowedMethods: completeMethods(behavior.AllowedMethods),
    SmoothStreaming: behavior.SmoothStreaming ?? false,
    Compress: behavior.Compress ?? false,
    LambdaFunctionAssociations: listOf(behavior.LambdaFunctionAssociations),
    FunctionAssociations: listOf(behavior.FunctionAssociations),
    FieldLevelEncryptionId: behavior.FieldLevelEncryptionId ?? "",
    GrpcConfig: behavior.GrpcConfig ?? { Enabled: false },
    ...(legacy ? {
      ForwardedValues: {
        ...behavior.ForwardedValues!,
        Headers: listOf(behavior.ForwardedValues!.Headers),
        QueryStringCacheKeys: listOf(behavior.ForwardedValues!.QueryStringCacheKeys),
      },
      MinTTL: behavior.MinTTL ?? 0,
      DefaultTTL: behavior.DefaultTTL ?? 86_400,
      MaxTTL: behavior.MaxTTL ?? 31_536_000,
    } : {}),
  };
}

function completeCertificate(given: ViewerCertificate | undefined): ViewerCertificate {
  if (given === undefined || (given.ACMCertificateArn === undefined && given.IAMCertificateId === undefined)) {
    return { CloudFrontDefaultCertificate: true, SSLSupportMethod: "vip", MinimumProtocolVersion: "TLSv1", CertificateSource: "cloudfront" };
  }
  const source = given.ACMCertificateArn === undefined ? "iam" : "acm";
  return {
    CloudFrontDefaultCertificate: false,
    ...given,
    MinimumProtocolVersion: given.MinimumProtocolVersion ?? "TLSv1",
    Certificate: given.ACMCertificateArn ?? given.IAMCertificateId!,
    CertificateSource: source,
  };
}
