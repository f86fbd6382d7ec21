/** What a person at the keyboard has: code that is live when it is saved, and a debugger. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CreateFunctionCommand, InvokeCommand } from "@aws-sdk/client-lambda";
import { TestClock } from "@cumulet/core/platform";
import { Harness } from "./harness.ts";
import { json, refusal, ROLE, testLambda, type TestLambda } from "./platform.ts";

let lambda: TestLambda;
const folders: string[] = [];
beforeAll(async () => {
  lambda = await testLambda();
});
afterAll(async () => {
  await lambda.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function hot(name: string, files: Record<string, string>, more: object = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "cumulet-hot-"));
  folders.push(folder);
  write(folder, files);
  await lambda.client.send(new CreateFunctionCommand({ FunctionName: name, Runtime: "nodejs22.x", Handler: "index.handler", Role: ROLE, Code: { S3Bucket: "hot-reload", S3Key: folder }, ...more }));
  await lambda.settle();
  return folder;
}

async function invoke(name: string): Promise<unknown> {
  return json((await lambda.client.send(new InvokeCommand({ FunctionName: name }))).Payload);
}

/** Milliseconds from an edit until an invocation answers `expected`. */
async function until(name: string, expected: unknown): Promise<number> {
  const began = performance.now();
  await vi.waitFor(async () => expect(await invoke(name)).toEqual(expected), { timeout: 10_000, interval: 1 });
  return performance.now() - began;
}

describe("hot reload", () => {
  test("an edit is live on the next invocation", async () => {
    const folder = await hot("hot", { "index.js": "const { word } = require('./lib/word'); exports.handler = async () => word;", "lib/word.js": "exports.word = 'one';" });
    expect(await invoke("hot")).toBe("one");
    const times: number[] = [];
    for (const word of ["two", "three", "four"]) {
      write(folder, { "lib/word.js": `exports.word = '${word}';` });
      times.push(await until("hot", word));
    }
    // The benchmark says how long it takes on a quiet machine; this one may be busy.
    expect(Math.min(...times)).toBeLessThan(1000);
  });

  test("TypeScript is bundled, and errors name its lines", async () => {
    const folder = await hot("typed", {
      "src/word.ts": "export interface Word { text: string }\nexport const word: Word = { text: 'typed' };\n",
      "index.ts": "import { readFileSync } from 'node:fs';\nimport { word } from './src/word.ts';\nexport const handler = async (): Promise<string> => word.text + readFileSync(new URL('./data.txt', import.meta.url), 'utf8');\n",
      "data.txt": "!",
    });
    expect(await invoke("typed")).toBe("typed!");
    write(folder, { "index.ts": "interface Event { a: number }\n\nexport const handler = async (event: Event): Promise<void> => {\n  throw new Error('here');\n};\n" });
    await vi.waitFor(async () => expect(await invoke("typed")).toMatchObject({ errorType: "Error", errorMessage: "here", trace: expect.arrayContaining([`    at handler (${join(folder, "index.ts")}:4:9)`]) }), { timeout: 10_000 });
    write(folder, { "index.ts": "export const handler = (: => {" });
    await vi.waitFor(async () => expect(await invoke("typed")).toMatchObject({ errorType: "Runtime.UserCodeSyntaxError", errorMessage: expect.stringMatching(/^SyntaxError: index\.ts:1: /) }), { timeout: 10_000 });
    write(folder, { "index.ts": "export const handler = async (): Promise<string> => 'mended';" });
    await until("typed", "mended");
  });

  test("Python functions reload too", async () => {
    const folder = await hot("snake", { "index.py": "def handler(event, context):\n    return 'one'\n" }, { Runtime: "python3.12" });
    expect(await invoke("snake")).toBe("one");
    write(folder, { "index.py": "def handler(event, context):\n    return 'two'\n" });
    await until("snake", "two");
  });

  test("a folder that is none is refused", async () => {
    expect(await refusal(hot("nowhere", {}, { Code: { S3Bucket: "hot-reload", S3Key: "/no/such/folder" } }))).toMatchObject({ name: "InvalidParameterValueException", message: "Hot reload needs the absolute path of a folder as S3Key; /no/such/folder is none." });
  });
});

