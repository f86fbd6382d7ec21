import { expect, test } from "vitest";
import { defineDataPlane, defineService, defineStore } from "../src/index.ts";
import type { AnyService } from "../src/index.ts";
import { testPlatform } from "../src/testing.ts";

const plane = defineService({
  model: "sts",
  store: defineStore({ name: "test-notes", scope: "regional", migrations: [], open: () => ({}) }),
  operations: {},
  dataPlanes: [defineDataPlane({
    name: "plane",
    claim: (address) => (address.path.startsWith("/plane/") ? { account: "000000000000", region: "us-east-1", match: {} } : undefined),
    handle(ctx, { response }) {
      ctx.note("route", "GET /plane/{id}");
      ctx.note("because", { rule: 7 });
      response.end(ctx.requestId);
    },
  })],
}) as unknown as AnyService;

test("notes of a data plane explain its request, and name its route", async () => {
  await using cloud = await testPlatform([plane]);
  const id = await (await fetch(`${cloud.endpoint}/plane/1`)).text();
  await expect.poll(() => cloud.platform.runtime.recent.find(id)).toBeDefined();
  const record = cloud.platform.runtime.recent.find(id)!;
  expect(record.operation).toBe("GET /plane/{id}");
  expect(record.notes["because"]).toEqual({ rule: 7 });
});
