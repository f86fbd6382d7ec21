/**
 * The Host header, taken apart once: which of our names it ends in, and what stands before that name.
 * Clients reach one port by many names (`bucket.s3.us-east-1.localhost`, `id.execute-api.localhost.localstack.cloud`,
 * a container's host name, an address), and AWS puts buckets, API ids and regions into the name.
 */

/** Names under which any service may be reached, before configuration adds its own. The longest one that fits wins. */
export const defaultBases: readonly string[] = [
  "localhost",
  "localhost.localstack.cloud",
  "localhost.floci.io",
  "localhost.cumulet.dev",
  "host.docker.internal",
  "amazonaws.com",
  "amazonaws.com.cn",
  "api.aws",
  "on.aws",
  "cloudfront.net",
];

/** Bases that belong to AWS: a first label there is always a service, never a bucket or a name of ours. */
const awsBases: ReadonlySet<string> = new Set(["amazonaws.com", "amazonaws.com.cn", "api.aws", "on.aws", "cloudfront.net"]);

/** Endpoint labels that no model's `endpointPrefix` tells: data planes, S3's forms, account endpoints. */
const fixedServiceLabels: readonly string[] = [
  "s3", "s3-control", "s3-accesspoint", "s3-object-lambda", "s3-outposts", "s3-website", "s3express-control",
  "execute-api", "lambda-url", "cloudfront", "ddb",
];

export interface ParsedHost {
  /** As received, in lower case, without the port. IPv6 without brackets. `""` when there was no Host header. */
  host: string;
  port: number | undefined;
  /** The known name that the host ends in; an address is its own base; `undefined` for a custom domain, which data planes may claim. */
  base: string | undefined;
  /** What stands before the base, left to right; all of the host's labels when the base is unknown. */
  labels: readonly string[];
  /** The endpoint label, dualstack, FIPS and legacy dash forms made plain: `s3`, `s3-website`, `execute-api`, `lambda-url`, `dynamodb`, ... */
  service: string | undefined;
  /** The region in the name: `us-east-1`. */
  region: string | undefined;
  /** What stands before the service label: a bucket (dots kept), an API id, an account id. `""` when nothing does. */
  resource: string;
  /** True where the base belongs to AWS (a client with only its DNS redirected). */
  aws: boolean;
}

export interface HostParserOptions {
  /** More names of ours: the container's host name, a configured domain. */
  bases?: Iterable<string>;
  /** Endpoint labels of the services at hand, `streams.dynamodb` included: the models' `endpointPrefix`. */
  serviceLabels?: Iterable<string>;
}

/** Reads a Host header (`:authority`). Never throws; hostile input is a custom domain at worst. */
export type HostParser = (header: string | undefined) => ParsedHost;

const cacheLimit = 2048;
const regionPattern = /^(?:[a-z]{2}|us-gov|us-iso[a-z]?|eu-isoe|eusc-[a-z]{2})-(?:[a-z]+-)?[a-z]+-\d{1,2}$/;
const ipv4Pattern = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** True for the form of an AWS region name (`us-east-1`, `us-gov-west-1`); the name need not exist. */
export function isRegionName(text: string): boolean {
  return text.length <= 24 && regionPattern.test(text);
}

/** A parser with its names compiled in and a bounded memory of the hosts seen lately. */
export function createHostParser(options: HostParserOptions = {}): HostParser {
  const bases = new Set(defaultBases);
  for (const base of options.bases ?? []) bases.add(base.toLowerCase());
  const services = new Set(fixedServiceLabels);
  for (const label of options.serviceLabels ?? []) services.add(label);
  const seen = new Map<string, ParsedHost>();

  return (header) => {
    const key = header ?? "";
    const known = seen.get(key);
    if (known !== undefined) return known;
    const parsed = parse(key, bases, services);
    if (seen.size >= cacheLimit) seen.delete(seen.keys().next().value!);
    if (key.length <= 512) seen.set(key, parsed);
    return parsed;
  };
}

function parse(header: string, bases: ReadonlySet<string>, services: ReadonlySet<string>): ParsedHost {
  const { host, port } = splitPort(header.trim().toLowerCase());
  const address = addressSuffix(host);
  const base = address ?? longestBase(host, bases);
  const front = base === undefined ? host : host.slice(0, Math.max(0, host.length - base.length - 1));
  const labels = front === "" ? [] : front.split(".");
  const aws = base !== undefined && awsBases.has(base);
  const plain: ParsedHost = { host, port, base, labels, service: undefined, region: undefined, resource: "", aws };
  if (base === undefined) return plain;
  if (base === "cloudfront.net") return { ...plain, service: "cloudfront", resource: front };
  const known = endpoint(labels, services);
  if (known.service !== undefined || !aws || labels.length === 0) return { ...plain, ...known };
  // Under AWS's names a label that we do not know is a service all the same, never a bucket.
  const region = labels.length > 1 && isRegionName(labels.at(-1)!) ? labels.at(-1) : undefined;
  const at = labels.length - (region === undefined ? 1 : 2);
  return { ...plain, service: labels[at], region, resource: labels.slice(0, at).join(".") };
}

