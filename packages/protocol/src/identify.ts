import type { WireRequest } from "./http.ts";
import type { HostParser, ParsedHost } from "./hosts.ts";
import { loadModel, serviceIndex } from "./load.ts";
import type { ProtocolName, ServiceModel } from "./model.ts";
import { decodePercent, queryValue } from "./query-string.ts";
import { parseSignature } from "./sigv4/parse.ts";
import type { Signature } from "./sigv4/parse.ts";

/** What the table needs to know of a service: an entry of `serviceIndex` with its id. */
export interface ServiceFacts extends Pick<ServiceModel["metadata"], "signingName" | "endpointPrefix" | "protocols" | "targetPrefix" | "apiVersion" | "serviceId"> {
  id: string;
  uriRoots?: readonly string[];
}

/** A request for an operation of a service that we have a model of. */
export interface ApiIdentity {
  kind: "api";
  /** Our service id (`s3`, `streams.dynamodb`, ...). */
  service: string;
  /** The path to route by: a virtual-host bucket moved into it, what stands before `/@connections` cut off. Signatures cover the received one. */
  path: string;
  query: string;
  signature: Signature;
  host: ParsedHost;
  /** S3 only: the bucket that the host named. */
  bucketFromHost?: string;
  /** Management calls of WebSocket APIs only: what stood before `/@connections` (`/prod`, `/_aws/execute-api/abc/prod`). */
  pathPrefix?: string;
  /** The row of the table that decided. */
  rule: RuleName;
}

/** A request that is an AWS call by its marks, but of a service or API that we have no model of. Never answered as S3. */
export interface UnknownIdentity {
  kind: "unknown";
  /** What the caller calls the service: a signing name, a target prefix, an rpc service name, an `Action`'s version; `""` when nothing tells. */
  service: string;
  /** The operation, where the request names it. */
  operation: string | undefined;
  /** The protocol in which the caller expects its error. */
  protocol: ProtocolName;
  jsonVersion: "1.0" | "1.1" | undefined;
  signature: Signature;
  host: ParsedHost;
  rule: RuleName;
}

/** An unsigned form post to `/`: only its body (`Action`, `Version`) tells the service. Read it and ask again with it. */
export interface FormIdentity {
  kind: "form";
  signature: Signature;
  host: ParsedHost;
}

export type Identity = ApiIdentity | UnknownIdentity | FormIdentity;

export type RuleName = "signing name" | "target" | "rpc path" | "host" | "connections path" | "path" | "action" | "s3";

export type IdentifySource = Pick<WireRequest, "method" | "path" | "query" | "headers">;

export interface Identifier {
  /**
   * Which service a request is for. Never throws, never an S3 identity for another API's call.
   * @param form the body of a form post, after a first answer `kind: "form"`.
   */
  (request: IdentifySource, form?: string): Identity;
}

/** A row's view of one request. */
interface Facts {
  request: IdentifySource;
  signature: Signature;
  host: ParsedHost;
  /** `X-Amz-Target`, split at its last dot. */
  target: { prefix: string; operation: string } | undefined;
  /** The media type, parameters cut off, in lower case. */
  contentType: string;
  form: string | undefined;
}

/** What a row says: a service id, a foreign API's name, or nothing. */
type Verdict = { service: string } | { unknown: string; operation?: string | undefined } | undefined;

interface Index {
  bySigningName: Map<string, ServiceFacts[]>;
  byTarget: Map<string, ServiceFacts>;
  byId: Map<string, ServiceFacts>;
  byEndpoint: Map<string, ServiceFacts>;
  /** Query services by `Version`. */
  byVersion: Map<string, ServiceFacts[]>;
  /** Services by the static beginning of their URIs. */
  byPath: Map<string, ServiceFacts[]>;
  query: ServiceFacts[];
  hasOperation: (service: string, operation: string) => boolean;
}

