import type { RoutingRule, WebsiteConfiguration } from "@cumulet/protocol/models/s3.d.ts";
import { AwsError } from "@cumulet/protocol";
import { invalidArgument, invalidRequest, malformedXml } from "./errors.ts";

/** Website configurations: checks and routing. Source: Amazon S3 User Guide, "Hosting a static website", and recorded answers. */

const ROUTING_RULES_MAX = 50;

export const invalidRedirect = () =>
  new AwsError("InvalidRedirectLocation", "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.", { status: 400 });

/** Throws in S3's words and order. */
export function checkWebsite(config: WebsiteConfiguration): void {
  const { RedirectAllRequestsTo: all, IndexDocument, ErrorDocument, RoutingRules } = config;
  if (all !== undefined) {
    if (IndexDocument !== undefined || ErrorDocument !== undefined || RoutingRules !== undefined) {
      throw invalidArgument("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.", "RedirectAllRequestsTo", "not null");
    }
    if (!all.HostName) throw malformedXml();
    checkProtocol(all.Protocol);
    return;
  }
  if (IndexDocument === undefined) {
    throw invalidArgument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty", "IndexDocument", "null");
  }
  if (!IndexDocument.Suffix || IndexDocument.Suffix.includes("/")) {
    throw invalidArgument("The IndexDocument Suffix is not well formed", "IndexDocument", IndexDocument.Suffix || null);
  }
  if (ErrorDocument !== undefined && !ErrorDocument.Key) throw malformedXml();
  if (RoutingRules === undefined) return;
  if (RoutingRules.length === 0) throw malformedXml();
  if (RoutingRules.length > ROUTING_RULES_MAX) {
    throw invalidRequest(`${RoutingRules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${ROUTING_RULES_MAX}.`);
  }
  for (const { Redirect, Condition } of RoutingRules) {
    if (Redirect === undefined) throw malformedXml();
    if (Redirect.ReplaceKeyPrefixWith !== undefined && Redirect.ReplaceKeyWith !== undefined) {
      throw invalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    }
    if (Condition !== undefined && Condition.HttpErrorCodeReturnedEquals === undefined && Condition.KeyPrefixEquals === undefined) {
      throw invalidRequest("Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.");
    }
    checkCode("The provided HTTP redirect code", Redirect.HttpRedirectCode, 300);
    checkCode("The provided HTTP error code", Condition?.HttpErrorCodeReturnedEquals, 400);
    checkProtocol(Redirect.Protocol);
  }
}

function checkProtocol(protocol: string | undefined): void {
  if (protocol !== undefined && protocol !== "http" && protocol !== "https") {
    throw invalidRequest("Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.");
  }
}

function checkCode(what: string, code: string | undefined, from: number): void {
  if (code === undefined) return;
  const number = Number(code);
  const to = from === 300 ? 399 : 599;
  if (!Number.isInteger(number) || number < from || number > to || number === 304) {
    throw invalidRequest(`${what} (${code}) is not valid. Valid codes are ${from === 300 ? "3XX except 300" : "4XX or 5XX"}.`);
  }
}

/** The key that a path of a site means: without the leading slash, with the index document behind a folder. */
export function siteKey(path: string, config: WebsiteConfiguration): string {
  const key = path.replace(/^\//, "");
  return key === "" || key.endsWith("/") ? key + (config.IndexDocument?.Suffix ?? "") : key;
}

/** Where a rule sends a request: a status and a Location. */
export interface Redirection {
  status: number;
  location: string;
}

/** Where a request came from: what a redirection keeps unless it says otherwise. */
export interface SiteAddress {
  protocol: string;
  host: string;
}

/** `RedirectAllRequestsTo`, which keeps the path. */
export function redirectAll(config: WebsiteConfiguration, path: string, from: SiteAddress): Redirection | undefined {
  const all = config.RedirectAllRequestsTo;
  if (all === undefined) return undefined;
  return { status: 301, location: `${all.Protocol ?? from.protocol}://${all.HostName}${path}` };
}

/**
 * The first rule that applies: to a request before its object is looked for (`error` undefined: rules without an error
 * code), or to the error that looking for it gave.
 */
export function route(config: WebsiteConfiguration, key: string, error: number | undefined, from: SiteAddress): Redirection | undefined {
  for (const rule of config.RoutingRules ?? []) {
    const { HttpErrorCodeReturnedEquals: code, KeyPrefixEquals: prefix = "" } = rule.Condition ?? {};
    if ((code === undefined) !== (error === undefined) || (code !== undefined && Number(code) !== error) || !key.startsWith(prefix)) continue;
    return redirection(rule, key, prefix, from);
  }
  return undefined;
}

function redirection({ Redirect }: RoutingRule, key: string, prefix: string, from: SiteAddress): Redirection {
  const { HostName, Protocol, HttpRedirectCode, ReplaceKeyPrefixWith, ReplaceKeyWith } = Redirect;
  const target = ReplaceKeyWith ?? (ReplaceKeyPrefixWith === undefined ? key : ReplaceKeyPrefixWith + key.slice(prefix.length));
  const path = target.split("/").map((part) => encodeURIComponent(part)).join("/");
  return { status: Number(HttpRedirectCode ?? 301), location: `${Protocol ?? from.protocol}://${HostName ?? from.host}/${path}` };
}
