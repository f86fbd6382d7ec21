import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ServiceId, ServiceTypes } from "@cumulet/protocol";
import type { Context } from "./context.ts";
import type { ConditionValues } from "./policy/conditions.ts";
import type { StoreScope } from "./storage/scope.ts";
import type { PlatformEvent } from "./events/event.ts";
import type { Record as RequestRecord } from "./observe/record.ts";
import type { Span } from "./observe/tracer.ts";

/**
 * One operation: typed input in, typed output (or a thrown `AwsError`) out.
 *
 * A handler that is not an `async` function runs in one SQLite transaction: all of its writes and emitted events are
 * committed, or none. An `async` handler wraps what must be atomic in `ctx.transaction`. In both cases the answer
 * leaves only after the commit.
 */
export type Handler<Input, Output, S> = (ctx: Context<S>, input: Input) => Output | Promise<Output>;

/** The operation table of a service: a missing entry answers a named 501 in the caller's protocol and is counted in the coverage table. */
export type Operations<Id extends ServiceId, S> = {
  [Op in keyof ServiceTypes[Id]]?: ServiceTypes[Id][Op] extends { input: infer I; output: infer O } ? Handler<I, Answer<O>, S> : never;
};

/** What a handler returns: an output without members may be left out. */
type Answer<Output> = [keyof Output] extends [never] ? Output | void : Output;

/**
 * The state of a package for one account and region: a name (the database file), an append-only list of migrations and
 * what opens prepared statements. Services of one package (DynamoDB and its streams) share one.
 */
export interface StoreDefinition<S> {
  /** File name without extension: `data/<account>/<region|global>/<name>.db`. */
  name: string;
  scope: "regional" | "global";
  /** SQL, append-only; `PRAGMA user_version` counts how many have run. */
  migrations: readonly string[];
  /**
   * Prepares the statements. Must not write: snapshots open stores on connections that only read. What it keeps in memory
   * beside rows is only a cache: stores that rest may be opened anew, and are after a reset or a commit that failed.
   */
  open(scope: StoreScope): S;
  /**
   * Ids of all blobs that rows name: what a sweep keeps and a snapshot takes along. Must be declared by a store that writes
   * blobs. Called on a connection that only reads; a plain `iterate` is right.
   */
  blobIds?(store: S): Iterable<string>;
}

/** Where a data-plane request was addressed: the Host split by the platform's known domains. */
export interface Address {
  method: string;
  /** Host header without port, lower case. */
  host: string;
  /** Labels before a known base domain (`["abc", "execute-api", "us-east-1"]`); undefined when the host is none of ours. */
  labels: readonly string[] | undefined;
  /** The endpoint label in the host (`execute-api`, `s3-website`, `cloudfront`, `lambda-url`), its region forms made plain. */
  service: string | undefined;
  /** What stands before the endpoint label: an API id, a bucket, a distribution's domain label; empty when nothing does. */
  resource: string;
  /** The region in the host. */
  region: string | undefined;
  /** Path as received, percent-encoding intact, without query. */
  path: string;
  /** Query as received, without `?`. */
  query: string;
  headers: IncomingMessage["headers"];
}

/** What a data plane found in an address: whose store to open, and anything its `handle` needs. */
export interface Claim<M = unknown> {
  account: string;
  region: string;
  match: M;
}

/** The raw exchange of a data-plane request. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  address: Address;
}

/**
 * Traffic that is not an AWS API call: invoke URLs, websites, distributions, function URLs. Planes are asked in the
 * order in which services are composed; the first claim wins.
 */
export interface DataPlane<S, M = unknown> {
  /** For the request record: `execute-api`, `cloudfront`, `lambda-url`, `s3-website`. */
  name: string;
  /** From the address alone; names that are unique in the partition are found in `names`. */
  claim(address: Address, names: Names): Claim<M> | undefined;
  handle(ctx: Context<S>, exchange: Exchange, match: M): void | Promise<void>;
  /** WebSocket upgrades on the same addresses. */
  upgrade?(ctx: Context<S>, exchange: { request: IncomingMessage; socket: Duplex; head: Buffer; address: Address }, match: M): void | Promise<void>;
}

/** Partition-wide unique names: bucket, API id, distribution domain, function URL, access key. Backed by `directory.db`. */
export interface Names {
  /** Takes a name for an owner; false when somebody else has it. Claims made by a request that fails are given back. */
  claim(kind: string, name: string, owner: NameOwner): boolean;
  find(kind: string, name: string): NameOwner | undefined;
  release(kind: string, name: string): void;
  /** Replaces the data of a name that exists. */
  update(kind: string, name: string, owner: NameOwner): void;
  /** All names of a kind, of one account when given. */
  list(kind: string, account?: string): { name: string; owner: NameOwner }[];
}