/**
 * THE table: the rows in order, the first that speaks decides. Data-plane claims (invoke URLs, websites, distributions)
 * were asked before, by the pipeline. A signed request is what its signature says; an unsigned one shows an API's mark
 * or is an anonymous S3 request.
 */
const table: readonly { rule: RuleName; decide: (facts: Facts, index: Index) => Verdict }[] = [
  // `execute-api` in the scope: the management API of a WebSocket API; anything else under it belonged to the data plane.
  { rule: "connections path", decide: byConnectionsPath },
  // Credential=.../dynamodb/aws4_request, header or presigned. Shared names (dynamodb, apigateway, s3) go on by target and path.
  { rule: "signing name", decide: bySigningName },
  // X-Amz-Target: DynamoDB_20120810.GetItem
  { rule: "target", decide: byTarget },
  // /service/GraniteServiceVersion20100801/operation/ListMetrics with smithy-protocol: rpc-v2-cbor
  { rule: "rpc path", decide: byRpcPath },
  // sqs.us-east-1.localhost, 123456789012.ddb.us-east-1.amazonaws.com
  { rule: "host", decide: byHost },
  // /2015-03-31/functions, /2020-05-31/distribution, /restapis, /v2/apis
  { rule: "path", decide: byPath },
  // ?Action=AssumeRoleWithWebIdentity&Version=2011-06-15, in the query or in a form
  { rule: "action", decide: byAction },
  // Nothing of another API's: an anonymous or browser request to S3.
  { rule: "s3", decide: byElimination },
];

/** Signing names whose services answer REST with XML; every other unknown REST API gets JSON. */
const restXmlSigningNames: ReadonlySet<string> = new Set(["s3", "s3express", "s3-outposts", "s3-object-lambda", "route53", "cloudfront"]);

/** Signing names that are S3's besides `s3`. */
const s3SigningNames: ReadonlySet<string> = new Set(["s3", "s3express"]);

/** Roots by which an unsigned REST call is told from an S3 bucket of that name, besides dated ones (`/2015-03-31/...`), which no bucket has first. */
const unsignedRoots: ReadonlySet<string> = new Set(["restapis", "apikeys", "usageplans", "domainnames", "vpclinks", "v2/apis", "v2/domainnames", "v2/vpclinks", "v2/tags", "TraceSegments", "TraceSummaries"]);

/** Endpoint labels that are another spelling of a service's own. */
const endpointAliases: Readonly<Record<string, string>> = { ddb: "dynamodb", queue: "sqs" };

/** Endpoint labels of data planes: what the pipeline's claims left over is a miss of theirs, never a bucket. */
const dataPlaneLabels: ReadonlySet<string> = new Set(["execute-api", "lambda-url"]);

/** S3 takes POST for form uploads and for these subresources only. */
const s3PostKeys: readonly string[] = ["delete", "uploads", "uploadId", "restore", "select", "metadataTable", "metadataConfiguration"];

/** The compiled services' endpoint labels, for `createHostParser`. */
export function endpointLabels(): string[] {
  return Object.values(serviceIndex).map(({ endpointPrefix }) => endpointPrefix);
}

/**
 * Compiles the table.
 * @param services all compiled services unless told.
 * @param hasOperation asked only for a form or query call whose `Version` does not settle the service; reads the model unless told.
 */
export function createIdentifier(
  parseHost: HostParser,
  services: Iterable<ServiceFacts> = Object.entries(serviceIndex).map(([id, entry]) => ({ id, ...entry })),
  hasOperation: (service: string, operation: string) => boolean = (id, operation) => Object.hasOwn(loadModel(id as keyof typeof serviceIndex).operations, operation),
): Identifier {
  const index = compile([...services], hasOperation);
  return (request, form) => {
    const signature = parseSignature(request);
    const host = parseHost(single(request.headers.host));
    const facts: Facts = {
      request, signature, host, form,
      target: splitTarget(single(request.headers["x-amz-target"])),
      contentType: mediaType(request.headers["content-type"]),
    };
    if (form === undefined && awaitsForm(facts)) return { kind: "form", signature, host };
    for (const { rule, decide } of table) {
      const verdict = decide(facts, index);
      if (verdict === undefined) continue;
      return "service" in verdict ? api(facts, verdict.service, rule) : unknown(facts, verdict, rule);
    }
    return unknown(facts, { unknown: "" }, "s3");
  };
}

