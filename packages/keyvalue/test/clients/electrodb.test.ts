import { afterAll, beforeAll, expect, it } from "vitest";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import { Entity, Service } from "electrodb";
import { services } from "../../src/index.ts";

/** A single-table design as a mapper drives it: two entities in one table, overloaded keys, collections across them. */
const table = "office";
let platform: TestPlatform;
let client: DynamoDBClient;

function entities(client: DynamoDBClient) {
  const Employee = new Entity({
    model: { entity: "employee", version: "1", service: "office" },
    attributes: {
      id: { type: "string", required: true },
      team: { type: "string", required: true },
      name: { type: "string", required: true },
      salary: { type: "number", default: 1000 },
      skills: { type: "set", items: "string" },
      address: { type: "map", properties: { city: { type: "string" }, zip: { type: "string" } } },
      revisions: { type: "number", default: 0 },
    },
    indexes: {
      byId: { pk: { field: "pk", composite: ["id"] }, sk: { field: "sk", composite: [] }, collection: "assignments" },
      byTeam: { index: "gsi1", pk: { field: "gsi1pk", composite: ["team"] }, sk: { field: "gsi1sk", composite: ["name"] } },
    },
  } as const, { client, table });
  const Task = new Entity({
    model: { entity: "task", version: "1", service: "office" },
    attributes: {
      id: { type: "string", required: true },
      task: { type: "string", required: true },
      status: { type: ["open", "done"] as const, required: true, default: "open" },
      points: { type: "number", default: 1 },
    },
    indexes: {
      byEmployee: { pk: { field: "pk", composite: ["id"] }, sk: { field: "sk", composite: ["task"] }, collection: "assignments" },
      byStatus: { index: "gsi1", pk: { field: "gsi1pk", composite: ["status"] }, sk: { field: "gsi1sk", composite: ["points", "task"] } },
    },
  } as const, { client, table });
  return { Employee, Task, office: new Service({ employee: Employee, task: Task }) };
}
let model: ReturnType<typeof entities>;

beforeAll(async () => {
  platform = await testPlatform(services);
  client = new DynamoDBClient(platform.clientConfig());
  const S = (...names: string[]): { AttributeName: string; AttributeType: "S" }[] => names.map((AttributeName) => ({ AttributeName, AttributeType: "S" }));
  await client.send(new CreateTableCommand({
    TableName: table, BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: S("pk", "sk", "gsi1pk", "gsi1sk"),
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }, { AttributeName: "sk", KeyType: "RANGE" }],
    GlobalSecondaryIndexes: [{ IndexName: "gsi1", KeySchema: [{ AttributeName: "gsi1pk", KeyType: "HASH" }, { AttributeName: "gsi1sk", KeyType: "RANGE" }], Projection: { ProjectionType: "ALL" } }],
  }));
  model = entities(client);
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

it("creates once, gets, and queries by every index", async () => {
  const { Employee } = model;
  await Employee.create({ id: "e1", team: "red", name: "Ada", skills: ["maths", "weaving"], address: { city: "London" } }).go();
  await expect(Employee.create({ id: "e1", team: "red", name: "Ada" }).go()).rejects.toThrow("The conditional request failed");
  await Employee.put([{ id: "e2", team: "red", name: "Bea", salary: 2000 }, { id: "e3", team: "red", name: "Cy", salary: 3000 }, { id: "e4", team: "blue", name: "Di" }]).go();
  expect((await Employee.get({ id: "e1" }).go()).data).toMatchObject({ name: "Ada", salary: 1000, skills: ["maths", "weaving"], address: { city: "London" } });
  expect((await Employee.query.byTeam({ team: "red" }).go()).data.map(({ name }) => name)).toEqual(["Ada", "Bea", "Cy"]);
  expect((await Employee.query.byTeam({ team: "red" }).between({ name: "B" }, { name: "C" }).go({ order: "desc" })).data.map(({ name }) => name)).toEqual(["Bea"]);
  const rich = await Employee.query.byTeam({ team: "red" }).where(({ salary }, { gt }) => gt(salary, 1500)).go();
  expect(rich.data.map(({ id }) => id)).toEqual(["e2", "e3"]);
});

it("updates in place: sets, numbers, maps, conditions", async () => {
  const { Employee } = model;
  await Employee.update({ id: "e1" }).delete({ skills: ["weaving"] }).go();
  const { data } = await Employee.update({ id: "e1" }).add({ salary: 500, skills: ["chess"] }).data(({ address, revisions }, { set, ifNotExists }) => {
    set(address.zip, "W1");
    ifNotExists(revisions, 0);
  }).go({ response: "all_new" });
  expect(data).toMatchObject({ salary: 1500, address: { city: "London", zip: "W1" } });
  expect([...data!.skills!].sort()).toEqual(["chess", "maths"]);
  await expect(Employee.patch({ id: "nobody" }).set({ salary: 1 }).go()).rejects.toThrow("The conditional request failed");
  await expect(Employee.update({ id: "e1" }).set({ salary: 1 }).where(({ salary }, { lt }) => lt(salary, 10)).go()).rejects.toThrow("The conditional request failed");
  expect((await Employee.upsert({ id: "e5", team: "blue", name: "Ed" }).add({ revisions: 1 }).go({ response: "all_new" })).data).toMatchObject({ revisions: 1 });
});

it("reads collections across entities, page by page", async () => {
  const { Task, office } = model;
  await Task.put(Array.from({ length: 60 }, (_, i) => ({ id: "e1", task: `task-${String(i).padStart(2, "0")}`, points: i, status: i % 2 === 0 ? "open" as const : "done" as const }))).go();
  const { data } = await office.collections.assignments({ id: "e1" }).go({ pages: "all" });
  expect(data.employee).toHaveLength(1);
  expect(data.task).toHaveLength(60);
  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: { task: string }[]; cursor: string | null } = await Task.query.byStatus({ status: "open" }).go({ cursor, limit: 7 });
    names.push(...page.data.map(({ task }) => task));
    ({ cursor } = page);
  } while (cursor !== null);
  expect(names).toHaveLength(30);
  expect((await Task.get(Array.from({ length: 40 }, (_, i) => ({ id: "e1", task: `task-${String(i).padStart(2, "0")}` }))).go()).data).toHaveLength(40);
});

it("writes and reads in transactions, all or nothing", async () => {
  const { office } = model;
  const moved = await office.transaction.write(({ employee, task }) => [
    employee.update({ id: "e2" }).subtract({ salary: 100 }).where(({ salary }, { gte }) => gte(salary, 100)).commit(),
    task.create({ id: "e2", task: "new" }).commit(),
  ]).go();
  expect(moved.canceled).toBe(false);
  const refused = await office.transaction.write(({ employee, task }) => [
    employee.update({ id: "e2" }).subtract({ salary: 100 }).commit(),
    task.create({ id: "e2", task: "new" }).commit(),
  ]).go();
  expect(refused.canceled).toBe(true);
  expect(refused.data.map(({ code }) => code)).toEqual(["None", "ConditionalCheckFailed"]);
  const both = await office.transaction.get(({ employee, task }) => [employee.get({ id: "e2" }).commit(), task.get({ id: "e2", task: "new" }).commit()]).go();
  expect(both.data.map(({ item }) => item)).toMatchObject([{ salary: 1900 }, { task: "new" }]);
  await office.entities.task.delete([{ id: "e2", task: "new" }]).go();
  expect((await office.entities.task.get({ id: "e2", task: "new" }).go()).data).toBeNull();
});
