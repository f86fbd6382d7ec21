import type { JSONWebKeySet, JWTPayload } from "jose";
import type { Principal } from "@cumulet/core";
import { Throttles } from "./domain/throttle.ts";
import type { AuthorizerResult } from "./domain/authorizer-result.ts";
import type { Connection } from "./data-plane/websocket/connection.ts";
import { ResponseCache } from "./data-plane/rest/cache.ts";
import { LogWriter } from "./data-plane/seeing/log-writer.ts";
import { GatewayMetrics } from "./data-plane/seeing/metrics.ts";
import { TtlCache } from "./data-plane/access/ttl-cache.ts";

/** What the data plane of one account and region keeps in memory only. It is gone when the platform stops or is reset. */
export interface GatewayState {
  /** Decisions of Lambda authorizers by `apiId/stage/authorizer` and identity. */
  authorizers: TtlCache<AuthorizerResult>;
  /** Tokens whose signature was verified lately. */
  verifiedTokens: TtlCache<JWTPayload>;
  /** Key sets of issuers. */
  issuerKeys: TtlCache<JSONWebKeySet>;
  throttles: Throttles;
  /** Open WebSockets by connection id. */
  connections: Map<string, Connection>;
  /** Sessions of roles that integrations act as. */
  assumedRoles: TtlCache<Principal>;
  responses: ResponseCache;
  logs: LogWriter;
  metrics: GatewayMetrics;
}

export function createState(): GatewayState {
  return { authorizers: new TtlCache(10_000), verifiedTokens: new TtlCache(2_000), issuerKeys: new TtlCache(100), throttles: new Throttles(), connections: new Map(), assumedRoles: new TtlCache(100), responses: new ResponseCache(), logs: new LogWriter(), metrics: new GatewayMetrics() };
}
