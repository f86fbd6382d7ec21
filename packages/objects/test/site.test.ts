import { request } from "node:http";
import { CreateBucketCommand, PutBucketWebsiteCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { WebsiteConfiguration } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { failure, s3Platform } from "./platform.ts";

const platform = await s3Platform();
const s3 = platform.client();
let count = 0;

async function site(config: WebsiteConfiguration | undefined, objects: Record<string, string | object> = {}): Promise<string> {
  const Bucket = `site-${count++}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const [Key, value] of Object.entries(objects)) {
    await s3.send(new PutObjectCommand({ Bucket, Key, ContentType: "text/html", ...(typeof value === "string" ? { Body: value } : value) }));
  }
  if (config !== undefined) await s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: config }));
  return Bucket;
}

/** A request to a site by its host, as a browser that resolves it would make. */
function visit(bucket: string, path: string, method = "GET", host = `${bucket}.s3-website.localhost`): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: platform.port, path, method, headers: { host: `${host}:${platform.port}` } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk)).on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    }).on("error", reject).end();
  });
}

const plain = { IndexDocument: { Suffix: "index.html" } };

describe("a website", () => {
  it("serves its index, its objects and the index of folders", async () => {
    const bucket = await site(plain, { "index.html": "home", "a.html": "a", "docs/index.html": "docs" });
    expect(await visit(bucket, "/")).toMatchObject({ status: 200, text: "home", headers: { "content-type": "text/html" } });
    expect((await visit(bucket, "/a.html?x=1")).text).toBe("a");
    expect((await visit(bucket, "/docs/")).text).toBe("docs");
    expect(await visit(bucket, "/docs")).toMatchObject({ status: 302, headers: { location: "/docs/" } });
    expect((await visit(bucket, "/", "HEAD")).headers["content-length"]).toBe("4");
    for (const host of [`${bucket}.s3-website-us-east-1.localhost`, `${bucket}.s3-website.us-east-1.localhost.localstack.cloud`]) expect((await visit(bucket, "/", "GET", host)).text).toBe("home");
  });

  it("is found by path where names below localhost are not", async () => {
    const bucket = await site(plain, { "index.html": "home", "docs/index.html": "docs" });
    expect((await visit(bucket, `/_aws/s3-website/${bucket}/`, "GET", "localhost")).text).toBe("home");
    expect((await visit(bucket, `/_aws/s3-website/${bucket}/docs`, "GET", "localhost")).headers.location).toBe(`/_aws/s3-website/${bucket}/docs/`);
  });

  it("shows its error document, and what went wrong without one", async () => {
    const bucket = await site({ ...plain, ErrorDocument: { Key: "error.html" } }, { "error.html": "sorry" });
    expect(await visit(bucket, "/missing")).toMatchObject({ status: 404, text: "sorry" });
    const bare = await site(plain);
    const { status, text } = await visit(bare, "/");
    expect(status).toBe(404);
    expect(text).toContain("<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n<ul>\n<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: index.html</li>\n");
    const lost = await site({ ...plain, ErrorDocument: { Key: "error.html" } });
    expect((await visit(lost, "/")).text).toContain("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n<li>Code: NoSuchKey</li>\n");
  });

  it("redirects: all, by rule, by error and by object", async () => {
    const all = await site({ RedirectAllRequestsTo: { HostName: "example.com", Protocol: "https" } });
    expect(await visit(all, "/a/b")).toMatchObject({ status: 301, headers: { location: "https://example.com/a/b" } });
    const bucket = await site({
      ...plain,
      RoutingRules: [
        { Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "new/" } },
        { Condition: { HttpErrorCodeReturnedEquals: "404", KeyPrefixEquals: "app/" }, Redirect: { ReplaceKeyWith: "index.html", HttpRedirectCode: "302" } },
      ],
    }, { "moved": { WebsiteRedirectLocation: "/there", Body: "" } });
    expect((await visit(bucket, "/old/x")).headers.location).toBe(`http://${bucket}.s3-website.localhost:${platform.port}/new/x`);
    expect(await visit(bucket, "/app/x")).toMatchObject({ status: 302, headers: { location: `http://${bucket}.s3-website.localhost:${platform.port}/index.html` } });
    expect(await visit(bucket, "/moved")).toMatchObject({ status: 301, headers: { location: "/there" } });
  });

  it("is for reading only, and has to be one", async () => {
    const bucket = await site(plain);
    expect((await visit(bucket, "/a", "DELETE")).text).toContain("<li>Code: MethodNotAllowed</li>\n<li>Message: The specified method is not allowed against this resource.</li>\n<li>Method: DELETE</li>\n<li>ResourceType: OBJECT</li>\n");
    expect((await visit(await site(undefined), "/")).text).toContain("<li>Code: NoSuchWebsiteConfiguration</li>");
    expect((await visit("nobody-has-this", "/")).text).toContain("<li>Code: NoSuchBucket</li>");
  });

  // Recorded from S3.
  it.each([
    [{ IndexDocument: { Suffix: "/index.html" } }, "InvalidArgument", "The IndexDocument Suffix is not well formed"],
    [{ ...plain, RedirectAllRequestsTo: { HostName: "a" } }, "InvalidArgument", "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."],
    [{ ErrorDocument: { Key: "e" } }, "InvalidArgument", "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"],
    [{ RedirectAllRequestsTo: { HostName: "a", Protocol: "ftp" } }, "InvalidRequest", "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically."],
    [{ ...plain, RoutingRules: [{ Redirect: { ReplaceKeyPrefixWith: "a", ReplaceKeyWith: "b" } }] }, "InvalidRequest", "You can only define ReplaceKeyPrefix or ReplaceKey but not both."],
    [{ ...plain, RoutingRules: [{ Condition: {}, Redirect: { ReplaceKeyWith: "b" } }] }, "InvalidRequest", "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present."],
  ])("is refused: %j", async (config, name, message) => {
    expect(await failure(site(config as WebsiteConfiguration))).toMatchObject({ name, message, status: 400 });
  });
});
