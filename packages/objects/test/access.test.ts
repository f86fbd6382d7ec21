import {
  CreateBucketCommand, DeletePublicAccessBlockCommand, GetBucketAclCommand, GetObjectAclCommand, GetObjectCommand, HeadObjectCommand, ListBucketsCommand, ListObjectsV2Command, PutBucketAclCommand,
  PutBucketOwnershipControlsCommand, PutBucketPolicyCommand, PutObjectAclCommand, PutObjectCommand, PutPublicAccessBlockCommand, HeadBucketCommand, GetBucketLocationCommand,
} from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { describe, expect, it } from "vitest";
import { canonicalId } from "../src/domain/owner.ts";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform({ config: { authorization: "strict" } });
const ann = platform.client("111111111111");
const bob = platform.client("222222222222");
let count = 0;

/** A bucket of Ann's; `open` ones have neither a public access block nor disabled lists. */
async function bucket(open = false): Promise<string> {
  const Bucket = `access-${count++}`;
  await ann.send(new CreateBucketCommand({ Bucket }));
  await ann.send(new PutObjectCommand({ Bucket, Key: "k", Body: "secret" }));
  if (open) {
    await ann.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await ann.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership: "ObjectWriter" }] } }));
  }
  return Bucket;
}

const read = (client: S3Client, Bucket: string, Key = "k") => client.send(new GetObjectCommand({ Bucket, Key })).then(({ Body }) => Body?.transformToString());
const anybody = (path: string, init: RequestInit = {}) => fetch(`${platform.endpoint}/${path}`, init);
const policy = (Bucket: string, statement: object) => ann.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*`, ...statement }] }) }));

describe("a bucket as it is made today", () => {
  it("is its account's alone", async () => {
    const Bucket = await bucket();
    expect(await read(ann, Bucket)).toBe("secret");
    expect(await failure(read(bob, Bucket))).toMatchObject({ name: "AccessDenied", message: "Access Denied", status: 403 });
    expect((await anybody(`${Bucket}/k`)).status).toBe(403);
    expect((await failure(bob.send(new HeadBucketCommand({ Bucket })))).status).toBe(403);
    expect((await bob.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
    expect((await failure(bob.send(new CreateBucketCommand({ Bucket })))).name).toBe("BucketAlreadyExists");
  });

  it("takes neither lists nor public policies", async () => {
    const Bucket = await bucket();
    expect(await failure(ann.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" })))).toMatchObject({ name: "AccessControlListNotSupported", message: "The bucket does not allow ACLs", status: 400 });
    expect((await failure(ann.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", ACL: "public-read" })))).name).toBe("AccessControlListNotSupported");
    await ann.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", ACL: "bucket-owner-full-control" }));
    expect((await failure(policy(Bucket, { Principal: "*" }))).name).toBe("AccessDenied");
    expect((await ann.send(new GetBucketAclCommand({ Bucket }))).Grants).toEqual([{ Grantee: { Type: "CanonicalUser", ID: canonicalId("111111111111") }, Permission: "FULL_CONTROL" }]);
  });

  it("tells nobody whether a key exists", async () => {
    const Bucket = await bucket();
    await policy(Bucket, { Principal: { AWS: "222222222222" } });
    expect(await read(bob, Bucket)).toBe("secret");
    expect((await failure(read(bob, Bucket, "missing"))).name).toBe("AccessDenied");
    expect((await failure(read(ann, Bucket, "missing"))).name).toBe("NoSuchKey");
  });
});

describe("bucket policies", () => {
  it("open a bucket to the world, with conditions", async () => {
    const Bucket = await bucket(true);
    await policy(Bucket, { Principal: "*", Condition: { StringLike: { "aws:Referer": "https://example.com/*" } } });
    expect((await anybody(`${Bucket}/k`)).status).toBe(403);
    expect(await (await anybody(`${Bucket}/k`, { headers: { referer: "https://example.com/a" } })).text()).toBe("secret");
  });

  it("deny even the owner", async () => {
    const Bucket = await bucket();
    await policy(Bucket, { Effect: "Deny", Principal: "*" });
    expect((await failure(read(ann, Bucket))).name).toBe("AccessDenied");
    await policy(Bucket, { Principal: { AWS: "222222222222" } });
    expect(await read(ann, Bucket)).toBe("secret");
  });

  it("look at prefixes and tags", async () => {
    const Bucket = await bucket();
    await ann.send(new PutObjectCommand({ Bucket, Key: "tagged", Body: "x", Tagging: "stage=public" }));
    await policy(Bucket, { Principal: { AWS: "arn:aws:iam::222222222222:root" }, Condition: { StringEquals: { "s3:ExistingObjectTag/stage": "public" } } });
    expect(await read(bob, Bucket, "tagged")).toBe("x");
    expect((await failure(read(bob, Bucket))).name).toBe("AccessDenied");
    await policy(Bucket, { Principal: { AWS: "222222222222" }, Action: "s3:ListBucket", Resource: `arn:aws:s3:::${Bucket}`, Condition: { StringEquals: { "s3:prefix": "a/" } } });
    await bob.send(new ListObjectsV2Command({ Bucket, Prefix: "a/" }));
    expect((await failure(bob.send(new ListObjectsV2Command({ Bucket })))).name).toBe("AccessDenied");
  });

  it("are shut by a public access block", async () => {
    const Bucket = await bucket(true);
    await policy(Bucket, { Principal: "*" });
    expect(await read(bob, Bucket)).toBe("secret");
    await ann.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { RestrictPublicBuckets: true } }));
    expect((await failure(read(bob, Bucket))).name).toBe("AccessDenied");
    expect(await read(ann, Bucket)).toBe("secret");
  });

  // The messages are S3's.
  it.each([
    ["", "Policies must be valid JSON and the first byte must be '{'"], ["nonsense", "Policies must be valid JSON and the first byte must be '{'"], ["{}", "Missing required field Statement"],
    ['{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}', "Missing required field Principal"],
    ['{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ec2:Run","Resource":"*"}]}', "Policy has invalid action"],
    ['{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*"}]}', "Policy has invalid resource"],
    ['{"Statement":[{"Effect":"Allow","Principal":{"AWS":"nobody"},"Action":"s3:GetObject","Resource":"*"}]}', "Invalid principal in policy"],
  ])("are refused: %s", async (Policy, message) => {
    expect(await failure(ann.send(new PutBucketPolicyCommand({ Bucket: await bucket(), Policy })))).toMatchObject({ name: "MalformedPolicy", message, status: 400 });
  });
});

describe("access control lists", () => {
  it("let others read, write and see the lists", async () => {
    const Bucket = await bucket(true);
    const id = `id="${canonicalId("222222222222")}"`;
    await ann.send(new PutObjectAclCommand({ Bucket, Key: "k", GrantRead: id }));
    expect(await read(bob, Bucket)).toBe("secret");
    expect((await failure(bob.send(new GetObjectAclCommand({ Bucket, Key: "k" })))).name).toBe("AccessDenied");
    expect((await failure(bob.send(new PutObjectCommand({ Bucket, Key: "b", Body: "bob's" })))).name).toBe("AccessDenied");
    await ann.send(new PutBucketAclCommand({ Bucket, ACL: "public-read-write" }));
    await bob.send(new PutObjectCommand({ Bucket, Key: "b", Body: "bob's" }));
    // What Bob writes is Bob's, in Ann's bucket too.
    expect((await failure(read(ann, Bucket, "b"))).name).toBe("AccessDenied");
    expect((await bob.send(new GetObjectAclCommand({ Bucket, Key: "b" }))).Owner?.ID).toBe(canonicalId("222222222222"));
    expect((await anybody(Bucket)).status).toBe(200);
    expect((await anybody(`${Bucket}/by-nobody`, { method: "PUT", body: "x" })).status).toBe(200);
  });

  it("are ignored and refused by a public access block", async () => {
    const Bucket = await bucket(true);
    await ann.send(new PutObjectAclCommand({ Bucket, Key: "k", ACL: "public-read" }));
    expect((await anybody(`${Bucket}/k`)).status).toBe(200);
    await ann.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { IgnorePublicAcls: true, BlockPublicAcls: true } }));
    expect((await anybody(`${Bucket}/k`)).status).toBe(403);
    expect((await failure(ann.send(new PutObjectAclCommand({ Bucket, Key: "k", ACL: "public-read" })))).name).toBe("AccessDenied");
  });

  it("name people that there are", async () => {
    const Bucket = await bucket(true);
    const put = (more: object) => ann.send(new PutBucketAclCommand({ Bucket, ...more }));
    expect(await failure(put({ GrantRead: "id=nobody" }))).toMatchObject({ name: "InvalidArgument", message: "Invalid id" });
    expect(await failure(put({ GrantRead: "uri=http://example.com" }))).toMatchObject({ name: "InvalidArgument", message: "Invalid group uri" });
    expect(await failure(put({ GrantRead: `id=${canonicalId("1".repeat(12))}`, ACL: "private" }))).toMatchObject({ name: "InvalidRequest", message: "Specifying both Canned ACLs and Header Grants is not allowed" });
    expect(await failure(put({}))).toMatchObject({ name: "MissingSecurityHeader" });
  });
});

describe("presigned URLs", () => {
  it("carry their signer's rights for their time", async () => {
    const Bucket = await bucket();
    const url = await getSignedUrl(ann, new GetObjectCommand({ Bucket, Key: "k" }), { expiresIn: 60, signingDate: new Date(platform.clock.now()) });
    expect(await (await fetch(url)).text()).toBe("secret");
    expect((await fetch(url.replace(/X-Amz-Signature=..../, "X-Amz-Signature=0000"))).status).toBe(403);
    const putBy = (client: S3Client) => getSignedUrl(client, new PutObjectCommand({ Bucket, Key: "put" }), { expiresIn: 60, signingDate: new Date(platform.clock.now()) });
    // By default the SDK puts the checksum of no body into the URL, which then fits no other: so it is on S3.
    expect(await (await fetch(await putBy(ann), { method: "PUT", body: "by url" })).text()).toContain("<Code>BadDigest</Code>");
    const plain = platform.client("111111111111", "us-east-1", { requestChecksumCalculation: "WHEN_REQUIRED" });
    expect((await fetch(await putBy(plain), { method: "PUT", body: "by url" })).status).toBe(200);
    expect(await read(ann, Bucket, "put")).toBe("by url");
    await platform.clock.advance(61_000);
    const late = await fetch(url);
    expect(late.status).toBe(403);
    expect(await late.text()).toContain("<Message>Request has expired</Message>");
  });
});

describe("regions", () => {
  it("send a caller to where the bucket is", async () => {
    const west = platform.client("111111111111", "us-west-2");
    const Bucket = `access-${count++}`;
    await west.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "us-west-2" } }));
    await west.send(new PutObjectCommand({ Bucket, Key: "k", Body: "west" }));
    const wrong = await ann.send(new HeadObjectCommand({ Bucket, Key: "k" })).catch((error: { $metadata: { httpStatusCode: number }; $response?: { headers: Record<string, string> } }) => error);
    expect(wrong.$metadata.httpStatusCode).toBe(301);
    const following = platform.client("111111111111", "us-east-1", { followRegionRedirects: true });
    expect(await read(following, Bucket)).toBe("west");
    expect((await ann.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe("us-west-2");
  });
});
