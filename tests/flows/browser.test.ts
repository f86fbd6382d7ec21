import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCloud, type Cloud } from "../support/cloud.ts";

const executablePath = [process.env.CUMULET_TEST_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path !== undefined && existsSync(path));

describe.skipIf(executablePath === undefined)(`a browser${executablePath === undefined ? " (skipped: no Chromium on this machine; name one in CUMULET_TEST_CHROMIUM)" : ""}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  beforeAll(async () => {
    cloud = await startCloud(["--ephemeral"], { until: /Its API:.*\n|could not be deployed.*\n/ });
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
  });
  afterAll(async () => {
    await browser?.close();
    await cloud?.kill();
  });

  test.each([
    ["by path", /http:\/\/localhost:\d+\/_aws\/cloudfront\/\w+\//],
    ["by host", /http:\/\/\w+\.cloudfront\.localhost:\d+\//],
  ])("signs the guestbook, reached %s", async (how, address) => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(address.exec(cloud.output())![0]);
    await page.fill("input[name=name]", "Ada");
    await page.fill("textarea", `Hello ${how} <b>&</b>`);
    await page.click("button");
    await page.waitForSelector(`article:has-text("Hello ${how} <b>&</b>")`);
    await page.waitForSelector("footer:has-text('from cloudfront')");
    expect(complaints).toEqual([]);
    if (process.env.CUMULET_TEST_SCREENSHOTS !== undefined) await page.screenshot({ path: `${process.env.CUMULET_TEST_SCREENSHOTS}/guestbook-${how.replace(" ", "-")}.png` });
    await page.close();
  });

  test("shows the door's page to who types the address", async () => {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${cloud.port}/`);
    expect(page.url()).toBe(`http://localhost:${cloud.port}/_cumulet/`);
    expect(await page.textContent("h1")).toContain("Cumulet");
    if (process.env.CUMULET_TEST_SCREENSHOTS !== undefined) await page.screenshot({ path: `${process.env.CUMULET_TEST_SCREENSHOTS}/door.png`, fullPage: true });
    await page.close();
  });

  test("a page of another site cannot drive the cloud", async () => {
    // A name that is not ours, on this machine: what a hostile page is, without a network.
    const foreign = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<title>foreign</title>")).listen(0, "127.0.0.1");
    const { port } = await new Promise<AddressInfo>((resolve) => foreign.once("listening", () => resolve(foreign.address() as AddressInfo)));
    const other = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--host-resolver-rules=MAP evil.example 127.0.0.1"] });
    try {
      const page = await other.newPage();
      await page.goto(`http://evil.example:${port}/`);
      await page.evaluate(async (endpoint) => {
        const simple = { method: "POST", mode: "no-cors" as const };
        await fetch(`${endpoint}/_cumulet/state/reset`, simple).catch(() => undefined);
        await fetch(`${endpoint}/?Action=CreateUser&UserName=mallory&Version=2010-05-08`, simple).catch(() => undefined);
        await fetch(`${endpoint}/`, { method: "POST", headers: { "x-amz-target": "DynamoDB_20120810.DeleteTable", "content-type": "application/x-amz-json-1.0" }, body: '{"TableName":"guestbook"}' }).catch(() => undefined);
      }, `http://localhost:${cloud.port}`);
      const tables = await fetch(`${cloud.endpoint}/`, { method: "POST", headers: { "x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0" }, body: "{}" });
      expect(await tables.json()).toEqual({ TableNames: ["guestbook"] });
      const users = await (await fetch(`${cloud.endpoint}/?Action=ListUsers&Version=2010-05-08`)).text();
      expect(users).not.toContain("mallory");
    } finally {
      await other.close();
      foreign.close();
    }
  });
});
