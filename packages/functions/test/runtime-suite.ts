import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Harness, TestClock } from "./harness.ts";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

/** What functions must do alike, whatever executor runs them. */
export function runtimeSuite(kind: "process" | "docker"): void {
let harness: Harness;
beforeAll(() => {
  harness = new Harness(undefined, kind);
});
afterAll(() => harness[Symbol.asyncDispose]());

describe("Node.js", () => {
  const node = (code: string, more: object = {}) => harness.target({ files: { "index.js": code }, ...more });

  test("console lines carry time, request and level, and keep their own lines together", async () => {
    const { log } = await harness.invoke(node("exports.handler = async () => { console.log('one\\ntwo', { a: 1 }); console.error('bad'); process.stdout.write('raw\\n'); };"));
    const text = log.join("");
    expect(text).toMatch(/Z\t[0-9a-f-]{36}\tINFO\tone\ntwo \{ a: 1 \}\n/);
    expect(text).toMatch(/Z\t[0-9a-f-]{36}\tERROR\tbad\n/);
    expect(text).toContain("\nraw\n");
    expect(text.indexOf("raw")).toBeGreaterThan(text.indexOf("bad"));
  });

  test("JSON logs are one object a line, and levels are kept out", async () => {
    const target = node("exports.handler = async () => { console.debug('no'); console.info({ a: 1 }); console.error(new RangeError('x')); };", { logFormat: "JSON", variables: { AWS_LAMBDA_LOG_LEVEL: "INFO" } });
    const { log } = await harness.invoke(target);
    const events = log.join("").split(/(?<=\})\n?(?=\{)/).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map((event) => event["type"] ?? event["level"])).toEqual(["platform.start", "INFO", "ERROR", "platform.report"]);
    expect(events[1]).toMatchObject({ message: { a: 1 }, requestId: expect.any(String) as unknown });
    expect(events[2]).toMatchObject({ message: { errorType: "RangeError", errorMessage: "x" } });
    expect(events[3]).toMatchObject({ record: { status: "success", metrics: { memorySizeMB: 128 } } });
  });

  test.each([
    ["a callback", "exports.handler = (event, context, callback) => { setTimeout(() => callback(null, 'called'), 5); };", "called"],
    ["a callback that waits for the loop to run empty", "exports.handler = (event, context, callback) => { let n = 0; setTimeout(() => { n = 1; }, 20); const o = { toJSON: () => n }; callback(null, o); };", 1],
    ["a callback that does not wait", "exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1000); callback(null, 'now'); };", "now"],
    ["context.succeed", "exports.handler = (event, context) => { context.succeed({ ok: 1 }); };", { ok: 1 }],
    ["a handler that forgets to call back", "exports.handler = (event, context, callback) => { 1 + 1; };", null],
    ["a promise of nothing", "exports.handler = async () => {};", null],
    ["nested exports", "exports.a = { b: { handler: async () => 'nested' } };", "nested"],
  ])("%s", async (_what, code, expected) => {
    const { payload, ok } = await harness.invoke(node(code, code.includes("exports.a =") ? { handler: "index.a.b.handler" } : {}));
    expect({ ok, payload }).toEqual({ ok: true, payload: expected });
  });

  test.each([
    ["a thrown error", "exports.handler = () => { throw new TypeError('t'); };", { errorType: "TypeError", errorMessage: "t" }],
    ["a thrown string", "exports.handler = async () => { throw 'text'; };", { errorType: "string", errorMessage: "text", trace: [] }],
    ["context.fail", "exports.handler = (event, context) => { context.fail(new Error('f')); };", { errorType: "Error", errorMessage: "f" }],
    ["an error for the callback", "exports.handler = (e, c, callback) => callback(new Error('cb'));", { errorType: "Error", errorMessage: "cb" }],
    ["an answer that cannot be JSON", "exports.handler = async () => 1n;", { errorType: "Error", errorMessage: "Unable to stringify response body" }],
    ["a promise that never settles", "exports.handler = async () => { await new Promise(() => {}); };", { errorType: "Runtime.NodeJsExit" }],
    ["a rejection that nobody handles", "exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 1000)); };", { errorType: "Runtime.UnhandledPromiseRejection", errorMessage: "Error: lost" }],
    ["an exception that nobody catches", "exports.handler = async () => { setTimeout(() => { throw new Error('later'); }, 1); await new Promise((r) => setTimeout(r, 1000)); };", { errorType: "Error", errorMessage: "later" }],
    ["process.exit", "exports.handler = async () => process.exit(7);", { errorType: "Runtime.ExitError", errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 7$/) as unknown }],
    ["process.exit without error", "exports.handler = async () => process.exit(0);", { errorType: "Runtime.ExitError", errorMessage: expect.stringMatching(/Error: Runtime exited without providing a reason$/) as unknown }],
    ["a crash", "exports.handler = async () => process.kill(process.pid, 'SIGSEGV');", { errorType: "Runtime.ExitError", errorMessage: expect.stringMatching(/Runtime exited with error: signal: segmentation fault$/) as unknown }],
  ])("%s is reported as AWS reports it", async (_what, code, expected) => {
    const { payload, ok } = await harness.invoke(node(code));
    expect(ok).toBe(false);
    expect(payload).toMatchObject(expected);
  });

  test.each([
    ["a module that is not there", { files: { "index.js": "require('nope')" } }, { errorType: "Runtime.ImportModuleError", errorMessage: expect.stringMatching(/^Error: Cannot find module 'nope'/) as unknown }],
    ["a handler file that is not there", { files: { "other.js": "" } }, { errorType: "Runtime.ImportModuleError", errorMessage: expect.stringMatching(/^Error: Cannot find module 'index'/) as unknown }],
    ["a handler that is not exported", { files: { "index.js": "exports.other = 1;" } }, { errorType: "Runtime.HandlerNotFound", errorMessage: "index.handler is undefined or not exported" }],
    ["a handler that is no function", { files: { "index.js": "exports.handler = 1;" } }, { errorType: "Runtime.HandlerNotFound", errorMessage: "index.handler is not a function" }],
    ["a syntax error", { files: { "index.js": "exports.handler = {" } }, { errorType: "Runtime.UserCodeSyntaxError", errorMessage: expect.stringMatching(/^SyntaxError: /) as unknown }],
    ["a handler name with dots", { files: { "index.js": "" }, handler: "../index.handler" }, { errorType: "Runtime.MalformedHandlerName" }],
    ["a handler name without a dot", { files: { "index.js": "" }, handler: "index" }, { errorType: "Runtime.MalformedHandlerName", errorMessage: "Bad handler" }],
    ["an error while loading", { files: { "index.js": "throw new Error('init');" } }, { errorType: "Error", errorMessage: "init" }],
    ["an end while loading", { files: { "index.js": "process.exit(1);" } }, { errorType: "Runtime.ExitError", errorMessage: expect.stringMatching(/^RequestId: .* Error: Runtime exited with error: exit status 1$/) as unknown }],
    ["a callback handler on Node.js 24", { files: { "index.js": "exports.handler = (a, b, c) => c();" }, runtime: "nodejs24.x" }, { errorType: "Runtime.CallbackHandlerDeprecated" }],
  ])("init fails for %s", async (_what, options, expected) => {
    const { payload, report } = await harness.invoke(harness.target(options));
    expect(payload).toMatchObject(expected);
    expect(report.status).toBe("error");
  });

  test.each([
    ["index.mjs", { "index.mjs": "export const handler = async () => 'mjs';" }, "mjs"],
    ["index.cjs", { "index.cjs": "exports.handler = async () => 'cjs';" }, "cjs"],
    ["index.js in a module package", { "index.js": "export const handler = async () => 'esm';", "package.json": '{"type":"module"}' }, "esm"],
    ["top-level await", { "index.mjs": "const v = await Promise.resolve('tla'); export const handler = async () => v;" }, "tla"],
  ])("loads %s", async (_what, files, expected) => {
    expect((await harness.invoke(harness.target({ files }))).payload).toBe(expected);
  });

  test("a module in a folder, and modules of layers", async () => {
    const target = harness.target({
      handler: "src/app.handler", files: { "src/app.js": "exports.handler = async () => require('shared').name;" },
      opt: { "nodejs/node_modules/shared/index.js": "exports.name = 'layer';" },
    });
    expect((await harness.invoke(target)).payload).toBe("layer");
  });

  test("the context is complete", async () => {
    const code = "exports.handler = async (event, context) => ({ ...context, left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID });";
    const { payload } = await harness.invoke(node(code, { name: "ctx" }), {}, { clientContext: '{"custom":{"a":"b"}}', cognitoIdentity: '{"cognitoIdentityId":"i"}' });
    expect(payload).toMatchObject({
      functionName: "ctx", functionVersion: "$LATEST", memoryLimitInMB: "128", callbackWaitsForEmptyEventLoop: true,
      invokedFunctionArn: expect.stringContaining(":function:f") as unknown, awsRequestId: expect.any(String) as unknown, clientContext: { custom: { a: "b" } }, identity: { cognitoIdentityId: "i" },
      trace: "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0",
    });
    const { left } = payload as { left: number };
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(3000);
  });

  test("nothing of the host's environment is visible", async () => {
    process.env["CUMULET_SECRET_OF_THE_HOST"] = "leak";
    const { payload } = await harness.invoke(node("exports.handler = async () => process.env;"));
    delete process.env["CUMULET_SECRET_OF_THE_HOST"];
    expect(JSON.stringify(payload)).not.toContain("CUMULET_SECRET");
    if (kind === "docker") return;
    expect(Object.keys(payload as object).sort()).toEqual([
      "AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_LOG_STREAM_NAME",
      "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "HOME", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "LD_LIBRARY_PATH", "NODE_PATH", "PATH", "PWD", "TMPDIR", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID",
    ]);
  });

  test("a stream with a prelude, and one that breaks", async () => {
    const prelude = await harness.invoke(node("exports.handler = awslambda.streamifyResponse(async (e, s) => { s = awslambda.HttpResponseStream.from(s, { statusCode: 201 }); s.write('body'); s.end(); });"));
    expect(prelude.text).toBe(`{"statusCode":201}${"\0".repeat(8)}body`);
    const target = node("exports.handler = awslambda.streamifyResponse(async (e, s) => { s.write('part'); throw new Error('half way'); });");
    const execution = await harness.fleet.run(target, () => harness.invocation({}), false);
    const answer = await execution.answer;
    if (!("response" in answer) || !answer.response.streamed) throw new Error("expected a stream");
    let text = "";
    for await (const chunk of answer.response.body) text += String(chunk);
    expect(text).toBe("part");
    expect(JSON.parse(Buffer.from(answer.response.fault()!.body).toString())).toMatchObject({ errorType: "Error", errorMessage: "half way" });
    expect((await harness.invoke(node("exports.handler = awslambda.streamifyResponse(async (e, s) => { s.write('open'); });"))).text).toBe("open");
  });

  test("a large answer arrives whole, one that is too large is an error", async () => {
    const target = node("exports.handler = async (n) => 'x'.repeat(n);");
    expect((await harness.invoke(target, 6_000_000)).text.length).toBe(6_000_002);
    expect((await harness.invoke(target, 6_291_600)).payload).toEqual({ errorType: "Function.ResponseSizeTooLarge", errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes)." });
    expect((await harness.invoke(target, 3)).payload).toBe("xxx");
  });

  test("state stays between invocations of an environment", async () => {
    const target = node("let n = 0; exports.handler = async () => ({ n: ++n });");
    const first = await harness.invoke(target);
    const second = await harness.invoke(target);
    expect([first.payload, second.payload]).toMatchObject([{ n: 1 }, { n: 2 }]);
    expect([typeof first.report.initMs, second.report.initMs]).toEqual(["number", undefined]);
  });

  test.runIf(kind === "process")("timers stand still between invocations", async () => {
    const clock = new TestClock();
    await using own = new Harness(clock, kind);
    const file = join(own.folder, "ticks");
    const target = own.target({ files: { "index.js": "let on = false; exports.handler = async (file) => { if (!on) setInterval(() => require('fs').appendFileSync(file, '.'), 1); on = true; };" } });
    await own.invoke(target, JSON.stringify(file));
    const ticks = (): number => readFileSync(file, "utf8").length;
    await vi.waitFor(() => expect(ticks()).toBeGreaterThan(0), { timeout: 10_000 });
    await clock.advance(10);
    const stopped = ticks();
    // Another function takes its time meanwhile.
    await own.invoke(own.target({ files: { "index.js": "exports.handler = async () => new Promise((r) => setTimeout(r, 100, 1));" } }));
    expect(ticks() - stopped).toBeLessThan(3);
    await own.invoke(target, JSON.stringify(file));
    await vi.waitFor(() => expect(ticks()).toBeGreaterThan(stopped + 3), { timeout: 10_000 });
  });
});

