import { generateKeyPairSync } from "node:crypto";
import * as cf from "@aws-sdk/client-cloudfront";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testCdn, type TestCdn } from "./support/cdn.ts";

let cdn: TestCdn;
let client: cf.CloudFrontClient;
beforeAll(async () => {
  cdn = await testCdn();
  client = cdn.client;
});
afterAll(() => cdn[Symbol.asyncDispose]());

const publicKey = (): string => generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" }).toString();

describe("policies", () => {
  const cachePolicy = (Name: string): cf.CachePolicyConfig => ({
    Name, MinTTL: 1,
    ParametersInCacheKeyAndForwardedToOrigin: { EnableAcceptEncodingGzip: true, HeadersConfig: { HeaderBehavior: "none" }, CookiesConfig: { CookieBehavior: "none" }, QueryStringsConfig: { QueryStringBehavior: "all" } },
  });

  it("live as cache policies", async () => {
    const created = await client.send(new cf.CreateCachePolicyCommand({ CachePolicyConfig: cachePolicy("p") }));
    expect(created.CachePolicy?.CachePolicyConfig).toMatchObject({ MinTTL: 1, DefaultTTL: 86_400, MaxTTL: 31_536_000 });
    await expect(client.send(new cf.CreateCachePolicyCommand({ CachePolicyConfig: cachePolicy("p") }))).rejects.toMatchObject({ name: "CachePolicyAlreadyExists" });
    const Id = created.CachePolicy!.Id!;
    const updated = await client.send(new cf.UpdateCachePolicyCommand({ Id, IfMatch: created.ETag, CachePolicyConfig: { ...cachePolicy("p"), MinTTL: 5 } }));
    expect((await client.send(new cf.GetCachePolicyConfigCommand({ Id }))).CachePolicyConfig?.MinTTL).toBe(5);
    const distribution = await cdn.distribution({}, { CachePolicyId: Id });
    expect((await client.send(new cf.ListDistributionsByCachePolicyIdCommand({ CachePolicyId: Id }))).DistributionIdList?.Items).toEqual([distribution.Id]);
    await expect(client.send(new cf.DeleteCachePolicyCommand({ Id, IfMatch: updated.ETag }))).rejects.toMatchObject({ name: "CachePolicyInUse" });
  });

  it("refuse a cache policy that contradicts itself", async () => {
    await expect(client.send(new cf.CreateCachePolicyCommand({ CachePolicyConfig: { ...cachePolicy("q"), MaxTTL: 0, DefaultTTL: 0, MinTTL: 0 } }))).rejects.toMatchObject({ name: "InvalidArgument" });
    await expect(client.send(new cf.CreateCachePolicyCommand({ CachePolicyConfig: { ...cachePolicy("q"), DefaultTTL: 5, MinTTL: 10 } }))).rejects.toMatchObject({ name: "InvalidArgument" });
  });

  it("of AWS cannot be changed", async () => {
    const managed = await client.send(new cf.GetCachePolicyCommand({ Id: "658327ea-f89d-4fab-a63d-7e88639e58f6" }));
    await expect(client.send(new cf.DeleteCachePolicyCommand({ Id: managed.CachePolicy!.Id, IfMatch: managed.ETag }))).rejects.toMatchObject({ name: "IllegalDelete" });
    await expect(client.send(new cf.UpdateCachePolicyCommand({ Id: managed.CachePolicy!.Id, IfMatch: managed.ETag, CachePolicyConfig: cachePolicy("r") }))).rejects.toMatchObject({ name: "IllegalUpdate" });
  });

  it("live as origin request policies", async () => {
    const config = { Name: "o", HeadersConfig: { HeaderBehavior: "allViewer" as const }, CookiesConfig: { CookieBehavior: "all" as const }, QueryStringsConfig: { QueryStringBehavior: "all" as const } };
    const { OriginRequestPolicy: made, ETag } = await client.send(new cf.CreateOriginRequestPolicyCommand({ OriginRequestPolicyConfig: config }));
    const Id = made!.Id!;
    const updated = await client.send(new cf.UpdateOriginRequestPolicyCommand({ Id, IfMatch: ETag, OriginRequestPolicyConfig: { ...config, Comment: "c" } }));
    expect((await client.send(new cf.GetOriginRequestPolicyCommand({ Id }))).OriginRequestPolicy?.OriginRequestPolicyConfig?.Comment).toBe("c");
    expect((await client.send(new cf.GetOriginRequestPolicyConfigCommand({ Id }))).OriginRequestPolicyConfig?.Name).toBe("o");
    expect((await client.send(new cf.ListOriginRequestPoliciesCommand({ Type: "custom" }))).OriginRequestPolicyList?.Quantity).toBe(1);
    expect((await client.send(new cf.ListDistributionsByOriginRequestPolicyIdCommand({ OriginRequestPolicyId: Id }))).DistributionIdList?.Quantity).toBe(0);
    await client.send(new cf.DeleteOriginRequestPolicyCommand({ Id, IfMatch: updated.ETag }));
    await expect(client.send(new cf.GetOriginRequestPolicyCommand({ Id }))).rejects.toMatchObject({ name: "NoSuchOriginRequestPolicy" });
  });

  it("live as response headers policies", async () => {
    const config = { Name: "h", CustomHeadersConfig: { Quantity: 1, Items: [{ Header: "X-A", Value: "1", Override: true }] } };
    const { ResponseHeadersPolicy: made, ETag } = await client.send(new cf.CreateResponseHeadersPolicyCommand({ ResponseHeadersPolicyConfig: config }));
    const Id = made!.Id!;
    const updated = await client.send(new cf.UpdateResponseHeadersPolicyCommand({ Id, IfMatch: ETag, ResponseHeadersPolicyConfig: { ...config, Comment: "c" } }));
    expect((await client.send(new cf.GetResponseHeadersPolicyCommand({ Id }))).ResponseHeadersPolicy?.ResponseHeadersPolicyConfig).toMatchObject({ ...config, Comment: "c" });
    expect((await client.send(new cf.GetResponseHeadersPolicyConfigCommand({ Id }))).ETag).toBe(updated.ETag);
    expect((await client.send(new cf.ListResponseHeadersPoliciesCommand({ Type: "managed" }))).ResponseHeadersPolicyList?.Quantity).toBe(5);
    expect((await client.send(new cf.ListDistributionsByResponseHeadersPolicyIdCommand({ ResponseHeadersPolicyId: Id }))).DistributionIdList?.Quantity).toBe(0);
    await client.send(new cf.DeleteResponseHeadersPolicyCommand({ Id, IfMatch: updated.ETag }));
  });
});

