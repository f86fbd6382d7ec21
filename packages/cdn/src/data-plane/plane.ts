import { defineDataPlane, type Address, type Claim, type Names } from "@cumulet/core";
import { ALIAS_NAMES, DOMAIN_NAMES, type DomainOwner } from "../names.ts";
import type { CdnStore } from "../store.ts";
import { serve } from "./edge.ts";

/** What of an address is the distribution's. */
export interface Match {
  distribution: string;
  /** Path within the distribution. */
  path: string;
}

const PREFIX = "/_aws/cloudfront/";

/** Viewers: by the distribution's host name, by an alternate one, or by path where host names do not resolve. */
export const viewerPlane = defineDataPlane<CdnStore, Match>({
  name: "cloudfront-viewer",
  claim: (address, names) => claim(address, names),
  handle: (ctx, exchange, match) => {
    ctx.note("distribution", match.distribution);
    return serve(ctx, exchange, match);
  },
});

function claim(address: Address, names: Names): Claim<Match> | undefined {
  const { path, service, resource, labels, host } = address;
  if (service === "cloudfront" && resource !== "") return found(names, DOMAIN_NAMES, resource, path);
  if (path.startsWith(PREFIX)) {
    const end = path.indexOf("/", PREFIX.length);
    const id = path.slice(PREFIX.length, end < 0 ? undefined : end);
    return found(names, DOMAIN_NAMES, id.toLowerCase(), end < 0 ? "/" : path.slice(end));
  }
  // A name of ours with a service in it, or an address, is nobody's alternate name.
  if (service !== undefined || labels?.length === 0) return undefined;
  return found(names, ALIAS_NAMES, host, path) ?? wildcard(names, host, path);
}

/** `*.example.com` covers every name below, the most specific one first. */
function wildcard(names: Names, host: string, path: string): Claim<Match> | undefined {
  for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    const claimed = found(names, ALIAS_NAMES, `*${host.slice(dot)}`, path);
    if (claimed !== undefined) return claimed;
  }
  return undefined;
}

function found(names: Names, kind: string, name: string, path: string): Claim<Match> | undefined {
  const owner = names.find(kind, name);
  if (owner === undefined) return undefined;
  return { account: owner.account, region: owner.region, match: { distribution: (owner.data as DomainOwner).id, path } };
}
