import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { AwsError, compileService, createHostParser, createIdentifier, endpointLabels, loadModel } from "@cumulet/protocol";
import type { CompiledOperation, CompiledService, HostParser, Identifier, ProtocolName, ServiceId } from "@cumulet/protocol";
import type { Clock } from "./clock.ts";
import type { Context, PlatformConfig } from "./context.ts";
import type { Dispatcher } from "./events/dispatcher.ts";
import type { Ids } from "./ids.ts";
import type { Log } from "./observe/log.ts";
import { Metrics } from "./observe/metrics.ts";
import { RecentRequests } from "./observe/recent.ts";
import type { Record } from "./observe/record.ts";
import { childTrace, spanSink, traceOf, type Span, type SpanSink } from "./observe/tracer.ts";
import { runOverHttp } from "./pipeline.ts";
import type { Authorizer } from "./request/authorize.ts";
import { expectContinue } from "./request/body.ts";
import { Call, type HttpSide } from "./request/call.ts";
import { servicePrincipal } from "./request/credentials.ts";
import { DataPlaneRunner } from "./request/data-plane.ts";
import type { FaultRule } from "./request/faults.ts";
import type { OriginPolicy } from "./request/origin.ts";
import { SecretKnowledge } from "./request/authenticate.ts";
import { globalRegion } from "./request/handle.ts";
import { RequestContext } from "./request/request-context.ts";
import type { AnyService, Background, Handler } from "./service.ts";
import type { Storage } from "./storage/storage.ts";

/** A service with its model compiled on first use, so that start-up pays for none. */
export class LoadedService {
  readonly id: ServiceId;
  readonly definition: AnyService;
  #compiled: CompiledService | undefined;

  constructor(definition: AnyService) {
    this.id = definition.model as ServiceId;
    this.definition = definition;
  }

  get compiled(): CompiledService {
    return (this.#compiled ??= compileService(loadModel(this.id)));
  }

  handler(operation: string): Handler<unknown, unknown, unknown> | undefined {
    const { operations } = this.definition;
    return Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  }

  /** @throws AwsError `UnknownOperationException` */
  operation(name: string): CompiledOperation {
    const operation = this.compiled.operation(name);
    if (operation === undefined) throw new AwsError("UnknownOperationException", `${this.id} has no operation ${name}.`);
    return operation;
  }
}

/** Where a context without a request behind it looks, and for whom. */
export interface ServiceView {
  account: string;
  region: string;
  /** What it is for, in logs: `background`, or an event's type. */
  operation: string;
  /** The trace it goes on with. */
  traceId?: string;
  /** Outlives a reset of the state: for work that runs as long as the platform. */
  lasting?: boolean;
  signal?: AbortSignal;
}

/** What the runtime is made of; the platform package chooses each part. */
export interface RuntimeParts {
  services: readonly AnyService[];
  config: PlatformConfig;
  storage: Storage;
  dispatcher: Dispatcher;
  clock: Clock;
  ids: Ids;
  log: Log;
  authorizer?: Authorizer | undefined;
  /** Origins of web pages that may drive the cloud beside local ones. */
  extraOrigins?: readonly string[];
}

/** The composed cloud without a socket: it takes Node's requests and answers them. */
export class Runtime {
  readonly config: PlatformConfig;
  readonly storage: Storage;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly authorizer: Authorizer | undefined;
  readonly origins: OriginPolicy;
  readonly metrics = new Metrics();
  readonly recent = new RecentRequests();
  readonly secrets = new SecretKnowledge();
  readonly faults: FaultRule[] = [];
  readonly spans: SpanSink;
  readonly parseHost: HostParser;
  readonly identify: Identifier;
  readonly services: ReadonlyMap<string, LoadedService>;
  readonly #foreign = new Map<string, CompiledService>();
  readonly #planes: DataPlaneRunner;
  readonly #observers: ((record: Record) => void)[] = [];
  readonly #spanObservers: ((span: Span) => void)[] = [];
  readonly #background: (Disposable | AsyncDisposable)[] = [];