function compile(services: ServiceFacts[], hasOperation: Index["hasOperation"]): Index {
  const index: Index = { bySigningName: new Map(), byTarget: new Map(), byId: new Map(), byEndpoint: new Map(), byVersion: new Map(), byPath: new Map(), query: [], hasOperation };
  for (const service of services) {
    const { signingName, endpointPrefix, targetPrefix, serviceId, protocols, apiVersion, uriRoots } = service;
    push(index.bySigningName, signingName, service);
    index.byId.set(service.id, service);
    // Of two that share an endpoint (apigateway) the path decides; the host means the first.
    if (!index.byEndpoint.has(endpointPrefix)) index.byEndpoint.set(endpointPrefix, service);
    if (targetPrefix !== undefined) {
      index.byTarget.set(targetPrefix, service);
      // CloudTrail's target has a package name before it that some clients leave out.
      index.byTarget.set(targetPrefix.slice(targetPrefix.lastIndexOf(".") + 1), service);
    }
    index.byTarget.set(serviceId.replaceAll(" ", ""), service);
    if (protocols.includes("query")) {
      index.query.push(service);
      push(index.byVersion, apiVersion, service);
    }
    // S3's own are left out: its one static URI is Object Lambda's, everything else is a bucket.
    if (service.id !== "s3") for (const root of uriRoots ?? []) push(index.byPath, root, service);
  }
  return index;
}

// --- the rows ---------------------------------------------------------------------------------------------------------

function byConnectionsPath({ request, signature, host }: Facts, index: Index): Verdict {
  const management = index.byId.get("apigatewaymanagementapi");
  if (management === undefined || connectionsAt(request.path) < 0) return undefined;
  const signed = signature.kind !== "anonymous" && signature.service === "execute-api";
  return signed || host.service === "execute-api" ? { service: management.id } : undefined;
}

function bySigningName(facts: Facts, index: Index): Verdict {
  const { signature, target, request, host } = facts;
  if (signature.kind === "anonymous" || signature.service === "") return undefined;
  const candidates = index.bySigningName.get(signature.service) ?? (s3SigningNames.has(signature.service) ? index.bySigningName.get("s3") : undefined);
  if (candidates === undefined) {
    // A name of our own making (a service's id) is met in hand-written signatures; a target settles what a scope does not.
    const known = (target && index.byTarget.get(target.prefix)) ?? index.byId.get(signature.service);
    return known ? { service: known.id } : { unknown: signature.service, operation: target?.operation ?? actionOf(facts) };
  }
  if (candidates.length === 1) return { service: candidates[0]!.id };
  if (target !== undefined) {
    const named = index.byTarget.get(target.prefix);
    if (named !== undefined && candidates.includes(named)) return { service: named.id };
  }
  const rpc = rpcPath(request.path);
  const named = rpc && index.byTarget.get(rpc.service);
  if (named && candidates.includes(named)) return { service: named.id };
  const onHost = host.service === undefined ? undefined : index.byEndpoint.get(host.service);
  const owner = pathOwners(request.path, index).find((service) => candidates.includes(service));
  if (owner !== undefined) return { service: owner.id };
  if (onHost !== undefined && candidates.includes(onHost)) return { service: onHost.id };
  // The plainest service of the name: s3 before s3control, dynamodb before its streams, apigateway before its second API.
  const plain = candidates.find(({ id }) => id === signature.service) ?? candidates[0]!;
  return { service: plain.id };
}

