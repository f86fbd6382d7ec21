import type { IncomingHttpHeaders } from "node:http";
import type { Principal } from "../context.ts";
import type { ConditionValues } from "./conditions.ts";

/** What a request shows of itself to conditions. */
export interface RequestFacts {
  principal: Principal;
  /** Tags of the caller: of the user or role, under those of the session. */
  principalTags: Readonly<Record<string, string>>;
  region: string;
  nowMs: number;
  /** Of a request over HTTP; undefined for a call of another service. */
  http: { headers: IncomingHttpHeaders; sourceIp: string; secure: boolean } | undefined;
  /** Undefined where the caller does not say on whose behalf it calls. */
  sourceArn: string | undefined;
  /** Account that the resource belongs to. */
  owner: string;
  resourceTags?: (() => Readonly<Record<string, string>> | undefined) | undefined;
  requestTags?: Readonly<Record<string, string>> | undefined;
}

const PRINCIPAL_TYPES: Record<Principal["kind"], string> = { root: "Account", user: "User", role: "AssumedRole", federated: "FederatedUser", service: "AWSService", anonymous: "Anonymous" };

/**
 * The `aws:` condition keys of a request. Source: IAM User Guide, "AWS global condition context keys". Computed when asked:
 * most requests are asked for none.
 *
 * @param own The service's own keys, asked first.
 */
export function requestValues(facts: RequestFacts, own?: ConditionValues): ConditionValues {
  return (key) => own?.(key) ?? globalValue(facts, key);
}

function globalValue(facts: RequestFacts, key: string): string | readonly string[] | undefined {
  if (!key.startsWith("aws:")) return undefined;
  const { principal, http } = facts;
  const known = principal.kind !== "anonymous" && principal.kind !== "service";
  const { session } = principal;
  const slash = key.indexOf("/");
  if (slash > 0) {
    const tag = key.slice(slash + 1);
    switch (key.slice(0, slash)) {
      case "aws:principaltag": return tagOf(facts.principalTags, tag);
      case "aws:resourcetag": return tagOf(facts.resourceTags?.(), tag);
      case "aws:requesttag": return tagOf(facts.requestTags, tag);
      default: return undefined;
    }
  }
  switch (key) {
    case "aws:principalarn": return known ? (session?.issuer.type === "Role" ? session.issuer.arn : principal.arn) : undefined;
    case "aws:principalaccount": return known ? principal.account : undefined;
    case "aws:principaltype": return PRINCIPAL_TYPES[principal.kind];
    case "aws:principalisawsservice": return String(principal.kind === "service");
    case "aws:principalservicename": return principal.kind === "service" ? principal.arn : undefined;
    case "aws:principalservicenameslist": return principal.kind === "service" ? [principal.arn] : undefined;
    case "aws:userid": return principal.kind === "service" ? undefined : principal.id;
    case "aws:username": return principal.kind === "user" ? principal.arn.slice(principal.arn.lastIndexOf("/") + 1) : undefined;
    case "aws:sourceip": return http?.sourceIp;
    case "aws:securetransport": return String(http === undefined || http.secure);
    case "aws:useragent": return headerOf(http?.headers, "user-agent");
    case "aws:referer": return headerOf(http?.headers, "referer");
    case "aws:currenttime": return new Date(facts.nowMs).toISOString();
    case "aws:epochtime": return String(Math.floor(facts.nowMs / 1000));
    case "aws:requestedregion": return facts.region;
    case "aws:resourceaccount": return facts.owner;
    case "aws:sourcearn": return facts.sourceArn;
    // The older name, which SNS's default policies have.
    case "aws:sourceowner":
    case "aws:sourceaccount": return sourceAccount(facts);
    case "aws:viaawsservice": return String(principal.kind !== "service" && http === undefined);
    // Only temporary credentials say whether there was a second factor, as on AWS.
    case "aws:multifactorauthpresent": return session === undefined || principal.kind === "federated" ? undefined : String(session.mfa);
    case "aws:multifactorauthage": return session?.mfa === true ? String(Math.floor((facts.nowMs - session.issuedMs) / 1000)) : undefined;
    case "aws:tokenissuetime": return session === undefined ? undefined : new Date(session.issuedMs).toISOString();
    case "aws:sourceidentity": return session?.sourceIdentity;
    case "aws:federatedprovider": return session?.provider;
    case "aws:tagkeys": return keysOf(facts.requestTags);
    default: return undefined;
  }
}

/** Who a service acts for: told by the ARN it acts for, or else the account that it acts in. */
function sourceAccount({ principal, sourceArn }: RequestFacts): string | undefined {
  if (principal.kind !== "service") return undefined;
  const account = sourceArn?.split(":")[4];
  return account === undefined || account === "" ? principal.account : account;
}

/** Tag keys in conditions are compared without case. */
function tagOf(tags: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  if (tags === undefined) return undefined;
  for (const name of Object.keys(tags)) if (name.toLowerCase() === key) return tags[name];
  return undefined;
}

function keysOf(tags: Readonly<Record<string, string>> | undefined): readonly string[] | undefined {
  const keys = Object.keys(tags ?? {});
  return keys.length === 0 ? undefined : keys;
}

function headerOf(headers: IncomingHttpHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return Array.isArray(value) ? value.join(",") : value;
}
