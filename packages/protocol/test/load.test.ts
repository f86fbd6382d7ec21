import { expect, test } from "vitest";
import { type ServiceId, loadModel, serviceIndex } from "../src/index.ts";

test("a model is read once", () => {
  expect(loadModel("dynamodb")).toBe(loadModel("dynamodb"));
  expect(loadModel("streams.dynamodb").operations["GetRecords"]?.http).toEqual({ method: "POST", requestUri: "/" });
});

test.each(["ec2", "../package", "constructor"])("no service %s", (id) => {
  expect(() => loadModel(id as ServiceId)).toThrow(`no service model "${id}"`);
});

test("the index says what each model says", () => {
  for (const [id, { typeName, operations, uriRoots, ...metadata }] of Object.entries(serviceIndex)) {
    const model = loadModel(id as ServiceId);
    expect(metadata).toEqual(model.metadata);
    expect(operations).toBe(Object.keys(model.operations).length);
    expect(typeName).toMatch(/^[A-Z]\w+$/);
    for (const root of uriRoots ?? []) expect(Object.values(model.operations).some(({ http }) => http.requestUri.startsWith(`/${root}`))).toBe(true);
  }
});