describe("Python", () => {
  const python = (code: string, more: object = {}) => harness.target({ runtime: "python3.12", handler: "app.handler", files: { "app.py": code }, ...more });

  test("print, logging and errors appear as in Lambda", async () => {
    const { log } = await harness.invoke(python("import logging\nlogging.getLogger().setLevel('INFO')\ndef handler(event, context):\n    print('multi\\nline')\n    logging.info('a\\nb')\n    raise KeyError('k')\n"));
    expect(log[1]).toBe("multi\n");
    expect(log[2]).toBe("line\n");
    const text = log.join("");
    expect(text).toMatch(/\[INFO\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t[0-9a-f-]{36}\ta\nb\n/);
    expect(text).toMatch(/\[ERROR\] KeyError: 'k'\nTraceback \(most recent call last\):\n\u00a0\u00a0File /);
  });

  test("JSON logs", async () => {
    const { log } = await harness.invoke(python("import logging\ndef handler(event, context):\n    logging.getLogger('app').warning('w %s', 1, extra={'more': 2})\n", { logFormat: "JSON", variables: { AWS_LAMBDA_LOG_LEVEL: "WARN" } }));
    expect(JSON.parse(log.find((line) => line.includes('"logger"'))!)).toMatchObject({ level: "WARNING", message: "w 1", logger: "app", more: 2, requestId: expect.any(String) as unknown });
  });

  test.each([
    ["a module that is not there", "import nope\ndef handler(e, c): pass\n", {}, { errorType: "Runtime.ImportModuleError", errorMessage: "Unable to import module 'app': No module named 'nope'", requestId: "", stackTrace: [] }],
    ["a handler that is not there", "x = 1\n", {}, { errorType: "Runtime.HandlerNotFound", errorMessage: "Handler 'handler' missing on module 'app'" }],
    ["a name without a dot", "x = 1\n", { handler: "app" }, { errorType: "Runtime.MalformedHandlerName", errorMessage: "Bad handler 'app': not enough values to unpack (expected 2, got 1)" }],
    ["a syntax error", "def (:\n", {}, { errorType: "Runtime.UserCodeSyntaxError", errorMessage: expect.stringMatching(/^Syntax error in module 'app': /) as unknown }],
    ["a built-in module", "", { handler: "sys.exit" }, { errorType: "Runtime.BuiltInModuleConflict", errorMessage: "Cannot use built-in module sys as a handler module" }],
    ["an error while loading", "raise Exception('Runtime startup fails')\n", {}, { errorType: "Exception", errorMessage: "Runtime startup fails", requestId: "", stackTrace: expect.arrayContaining([expect.stringMatching(/app\.py", line 1, in <module>\n {4}raise Exception\('Runtime startup fails'\)\n$/)]) as unknown }],
    ["an answer that is no JSON", "def handler(e, c): return {1, 2}\n", {}, { errorType: "Runtime.MarshalError", errorMessage: "Unable to marshal response: Object of type set is not JSON serializable" }],
    ["an exit", "import sys\ndef handler(e, c): sys.exit(0)\n", {}, { errorType: "Runtime.ExitError", errorMessage: expect.stringMatching(/Runtime exited without providing a reason$/) as unknown }],
  ])("%s is reported as AWS reports it", async (_what, code, more, expected) => {
    expect((await harness.invoke(python(code, more))).payload).toMatchObject(expected);
  });

  test("numbers, text and bytes travel unharmed", async () => {
    const code = "from decimal import Decimal\ndef handler(e, c): return b'raw \\xff' if e.get('raw') else {'d': Decimal('1.10'), 't': e['t'], 'c': c.client_context.custom, 'left': c.get_remaining_time_in_millis() > 0}\n";
    const target = python(code);
    expect((await harness.invoke(target, { t: "ü" }, { clientContext: '{"custom":{"k":1}}' })).text).toBe('{"d": 1.10, "t": "ü", "c": {"k": 1}, "left": true}');
    const execution = await harness.fleet.run(target, () => harness.invocation({ raw: true }), false);
    const answer = await execution.answer;
    if (!("response" in answer) || answer.response.streamed) throw new Error("expected bytes");
    expect(answer.response.body).toEqual(Buffer.from("raw \xff", "latin1"));
  });

  test("a package in a layer and a module in a folder", async () => {
    const target = harness.target({ runtime: "python3.12", handler: "src/app.handler", files: { "src/app.py": "import shared\ndef handler(e, c): return shared.NAME\n" }, opt: { "python/shared.py": "NAME = 'layer'\n" } });
    expect((await harness.invoke(target)).payload).toBe("layer");
  });
});

describe("OS-only runtimes", () => {
  test("a bootstrap talks to the Runtime API by itself", async () => {
    const bootstrap = `#!/bin/sh
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next") || exit 1
  id=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: *//Ip' "$headers" | tr -d '\\r\\n')
  echo "handling $id"
  curl -sS -o /dev/null -X POST "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "{\\"got\\": $event}"
done
`;
    const target = harness.target({ runtime: "provided.al2023", files: { bootstrap } });
    expect((await harness.invoke(target, { a: 1 })).payload).toEqual({ got: { a: 1 } });
    const second = await harness.invoke(target, { a: 2 });
    expect(second.payload).toEqual({ got: { a: 2 } });
    expect(second.log[1]).toMatch(/^handling [0-9a-f-]{36}\n$/);
  });

  test("a missing bootstrap is said", async () => {
    expect((await harness.invoke(harness.target({ runtime: "provided.al2023", files: { "x": "" } }))).payload).toEqual({
      errorType: "Runtime.InvalidEntrypoint", errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Couldn't find valid bootstrap\(s\): \[\/var\/task\/bootstrap \/opt\/bootstrap\]$/) as unknown,
    });
  });
});

describe("limits", () => {
  test.runIf(kind === "process")("a function that takes too long is stopped, with all that it started", async () => {
    const clock = new TestClock();
    await using own = new Harness(clock, kind);
    const file = join(own.folder, "child.pid");
    const code = "const { spawn } = require('child_process'); exports.handler = async (file) => { const c = spawn('sleep', ['1000']); require('fs').writeFileSync(file, String(c.pid)); await new Promise(() => setInterval(() => {}, 1000)); };";
    const target = own.target({ timeoutMs: 3000, files: { "index.js": code } });
    const result = own.invoke(target, JSON.stringify(file));
    await vi.waitFor(() => expect(readFileSync(file, "utf8")).toMatch(/^\d+$/), { timeout: 4000 });
    await clock.advance(3000);
    const { payload, log, report } = await result;
    expect(payload).toEqual({ errorType: "Sandbox.Timedout", errorMessage: `RequestId: ${report.requestId} Error: Task timed out after 3.00 seconds` });
    expect(log.join("")).toMatch(/Z [0-9a-f-]{36} Task timed out after 3\.00 seconds\n\n/);
    expect(report.status).toBe("timeout");
    const pid = Number(readFileSync(file, "utf8"));
    await own.fleet.close();
    // The grandchild is init's to bury once it is dead.
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), { timeout: 4000 });
  });

  test("a function that uses more memory than it has is killed", async () => {
    const target = harness.target({ memoryMb: 128, timeoutMs: 30_000, files: { "index.js": "const hold = []; exports.handler = async () => { for (;;) { hold.push(Buffer.alloc(4_000_000, 1)); await new Promise((r) => setTimeout(r, 5)); } };" } });
    const { payload, report } = await harness.invoke(target);
    expect(payload).toMatchObject({ errorType: "Runtime.ExitError", errorMessage: expect.stringMatching(/Runtime exited with error: signal: killed$/) as unknown });
    expect(report).toMatchObject({ status: "error", maxMemoryMb: 128 });
  });

  test("an environment that died is not used again", async () => {
    const target = harness.target({ files: { "index.js": "let n = 0; exports.handler = async (e) => { if (e.die) process.exit(1); return ++n; };" } });
    expect((await harness.invoke(target)).payload).toBe(1);
    expect((await harness.invoke(target, { die: true })).ok).toBe(false);
    expect((await harness.invoke(target)).payload).toBe(1);
  });

  test("concurrent events get an environment each, and one at a time", async () => {
    const target = harness.target({ files: { "index.js": "let busy = 0; exports.handler = async () => { if (++busy > 1) throw new Error('two at once'); await new Promise((r) => setTimeout(r, 1000)); busy -= 1; return process.env.AWS_LAMBDA_LOG_STREAM_NAME; };" } });
    const results = await Promise.all(Array.from({ length: 3 }, () => harness.invoke(target)));
    expect(results.every((result) => result.ok)).toBe(true);
    expect(new Set(results.map((result) => result.payload)).size).toBeGreaterThan(1);
  });

  test("environments without work are reaped in platform time", async () => {
    const clock = new TestClock();
    await using own = new Harness(clock, kind);
    await own.invoke(own.target({ files: { "index.js": "exports.handler = async () => 1;" } }));
    expect(own.fleet.size).toBe(1);
    await clock.advance(600_001);
    expect(own.fleet.size).toBe(0);
  });
});

describe("extensions", () => {
  const HANDLER = { "index.js": "exports.handler = async () => { console.log('handled'); return 1; };" };
  const shell = (events: string, body = ""): string => `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
answer=$(curl -sS -D /tmp/head-$$ -X POST "$api/register" -H "Lambda-Extension-Name: \${0##*/}" -d '{"events":${events}}')
id=$(tr -d '\\r' < /tmp/head-$$ | sed -n 's/^Lambda-Extension-Identifier: //Ip')
echo "registered $answer"
${body}
while true; do
  event=$(curl -sS "$api/event/next" -H "Lambda-Extension-Identifier: $id") || exit 1
  echo "extension got $event"
  case "$event" in *SHUTDOWN*) exit 0 ;; esac
done
`;
  const logsOf = (): string => [...harness.logs.values()].flat().join("");

  test("an external extension registers before the init phase ends and sees every event and the shutdown", async () => {
    await using own = new Harness(undefined, kind);
    const target = own.target({ name: "extended", files: HANDLER, opt: { "extensions/watcher": shell('["INVOKE","SHUTDOWN"]') } });
    const first = await own.invoke(target, { n: 1 });
    const second = await own.invoke(target, { n: 2 });
    expect([first.payload, second.payload]).toEqual([1, 1]);
    await own.fleet.close();
    const log = [...own.logs.values()].flat().join("");
    expect(log).toContain('registered {"functionName":"extended","functionVersion":"$LATEST","handler":"index.handler"}');
    const events = [...log.matchAll(/extension got (\{.*\})/g)].map(([, json]) => JSON.parse(json!) as Record<string, unknown>);
    expect(events.map((event) => event["eventType"])).toEqual(["INVOKE", "INVOKE", "SHUTDOWN"]);
    expect(events[0]).toMatchObject({ requestId: first.report.requestId, invokedFunctionArn: expect.stringContaining(":function:") as unknown, tracing: { type: "X-Amzn-Trace-Id" } });
    expect(events[2]).toMatchObject({ shutdownReason: "SPINDOWN" });
  });

  test("an extension that cannot start fails the init phase", async () => {
    const fails = shell('["INVOKE"]', `curl -sS -X POST "$api/init/error" -H "Lambda-Extension-Identifier: $id" -H "Lambda-Extension-Function-Error-Type: Extension.NoConfig" -d '{"errorType":"Extension.NoConfig","errorMessage":"no config","stackTrace":[]}'; exit 1`);
    const { payload, ok } = await harness.invoke(harness.target({ files: HANDLER, opt: { "extensions/broken": fails } }));
    expect(ok).toBe(false);
    expect(payload).toMatchObject({ errorType: "Extension.NoConfig", errorMessage: "no config" });
  });

  test("what is wrong is refused: an unknown event, an unknown caller, a second name, a late comer", async () => {
    const probe = shell('["INVOKE"]', `
say() { echo "probe $1 $2"; }
say bad-event $(curl -sS -o /dev/null -w '%{http_code}' -X POST "$api/register" -H "Lambda-Extension-Name: other" -d '{"events":["NOPE"]}')
say nameless $(curl -sS -o /dev/null -w '%{http_code}' -X POST "$api/register" -d '{"events":[]}')
say twice $(curl -sS -o /dev/null -w '%{http_code}' -X POST "$api/register" -H "Lambda-Extension-Name: \${0##*/}" -d '{"events":[]}')
say stranger $(curl -sS -o /dev/null -w '%{http_code}' "$api/event/next" -H "Lambda-Extension-Identifier: 00000000-0000-4000-8000-000000000000")
say telemetry $(curl -sS -o /dev/null -w '%{http_code}' -X PUT "http://$AWS_LAMBDA_RUNTIME_API/2022-07-01/telemetry" -H "Lambda-Extension-Identifier: $id" -d '{"schemaVersion":"2022-07-01","types":["platform"],"destination":{"protocol":"HTTP","URI":"http://169.254.169.254:80"}}')`);
    await harness.invoke(harness.target({ files: { "index.js": "exports.handler = async () => (await fetch('http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/register', { method: 'POST', headers: { 'Lambda-Extension-Name': 'late' }, body: '{}' })).status;" }, opt: { "extensions/prober": probe } })).then(({ payload }) => expect(payload).toBe(403));
    await vi.waitFor(() => expect(logsOf()).toContain("probe telemetry 400"), { timeout: 10_000 });
    for (const line of ["bad-event 400", "nameless 403", "twice 403", "stranger 403"]) expect(logsOf()).toContain(`probe ${line}`);
  });

  test("telemetry tells an extension of the platform's events and the function's lines", async () => {
    const extension = `#!/usr/bin/env node
const http = require("http");
const api = "http://" + process.env.AWS_LAMBDA_RUNTIME_API;
(async () => {
  const registered = await fetch(api + "/2020-01-01/extension/register", { method: "POST", headers: { "Lambda-Extension-Name": "telemeter" }, body: '{"events":["INVOKE","SHUTDOWN"]}' });
  const headers = { "Lambda-Extension-Identifier": registered.headers.get("lambda-extension-identifier") };
  await registered.text();
  const seen = [];
  http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", () => { seen.push(...JSON.parse(body)); console.log("telemetry " + JSON.parse(body).map((one) => one.type + ":" + (one.record.requestId ?? String(one.record).trim())).join("|")); response.end(); });
  }).listen(4243, "0.0.0.0");
  const subscribed = await fetch(api + "/2022-07-01/telemetry", { method: "PUT", headers, body: JSON.stringify({ schemaVersion: "2022-12-13", types: ["platform", "function"], destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:4243" }, buffering: { timeoutMs: 25 } }) });
  console.log("subscribed " + subscribed.status + " " + (await subscribed.text()));
  for (;;) if ((await (await fetch(api + "/2020-01-01/extension/event/next", { headers })).json()).eventType === "SHUTDOWN") process.exit(0);
})();
`;
    const target = harness.target({ files: HANDLER, opt: { "extensions/telemeter": extension } });
    const { report } = await harness.invoke(target);
    // Telemetry is sent as it fills; the next event keeps the environment from standing still.
    await vi.waitFor(async () => {
      await harness.invoke(target);
      const log = logsOf();
      expect(log).toContain('subscribed 200 "OK"');
      for (const type of ["platform.start", "platform.runtimeDone", "platform.report"]) expect(log).toContain(`${type}:${report.requestId}`);
      expect(log).toMatch(/telemetry [^\n]*function:[^\n]*handled/);
    }, { timeout: 20_000, interval: 50 });
  });
});

test("log lines of a text log begin with a time only where Lambda's do", async () => {
  const { log } = await harness.invoke(harness.target({ files: { "index.js": "exports.handler = async () => { console.log('x'); };" } }));
  expect(log[0]).not.toMatch(TIME);
  expect(log[1]).toMatch(TIME);
});
}