function byTarget({ target }: Facts, index: Index): Verdict {
  if (target === undefined) return undefined;
  const service = index.byTarget.get(target.prefix);
  return service ? { service: service.id } : { unknown: target.prefix, operation: target.operation };
}

function byRpcPath({ request }: Facts, index: Index): Verdict {
  const rpc = rpcPath(request.path);
  if (rpc === undefined || request.headers["smithy-protocol"] === undefined) return undefined;
  const service = index.byTarget.get(rpc.service);
  return service ? { service: service.id } : { unknown: rpc.service, operation: rpc.operation };
}

function byHost(facts: Facts, index: Index): Verdict {
  const { host } = facts;
  if (host.service === undefined) return undefined;
  if (dataPlaneLabels.has(host.service) || (host.service === "cloudfront" && host.resource !== "")) return { unknown: host.service };
  // `logs.localhost` may be a bucket of that name; `logs.us-east-1.localhost` and AWS's own names are endpoints.
  if (host.region === undefined && !host.aws) return undefined;
  const label = endpointAliases[host.service] ?? host.service;
  if (label.startsWith("s3") && label !== "s3-control") return byElimination(facts, index);
  const service = index.byEndpoint.get(label);
  return service ? { service: service.id } : { unknown: label, operation: actionOf(facts) };
}

function byPath({ request }: Facts, index: Index): Verdict {
  const [first, second] = firstSegments(request.path);
  const dated = datedPattern.test(first);
  if (!dated && !unsignedRoots.has(first) && !unsignedRoots.has(`${first}/${second}`)) return undefined;
  const [owner] = pathOwners(request.path, index);
  return owner ? { service: owner.id } : dated && second !== "" && !first.startsWith("v") ? { unknown: first } : undefined;
}

function byAction(facts: Facts, index: Index): Verdict {
  const action = actionOf(facts);
  if (action === undefined) return undefined;
  const version = queryValue(facts.form ?? "", "Version") ?? queryValue(facts.request.query, "Version");
  const candidates = version === undefined ? index.query : (index.byVersion.get(version) ?? []);
  const owner = (candidates.length === 1 ? candidates[0] : candidates.find(({ id }) => index.hasOperation(id, action))) ?? (version === undefined ? undefined : candidates[0]);
  return owner ? { service: owner.id } : { unknown: version ?? "", operation: action };
}

function byElimination({ request, contentType, host, target }: Facts, index: Index): Verdict {
  if (target !== undefined || request.headers["smithy-protocol"] !== undefined) return { unknown: "" };
  if (contentType.startsWith("application/x-amz-json") || contentType === "application/x-amz-cbor") return { unknown: host.service ?? "" };
  const storage = host.service === undefined || host.service.startsWith("s3") || !host.aws;
  const post = request.method === "POST" && contentType !== "multipart/form-data" && !s3PostKeys.some((key) => queryValue(request.query, key) !== undefined);
  const s3 = index.byId.get("s3");
  return storage && !post && s3 !== undefined ? { service: s3.id } : { unknown: host.service ?? "" };
}

// --- results ----------------------------------------------------------------------------------------------------------

function api(facts: Facts, service: string, rule: RuleName): ApiIdentity {
  const { request, signature, host } = facts;
  const identity: ApiIdentity = { kind: "api", service, path: request.path, query: request.query, signature, host, rule };
  if (service === "s3") {
    const bucket = bucketOf(host);
    if (bucket !== undefined) {
      identity.bucketFromHost = bucket;
      identity.path = `/${bucket}${request.path.startsWith("/") ? "" : "/"}${request.path}`;
    }
  } else if (service === "apigatewaymanagementapi") {
    const at = connectionsAt(request.path);
    if (at >= 0) {
      identity.pathPrefix = request.path.slice(0, at);
      identity.path = request.path.slice(at);
    }
  }
  return identity;
}

