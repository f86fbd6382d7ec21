import type { AwsError, ServiceId, ServiceTypes } from "@cumulet/protocol";
import type { Clock } from "./clock.ts";
import type { Ids } from "./ids.ts";
import type { Blobs } from "./storage/blobs.ts";
import type { Log } from "./observe/log.ts";
import type { Emission } from "./events/event.ts";
import type { Names } from "./service.ts";
import type { Trace } from "./observe/trace.ts";
import type { IncomingHttpHeaders } from "node:http";
import type { AccessDecision } from "./policy/evaluate.ts";
import type { Wish } from "./request/access.ts";

/** Who is calling. */
export interface Principal {
  kind: "root" | "user" | "role" | "federated" | "service" | "anonymous";
  account: string;
  /** `arn:aws:iam::123456789012:root`, `...:user/x`, `arn:aws:sts::...:assumed-role/r/s`, `lambda.amazonaws.com` for a service. */
  arn: string;
  /** IAM's unique id (`AIDA...`, `AROA...:session`); the account for root. */
  id: string;
  accessKeyId?: string;
  /** Temporary credentials have one. */
  session?: PrincipalSession;
}

/** What temporary credentials say of whom they were given to, as STS fixed it when it made them. */
export interface PrincipalSession {
  issuedMs: number;
  /** Who is behind the session: the role that was assumed, or the user (or root) who asked for a token. `arn` has the path, which a session's own does not. */
  issuer: { type: "Role" | "User" | "Root"; arn: string; id: string; name: string };
  mfa: boolean;
  sourceIdentity?: string;
  /** `aws:PrincipalTag/<key>`: over the tags of the role. */
  tags?: Readonly<{ [key: string]: string }>;
  /** Keys of `tags` that go along when the session assumes another role. */
  transitiveTagKeys?: readonly string[];
  /** `aws:FederatedProvider`: who vouched for the person. */
  provider?: string;
  /** Session policies, documents and ARNs of managed ones: the session may do no more than they allow. */
  policies?: readonly string[];
  policyArns?: readonly string[];
}

/** The owner of an access key. */
export interface Signer {
  principal: Principal;
  /** Undefined for a made-up key whose secret only its user knows. */
  secret: string | undefined;
  /** Temporary credentials must come with this, until then (milliseconds). */
  sessionToken: string | undefined;
  expiresMs: number | undefined;
  /** False for a key that was set inactive. */
  active: boolean;
}

/** Another service's operations, in process, typed by its model: `await ctx.call.lambda.Invoke({...})`. */
export type Calls = {
  readonly [Id in ServiceId]: {
    readonly [Op in keyof ServiceTypes[Id]]: ServiceTypes[Id][Op] extends { input: infer I; output: infer O } ? (input: I) => Promise<O> : never;
  };
};

/** Who a call is made as, where, and with what other than the defaults. */
export interface CallOptions {
  account?: string;
  region?: string;
  /** Service principal (`s3.amazonaws.com`), or a role the caller assumed. Default: the calling service. */
  principal?: Principal;
  signal?: AbortSignal;
  /** The resource on whose behalf a service calls: what `aws:SourceArn` in the target's policy is compared with. */
  sourceArn?: string;
}

/** Whether somebody may do something: for services that decide more finely than one operation on one resource. */
export interface Access {
  /** The decision of all policies that bear on a wish, whatever the mode of authorization. Noted in the request's record. */
  decide(wish: Wish): AccessDecision;
  /**
   * The same as the mode asks: nothing happens with authorization off; `soft` logs a refusal.
   *
   * @throws AwsError under `strict`: AccessDenied in AWS's words, or what `refusal` makes of the decision.
   */
  require(wish: Wish, refusal?: (decision: AccessDecision) => AwsError): void;
}

/** The HTTP side of an API request, for the few operations whose behaviour depends on it. Absent for calls in process. */
export interface HttpView {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  /** Scheme and authority that the caller used (`http://localhost:4566`): URLs in answers derive from it. */
  endpoint: string;
  sourceIp: string;
  /** Sets a header of the answer that the model does not know. */
  setHeader(name: string, value: string): void;
}

/** All that a handler may know of the world. */
export interface Context<S = unknown> {
  readonly account: string;
  readonly region: string;
  /** `aws`, `aws-cn` or `aws-us-gov`, by region. */
  readonly partition: string;
  readonly principal: Principal;
  readonly requestId: string;
  readonly service: ServiceId;
  readonly operation: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Already narrowed to this account and region: isolation by construction. */
  readonly store: S;
  readonly blobs: Blobs;
  readonly names: Names;
  readonly call: Calls;
  readonly log: Log;
  readonly trace: Trace;
  /** Aborted when the client goes away or the platform stops. */
  readonly signal: AbortSignal;
  /** Undefined for calls in process. */
  readonly http: HttpView | undefined;
  /** Scheme and authority of URLs in answers: the caller's own view when it came over HTTP, else the platform's. */
  readonly endpoint: string;
  readonly config: PlatformConfig;
  /** Asks policies. */
  readonly access: Access;
  /** Tells the record of this request something that explains its answer: a route, an authorizer, a cache key. A data plane's `route` becomes the record's operation. */
  note(name: string, value: unknown): void;
  /** A durable event: an outbox row in the same transaction as the change. */
  emit(event: Emission): void;
  /** Whose an access key is and with which secret it signs, for what the pipeline does not verify itself: form posts. */
  credential(accessKeyId: string): Signer;
  /** The same request in other hands: for a data plane that finds out on its own who is asking. */
  madeBy(principal: Principal): Context<S>;
  /** Runs `fn` atomically. Nested calls join. The answer of the request waits for the commit. */
  transaction<T>(fn: () => T): T;
  /** Resolves when all that this scope has written so far is committed (for data planes that answer on their own). */
  committed(): Promise<void>;
  /** The same service's view of another account or region. Access is the policy's decision, not the path's. */
  at(account: string, region: string): Context<S>;
  /** `ctx.call` with another account, region or principal. */
  as(options: CallOptions): Calls;
}

/** What a person may set, complete with defaults. Read by services through `ctx.config`; never from the environment. */
export interface PlatformConfig {
  defaultAccount: string;
  defaultRegion: string;
  /** Domains under which services have host names (`localhost`, ...). */
  domains: readonly string[];
  /** Scheme and authority under which functions and origins reach the platform from this machine. */
  endpoint: string;
  signatures: "off" | "warn" | "enforce";
  authorization: "off" | "soft" | "strict";
  /** Folder of the platform's data; a temporary one when ephemeral. For child processes' working files only: state goes to the store. */
  dataFolder: string;
  /** Quotas by `<service>.<quota name>`; a service names its defaults. */
  quotas: Readonly<{ [name: string]: number }>;
  /** Other settings of services by `<service>.<name>`, from `CUMULET_<SERVICE>_<NAME>`. */
  settings: Readonly<{ [name: string]: string }>;
}