describe("debugger", () => {
  test("a breakpoint stops the function, and its time", async () => {
    const clock = new TestClock();
    await using harness = new Harness(clock);
    const ports = [await freePort(), await freePort()];
    const targets = ports.map((debugPort) => harness.target({ files: { "index.js": "exports.handler = async (event) => {\n  const word = event.word;\n  return word + '!';\n};" }, debugPort, timeoutMs: 1000 }));
    // Both once before: their ports stay, attached or not.
    for (const target of targets) expect((await harness.invoke(target, { word: "first" })).payload).toBe("first!");
    for (const [index, target] of targets.entries()) {
      const debug = await Debugger.attach(ports[index]!);
      await debug.send("Runtime.enable");
      await debug.send("Debugger.enable");
      await debug.send("Debugger.setBreakpointByUrl", { urlRegex: ".*/index\\.js$", lineNumber: 2 });
      const invoked = harness.invoke(target, { word: "stopped" });
      const { callFrames } = (await debug.event("Debugger.paused")) as { callFrames: { callFrameId: string }[] };
      await clock.advance(60_000);
      const { result } = (await debug.send("Debugger.evaluateOnCallFrame", { callFrameId: callFrames[0]!.callFrameId, expression: "word = 'changed'" })) as { result: { value: string } };
      expect(result.value).toBe("changed");
      await debug.send("Debugger.resume");
      expect((await invoked).payload).toBe("changed!");
      debug.close();
    }
  });

  test("time runs on when the debugger leaves, and events come one after another to one process", async () => {
    const clock = new TestClock();
    await using harness = new Harness(clock);
    const port = await freePort();
    const target = harness.target({ files: { "index.js": "exports.handler = async ({ wait }) => { if (wait) { debugger; await new Promise((resolve) => setTimeout(resolve, 1e6)); } return process.pid; };" }, debugPort: port, timeoutMs: 1000 });
    const pids = await Promise.all([1, 2, 3].map(() => harness.invoke(target, {})));
    expect(new Set(pids.map(({ payload }) => payload)).size).toBe(1);
    const debug = await Debugger.attach(port);
    await debug.send("Debugger.enable");
    const invoked = harness.invoke(target, { wait: true });
    await debug.event("Debugger.paused");
    await clock.advance(5000);
    debug.close();
    let text = "";
    void invoked.then((result) => (text = result.text));
    expect(text).toBe("");
    await vi.waitFor(async () => {
      await clock.advance(1000);
      expect(text).toContain("Task timed out after 1.00 seconds");
    }, { timeout: 10_000 });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A client of an inspector, as an editor is one. */
class Debugger {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: unknown) => void>();
  readonly #events = new Map<string, { seen: unknown[]; waiting: ((params: unknown) => void)[] }>();
  #last = 0;

  static async attach(port: number): Promise<Debugger> {
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { webSocketDebuggerUrl: string }[];
    expect(target!.webSocketDebuggerUrl).toContain(`:${port}/`);
    const socket = new WebSocket(target!.webSocketDebuggerUrl);
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    return new Debugger(socket);
  }

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, method, params, result } = JSON.parse(String(data)) as { id?: number; method?: string; params?: unknown; result?: unknown };
      if (id !== undefined) this.#answers.get(id)?.(result);
      else if (method !== undefined) {
        const { seen, waiting } = this.#of(method);
        const waiter = waiting.shift();
        if (waiter === undefined) seen.push(params);
        else waiter(params);
      }
    });
  }

  send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  event(method: string): Promise<unknown> {
    const { seen, waiting } = this.#of(method);
    if (seen.length > 0) return Promise.resolve(seen.shift());
    return new Promise((resolve) => waiting.push(resolve));
  }

  close(): void {
    this.#socket.close();
  }

  #of(method: string): { seen: unknown[]; waiting: ((params: unknown) => void)[] } {
    let entry = this.#events.get(method);
    if (entry === undefined) this.#events.set(method, (entry = { seen: [], waiting: [] }));
    return entry;
  }
}
