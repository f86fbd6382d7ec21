/** Cache, origin request and response headers policies: made, read, changed under their ETag, listed, deleted. */
import * as cf from "@aws-sdk/client-cloudfront";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../src/index.ts";

let cloud: TestPlatform;
let client: cf.CloudFrontClient;
beforeAll(async () => {
  cloud = await testPlatform(services);
  client = new cf.CloudFrontClient(cloud.clientConfig());
});
afterAll(() => cloud.close());

const run = <T = any>(command: new (input: any) => any, input: object = {}): Promise<T> => client.send(new command(input)) as Promise<T>;

const none = { HeadersConfig: { HeaderBehavior: "none" }, CookiesConfig: { CookieBehavior: "none" }, QueryStringsConfig: { QueryStringBehavior: "none" } };
test.each([
  ["CachePolicy", "CachePolicies", cf.CreateCachePolicyCommand, cf.GetCachePolicyCommand, cf.GetCachePolicyConfigCommand, cf.UpdateCachePolicyCommand, cf.ListCachePoliciesCommand, cf.DeleteCachePolicyCommand,
    { Name: "mine", MinTTL: 1, ParametersInCacheKeyAndForwardedToOrigin: { EnableAcceptEncodingGzip: false, ...none } }],
  ["OriginRequestPolicy", "OriginRequestPolicies", cf.CreateOriginRequestPolicyCommand, cf.GetOriginRequestPolicyCommand, cf.GetOriginRequestPolicyConfigCommand, cf.UpdateOriginRequestPolicyCommand, cf.ListOriginRequestPoliciesCommand, cf.DeleteOriginRequestPolicyCommand,
    { Name: "mine", ...none }],
  ["ResponseHeadersPolicy", "ResponseHeadersPolicies", cf.CreateResponseHeadersPolicyCommand, cf.GetResponseHeadersPolicyCommand, cf.GetResponseHeadersPolicyConfigCommand, cf.UpdateResponseHeadersPolicyCommand, cf.ListResponseHeadersPoliciesCommand, cf.DeleteResponseHeadersPolicyCommand,
    { Name: "mine", CustomHeadersConfig: { Quantity: 1, Items: [{ Header: "x-a", Value: "b", Override: true }] } }],
] as const)("%s", async (kind, _plural, create, get, getConfig, update, list, remove, config) => {
  const created = await run(create, { [`${kind}Config`]: config });
  const { Id } = created[kind];
  const read = await run(get, { Id });
  expect(read[kind][`${kind}Config`]).toMatchObject(config);
  const { ETag, [`${kind}Config`]: present } = await run(getConfig, { Id });
  expect(ETag).toBe(created.ETag);
  await expect(run(update, { Id, IfMatch: "STALE", [`${kind}Config`]: present })).rejects.toMatchObject({ name: expect.stringMatching(/^(PreconditionFailed|InvalidIfMatchVersion)$/) });
  const updated = await run(update, { Id, IfMatch: ETag, [`${kind}Config`]: { ...present, Comment: "changed" } });
  expect(updated[kind][`${kind}Config`].Comment).toBe("changed");
  expect(updated.ETag).not.toBe(ETag);
  const listed = await run(list, { Type: "custom" });
  expect(listed[`${kind}List`].Items.map((item: any) => item[kind].Id)).toEqual([Id]);
  await expect(run(create, { [`${kind}Config`]: config })).rejects.toMatchObject({ name: `${kind}AlreadyExists` });
  await run(remove, { Id, IfMatch: updated.ETag });
  await expect(run(get, { Id })).rejects.toMatchObject({ name: `NoSuch${kind}`, $metadata: { httpStatusCode: 404 } });
});