function splitPort(text: string): { host: string; port: number | undefined } {
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    if (close > 0) return { host: text.slice(1, close), port: portNumber(text.slice(close + 1)) };
  }
  const colon = text.lastIndexOf(":");
  if (colon < 0) return { host: trimDot(text), port: undefined };
  if (text.indexOf(":") !== colon) return { host: text, port: undefined };
  return { host: trimDot(text.slice(0, colon)), port: portNumber(text.slice(colon)) };
}

function portNumber(text: string): number | undefined {
  const port = text.startsWith(":") ? Number(text.slice(1)) : NaN;
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
}

function trimDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

/** The address that a host is or ends in: clients put a bucket before an IPv4 address too. */
function addressSuffix(host: string): string | undefined {
  if (host.includes(":")) return host;
  const last = host.charCodeAt(host.length - 1);
  if (!(last >= 48 && last <= 57)) return undefined;
  const tail = host.split(".").slice(-4).join(".");
  return ipv4Pattern.test(tail) ? tail : undefined;
}

function longestBase(host: string, bases: ReadonlySet<string>): string | undefined {
  let rest = host;
  for (;;) {
    if (bases.has(rest)) return rest;
    const dot = rest.indexOf(".");
    if (dot < 0) break;
    rest = rest.slice(dot + 1);
  }
  // A name without a dot is a machine or a container (compose calls it by its service name), never a customer's domain.
  return host !== "" && !host.includes(".") ? host : undefined;
}

/** Reads `resource.service[.dualstack][.region]` and S3's `s3-region`, `s3-website-region` from the right. */
function endpoint(labels: readonly string[], services: ReadonlySet<string>): Partial<ParsedHost> {
  let end = labels.length;
  if (end === 0) return {};
  let region: string | undefined;
  if (end > 1 && isRegionName(labels[end - 1]!)) region = labels[--end];
  if (end > 1 && (labels[end - 1] === "dualstack" || labels[end - 1] === "vpce")) end--;

  const one = plainService(labels[end - 1]!, services);
  if (one !== undefined && !(end > 1 && services.has(`${labels[end - 2]}.${labels[end - 1]}`))) {
    return { service: one.service, region: region ?? one.region, resource: labels.slice(0, end - 1).join(".") };
  }
  if (end > 1) {
    const two = `${labels[end - 2]}.${labels[end - 1]}`;
    if (services.has(two)) return { service: two, region, resource: labels.slice(0, end - 2).join(".") };
    // Partition-wide and older endpoints put the region first: `us-east-1.queue.amazonaws.com` is SQS's.
    if (one === undefined && labels[end - 1] === "queue") return { service: "sqs", region: labels[end - 2], resource: labels.slice(0, end - 2).join(".") };
  }
  return {};
}

function plainService(label: string, services: ReadonlySet<string>): { service: string; region?: string } | undefined {
  if (services.has(label)) return { service: label };
  const plain = label.endsWith("-fips") ? label.slice(0, -5) : label;
  if (services.has(plain)) return { service: plain };
  if (!label.startsWith("s3")) return undefined;
  if (label === "s3-accelerate" || label === "s3-external-1") return { service: "s3" };
  if (label.startsWith("s3express-")) return { service: "s3" };
  if (label.startsWith("s3-website-") && isRegionName(label.slice(11))) return { service: "s3-website", region: label.slice(11) };
  const legacy = label.startsWith("s3-fips-") ? label.slice(8) : label.slice(3);
  return label.startsWith("s3-") && isRegionName(legacy) ? { service: "s3", region: legacy } : undefined;
}

/** Names by which this cloud is commonly reached besides its own: an address, or what compose files call the container. */
const commonNames: readonly string[] = ["127.0.0.1", "::1", "cumulet", "localstack", "floci"];

/**
 * Other Host values under which the same request may have been signed: a URL signed for `localhost:4566` and fetched
 * from a container as `host.docker.internal:4566`, or through a proxy that dropped the port. The received one comes
 * first; all are made only as they are asked for, since most requests need none.
 * @param bases our configured names, tried before those that everybody uses.
 * @param ports ports that we listen on; each alias is also tried without one.
 */
export function* hostAliases(host: ParsedHost, bases: Iterable<string> = [], ports: readonly number[] = []): Generator<string> {
  const allPorts = new Set(host.port === undefined ? ports : [host.port, ...ports]);
  const seen = new Set<string>();
  const front = host.base === undefined ? undefined : host.labels.join(".");
  const names = front === undefined ? [] : [...bases, ...defaultBases, ...commonNames].map((base) => (front === "" ? base : `${front}.${base}`));
  for (const name of [host.host, ...names]) {
    if (seen.has(name)) continue;
    seen.add(name);
    const written = name.includes(":") ? `[${name}]` : name;
    for (const port of allPorts) yield `${written}:${port}`;
    yield written;
  }
}
