import { expect, it } from "vitest";
import { Bell, defineService, defineStore, everything, keepAgendas } from "../src/index.ts";
import type { Background } from "../src/index.ts";
import { testContext } from "../src/testing.ts";

const worked: [name: string, atMs: number][] = [];
let fail = false;

const store = defineStore({ name: "agenda", scope: "regional", migrations: [], open: ({ db }) => ({ bell: Bell.of(db) }) });
const service = defineService({
  model: "sqs", store, operations: {},
  background: (platform: Background<{ bell: Bell }>) => keepAgendas(platform, (ctx, name, agenda) => {
    worked.push([name, ctx.clock.now()]);
    if (name === "again") agenda.due(ctx.clock.now() + 500, "once more");
    if (fail) {
      fail = false;
      throw new Error("A disk that fails.");
    }
  }),
});

it("does each thing at its time, the earlier one of two, and all of it after a failure", async () => {
  await using ctx = await testContext(service);
  const start = ctx.clock.now();
  const { bell } = ctx.store;
  await ctx.clock.advance(0);
  expect(worked.splice(0)).toEqual([[everything, start]]);
  bell.due(start + 2000, "late");
  bell.due(start + 1000, "again");
  bell.due(start + 1700, "again");
  await ctx.clock.advance(2000);
  expect(worked.splice(0)).toEqual([["again", start + 1000], ["once more", start + 1500], ["late", start + 2000]]);
  fail = true;
  bell.due(start + 2000, "failing");
  await ctx.clock.advance(1000);
  expect(worked.splice(0).map(([name]) => name)).toEqual(["failing", everything]);
});
