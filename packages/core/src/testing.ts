/** What tests of services stand on: a context without HTTP, and a real platform on a free port with a clock that tests move. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { TestClock } from "./test-clock.ts";
import { composePlatform, type Platform, type PlatformOptions } from "./compose.ts";
import type { Context, PlatformConfig, Principal } from "./context.ts";
import { SequentialIds } from "./sequential-ids.ts";
import type { Log } from "./observe/log.ts";
import { createLogger } from "./observe/logger.ts";
import { rootPrincipal } from "./request/credentials.ts";
import { RequestContext } from "./request/request-context.ts";
import { traceOf } from "./observe/tracer.ts";
import type { AnyService, StoreDefinition } from "./service.ts";

export { TestClock } from "./test-clock.ts";
export { SequentialIds } from "./sequential-ids.ts";

/** 2026-01-02T03:04:05Z: where test time starts. */
export const TEST_START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** The account that tests act in unless they say otherwise. */
export const TEST_ACCOUNT = "000000000000";

/** A log that keeps quiet unless `CUMULET_TEST_LOG` names a level. */
export function testLog(): Log {
  const level = process.env.CUMULET_TEST_LOG as "debug" | "info" | "warn" | "error" | undefined;
  return createLogger({ level: level ?? "silent", format: "human", write: (line) => void process.stderr.write(line), now: Date.now });
}

/** A platform under test: listening, in memory, its time in the test's hands. */
export interface TestPlatform extends AsyncDisposable {
  platform: Platform;
  clock: TestClock;
  server: Server;
  port: number;
  /** `http://127.0.0.1:<port>` */
  endpoint: string;
  /** What SDK clients want. */
  clientConfig(account?: string, region?: string): { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string }; maxAttempts: number };
  close(): Promise<void>;
}

/**
 * Starts the given services for real on a free port. With `dataFolder` the state is on disk, and a second call on the
 * same folder sees it.
 */
export async function testPlatform(services: readonly AnyService[], options: Partial<PlatformOptions> = {}): Promise<TestPlatform> {
  const clock = (options.clock as TestClock | undefined) ?? new TestClock(TEST_START_MS);
  const platform = await composePlatform({ log: testLog(), ...options, clock, services });
  // No idle limit: a test that keeps its own process busy would find its connection closed under it.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => void platform.handle(request, response));
  server.on("checkContinue", (request, response) => void platform.handle(request, response));
  server.on("checkExpectation", (request, response) => void platform.handle(request, response));
  server.on("upgrade", (request, socket, head: Buffer) => void platform.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  platform.served(endpoint, port);
  const close = async (): Promise<void> => {
    platform.hangUp();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await platform.close();
  };
  return {
    platform, clock, server, port, endpoint, close,
    clientConfig: (account = TEST_ACCOUNT, region = "us-east-1") => ({
      endpoint, region, credentials: { accessKeyId: account, secretAccessKey: "test" }, maxAttempts: 1,
    }),
    [Symbol.asyncDispose]: close,
  };
}

/** What a test may choose of its context. */
export interface TestContextOptions {
  account?: string;
  region?: string;
  principal?: Principal;
  operation?: string;
  config?: Partial<PlatformConfig>;
  /** Further services, for `ctx.call`. */
  services?: readonly AnyService[];
}

/** A context to call handlers with: no HTTP, state in memory, test time, sequential ids. */
export async function testContext<S>(service: AnyService & { store: StoreDefinition<S> }, options: TestContextOptions = {}): Promise<Context<S> & AsyncDisposable & { clock: TestClock; platform: Platform }> {
  const clock = new TestClock(TEST_START_MS);
  const services = [service, ...(options.services ?? []).filter(({ model }) => model !== service.model)];
  const platform = await composePlatform({ log: testLog(), clock, ids: new SequentialIds(), services, config: options.config ?? {} });
  const { runtime } = platform;
  const account = options.account ?? TEST_ACCOUNT;
  const context = new RequestContext<S>(runtime, runtime.service(service.model as string)!, {
    account,
    region: options.region ?? "us-east-1",
    principal: options.principal ?? rootPrincipal(account),
    requestId: runtime.ids.uuid(),
    operation: options.operation ?? "Test",
    trace: traceOf(undefined, runtime.spans),
    signal: new AbortController().signal,
    http: undefined,
    names: runtime.storage.directory.session(service.store.name),
    touched: [],
  });
  return Object.assign(context, { platform, [Symbol.asyncDispose]: () => platform.close() }) as unknown as Context<S> & AsyncDisposable & { clock: TestClock; platform: Platform };
}