function unknown(facts: Facts, verdict: { unknown: string; operation?: string | undefined }, rule: RuleName): UnknownIdentity {
  const { signature, host, request, contentType } = facts;
  const { protocol, jsonVersion } = callersProtocol(facts, verdict.unknown);
  const operation = verdict.operation ?? facts.target?.operation ?? rpcPath(request.path)?.operation;
  return { kind: "unknown", service: verdict.unknown, operation, protocol, jsonVersion: jsonVersion ?? (contentType.endsWith("-1.0") ? "1.0" : undefined), signature, host, rule };
}

function callersProtocol(facts: Facts, name: string): { protocol: ProtocolName; jsonVersion?: "1.0" | "1.1" } {
  const { request, contentType, target } = facts;
  if (request.headers["smithy-protocol"] !== undefined) return { protocol: "smithy-rpc-v2-cbor" };
  if (contentType.startsWith("application/x-amz-json-") || target !== undefined) {
    return { protocol: "json", jsonVersion: contentType.endsWith("-1.0") ? "1.0" : "1.1" };
  }
  if (contentType === "application/x-www-form-urlencoded" || actionOf(facts) !== undefined) return { protocol: "query" };
  if (restXmlSigningNames.has(name) || contentType.endsWith("/xml")) return { protocol: "rest-xml" };
  return { protocol: "rest-json" };
}

/** The bucket that a host names, for a request that is S3's. A custom domain is an endpoint of the user's making, not a bucket. */
function bucketOf(host: ParsedHost): string | undefined {
  if (host.base === undefined || host.labels.length === 0) return undefined;
  // An access point's name stands where a bucket's would, and must not be taken for an endpoint with path-style buckets.
  if (host.service?.startsWith("s3")) return host.service === "s3-control" ? undefined : host.resource || undefined;
  return host.aws ? undefined : host.labels.join(".");
}

// --- readings ---------------------------------------------------------------------------------------------------------

/** An unsigned form post: its service is in its body, unless a row above `action` knows better. */
function awaitsForm({ request, signature, contentType, target, host }: Facts): boolean {
  return signature.kind === "anonymous" && request.method === "POST" && contentType === "application/x-www-form-urlencoded"
    && target === undefined && !(host.service?.startsWith("s3") ?? false) && queryValue(request.query, "Action") === undefined;
}

function actionOf({ request, form }: Facts): string | undefined {
  return (form === undefined ? undefined : queryValue(form, "Action")) ?? queryValue(request.query, "Action");
}

function splitTarget(target: string | undefined): Facts["target"] {
  if (target === undefined) return undefined;
  const dot = target.lastIndexOf(".");
  return dot < 0 ? { prefix: target, operation: "" } : { prefix: target.slice(0, dot), operation: target.slice(dot + 1) };
}

function rpcPath(path: string): { service: string; operation: string } | undefined {
  const at = path.indexOf("/service/");
  if (at < 0) return undefined;
  const [service, word, operation, extra] = path.slice(at + 9).split("/", 4);
  return word === "operation" && operation && extra === undefined ? { service: service!, operation } : undefined;
}

function connectionsAt(path: string): number {
  const at = path.indexOf("/@connections");
  return at >= 0 ? at : path.indexOf("/%40connections");
}

function pathOwners(path: string, index: Index): readonly ServiceFacts[] {
  const [first, second] = firstSegments(path);
  return index.byPath.get(first) ?? index.byPath.get(`${first}/${second}`) ?? [];
}

function firstSegments(path: string): [string, string] {
  const end = path.indexOf("/", 1);
  if (end < 0) return [path.slice(1), ""];
  const next = path.indexOf("/", end + 1);
  return [path.slice(1, end), decodePercent(path.slice(end + 1, next < 0 ? undefined : next))];
}

const datedPattern = /^(?:\d{4}-\d{2}-\d{2}|v\d{8})$/;

function mediaType(header: string | undefined): string {
  if (header === undefined) return "";
  const semicolon = header.indexOf(";");
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
