import { afterAll, beforeAll, expect, test } from "vitest";
import { CloudFrontClient, CreateCloudFrontOriginAccessIdentityCommand, CreateDistributionCommand, CreateOriginAccessControlCommand, type Distribution, type Origin } from "@aws-sdk/client-cloudfront";
import { CreateBucketCommand, DeletePublicAccessBlockCommand, PutBucketCorsCommand, PutBucketPolicyCommand, PutBucketWebsiteCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { createAuthorizer } from "@cumulet/identity";
import { services } from "@cumulet/platform";

/** The CDN over this cloud's own origins, with policies enforced. */
let cloud: TestPlatform;
let cloudfront: CloudFrontClient;
let s3: S3Client;
beforeAll(async () => {
  cloud = await testPlatform(services, { authorizer: createAuthorizer(), config: { authorization: "strict" } });
  cloudfront = new CloudFrontClient(cloud.clientConfig());
  s3 = new S3Client({ ...cloud.clientConfig(), forcePathStyle: true });
});
afterAll(async () => {
  cloudfront.destroy();
  s3.destroy();
  await cloud.close();
});

const get = async ({ Id }: Distribution, path: string, init: RequestInit = {}) => {
  const response = await fetch(`${cloud.endpoint}/_aws/cloudfront/${Id}${path}`, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
};

let references = 0;
async function distribution(origin: Partial<Origin>, behavior = {}): Promise<Distribution> {
  const { Distribution } = await cloudfront.send(new CreateDistributionCommand({
    DistributionConfig: {
      CallerReference: `r${++references}`, Comment: "", Enabled: true,
      Origins: { Quantity: 1, Items: [{ Id: "o", DomainName: "", ...origin }] },
      DefaultCacheBehavior: { TargetOriginId: "o", ViewerProtocolPolicy: "allow-all", CachePolicyId: "658327ea-f89d-4fab-a63d-7e88639e58f6", ...behavior },
    },
  }));
  return Distribution!;
}

async function bucketWith(Bucket: string, Key: string, Body: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: "text/plain" }));
}

const allow = (Bucket: string, Principal: object, Condition?: object): PutBucketPolicyCommand => new PutBucketPolicyCommand({
  Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*`, ...(Condition === undefined ? {} : { Condition }) }] }),
});

test("an origin access control opens a private bucket to its own distribution", async () => {
  await bucketWith("private-oac", "page.txt", "secret");
  const { OriginAccessControl } = await cloudfront.send(new CreateOriginAccessControlCommand({
    OriginAccessControlConfig: { Name: "oac", SigningProtocol: "sigv4", SigningBehavior: "always", OriginAccessControlOriginType: "s3" },
  }));
  const origin = { DomainName: "private-oac.s3.us-east-1.amazonaws.com", S3OriginConfig: { OriginAccessIdentity: "" } };
  const plain = await distribution(origin);
  const signed = await distribution({ ...origin, OriginAccessControlId: OriginAccessControl!.Id });
  const other = await distribution({ ...origin, OriginAccessControlId: OriginAccessControl!.Id });
  await s3.send(allow("private-oac", { Service: "cloudfront.amazonaws.com" }, { StringEquals: { "AWS:SourceArn": signed.ARN } }));
  expect(await get(signed, "/page.txt")).toMatchObject({ status: 200, body: "secret" });
  expect((await get(plain, "/page.txt")).status).toBe(403);
  expect((await get(other, "/page.txt")).status).toBe(403);
  // A key that is not there looks like one that may not be read, as long as the policy does not allow listing.
  expect((await get(signed, "/none.txt")).status).toBe(403);
});

test("an origin access identity opens a private bucket by its ARN", async () => {
  await bucketWith("private-oai", "page.txt", "secret");
  const { CloudFrontOriginAccessIdentity: identity } = await cloudfront.send(new CreateCloudFrontOriginAccessIdentityCommand({ CloudFrontOriginAccessIdentityConfig: { CallerReference: "i", Comment: "" } }));
  const made = await distribution({ DomainName: "private-oai.s3.amazonaws.com", S3OriginConfig: { OriginAccessIdentity: `origin-access-identity/cloudfront/${identity!.Id}` } });
  expect((await get(made, "/page.txt")).status).toBe(403);
  await s3.send(allow("private-oai", { AWS: `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${identity!.Id}` }));
  await cloud.clock.advance(11_000);
  expect(await get(made, "/page.txt")).toMatchObject({ status: 200, body: "secret" });
});

test("an origin access identity opens a private bucket by its name in S3's lists", async () => {
  await bucketWith("private-canonical", "page.txt", "secret");
  const { CloudFrontOriginAccessIdentity: identity } = await cloudfront.send(new CreateCloudFrontOriginAccessIdentityCommand({ CloudFrontOriginAccessIdentityConfig: { CallerReference: "c", Comment: "" } }));
  await s3.send(allow("private-canonical", { CanonicalUser: identity!.S3CanonicalUserId! }));
  const made = await distribution({ DomainName: "private-canonical.s3.amazonaws.com", S3OriginConfig: { OriginAccessIdentity: `origin-access-identity/cloudfront/${identity!.Id}` } });
  expect(await get(made, "/page.txt")).toMatchObject({ status: 200, body: "secret" });
});

test("a website is an origin of its own, with the bucket's rules for other sites' pages", async () => {
  await bucketWith("site-origin", "index.html", "home");
  await s3.send(new PutBucketWebsiteCommand({ Bucket: "site-origin", WebsiteConfiguration: { IndexDocument: { Suffix: "index.html" } } }));
  await s3.send(new PutBucketCorsCommand({ Bucket: "site-origin", CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["https://app.example"] }] } }));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket: "site-origin" }));
  await s3.send(allow("site-origin", { AWS: "*" }));
  const site = await distribution({ DomainName: "site-origin.s3-website-us-east-1.amazonaws.com", CustomOriginConfig: { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: "http-only" } });
  expect(await get(site, "/")).toMatchObject({ status: 200, body: "home" });
  const api = await distribution({ DomainName: "site-origin.s3.us-east-1.amazonaws.com", S3OriginConfig: { OriginAccessIdentity: "" } }, { OriginRequestPolicyId: "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf" });
  expect((await get(api, "/index.html", { headers: { origin: "https://app.example" } })).headers.get("access-control-allow-origin")).toBe("https://app.example");
});
