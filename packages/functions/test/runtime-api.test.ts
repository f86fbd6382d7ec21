import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SequentialIds, TestClock } from "@cumulet/core/platform";
import type { FunctionFault, Invocation, RuntimeResponse } from "../src/invoke/invocation.ts";
import { RuntimeApi, type RuntimeEndpoint } from "../src/runtime-api/server.ts";
import { Session } from "../src/runtime-api/session.ts";

/** The protocol alone: this test is the runtime. */
let api: RuntimeApi;
let endpoint: RuntimeEndpoint;
let session: Session;
let seen: string[];
let responses: RuntimeResponse[];
let faults: FunctionFault[];
beforeEach(async () => {
  seen = [];
  responses = [];
  faults = [];
  api = new RuntimeApi();
  session = new Session({ functionName: "f", functionVersion: "1", handler: "h", accountId: "000000000000" }, new SequentialIds(), new TestClock(), {
    initialized: () => seen.push("initialized"),
    initFailed: (fault) => void (seen.push("initFailed"), faults.push(fault)),
    responded: (id, response) => void (seen.push(`responded ${id}`), responses.push(response)),
    failed: (id, fault) => void (seen.push(`failed ${id}`), faults.push(fault)),
    runtimeDone: () => seen.push("runtimeDone"),
    idle: () => seen.push("idle"),
  });
  endpoint = await api.open("127.0.0.1", session);
});
afterEach(() => api.close());

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function call(method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port: endpoint.port, method, path: `/2018-06-01/runtime/${path}`, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** How often the runtime has begun to wait. */
const waits = (): number => seen.filter((what) => what === "initialized" || what === "idle").length;

const invocation = (requestId: string): Invocation => ({
  requestId, payload: Buffer.from('{"n":1}'), deadlineMs: 1234, remainingMs: 3000, invokedFunctionArn: "arn:f", traceHeader: "Root=1", clientContext: '{"a":1}', cognitoIdentity: undefined, tenantId: "t",
});

/** Asks for an event and gets one, which is handed over once the runtime waits for it. */
async function receive(id: string): Promise<Answer> {
  const before = waits();
  const next = call("GET", "invocation/next");
  await expect.poll(waits).toBe(before + 1);
  session.invoke(invocation(id));
  return await next;
}

test("an event comes with its headers, and its answer and the next request go in one connection", async () => {
  const { status, headers, body } = await receive("one");
  expect([status, body]).toEqual([200, '{"n":1}']);
  expect(headers).toMatchObject({
    "lambda-runtime-aws-request-id": "one", "lambda-runtime-deadline-ms": "1234", "lambda-runtime-invoked-function-arn": "arn:f", "lambda-runtime-trace-id": "Root=1",
    "lambda-runtime-client-context": '{"a":1}', "lambda-runtime-aws-tenant-id": "t", "content-type": "application/json",
  });
  const answered = await call("POST", "invocation/one/response", '"done"');
  expect([answered.status, JSON.parse(answered.body)]).toEqual([202, { status: "OK" }]);
  void call("GET", "invocation/next").catch(() => {});
  await expect.poll(() => seen).toEqual(["initialized", "responded one", "runtimeDone", "idle"]);
  expect(responses).toMatchObject([{ streamed: false, body: Buffer.from('"done"') }]);
});

test("response and next in one write keep their order", async () => {
  const socket = connect(endpoint.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  socket.write("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n");
  for (const [index, id] of ["one", "two", "three"].entries()) {
    await expect.poll(waits).toBe(index + 1);
    session.invoke(invocation(id));
    await expect.poll(() => text).toContain(`Request-Id: ${id}`);
    socket.write(`POST /2018-06-01/runtime/invocation/${id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n`);
  }
  await expect.poll(waits).toBe(4);
  socket.destroy();
  expect(seen.slice(1)).toEqual(["one", "two", "three"].flatMap((id) => [`responded ${id}`, "runtimeDone", "idle"]));
});

test("answers that are not due are refused: of a stranger, twice, before the event, and after it", async () => {
  expect(await call("POST", "invocation/one/response", "1")).toMatchObject({ status: 403 });
  await receive("one");
  const wrong = await call("POST", "invocation/other/response", "1");
  expect([wrong.status, JSON.parse(wrong.body)]).toEqual([400, { errorType: "InvalidRequestID", errorMessage: "Invalid request ID" }]);
  expect((await call("POST", "invocation/one/response", "1")).status).toBe(202);
  const twice = await call("POST", "invocation/one/response", "2");
  expect([twice.status, JSON.parse(twice.body)]).toEqual([403, { errorType: "InvalidStateTransition", errorMessage: "State transition from InvocationResponse to InvocationResponse failed for runtime. Error: State transition is not allowed" }]);
  expect((await call("POST", "invocation/one/error", "{}")).status).toBe(403);
  await receive("two");
  const late = await call("POST", "invocation/one/response", "3");
  expect([late.status, JSON.parse(late.body)]).toMatchObject([400, { errorType: "InvalidRequestID" }]);
  expect(seen.filter((what) => what.startsWith("responded"))).toEqual(["responded one"]);
});

test("a runtime that asks for more without answering is refused", async () => {
  await receive("one");
  expect((await call("GET", "invocation/next")).status).toBe(403);
});

test("errors carry their type in a header, or in their body", async () => {
  await receive("one");
  await call("POST", "invocation/one/error", '{"errorType":"InBody"}', { "lambda-runtime-function-error-type": "InHeader" });
  await receive("two");
  await call("POST", "invocation/two/error", '{"errorType":"InBody"}');
  await receive("three");
  await call("POST", "invocation/three/error", "nonsense");
  expect(faults.map(({ errorType }) => errorType)).toEqual(["InHeader", "InBody", "Runtime.Unknown"]);
});

test("an init error is taken before the first event, and refused after it", async () => {
  expect((await call("POST", "init/error", '{"errorType":"X"}')).status).toBe(202);
  expect(seen).toEqual(["initFailed"]);
  const other = new Session({ functionName: "f", functionVersion: "1", handler: "h", accountId: "0" }, new SequentialIds(), new TestClock(), { initialized: () => seen.push("initialized"), initFailed: () => {}, responded: () => {}, failed: () => {}, runtimeDone: () => {}, idle: () => {} });
  endpoint = await api.open("127.0.0.1", other);
  session = other;
  await receive("one");
  expect((await call("POST", "init/error", "{}")).status).toBe(403);
});

test("an answer above the limit is refused, and the invocation fails", async () => {
  await receive("one");
  const refused = await call("POST", "invocation/one/response", Buffer.alloc(6_291_557, "x"));
  expect([refused.status, JSON.parse(refused.body)]).toEqual([413, { errorType: "RequestEntityTooLarge", errorMessage: "Exceeded maximum allowed payload size (6291556 bytes)." }]);
  expect(faults[0]!.errorType).toBe("Function.ResponseSizeTooLarge");
});

test("a streamed answer is read as it comes, and trailers tell of its failure", async () => {
  await receive("one");
  const socket = connect(endpoint.port, "127.0.0.1");
  socket.write("POST /2018-06-01/runtime/invocation/one/response HTTP/1.1\r\nHost: x\r\nContent-Type: text/x\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type\r\n\r\n3\r\nabc\r\n");
  await expect.poll(() => responses.length).toBe(1);
  const [response] = responses as [RuntimeResponse & { streamed: true }];
  expect(response).toMatchObject({ streamed: true, contentType: "text/x" });
  const chunks: string[] = [];
  response.body.on("data", (chunk) => chunks.push(String(chunk)));
  await expect.poll(() => chunks).toEqual(["abc"]);
  socket.write(`2\r\nde\r\n0\r\nLambda-Runtime-Function-Error-Type: Oops\r\nLambda-Runtime-Function-Error-Body: ${Buffer.from('{"errorType":"Oops"}').toString("base64")}\r\n\r\n`);
  await expect.poll(() => response.body.readableEnded).toBe(true);
  expect(chunks.join("")).toBe("abcde");
  expect(response.fault()).toMatchObject({ errorType: "Oops" });
  expect(response.bytes()).toBe(5);
  socket.destroy();
});

test("nonsense gets an answer and harms nobody", async () => {
  expect((await call("GET", "nothing")).status).toBe(404);
  expect((await call("POST", "invocation/next")).status).toBe(404);
  expect((await call("DELETE", "invocation/one/response")).status).toBe(404);
  const socket = connect(endpoint.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("this is no HTTP\r\n\r\n");
  socket.resume();
  await closed;
  expect((await receive("one")).status).toBe(200);
});
