import type { ServiceId } from "@cumulet/protocol";
import { AwsError } from "@cumulet/protocol";
import type { Access, CallOptions, Calls, Context, HttpView, PlatformConfig, Principal, Signer } from "../context.ts";
import type { Clock } from "../clock.ts";
import type { Emission } from "../events/event.ts";
import type { Ids } from "../ids.ts";
import type { Log } from "../observe/log.ts";
import type { Trace } from "../observe/trace.ts";
import type { LoadedService, Runtime } from "../runtime.ts";
import type { Names } from "../service.ts";
import type { Blobs } from "../storage/blobs.ts";
import type { NamesSession } from "../storage/names.ts";
import type { OpenStore } from "../storage/storage.ts";
import { partitionOf } from "../storage/storage.ts";
import { decideWish, enforce, refusalMessage, type AccessFacts } from "./access.ts";
import { callsFrom } from "./calls.ts";
import { resolveCredential } from "./credentials.ts";

/** What a context is made of; see `Context` for the meaning of each. */
export interface ContextParts {
  account: string;
  region: string;
  principal: Principal;
  requestId: string;
  operation: string;
  trace: Trace;
  signal: AbortSignal;
  http: HttpView | undefined;
  names: NamesSession;
  /** Every scope that the request opened: its answer waits for their commits. Undefined for a context that outlives requests. */
  touched: Touched[] | undefined;
  /** What policies see of the request; of a context without one, only its principal. */
  facts?: () => AccessFacts;
}

/** A store that a request opened, and its `losses` at that time: one more means that something the request saw was undone. */
export interface Touched {
  scope: OpenStore<unknown>;
  losses: number;
}

/** The one implementation of `Context`: a view over the runtime, narrowed to one service, account and region. */
export class RequestContext<S> implements Context<S> {
  readonly #runtime: Runtime;
  readonly #service: LoadedService;
  readonly #parts: ContextParts;
  #scope: OpenStore<S> | undefined;
  #call: Calls | undefined;
  #log: Log | undefined;
  #access: Access | undefined;

  constructor(runtime: Runtime, service: LoadedService, parts: ContextParts) {
    this.#runtime = runtime;
    this.#service = service;
    this.#parts = parts;
  }

  get account(): string { return this.#parts.account; }
  get region(): string { return this.#parts.region; }
  get partition(): string { return partitionOf(this.#parts.region); }
  get principal(): Principal { return this.#parts.principal; }
  get requestId(): string { return this.#parts.requestId; }
  get service(): ServiceId { return this.#service.id; }
  get operation(): string { return this.#parts.operation; }
  get clock(): Clock { return this.#runtime.clock; }
  get ids(): Ids { return this.#runtime.ids; }
  get blobs(): Blobs { return this.scope.blobs; }
  get names(): Names { return this.#parts.names; }
  get trace(): Trace { return this.#parts.trace; }
  get signal(): AbortSignal { return this.#parts.signal; }
  get http(): HttpView | undefined { return this.#parts.http; }
  get endpoint(): string { return this.#parts.http?.endpoint ?? this.#runtime.config.endpoint; }
  get config(): PlatformConfig { return this.#runtime.config; }

  /**
   * The database behind `store`: opened on first use, so that a refused request opens nothing. A request keeps to the one that
   * it began with, though it was reset meanwhile; a context that outlives requests goes on with the new one.
   */
  get scope(): OpenStore<S> {
    const { account, region, touched } = this.#parts;
    if (this.#scope === undefined || (touched === undefined && this.#scope.db.retired)) {
      const scope = this.#runtime.storage.open(this.#service.definition.store, account, region) as OpenStore<S>;
      touched?.push({ scope, losses: scope.db.losses });
      this.#scope = scope;
    }
    return this.#scope;
  }

  get store(): S { return this.scope.state; }

  get log(): Log {
    return (this.#log ??= this.#runtime.log.with({ service: this.#service.id, operation: this.#parts.operation, requestId: this.#parts.requestId }));
  }

  get call(): Calls {
    return (this.#call ??= this.as({}));
  }

  as(options: CallOptions): Calls {
    return callsFrom(this.#runtime, {
      caller: this.#service.id,
      account: options.account ?? this.#parts.account,
      region: options.region ?? this.#parts.region,
      principal: options.principal,
      trace: this.#parts.trace,
      signal: options.signal ?? this.#parts.signal,
      sourceArn: options.sourceArn,
    });
  }

  get access(): Access {
    return (this.#access ??= {
      decide: (wish) => decideWish(this.#runtime, this.#facts, wish),
      require: (wish, refusal) => {
        if (this.#runtime.config.authorization === "off") return;
        const decision = decideWish(this.#runtime, this.#facts, wish);
        if (decision.allowed) return;
        const error = refusal?.(decision) ?? new AwsError("AccessDenied", refusalMessage(wish.principal ?? this.principal, wish, decision), { status: 403 });
        enforce(this.#runtime, { ...this.#facts, service: this.service, operation: this.operation, requestId: this.requestId }, error);
      },
    });
  }

  get #facts(): AccessFacts {
    const { facts, principal, region } = this.#parts;
    return facts?.() ?? { principal, region, http: undefined, sourceArn: undefined, notes: {} };
  }

  note(name: string, value: unknown): void {
    this.#facts.notes[name] = value;
  }

  emit(event: Emission): void {
    this.#runtime.dispatcher.emit(this.scope, event, this.#parts.trace.traceId);
  }

  credential(accessKeyId: string): Signer {
    const { storage, config, secrets } = this.#runtime;
    const { principal, secret, sessionToken, expiresMs, active, registered } = resolveCredential(accessKeyId, storage.directory, config.defaultAccount);
    return { principal, secret: registered || secrets.usesDefault(accessKeyId) !== false ? secret : undefined, sessionToken, expiresMs, active };
  }

  madeBy(principal: Principal): Context<S> {
    const { facts } = this.#parts;
    return new RequestContext<S>(this.#runtime, this.#service, { ...this.#parts, principal, ...(facts === undefined ? {} : { facts: () => ({ ...facts(), principal }) }) });
  }

  transaction<T>(fn: () => T): T {
    return this.scope.db.transaction(fn);
  }

  committed(): Promise<void> {
    const { touched, names } = this.#parts;
    if (touched === undefined) return Promise.all([this.#scope?.db.committed(), names.committed()]).then(() => undefined);
    return commitsOf(touched, names) ?? Promise.resolve();
  }

  at(account: string, region: string): Context<S> {
    if (account === this.#parts.account && region === this.#parts.region) return this;
    return new RequestContext<S>(this.#runtime, this.#service, { ...this.#parts, account, region });
  }
}

/** Resolves when the writes of all these stores, and the names claimed, are committed; undefined when nothing is pending. */
export function commitsOf(touched: readonly Touched[], names: NamesSession | undefined): Promise<void> | undefined {
  let pending: Promise<void>[] | undefined;
  for (const { scope: { db }, losses } of touched) if (db.pending || db.losses !== losses) (pending ??= []).push(db.committed(losses));
  if (names !== undefined && names.changed) (pending ??= []).push(names.committed());
  if (pending === undefined) return undefined;
  return pending.length === 1 ? pending[0] : Promise.all(pending).then(() => undefined);
}
