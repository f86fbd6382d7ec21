import { afterAll, beforeAll, expect, it } from "vitest";
import {
  CreateScheduleCommand, CreateScheduleGroupCommand, DeleteScheduleCommand, DeleteScheduleGroupCommand, GetScheduleCommand, ListScheduleGroupsCommand, ListSchedulesCommand,
  ListTagsForResourceCommand, SchedulerClient, UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";

let platform: TestPlatform;
let scheduler: SchedulerClient;
let sqs: SQSClient;

beforeAll(async () => {
  platform = await testPlatform(services);
  scheduler = new SchedulerClient(platform.clientConfig());
  sqs = new SQSClient(platform.clientConfig());
});
afterAll(async () => {
  scheduler.destroy();
  sqs.destroy();
  await platform.close();
});

const RoleArn = "arn:aws:iam::000000000000:role/r";
const off = { FlexibleTimeWindow: { Mode: "OFF" as const } };
async function queue(QueueName: string): Promise<{ url: string; arn: string }> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
  return { url: QueueUrl!, arn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}` };
}
async function received(url: string): Promise<string[]> {
  await platform.platform.idle();
  return ((await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }))).Messages ?? []).map(({ Body }) => Body!);
}
const at = (ms: number) => `at(${new Date(ms).toISOString().slice(0, 19)})`;

it("keeps groups and schedules", async () => {
  const { ScheduleGroupArn } = await scheduler.send(new CreateScheduleGroupCommand({ Name: "g", Tags: [{ Key: "k", Value: "v" }] }));
  expect((await scheduler.send(new ListTagsForResourceCommand({ ResourceArn: ScheduleGroupArn }))).Tags).toEqual([{ Key: "k", Value: "v" }]);
  expect((await scheduler.send(new ListScheduleGroupsCommand({}))).ScheduleGroups!.map(({ Name }) => Name)).toEqual(["default", "g"]);
  const input = { Name: "s", GroupName: "g", ScheduleExpression: "rate(1 hour)", Target: { Arn: "arn:aws:sqs:us-east-1:000000000000:x", RoleArn }, ...off };
  expect((await scheduler.send(new CreateScheduleCommand(input))).ScheduleArn).toBe("arn:aws:scheduler:us-east-1:000000000000:schedule/g/s");
  await expect(scheduler.send(new CreateScheduleCommand(input))).rejects.toMatchObject({ name: "ConflictException", message: "Schedule s already exists." });
  await scheduler.send(new UpdateScheduleCommand({ ...input, State: "DISABLED", Description: "d" }));
  expect(await scheduler.send(new GetScheduleCommand({ Name: "s", GroupName: "g" }))).toMatchObject({
    State: "DISABLED", Description: "d", ScheduleExpressionTimezone: "UTC", ActionAfterCompletion: "NONE", FlexibleTimeWindow: { Mode: "OFF" }, Target: { RetryPolicy: { MaximumRetryAttempts: 185 } },
  });
  expect((await scheduler.send(new ListSchedulesCommand({ GroupName: "g" }))).Schedules).toMatchObject([{ Name: "s", GroupName: "g", State: "DISABLED" }]);
  await scheduler.send(new DeleteScheduleGroupCommand({ Name: "g" }));
  await expect(scheduler.send(new GetScheduleCommand({ Name: "s", GroupName: "g" }))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

it.each([
  [{ ScheduleExpression: "cron(nonsense)" }, "Invalid Schedule Expression cron(nonsense)."],
  [{ ScheduleExpressionTimezone: "Mars/Base" }, "Invalid Schedule Expression Timezone Mars/Base."],
  [{ Target: { Arn: "arn:aws:ecs:us-east-1:000000000000:cluster/c", RoleArn } }, expect.stringContaining("Cumulet cannot deliver to it")],
])("refuses %j", async (change, message) => {
  const input = { Name: "wrong", ScheduleExpression: "rate(1 hour)", Target: { Arn: "arn:aws:sqs:us-east-1:000000000000:x", RoleArn }, ...off, ...change };
  await expect(scheduler.send(new CreateScheduleCommand(input))).rejects.toMatchObject({ name: "ValidationException", message });
});

it("fires once, and is gone when asked to", async () => {
  const { url, arn } = await queue("once");
  const dueMs = platform.clock.now() + 90_000;
  await scheduler.send(new CreateScheduleCommand({ Name: "once", ScheduleExpression: at(dueMs), ActionAfterCompletion: "DELETE", Target: { Arn: arn, RoleArn, Input: '{"at":"<aws.scheduler.scheduled-time>"}' }, ...off }));
  await platform.clock.advance(89_000);
  expect(await received(url)).toEqual([]);
  await platform.clock.advance(1000);
  expect(await received(url)).toEqual([JSON.stringify({ at: new Date(dueMs).toISOString().replace(".000Z", "Z") })]);
  await expect(scheduler.send(new GetScheduleCommand({ Name: "once" }))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

it("recurs between its start and its end, and calls any operation", async () => {
  const { url } = await queue("recurring");
  const start = platform.clock.now() + 60_000;
  await scheduler.send(new CreateScheduleCommand({
    Name: "recurring", ScheduleExpression: "rate(1 minute)", StartDate: new Date(start), EndDate: new Date(start + 120_000), ...off,
    Target: { Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", RoleArn, Input: JSON.stringify({ QueueUrl: url, MessageBody: "tick" }) },
  }));
  await platform.clock.advance(600_000);
  expect(await received(url)).toEqual(["tick", "tick", "tick"]);
  await scheduler.send(new DeleteScheduleCommand({ Name: "recurring" }));
});

it("leaves what fails to a dead-letter queue", async () => {
  const { url, arn } = await queue("dead");
  await scheduler.send(new CreateScheduleCommand({
    Name: "failing", ScheduleExpression: at(platform.clock.now() + 1000), Target: { Arn: "arn:aws:sqs:us-east-1:000000000000:absent", RoleArn, Input: "lost", DeadLetterConfig: { Arn: arn } }, ...off,
  }));
  await platform.clock.advance(1000);
  expect(await received(url)).toEqual(["lost"]);
});
