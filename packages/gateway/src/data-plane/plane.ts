import { defineDataPlane } from "@cumulet/core";
import type { Address, Claim, Context, NameOwner, Names } from "@cumulet/core";
import type { Store } from "../store.ts";
import { handleHttpApi } from "./http/handle.ts";
import { handleRestApi } from "./rest/handle.ts";
import { jsonResponse, send } from "./respond.ts";
import { upgradeWebSocket } from "./websocket/handle.ts";

/** Which API a request is for, and what is left of its path. */
export interface ApiAddress {
  apiId: string;
  protocol: "REST" | "HTTP" | "WEBSOCKET" | undefined;
  /** Path from the stage on, percent-encoding as received. */
  path: string;
  /** The stage, where a custom domain's mapping told; then `path` is below it. */
  stage: string | undefined;
  /** `id.execute-api.region.host`, or the custom domain. */
  domainName: string;
  /** Base path that a custom domain's mapping matched. */
  basePath: string | undefined;
  /** Addressed by path, by a client that cannot set a host: `$default` may then be spelled out as the stage. */
  byPath: boolean;
  /** Addressed by its own host name or path, which `disableExecuteApiEndpoint` turns off. */
  defaultEndpoint: boolean;
  /** The custom domain whose mappings still have to be asked. */
  domain: string | undefined;
}

/** What the directory of names keeps beside an API's id. */
export interface ApiName {
  protocol: "REST" | "HTTP" | "WEBSOCKET";
}

/** `/_aws/execute-api/{id}/...`, `/execute-api/{id}/...`, `/ws/{id}/...`. */
const PATH_FORM = /^\/(?:_aws\/execute-api|execute-api|ws)\/([A-Za-z0-9-]+)(\/.*)?$/;
/** `/restapis/{id}/{stage}/_user_request_/...`. */
const REST_PATH_FORM = /^\/restapis\/([A-Za-z0-9-]+)\/([^/]+)\/_user_request_(\/.*)?$/;

/** Reads the API out of an address; undefined when the address is none of API Gateway's. */
export function readAddress(address: Pick<Address, "host" | "service" | "resource" | "path">): ApiAddress | undefined {
  const found = (apiId: string, path: string, domainName: string, byPath: boolean): ApiAddress => ({ apiId, protocol: undefined, path, stage: undefined, domainName, basePath: undefined, byPath, defaultEndpoint: true, domain: undefined });
  if (address.service === "execute-api" && address.resource !== "") return found(address.resource, address.path, address.host, false);
  const rest = REST_PATH_FORM.exec(address.path);
  if (rest !== null) return found(rest[1]!, `/${rest[2]}${rest[3] ?? ""}`, `${rest[1]}.execute-api.${address.host}`, true);
  const path = PATH_FORM.exec(address.path);
  if (path !== null) return found(path[1]!, path[2] ?? "/", `${path[1]}.execute-api.${address.host}`, true);
  return undefined;
}

/** The owner of a custom domain: the host itself, or the wildcard above it. */
function domainOwner(host: string, names: Names): { owner: NameOwner; domain: string } | undefined {
  if (!host.includes(".")) return undefined;
  for (const domain of [host, `*.${host.slice(host.indexOf(".") + 1)}`]) {
    const owner = names.find("api-domain", domain);
    if (owner !== undefined) return { owner, domain };
  }
  return undefined;
}

/** The API that a custom domain's longest matching base path leads to. */
function mappedAddress(ctx: Context<Store>, address: ApiAddress, domain: string): ApiAddress | undefined {
  const { store } = ctx;
  const mappings = store.memo(domain, "mappings", () => store.mappings.all(domain).sort((a, b) => b.basePath.length - a.basePath.length));
  const mapping = mappings.find(({ basePath }) => basePath === "" || address.path === `/${basePath}` || address.path.startsWith(`/${basePath}/`));
  if (mapping === undefined) return undefined;
  const owner = ctx.names.find("api", mapping.apiId);
  if (owner === undefined) return undefined;
  const rest = mapping.basePath === "" ? address.path : address.path.slice(mapping.basePath.length + 1) || "/";
  return { ...address, apiId: mapping.apiId, protocol: (owner.data as ApiName).protocol, path: rest, stage: mapping.stage, basePath: mapping.basePath, domain: undefined };
}

function claim(address: Address, names: Names): Claim<ApiAddress> | undefined {
  const found = readAddress(address);
  if (found === undefined) {
    const custom = domainOwner(address.host, names);
    if (custom === undefined) return undefined;
    const match: ApiAddress = { apiId: "", protocol: undefined, path: address.path, stage: undefined, domainName: address.host, basePath: undefined, byPath: false, defaultEndpoint: false, domain: custom.domain };
    return { account: custom.owner.account, region: custom.owner.region, match };
  }
  const owner = names.find("api", found.apiId);
  if (owner === undefined) return { account: "", region: "", match: found };
  const { protocol } = owner.data as ApiName;
  // Calls to manage a connection are API calls, on the API's own address.
  if (protocol === "WEBSOCKET" && found.path.includes("/@connections")) return undefined;
  return { account: owner.account, region: owner.region, match: { ...found, protocol } };
}

/** Requests to APIs: by their host names, by path for clients that cannot set a host, by custom domains. */
export const executeApi = defineDataPlane<Store, ApiAddress>({
  name: "execute-api",
  claim,
  async handle(ctx, exchange, match) {
    const address = match.domain === undefined ? match : (mappedAddress(ctx, match, match.domain) ?? match);
    switch (address.protocol) {
      case "REST":
        return handleRestApi(ctx, exchange, address);
      case "HTTP":
        return handleHttpApi(ctx, exchange, address);
      default:
        // AWS answers for every id under its wildcard name: an unknown one is forbidden.
        exchange.request.resume();
        send(exchange.response, exchange.request.method ?? "GET", jsonResponse(403, { message: "Forbidden" }, [["x-amzn-ErrorType", "ForbiddenException"], ["x-amzn-RequestId", ctx.requestId]]));
    }
  },
  async upgrade(ctx, upgrade, match) {
    const address = match.domain === undefined ? match : (mappedAddress(ctx, match, match.domain) ?? match);
    if (address.protocol === "WEBSOCKET") return upgradeWebSocket(ctx, upgrade, address);
    upgrade.socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  },
});
