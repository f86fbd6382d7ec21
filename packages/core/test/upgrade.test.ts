import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { defineDataPlane, defineService, defineStore } from "../src/index.ts";
import type { AnyService } from "../src/index.ts";
import { testPlatform } from "../src/testing.ts";

const talker = defineService({
  model: "sts",
  store: defineStore({ name: "test-upgrade", scope: "regional", migrations: [], open: () => ({}) }),
  operations: {},
  dataPlanes: [defineDataPlane({
    name: "talker",
    claim: (address) => (address.path === "/talk" ? { account: "000000000000", region: "us-east-1", match: {} } : undefined),
    handle: () => {},
    upgrade(_ctx, { socket }) {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n");
    },
  })],
}) as unknown as AnyService;

test("a platform that closes ends the connections that HTTP gave away", async () => {
  const cloud = await testPlatform([talker]);
  const socket = connect(cloud.port, "127.0.0.1");
  socket.write("GET /talk HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n");
  const [answer] = await once(socket, "data") as [Buffer];
  expect(answer.toString()).toContain("101 Switching Protocols");
  const closed = once(socket, "close");
  socket.on("error", () => {});
  await cloud.close();
  await closed;
});
