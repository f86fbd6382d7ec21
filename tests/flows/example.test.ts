import { afterAll, beforeAll, expect, test } from "vitest";
import { startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";

const folder = temporaryFolder();
const UNTIL = /Its API:.*\n|could not be deployed.*\n/;
let cloud: Cloud;
let site: string;
let api: string;

beforeAll(async () => {
  cloud = await startCloud(["--data", folder.path], { until: UNTIL });
  const printed = cloud.output();
  site = /http:\/\/localhost:\d+\/_aws\/cloudfront\/\w+\//.exec(printed)?.[0].replace("localhost", "127.0.0.1") ?? printed;
  api = /curl (http\S+)/.exec(printed)?.[1]?.replace("localhost", "127.0.0.1") ?? printed;
});
afterAll(async () => {
  await cloud.kill();
  folder[Symbol.dispose]();
});

test("the page comes from the bucket through the cache", async () => {
  const first = await fetch(`${site}style.css`);
  expect(first.status).toBe(200);
  expect(first.headers.get("content-type")).toBe("text/css; charset=utf-8");
  expect(first.headers.get("x-cache")).toBe("Miss from cloudfront");
  const second = await fetch(`${site}style.css`);
  expect(second.headers.get("x-cache")).toBe("Hit from cloudfront");
  expect(Number(second.headers.get("age"))).toBeGreaterThanOrEqual(0);
  expect(await (await fetch(site)).text()).toContain("Guestbook");
});

test("a note goes through CDN, gateway and function into the table, and comes back", async () => {
  const note = { name: "Ada", text: "First!" };
  const posted = await fetch(`${site}api/notes`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(note) });
  expect(posted.status).toBe(201);
  for (const address of [`${site}api/notes`, api]) {
    const { notes } = (await (await fetch(address)).json()) as { notes: object[] };
    expect(notes[0]).toMatchObject(note);
  }
});

test("the site answers under its own host name too", async () => {
  const id = /_aws\/cloudfront\/(\w+)\//.exec(site)![1]!;
  const { get } = await import("node:http");
  const status = await new Promise<number | undefined>((resolve, reject) => {
    get({ host: "127.0.0.1", port: cloud.port, path: "/", headers: { host: `${id.toLowerCase()}.cloudfront.localhost:${cloud.port}` } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once("error", reject);
  });
  expect(status).toBe(200);
});

test("a second start has nothing to deploy and keeps the notes", async () => {
  await cloud.stop();
  cloud = await startCloud(["--data", folder.path], { until: UNTIL });
  expect(cloud.output()).not.toContain("Deploying");
  api = /curl (http\S+)/.exec(cloud.output())![1]!.replace("localhost", "127.0.0.1");
  const { notes } = (await (await fetch(api)).json()) as { notes: object[] };
  expect(notes[0]).toMatchObject({ name: "Ada" });
});