  constructor(parts: RuntimeParts) {
    this.config = parts.config;
    this.storage = parts.storage;
    this.dispatcher = parts.dispatcher;
    this.clock = parts.clock;
    this.ids = parts.ids;
    this.log = parts.log;
    this.authorizer = parts.authorizer;
    this.origins = { extra: parts.extraOrigins ?? [], domains: parts.config.domains };
    this.spans = spanSink(parts.ids, () => parts.clock.now(), (span) => {
      for (const observer of this.#spanObservers) observer(span);
    });
    this.services = new Map(parts.services.map((definition) => [definition.model as string, new LoadedService(definition)]));
    this.parseHost = createHostParser({ bases: parts.config.domains, serviceLabels: endpointLabels() });
    this.identify = createIdentifier(this.parseHost);
    this.#planes = new DataPlaneRunner(this);
    this.metrics.gauge("cumulet_memory_rss_bytes", "Resident memory of the platform's process.", () => process.memoryUsage.rss());
  }

  service(id: string): LoadedService | undefined {
    return this.services.get(id);
  }

  /** Starts what runs beside requests. */
  start(): void {
    for (const service of this.services.values()) {
      const { background, observes } = service.definition;
      if (background !== undefined) this.#background.push(background(this.#backgroundOf(service)));
      if (observes !== undefined) this.#observers.push(observes(this.#backgroundOf(service)));
    }
  }

  /** Stops background work; requests under way are the caller's to await. */
  async stop(): Promise<void> {
    for (const running of this.#background.splice(0).reverse()) {
      if (Symbol.asyncDispose in running) await running[Symbol.asyncDispose]();
      else running[Symbol.dispose]();
    }
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const side = this.#side(request, response);
    if (request.headers.expect?.toLowerCase() === "100-continue") expectContinue(request, response);
    if (await this.#planes.handle(side)) return;
    const call = new Call(this, this.ids.uuid(), traceOf(request.headers, this.spans), side);
    await runOverHttp(call);
  }

  /** Takes a WebSocket upgrade, or refuses it. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { host, path, query } = this.#side(request, undefined as unknown as ServerResponse);
    await this.#planes.upgrade(request, socket, head, host, path, query);
  }

  /** Ends upgraded connections: a server that closes would wait for them. */
  hangUp(): void {
    this.#planes.hangUp();
  }

  /** Shows a finished request to everybody who wants to know. An observer's failure is logged and harms nobody. */
  observe(record: Record): void {
    this.metrics.observe(record);
    for (const observer of this.#observers) {
      try {
        observer(record);
      } catch (failure) {
        this.log.error("an observer failed", { service: record.service, operation: record.operation, stack: (failure as Error).stack });
      }
    }
    this.recent.add(record);
    if (record.via === "http" && this.log.shows("info")) {
      this.log.info(`${record.status} ${record.service}.${record.operation}`, {
        ms: Math.round(record.durationMs * 10) / 10,
        account: record.account === this.config.defaultAccount ? undefined : record.account,
        region: record.region === this.config.defaultRegion ? undefined : record.region,
        error: record.error?.code,
        why: record.error?.message,
      });
    }
  }

  /** Adds an observer of finished spans. */
  onSpan(observer: (span: Span) => void): Disposable {
    this.#spanObservers.push(observer);
    return {
      [Symbol.dispose]: () => {
        const at = this.#spanObservers.indexOf(observer);
        if (at >= 0) this.#spanObservers.splice(at, 1);
      },
    };
  }

  /** A context of a service that no request stands behind: a delivered event, or, `lasting`, background work. */
  serviceContext<S>(service: LoadedService, view: ServiceView): Context<S> {
    const { account, region, operation, traceId, lasting = false, signal = new AbortController().signal } = view;
    const { directory } = this.storage;
    const { store } = service.definition;
    const trace = traceOf(traceId === undefined ? undefined : { traceparent: `00-${traceId}-${this.spans.hex(16)}-01` }, this.spans);
    return new RequestContext<S>(this, service, {
      account,
      region: service.definition.store.scope === "global" ? globalRegion(region) : region,
      principal: servicePrincipal(service.id, account),
      requestId: this.ids.uuid(),
      operation,
      trace: childTrace(trace, this.spans),
      signal,
      http: undefined,
      // What background work claims is never given back as a whole, so nothing needs to remember it.
      names: lasting ? directory.names(store.name) : directory.session(store.name),
      touched: lasting ? undefined : [],
    });
  }

  /** Writes errors in a protocol for a service that we have no model of. */
  foreignService(protocol: ProtocolName, jsonVersion: "1.0" | "1.1" = "1.1"): CompiledService {
    const key = `${protocol} ${jsonVersion}`;
    let service = this.#foreign.get(key);
    if (service === undefined) {
      const metadata = { serviceId: "", endpointPrefix: "", signingName: "", serviceFullName: "", apiVersion: "", protocols: [protocol], jsonVersion };
      service = compileService({ id: "unknown", source: { botocore: "", apiVersion: "" }, metadata, operations: {}, shapes: {} });
      this.#foreign.set(key, service);
    }
    return service;
  }

  #backgroundOf(service: LoadedService): Background<unknown> {
    const { store } = service.definition;
    const at = (account: string, region: string): Context<unknown> => this.serviceContext(service, { account, region, operation: "background", lasting: true });
    return {
      clock: this.clock,
      log: this.log.with({ service: service.id }),
      config: this.config,
      at,
      scopes: () => this.storage.scopes(store.name),
      onScope: (run) => this.storage.onOpen((key) => {
        if (key.store === store.name) run(at(key.account, key.region));
      }),
      onSpan: (observer) => this.onSpan(observer),
    };
  }

  #side(request: IncomingMessage, response: ServerResponse): HttpSide {
    let url = request.url ?? "/";
    // A proxy may send the absolute form.
    if (!url.startsWith("/")) {
      const slash = /^https?:\/\/[^/?]*/i.exec(url);
      url = slash === null ? "/" : url.slice(slash[0].length) || "/";
    }
    const mark = url.indexOf("?");
    return {
      request,
      response,
      host: this.parseHost(request.headers.host),
      path: mark < 0 ? url : url.slice(0, mark),
      query: mark < 0 ? "" : url.slice(mark + 1),
      extraHeaders: [],
    };
  }
}
