import {
  CreateDistributionCommand, CreateDistributionWithTagsCommand, CreateInvalidationCommand, DeleteDistributionCommand, GetCachePolicyCommand, GetDistributionCommand, GetDistributionConfigCommand,
  GetInvalidationCommand, ListCachePoliciesCommand, ListDistributionsCommand, ListInvalidationsCommand, ListTagsForResourceCommand, TagResourceCommand, UntagResourceCommand, UpdateDistributionCommand,
  waitUntilDistributionDeployed,
} from "@aws-sdk/client-cloudfront";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CACHING_OPTIMIZED, distributionConfig, testCdn, type TestCdn } from "./support/cdn.ts";

let cdn: TestCdn;
beforeAll(async () => {
  cdn = await testCdn();
});
afterAll(() => cdn[Symbol.asyncDispose]());

describe("distributions", () => {
  it("creates, reads, updates and deletes one by its ETag", async () => {
    const { client, origin } = cdn;
    const created = await client.send(new CreateDistributionCommand({ DistributionConfig: distributionConfig(origin.port, "life") }));
    expect(created.Distribution).toMatchObject({ Status: "InProgress", DomainName: expect.stringMatching(/^d[a-z0-9]{13}\.cloudfront\.localhost$/), ARN: expect.stringMatching(/^arn:aws:cloudfront::000000000000:distribution\/E[A-Z0-9]{13}$/) });
    const Id = created.Distribution!.Id!;
    expect(created.Location).toContain(`/2020-05-31/distribution/${Id}`);
    // The waiter asks at once and then every minute: it must be content with the first answer.
    await waitUntilDistributionDeployed({ client, minDelay: 60, maxWaitTime: 61 }, { Id });
    const read = await client.send(new GetDistributionConfigCommand({ Id }));
    expect(read.ETag).toBe(created.ETag);
    expect(read.DistributionConfig).toMatchObject({ PriceClass: "PriceClass_All", HttpVersion: "http2", ViewerCertificate: { CloudFrontDefaultCertificate: true }, DefaultCacheBehavior: { AllowedMethods: { Quantity: 2 } } });
    await expect(client.send(new DeleteDistributionCommand({ Id, IfMatch: read.ETag }))).rejects.toMatchObject({ name: "DistributionNotDisabled" });
    await expect(client.send(new UpdateDistributionCommand({ Id, DistributionConfig: read.DistributionConfig! }))).rejects.toMatchObject({ name: "InvalidIfMatchVersion" });
    await expect(client.send(new UpdateDistributionCommand({ Id, IfMatch: "EOTHER", DistributionConfig: read.DistributionConfig! }))).rejects.toMatchObject({ name: "PreconditionFailed" });
    const updated = await client.send(new UpdateDistributionCommand({ Id, IfMatch: read.ETag, DistributionConfig: { ...read.DistributionConfig!, Enabled: false } }));
    expect(updated.ETag).not.toBe(read.ETag);
    await client.send(new DeleteDistributionCommand({ Id, IfMatch: updated.ETag }));
    await expect(client.send(new GetDistributionCommand({ Id }))).rejects.toMatchObject({ name: "NoSuchDistribution", message: "The specified distribution does not exist." });
  });

  it("takes a caller reference once, and refuses what does not exist", async () => {
    const { client, origin } = cdn;
    const config = distributionConfig(origin.port, "once");
    await client.send(new CreateDistributionCommand({ DistributionConfig: config }));
    await expect(client.send(new CreateDistributionCommand({ DistributionConfig: config }))).rejects.toMatchObject({ name: "DistributionAlreadyExists" });
    await expect(client.send(new CreateDistributionCommand({ DistributionConfig: distributionConfig(origin.port, "a", {}, { TargetOriginId: "x" }) }))).rejects.toMatchObject({ name: "NoSuchOrigin" });
    await expect(client.send(new CreateDistributionCommand({ DistributionConfig: distributionConfig(origin.port, "b", {}, { CachePolicyId: "x" }) }))).rejects.toMatchObject({ name: "NoSuchCachePolicy" });
    await expect(client.send(new CreateDistributionCommand({ DistributionConfig: distributionConfig(origin.port, "c", { Aliases: { Quantity: 2, Items: ["a.example.com"] } }) }))).rejects.toMatchObject({ name: "InconsistentQuantities" });
  });

  it("gives an alternate domain name to one distribution only", async () => {
    const Aliases = { Quantity: 1, Items: ["shop.example.com"] };
    await cdn.distribution({ Aliases });
    await expect(cdn.distribution({ Aliases })).rejects.toMatchObject({ name: "CNAMEAlreadyExists" });
    cdn.origin.answer((_request, response) => void response.end("shop"));
    expect((await cdn.get("shop.example.com", "/")).body).toBe("shop");
  });

  it("lists in pages", async () => {
    const { client } = cdn;
    await cdn.distribution();
    await cdn.distribution();
    const ids: string[] = [];
    let Marker: string | undefined;
    do {
      const { DistributionList: list } = await client.send(new ListDistributionsCommand({ Marker, MaxItems: 1 }));
      ids.push(...(list!.Items ?? []).map(({ Id }) => Id!));
      Marker = list!.NextMarker;
    } while (Marker !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(2);
  });

  it("tags", async () => {
    const { client, origin } = cdn;
    const { Distribution } = await client.send(new CreateDistributionWithTagsCommand({
      DistributionConfigWithTags: { DistributionConfig: distributionConfig(origin.port, "tagged"), Tags: { Items: [{ Key: "a", Value: "1" }] } },
    }));
    const Resource = Distribution!.ARN!;
    await client.send(new TagResourceCommand({ Resource, Tags: { Items: [{ Key: "b", Value: "2" }] } }));
    await client.send(new UntagResourceCommand({ Resource, TagKeys: { Items: ["a"] } }));
    expect((await client.send(new ListTagsForResourceCommand({ Resource }))).Tags?.Items).toEqual([{ Key: "b", Value: "2" }]);
  });

  it("knows the managed policies by their ids", async () => {
    const { CachePolicy } = await cdn.client.send(new GetCachePolicyCommand({ Id: CACHING_OPTIMIZED }));
    expect(CachePolicy?.CachePolicyConfig).toMatchObject({ Name: "Managed-CachingOptimized", MinTTL: 1, DefaultTTL: 86_400 });
    const { CachePolicyList } = await cdn.client.send(new ListCachePoliciesCommand({ Type: "managed" }));
    expect(CachePolicyList?.Quantity).toBe(7);
  });
});

describe("invalidations", () => {
  it("purge what they name, and are kept", async () => {
    const distribution = await cdn.distribution();
    cdn.origin.answer((_request, response, count) => void response.end(`v${count}`));
    const first = await cdn.get(distribution, "/a/x");
    await cdn.get(distribution, "/b");
    expect((await cdn.get(distribution, "/a/x")).headers["x-cache"]).toBe("Hit from cloudfront");
    const { Invalidation } = await cdn.client.send(new CreateInvalidationCommand({ DistributionId: distribution.Id, InvalidationBatch: { CallerReference: "1", Paths: { Quantity: 1, Items: ["/a/*"] } } }));
    const again = await cdn.get(distribution, "/a/x");
    expect(again.headers["x-cache"]).toBe("Miss from cloudfront");
    expect(again.body).not.toBe(first.body);
    expect((await cdn.get(distribution, "/b")).headers["x-cache"]).toBe("Hit from cloudfront");
    const read = await cdn.client.send(new GetInvalidationCommand({ DistributionId: distribution.Id, Id: Invalidation!.Id }));
    expect(read.Invalidation).toMatchObject({ Status: "Completed", InvalidationBatch: { CallerReference: "1" } });
    const list = await cdn.client.send(new ListInvalidationsCommand({ DistributionId: distribution.Id }));
    expect(list.InvalidationList).toMatchObject({ Quantity: 1, IsTruncated: false });
  });
});