describe("origin access", () => {
  it("controls", async () => {
    const config = { Name: "oac", SigningProtocol: "sigv4" as const, SigningBehavior: "always" as const, OriginAccessControlOriginType: "s3" as const };
    const { OriginAccessControl: made, ETag } = await client.send(new cf.CreateOriginAccessControlCommand({ OriginAccessControlConfig: config }));
    const Id = made!.Id!;
    await expect(client.send(new cf.CreateOriginAccessControlCommand({ OriginAccessControlConfig: config }))).rejects.toMatchObject({ name: "OriginAccessControlAlreadyExists" });
    const updated = await client.send(new cf.UpdateOriginAccessControlCommand({ Id, IfMatch: ETag, OriginAccessControlConfig: { ...config, Description: "d" } }));
    expect((await client.send(new cf.GetOriginAccessControlCommand({ Id }))).OriginAccessControl?.OriginAccessControlConfig?.Description).toBe("d");
    expect((await client.send(new cf.GetOriginAccessControlConfigCommand({ Id }))).ETag).toBe(updated.ETag);
    expect((await client.send(new cf.ListOriginAccessControlsCommand({}))).OriginAccessControlList).toMatchObject({ IsTruncated: false, Items: [{ Id, Description: "d" }] });
    await client.send(new cf.DeleteOriginAccessControlCommand({ Id, IfMatch: updated.ETag }));
    await expect(client.send(new cf.GetOriginAccessControlCommand({ Id }))).rejects.toMatchObject({ name: "NoSuchOriginAccessControl" });
  });

  it("identities, whose reference makes the same one again", async () => {
    const CloudFrontOriginAccessIdentityConfig = { CallerReference: "r", Comment: "c" };
    const { CloudFrontOriginAccessIdentity: made, ETag } = await client.send(new cf.CreateCloudFrontOriginAccessIdentityCommand({ CloudFrontOriginAccessIdentityConfig }));
    expect(made).toMatchObject({ S3CanonicalUserId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const Id = made!.Id!;
    expect((await client.send(new cf.CreateCloudFrontOriginAccessIdentityCommand({ CloudFrontOriginAccessIdentityConfig }))).CloudFrontOriginAccessIdentity?.Id).toBe(Id);
    await expect(client.send(new cf.CreateCloudFrontOriginAccessIdentityCommand({ CloudFrontOriginAccessIdentityConfig: { CallerReference: "r", Comment: "other" } }))).rejects.toMatchObject({ name: "CloudFrontOriginAccessIdentityAlreadyExists" });
    const updated = await client.send(new cf.UpdateCloudFrontOriginAccessIdentityCommand({ Id, IfMatch: ETag, CloudFrontOriginAccessIdentityConfig: { CallerReference: "r", Comment: "new" } }));
    expect((await client.send(new cf.GetCloudFrontOriginAccessIdentityCommand({ Id }))).CloudFrontOriginAccessIdentity?.CloudFrontOriginAccessIdentityConfig?.Comment).toBe("new");
    expect((await client.send(new cf.GetCloudFrontOriginAccessIdentityConfigCommand({ Id }))).ETag).toBe(updated.ETag);
    expect((await client.send(new cf.ListCloudFrontOriginAccessIdentitiesCommand({}))).CloudFrontOriginAccessIdentityList?.Items).toMatchObject([{ Id, Comment: "new" }]);
    await client.send(new cf.DeleteCloudFrontOriginAccessIdentityCommand({ Id, IfMatch: updated.ETag }));
  });
});

describe("keys", () => {
  it("are kept in groups, unchanged", async () => {
    const PublicKeyConfig = { CallerReference: "k", Name: "k", EncodedKey: publicKey() };
    const { PublicKey: key, ETag } = await client.send(new cf.CreatePublicKeyCommand({ PublicKeyConfig }));
    expect(key!.Id).toMatch(/^K[A-Z0-9]{13}$/);
    await expect(client.send(new cf.CreatePublicKeyCommand({ PublicKeyConfig: { CallerReference: "x", Name: "x", EncodedKey: "nonsense" } }))).rejects.toMatchObject({ name: "InvalidArgument" });
    await expect(client.send(new cf.UpdatePublicKeyCommand({ Id: key!.Id, IfMatch: ETag, PublicKeyConfig: { ...PublicKeyConfig, EncodedKey: publicKey() } }))).rejects.toMatchObject({ name: "CannotChangeImmutablePublicKeyFields" });
    const updated = await client.send(new cf.UpdatePublicKeyCommand({ Id: key!.Id, IfMatch: ETag, PublicKeyConfig: { ...PublicKeyConfig, Comment: "c" } }));
    expect((await client.send(new cf.GetPublicKeyCommand({ Id: key!.Id }))).PublicKey?.PublicKeyConfig?.Comment).toBe("c");
    expect((await client.send(new cf.GetPublicKeyConfigCommand({ Id: key!.Id }))).ETag).toBe(updated.ETag);
    expect((await client.send(new cf.ListPublicKeysCommand({}))).PublicKeyList?.Items).toMatchObject([{ Id: key!.Id, Name: "k" }]);

    await expect(client.send(new cf.CreateKeyGroupCommand({ KeyGroupConfig: { Name: "g", Items: ["KNONE"] } }))).rejects.toMatchObject({ name: "InvalidArgument" });
    const { KeyGroup: group, ETag: groupTag } = await client.send(new cf.CreateKeyGroupCommand({ KeyGroupConfig: { Name: "g", Items: [key!.Id!] } }));
    await expect(client.send(new cf.DeletePublicKeyCommand({ Id: key!.Id, IfMatch: updated.ETag }))).rejects.toMatchObject({ name: "PublicKeyInUse" });
    const regrouped = await client.send(new cf.UpdateKeyGroupCommand({ Id: group!.Id, IfMatch: groupTag, KeyGroupConfig: { Name: "g", Items: [key!.Id!], Comment: "c" } }));
    expect((await client.send(new cf.GetKeyGroupCommand({ Id: group!.Id }))).KeyGroup?.KeyGroupConfig?.Comment).toBe("c");
    expect((await client.send(new cf.GetKeyGroupConfigCommand({ Id: group!.Id }))).ETag).toBe(regrouped.ETag);
    expect((await client.send(new cf.ListKeyGroupsCommand({}))).KeyGroupList?.Quantity).toBe(1);
    expect((await client.send(new cf.ListDistributionsByKeyGroupCommand({ KeyGroupId: group!.Id }))).DistributionIdList?.Quantity).toBe(0);
    await client.send(new cf.DeleteKeyGroupCommand({ Id: group!.Id, IfMatch: regrouped.ETag }));
    await client.send(new cf.DeletePublicKeyCommand({ Id: key!.Id, IfMatch: updated.ETag }));
  });
});

describe("names", () => {
  it("move from one distribution to another", async () => {
    const first = await cdn.distribution({ Aliases: { Quantity: 1, Items: ["moving.example.com"] } });
    const second = await cdn.distribution();
    expect((await client.send(new cf.ListConflictingAliasesCommand({ DistributionId: second.Id, Alias: "moving.example.com" }))).ConflictingAliasesList?.Items).toMatchObject([{ Alias: "moving.example.com", DistributionId: expect.stringMatching(/^\*+.{6}$/) }]);
    await client.send(new cf.AssociateAliasCommand({ TargetDistributionId: second.Id, Alias: "moving.example.com" }));
    expect((await client.send(new cf.GetDistributionCommand({ Id: first.Id }))).Distribution?.DistributionConfig?.Aliases?.Quantity).toBe(0);
    expect((await client.send(new cf.GetDistributionCommand({ Id: second.Id }))).Distribution?.DistributionConfig?.Aliases?.Items).toEqual(["moving.example.com"]);
  });
});

describe("logging and monitoring", () => {
  it("are configured", async () => {
    const EndPoints = [{ StreamType: "Kinesis", KinesisStreamConfig: { RoleARN: "arn:aws:iam::000000000000:role/r", StreamARN: "arn:aws:kinesis:us-east-1:000000000000:stream/s" } }];
    const { RealtimeLogConfig: made } = await client.send(new cf.CreateRealtimeLogConfigCommand({ Name: "log", SamplingRate: 50, EndPoints, Fields: ["timestamp"] }));
    await expect(client.send(new cf.CreateRealtimeLogConfigCommand({ Name: "log", SamplingRate: 50, EndPoints, Fields: ["timestamp"] }))).rejects.toMatchObject({ name: "RealtimeLogConfigAlreadyExists" });
    await client.send(new cf.UpdateRealtimeLogConfigCommand({ ARN: made!.ARN, SamplingRate: 10 }));
    expect((await client.send(new cf.GetRealtimeLogConfigCommand({ Name: "log" }))).RealtimeLogConfig).toMatchObject({ SamplingRate: 10, Fields: ["timestamp"] });
    expect((await client.send(new cf.ListRealtimeLogConfigsCommand({}))).RealtimeLogConfigs?.Items).toHaveLength(1);
    const distribution = await cdn.distribution({}, { RealtimeLogConfigArn: made!.ARN });
    expect((await client.send(new cf.ListDistributionsByRealtimeLogConfigCommand({ RealtimeLogConfigName: "log" }))).DistributionList?.Items).toMatchObject([{ Id: distribution.Id }]);
    await expect(client.send(new cf.DeleteRealtimeLogConfigCommand({ Name: "log" }))).rejects.toMatchObject({ name: "RealtimeLogConfigInUse" });

    const DistributionId = distribution.Id;
    await expect(client.send(new cf.GetMonitoringSubscriptionCommand({ DistributionId }))).rejects.toMatchObject({ name: "NoSuchMonitoringSubscription" });
    await client.send(new cf.CreateMonitoringSubscriptionCommand({ DistributionId, MonitoringSubscription: { RealtimeMetricsSubscriptionConfig: { RealtimeMetricsSubscriptionStatus: "Enabled" } } }));
    expect((await client.send(new cf.GetMonitoringSubscriptionCommand({ DistributionId }))).MonitoringSubscription?.RealtimeMetricsSubscriptionConfig?.RealtimeMetricsSubscriptionStatus).toBe("Enabled");
    await client.send(new cf.DeleteMonitoringSubscriptionCommand({ DistributionId }));
  });
});

describe("field-level encryption", () => {
  it("is kept, and refused at use", async () => {
    const { PublicKey: key } = await client.send(new cf.CreatePublicKeyCommand({ PublicKeyConfig: { CallerReference: "fle", Name: "fle", EncodedKey: publicKey() } }));
    const profileConfig = { Name: "p", CallerReference: "p", EncryptionEntities: { Quantity: 1, Items: [{ PublicKeyId: key!.Id!, ProviderId: "x", FieldPatterns: { Quantity: 1, Items: ["card"] } }] } };
    const profile = await client.send(new cf.CreateFieldLevelEncryptionProfileCommand({ FieldLevelEncryptionProfileConfig: profileConfig }));
    const ProfileId = profile.FieldLevelEncryptionProfile!.Id!;
    const config: cf.FieldLevelEncryptionConfig = { CallerReference: "c", ContentTypeProfileConfig: { ForwardWhenContentTypeIsUnknown: true, ContentTypeProfiles: { Quantity: 1, Items: [{ Format: "URLEncoded", ContentType: "application/x-www-form-urlencoded", ProfileId }] } } };
    const made = await client.send(new cf.CreateFieldLevelEncryptionConfigCommand({ FieldLevelEncryptionConfig: config }));
    const Id = made.FieldLevelEncryption!.Id!;
    await expect(cdn.distribution({}, { FieldLevelEncryptionId: Id })).rejects.toMatchObject({ name: "IllegalFieldLevelEncryptionConfigAssociationWithCacheBehavior" });
    const updated = await client.send(new cf.UpdateFieldLevelEncryptionConfigCommand({ Id, IfMatch: made.ETag, FieldLevelEncryptionConfig: { ...config, Comment: "c" } }));
    expect((await client.send(new cf.GetFieldLevelEncryptionCommand({ Id }))).FieldLevelEncryption?.FieldLevelEncryptionConfig?.Comment).toBe("c");
    expect((await client.send(new cf.GetFieldLevelEncryptionConfigCommand({ Id }))).ETag).toBe(updated.ETag);
    expect((await client.send(new cf.ListFieldLevelEncryptionConfigsCommand({}))).FieldLevelEncryptionList?.Quantity).toBe(1);
    await expect(client.send(new cf.DeleteFieldLevelEncryptionProfileCommand({ Id: ProfileId, IfMatch: profile.ETag }))).rejects.toMatchObject({ name: "FieldLevelEncryptionProfileInUse" });
    await client.send(new cf.DeleteFieldLevelEncryptionConfigCommand({ Id, IfMatch: updated.ETag }));
    const reprofiled = await client.send(new cf.UpdateFieldLevelEncryptionProfileCommand({ Id: ProfileId, IfMatch: profile.ETag, FieldLevelEncryptionProfileConfig: { ...profileConfig, Comment: "c" } }));
    expect((await client.send(new cf.GetFieldLevelEncryptionProfileCommand({ Id: ProfileId }))).FieldLevelEncryptionProfile?.FieldLevelEncryptionProfileConfig?.Comment).toBe("c");
    expect((await client.send(new cf.GetFieldLevelEncryptionProfileConfigCommand({ Id: ProfileId }))).ETag).toBe(reprofiled.ETag);
    expect((await client.send(new cf.ListFieldLevelEncryptionProfilesCommand({}))).FieldLevelEncryptionProfileList?.Quantity).toBe(1);
    await client.send(new cf.DeleteFieldLevelEncryptionProfileCommand({ Id: ProfileId, IfMatch: reprofiled.ETag }));
  });
});

describe("continuous deployment", () => {
  it("copies, sends a part of the traffic to the copy, and promotes it", async () => {
    const primary = await cdn.distribution();
    const { ETag, DistributionConfig } = await client.send(new cf.GetDistributionConfigCommand({ Id: primary.Id }));
    const copy = await client.send(new cf.CopyDistributionCommand({ PrimaryDistributionId: primary.Id, IfMatch: ETag, Staging: true, CallerReference: "copy", Enabled: true }));
    const staging = copy.Distribution!;
    expect(staging.DistributionConfig).toMatchObject({ Staging: true, Aliases: { Quantity: 0 } });
    const origin = DistributionConfig!.Origins!.Items![0]!;
    const changed = await client.send(new cf.UpdateDistributionCommand({
      Id: staging.Id, IfMatch: copy.ETag,
      DistributionConfig: { ...staging.DistributionConfig!, Origins: { Quantity: 1, Items: [{ ...origin, OriginPath: "/next" }] } },
    }));
    const policyConfig: cf.ContinuousDeploymentPolicyConfig = {
      Enabled: true, StagingDistributionDnsNames: { Quantity: 1, Items: [staging.DomainName!] },
      TrafficConfig: { Type: "SingleHeader", SingleHeaderConfig: { Header: "aws-cf-cd-try", Value: "1" } },
    };
    await expect(client.send(new cf.CreateContinuousDeploymentPolicyCommand({ ContinuousDeploymentPolicyConfig: { ...policyConfig, TrafficConfig: { Type: "SingleWeight", SingleWeightConfig: { Weight: 0.5 } } } }))).rejects.toMatchObject({ name: "InvalidArgument" });
    const { ContinuousDeploymentPolicy: policy, ETag: policyTag } = await client.send(new cf.CreateContinuousDeploymentPolicyCommand({ ContinuousDeploymentPolicyConfig: policyConfig }));
    const attached = await client.send(new cf.UpdateDistributionCommand({ Id: primary.Id, IfMatch: ETag, DistributionConfig: { ...DistributionConfig!, ContinuousDeploymentPolicyId: policy!.Id } }));

    cdn.origin.answer((request, response) => void response.end(request.url));
    expect((await cdn.get(primary, "/p")).body).toBe("/p");
    expect((await cdn.get(primary, "/p", { headers: { "aws-cf-cd-try": "1" } })).body).toBe("/next/p");

    expect((await client.send(new cf.GetContinuousDeploymentPolicyCommand({ Id: policy!.Id }))).ContinuousDeploymentPolicy?.ContinuousDeploymentPolicyConfig?.Enabled).toBe(true);
    expect((await client.send(new cf.GetContinuousDeploymentPolicyConfigCommand({ Id: policy!.Id }))).ETag).toBe(policyTag);
    expect((await client.send(new cf.ListContinuousDeploymentPoliciesCommand({}))).ContinuousDeploymentPolicyList?.Quantity).toBe(1);
    await expect(client.send(new cf.DeleteContinuousDeploymentPolicyCommand({ Id: policy!.Id, IfMatch: policyTag }))).rejects.toMatchObject({ name: "ContinuousDeploymentPolicyInUse" });
    const off = await client.send(new cf.UpdateContinuousDeploymentPolicyCommand({ Id: policy!.Id, IfMatch: policyTag, ContinuousDeploymentPolicyConfig: { ...policyConfig, Enabled: false } }));
    expect(off.ContinuousDeploymentPolicy?.ContinuousDeploymentPolicyConfig?.Enabled).toBe(false);
    expect((await cdn.get(primary, "/q", { headers: { "aws-cf-cd-try": "1" } })).body).toBe("/q");

    const promoted = await client.send(new cf.UpdateDistributionWithStagingConfigCommand({ Id: primary.Id, StagingDistributionId: staging.Id, IfMatch: `${attached.ETag}, ${changed.ETag}` }));
    expect(promoted.Distribution?.DistributionConfig).toMatchObject({ Staging: false, CallerReference: DistributionConfig!.CallerReference });
    expect((await cdn.get(primary, "/r")).body).toBe("/next/r");
  });
});

describe("what is not supported", () => {
  it("is refused by name", async () => {
    await expect(cdn.distribution({ WebACLId: "arn:aws:wafv2:us-east-1:000000000000:global/webacl/x/y" })).rejects.toMatchObject({ name: "InvalidWebACLId" });
    await expect(cdn.distribution({ ConnectionMode: "tenant-only" })).rejects.toThrow(/not supported by Cumulet/);
    await expect(client.send(new cf.ListDistributionsByWebACLIdCommand({ WebACLId: "null" }))).resolves.toMatchObject({ DistributionList: { IsTruncated: false } });
    await expect(client.send(new cf.CreateAnycastIpListCommand({ Name: "a", IpCount: 3 }))).rejects.toMatchObject({ name: "NotImplemented" });
  });
});