export interface NameOwner {
  account: string;
  region: string;
  /** Small JSON that saves a look into the owner's store on the hot path. */
  data?: unknown;
}

/** What runs beside requests for as long as the platform is up: sweepers, pools. Timed by `clock` only. */
export interface Background<S> {
  clock: import("./clock.ts").Clock;
  log: import("./observe/log.ts").Log;
  config: import("./context.ts").PlatformConfig;
  /** A context of the service itself in any account and region. */
  at(account: string, region: string): Context<S>;
  /** Accounts and regions that have a store of this service. */
  scopes(): { account: string; region: string }[];
  /** Called when a store of this service is opened for the first time in this run. */
  onScope(run: (ctx: Context<S>) => void): Disposable;
  /** Sees every finished span that a handler opened with `ctx.trace.child`. Must be quick and must not throw. */
  onSpan(observer: (span: Span) => void): Disposable;
}

/** What a service tells authorization of its resources beyond their ARNs. */
export interface Resources<S> {
  /** Whose a resource is, where its ARN does not say (a bucket's). */
  owner?(arn: string, names: Names): { account: string; region: string } | undefined;
  /**
   * What a resource says of itself; undefined when there is none. Called before the operation, for calls of strangers too,
   * so it must only read, and be quick.
   *
   * @param scope Where the resource is.
   */
  describe(scope: ResourceScope<S>, arn: string, request: { operation: string; input: unknown }): ResourceDescription | undefined;
}

/** A store to look a resource up in. */
export interface ResourceScope<S> {
  account: string;
  region: string;
  partition: string;
  store: S;
}

/** A resource as authorization sees it. */
export interface ResourceDescription {
  /** The ARN that policies know it by, where the request named it another way: by an alias, by a name without its suffix. */
  arn?: string;
  /** JSON text of its policy. */
  policy?: string | undefined;
  /** `aws:ResourceTag/...`, asked for when a policy does. */
  tags?(): Readonly<Record<string, string>> | undefined;
  /** Further condition keys of the service (`dynamodb:leadingkeys`), likewise. */
  values?: ConditionValues;
}

export interface ServiceDefinition<Id extends ServiceId = ServiceId, S = unknown> {
  /** Which compiled model the service answers for. */
  model: Id;
  store: StoreDefinition<S>;
  operations: Operations<Id, S>;
  dataPlanes?: readonly DataPlane<S, never>[];
  /** Handlers of durable events by type; delivered at least once, retried with backoff. */
  consumes?: { [type: string]: (ctx: Context<S>, event: PlatformEvent) => void | Promise<void> };
  /** Types of `consumes` whose deliveries last as long as somebody's code runs: they do not count against the limit that all others share. */
  longDeliveries?: readonly string[];
  /** Starts when the platform starts; disposed when it stops. */
  background?(platform: Background<S>): Disposable | AsyncDisposable;
  /** Sees every finished request record (audit, metrics, logs). Must be quick and must not throw. */
  observes?(platform: Background<S>): (record: RequestRecord) => void;
  /** Largest request body of an operation without a streaming input, bytes; 16 MiB unless told. */
  maxBodyBytes?: number;
  /** The service's resources, for policies that name them. */
  resources?: Resources<S>;
  /** `itself`: handlers ask `ctx.access` about every resource they touch; authorization then leaves the service's calls to them. */
  authorizes?: "itself";
  /** Operations that exist but whose effect is limited: shown in the coverage table. Operation name to one sentence. */
  limits?: { [Op in keyof ServiceTypes[Id]]?: string };
}

/** Any service, its own types forgotten: what the platform composes. */
// eslint-style note: operations are contravariant in their inputs, so only `any` can hold them all.
export type AnyService = ServiceDefinition<any, any>;

/** Declares a service. The types of every handler follow from the model id. */
export function defineService<Id extends ServiceId, S>(definition: ServiceDefinition<Id, S>): ServiceDefinition<Id, S> {
  return definition;
}

/** Declares a store; see `StoreDefinition`. */
export function defineStore<S>(definition: StoreDefinition<S>): StoreDefinition<S> {
  return definition;
}

/** Declares a data plane, its match type kept between `claim` and `handle`. */
export function defineDataPlane<S, M>(plane: DataPlane<S, M>): DataPlane<S, never> {
  return plane as unknown as DataPlane<S, never>;
}
