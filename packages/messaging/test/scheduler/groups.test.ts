import { CreateScheduleGroupCommand, GetScheduleGroupCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { testPlatform } from "@cumulet/core/testing";
import { expect, test } from "vitest";
import { services } from "../../src/index.ts";

test("a group of schedules is made and read; the default one is always there", async () => {
  await using cloud = await testPlatform(services);
  const client = new SchedulerClient(cloud.clientConfig());
  await client.send(new CreateScheduleGroupCommand({ Name: "nightly" }));
  expect(await client.send(new GetScheduleGroupCommand({ Name: "nightly" }))).toMatchObject({ Name: "nightly", State: "ACTIVE" });
  expect((await client.send(new GetScheduleGroupCommand({ Name: "default" }))).State).toBe("ACTIVE");
  await expect(client.send(new GetScheduleGroupCommand({ Name: "missing" }))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});
