import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { serviceIndex, type ServiceId } from "@cumulet/protocol";
import type { Clock } from "./clock.ts";
import { completeConfig } from "./config.ts";
import type { PlatformConfig } from "./context.ts";
import { Dispatcher } from "./events/dispatcher.ts";
import type { PlatformEvent } from "./events/event.ts";
import type { Ids } from "./ids.ts";
import type { Log } from "./observe/log.ts";
import type { Authorizer } from "./request/authorize.ts";
import { RandomIds } from "./random-ids.ts";
import { Runtime } from "./runtime.ts";
import type { AnyService } from "./service.ts";
import { Snapshots } from "./storage/snapshots.ts";
import { openStorage, type Storage } from "./storage/storage.ts";
import { SystemClock, type ClockState } from "./system-clock.ts";

/** How to make a cloud. Everything has a default but the log. */
export interface PlatformOptions {
  /** Folder of the state; undefined keeps everything in memory and a temporary folder. */
  dataFolder?: string | undefined;
  config?: Partial<PlatformConfig>;
  log: Log;
  /** System time unless told; a test brings its own. */
  clock?: Clock;
  ids?: Ids;
  services: readonly AnyService[];
  authorizer?: Authorizer | undefined;
  extraOrigins?: readonly string[];
  version?: string;
}

/** A request to administration that cannot be granted, in one sentence. */
export class AdminError extends Error {
  override name = "AdminError";
}

/** One cloud: services, state and time in one process. It does not listen; `handle` takes Node's requests. */
export interface Platform {
  readonly runtime: Runtime;
  readonly storage: Storage;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Ends WebSockets: a server that closes would wait for them, and does not know them. */
  hangUp(): void;
  /** Tells where the platform is reached, once it is: functions and origins need it. */
  served(endpoint: string, port: number): void;
  readonly snapshots: Snapshots;
  /** Forgets state: all, or one account's, region's or service's. */
  reset(filter: { account?: string; region?: string; service?: string }): Promise<void>;
  /** Resolves when no event is undelivered and none runs; those that are due later do not count. */
  idle(): Promise<void>;
  health(): { status: "running"; version: string; services: { [id: string]: "running" } };
  info(): { version: string; endpoint: string; dataFolder: string | null; startedAt: string; services: { [id: string]: { implemented: number; modelled: number } } };
  clockState(): ClockState & { now: string };
  /** `{advanceMs}`, `{freeze: true|false}`, `{speed}` or `{reset: true}`. */
  moveClock(change: { [name: string]: unknown }): ClockState & { now: string };
  close(): Promise<void>;
}

/** Composes services, storage and time into a running cloud: the one place where they meet, for the product and for tests. */
export async function composePlatform(options: PlatformOptions): Promise<Platform> {
  const clock = options.clock ?? new SystemClock();
  const ids = options.ids ?? new RandomIds();
  const { log } = options;
  const { services } = options;
  const storage = openStorage({ ...(options.dataFolder === undefined ? {} : { folder: options.dataFolder }), clock, ids, log, stores: [...new Set(services.map(({ store }) => store))] });
  const config = { ...completeConfig(options.config ?? {}, storage.folder) };
  const dispatcher = new Dispatcher({
    storage, clock, ids, log, consumers: consumersOf(services),
    longTypes: new Set(services.flatMap(({ longDeliveries }) => longDeliveries ?? [])),
    deliver: (event, _store, consumer, signal) => deliver(runtime, consumer, event, signal),
  });
  const runtime: Runtime = new Runtime({ services, config, storage, dispatcher, clock, ids, log, authorizer: options.authorizer, extraOrigins: options.extraOrigins ?? [] });
  const startedAt = new Date().toISOString();
  runtime.start();
  dispatcher.start();

  const clockState = (): ClockState & { now: string } => {
    const state = clock instanceof SystemClock ? clock.state() : { nowMs: clock.now(), offsetMs: 0, frozen: true, speed: 1 };
    return { now: new Date(state.nowMs).toISOString(), ...state };
  };

  return {
    runtime,
    storage,
    handle: (request, response) => runtime.handle(request, response),
    upgrade: (request, socket, head) => runtime.upgrade(request, socket, head),
    hangUp: () => runtime.hangUp(),
    served: (endpoint) => {
      config.endpoint = endpoint;
    },
    health: () => ({ status: "running", version: options.version ?? "", services: Object.fromEntries(services.map(({ model }) => [model, "running" as const])) }),
    info: () => ({
      version: options.version ?? "",
      endpoint: config.endpoint,
      dataFolder: options.dataFolder ?? null,
      startedAt,
      services: Object.fromEntries(services.map(({ model, operations }) => [model, { implemented: Object.keys(operations).length, modelled: serviceIndex[model as ServiceId].operations }])),
    }),
    clockState,
    moveClock: (change) => {
      moveClock(clock, change);
      return clockState();
    },
    idle: () => dispatcher.idle(),
    snapshots: new Snapshots(storage, () => clock.now()),
    reset: async ({ service, ...filter }) => {
      if (service === undefined) return storage.reset(filter);
      const loaded = runtime.service(service);
      if (loaded === undefined) throw new AdminError(`There is no service ${service}; there are ${[...runtime.services.keys()].join(", ")}.`);
      return storage.reset({ ...filter, store: loaded.definition.store.name });
    },
    close: async () => {
      await dispatcher.stop();
      await runtime.stop();
      storage.close();
    },
  };
}

/** Which services want which events. */
function consumersOf(services: readonly AnyService[]): Map<string, string[]> {
  const consumers = new Map<string, string[]>();
  for (const { model, consumes } of services) {
    for (const type of Object.keys(consumes ?? {})) consumers.set(type, [...(consumers.get(type) ?? []), model as string]);
  }
  return consumers;
}

async function deliver(runtime: Runtime, consumer: string, event: PlatformEvent, signal: AbortSignal): Promise<void> {
  const service = runtime.service(consumer)!;
  const context = runtime.serviceContext(service, { account: event.account, region: event.region, operation: event.type, traceId: event.traceId, signal });
  await service.definition.consumes![event.type]!(context, event);
  await context.committed();
}

function moveClock(clock: Clock, change: { [name: string]: unknown }): void {
  if (!(clock instanceof SystemClock)) throw new AdminError("This platform's clock belongs to a test.");
  const { advanceMs, freeze, speed, reset } = change;
  if (reset === true) clock.reset();
  else if (typeof advanceMs === "number" && Number.isFinite(advanceMs) && advanceMs >= 0) clock.advance(advanceMs);
  else if (typeof freeze === "boolean") {
    if (freeze) clock.freeze();
    else clock.unfreeze();
  } else if (typeof speed === "number" && speed > 0 && speed <= 100_000) clock.setSpeed(speed);
  else throw new AdminError('Send {"advanceMs": 60000}, {"freeze": true}, {"freeze": false}, {"speed": 10} or {"reset": true}.');
}
