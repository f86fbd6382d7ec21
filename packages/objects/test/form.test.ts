import { CreateBucketCommand, GetObjectCommand, GetObjectTaggingCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import type { PresignedPostOptions } from "@aws-sdk/s3-presigned-post";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { s3Platform } from "./platform.ts";

const platform = await s3Platform({ config: { authorization: "strict" } });
const s3 = platform.client();
const Bucket = "forms";

beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
});

/** The SDK signs with the machine's time; the platform has its own. */
async function presign(options: Omit<PresignedPostOptions, "Bucket">): Promise<Record<string, string>> {
  vi.useFakeTimers({ now: platform.clock.now(), toFake: ["Date"] });
  try {
    return (await createPresignedPost(s3, { Bucket, ...options })).fields;
  } finally {
    vi.useRealTimers();
  }
}

async function post(fields: Record<string, string>, file: Blob | string = "content", filename?: string): Promise<{ status: number; text: string; headers: Headers }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (typeof file === "string" && filename === undefined) form.append("file", file);
  else form.append("file", new Blob([file]), filename ?? "file");
  const response = await fetch(`${platform.endpoint}/${Bucket}`, { method: "POST", body: form, redirect: "manual" });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe("a form", () => {
  it("uploads its file with what its fields say", async () => {
    const Fields = { "x-amz-meta-colour": "blau", "Content-Type": "text/plain", tagging: "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>" };
    const fields = await presign({ Key: "by-form/${filename}", Fields, Conditions: [["starts-with", "$key", "by-form/"], ["eq", "$x-amz-meta-colour", "blau"]] });
    const { status, headers } = await post(fields, "hello", "C:\\files\\a.txt");
    expect(status).toBe(204);
    expect(headers.get("etag")).toBe('"5d41402abc4b2a76b9719d911017c592"');
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "by-form/a.txt" }));
    expect(got).toMatchObject({ ContentType: "text/plain", Metadata: { colour: "blau" } });
    expect(await got.Body?.transformToString()).toBe("hello");
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "by-form/a.txt" }))).TagSet).toEqual([{ Key: "a", Value: "b" }]);
  });

  it("may send its file as a plain field, and streams a large one", async () => {
    expect((await post(await presign({ Key: "plain" }), "no file name")).status).toBe(204);
    const large = new Blob([Buffer.alloc(3_000_000, "x")]);
    expect((await post(await presign({ Key: "large" }), large, "x")).status).toBe(204);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "large" }))).ContentLength).toBe(3_000_000);
  });

  it("answers as it was asked to", async () => {
    const created = await post(await presign({ Key: "created", Fields: { success_action_status: "201" } }));
    expect(created.status).toBe(201);
    expect(created.text).toContain(`<PostResponse><Location>${platform.endpoint}/forms/created</Location><Bucket>forms</Bucket><Key>created</Key><ETag>`);
    const redirected = await post(await presign({ Key: "redirected", Fields: { success_action_redirect: "http://example.com/done?x=1" } }));
    expect(redirected.status).toBe(303);
    expect(redirected.headers.get("location")).toBe("http://example.com/done?x=1&bucket=forms&key=redirected&etag=%229a0364b9e99bb480dd25e1f0284c8555%22");
  });

  // Words and codes recorded from S3.
  it.each([
    ["a field too many", {}, { "x-amz-meta-extra": "1" }, "Extra input fields: x-amz-meta-extra", 403],
    ["another key", { Conditions: [["starts-with", "$key", "a/"]] as never }, {}, 'Policy Condition failed: [&#34;starts-with&#34;, &#34;$key&#34;, &#34;a/&#34;]', 403],
    ["too much", { Conditions: [["content-length-range", 0, 3]] as never }, {}, "<Code>EntityTooLarge</Code><Message>Your proposed upload exceeds the maximum allowed size</Message><ProposedSize>7</ProposedSize><MaxSizeAllowed>3</MaxSizeAllowed>", 400],
    ["too little", { Conditions: [["content-length-range", 10, 30]] as never }, {}, "<Code>EntityTooSmall</Code><Message>Your proposed upload is smaller than the minimum allowed size</Message><ProposedSize>7</ProposedSize><MinSizeAllowed>10</MinSizeAllowed>", 400],
    ["another signature", {}, { "X-Amz-Signature": "0".repeat(64) }, "<Code>SignatureDoesNotMatch</Code>", 403],
    ["no policy", {}, { Policy: undefined }, "Bucket POST must contain a field named &#39;policy&#39;.  If it is specified, please check the order of the fields.", 400],
    ["no key", {}, { key: undefined }, "Bucket POST must contain a field named &#39;key&#39;.  If it is specified, please check the order of the fields.", 400],
  ])("is refused with %s", async (_what, options, change, words, status) => {
    const fields = { ...(await presign({ Key: "refused", ...options })), ...(change as Record<string, string>) };
    for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
    const answer = await post(fields);
    expect(answer.text).toContain(words);
    expect(answer.status).toBe(status);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "refused" })).catch((error: { $metadata: { httpStatusCode: number } }) => error)).$metadata.httpStatusCode).toBe(404);
  });

  it("expires, and needs a signature where the bucket is not open", async () => {
    const fields = await presign({ Key: "late", Expires: 10 });
    await platform.clock.advance(11_000);
    expect((await post(fields)).text).toContain("Invalid according to Policy: Policy expired.");
    expect((await post({ key: "unsigned" })).status).toBe(403);
  });

  it("has to be one", async () => {
    const answer = await fetch(`${platform.endpoint}/${Bucket}`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    expect(answer.status).toBe(412);
    expect(await answer.text()).toContain("<Condition>Bucket POST must be of the enclosure-type multipart/form-data</Condition>");
  });
});
