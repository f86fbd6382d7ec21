import { expect, test } from "vitest";
import { createRouter } from "../src/domain/router.ts";

// The table of AWS's guide on how HTTP APIs choose a route.
const routes = ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "POST /a/{x}/b", "GET /a/c/d"];
const router = createRouter(routes.map((key) => ({ method: key.split(" ")[0]!, path: key.split(" ")[1]!, target: key })), { ignoreTrailingSlash: false });

test.each([
  ["GET", "/pets/dog/1", "GET /pets/dog/1", {}],
  ["GET", "/pets/dog/2", "GET /pets/dog/{id}", { id: "2" }],
  ["GET", "/pets/cat/1", "GET /pets/{proxy+}", { proxy: "cat/1" }],
  ["POST", "/test/5", "ANY /{proxy+}", { proxy: "test/5" }],
  // A place that lacks the method, and a branch that ends nowhere, fall through to the next best.
  ["POST", "/pets/dog/1", "ANY /{proxy+}", { proxy: "pets/dog/1" }],
  ["POST", "/a/c/b", "POST /a/{x}/b", { x: "c" }],
  ["GET", "/a/__proto__/b", "ANY /{proxy+}", { proxy: "a/__proto__/b" }],
  ["GET", "//pets/dog/1", "GET /pets/dog/1", {}],
  ["GET", "/pets/a//b/", "GET /pets/{proxy+}", { proxy: "a//b/" }],
])("%s %s chooses %s", (method, path, target, variables) => {
  expect(router.find(method, path)).toEqual({ target, variables });
});

test("nothing matches the root or an unknown path", () => {
  expect(router.find("GET", "/")).toBeUndefined();
  const narrow = createRouter([{ method: "GET", path: "/a", target: 1 }], { ignoreTrailingSlash: false });
  expect(narrow.find("GET", "/a/")).toBeUndefined();
  expect(createRouter([{ method: "GET", path: "/a", target: 1 }], { ignoreTrailingSlash: true }).find("GET", "/a/")?.target).toBe(1);
});
