import { socketContext } from "../websocket/call.ts";
import type { SocketCall } from "../websocket/call.ts";
import type { SocketError } from "../websocket/integrate.ts";
import { accessLogOf, writeAccess } from "./access.ts";

/** Tells of an event of a connection: its access log and its metrics; of the handshake also why it was answered so. */
export function seeSocketEvent(call: SocketCall, status: number, error: SocketError | Error | undefined): void {
  const { ctx, connection, facts } = call;
  const { apiId } = connection.address;
  const { stageName } = connection;
  if (call.type === "CONNECT") {
    const { route } = call.route;
    ctx.note("route", call.route.routeKey);
    ctx.note("gateway", {
      api: apiId, protocol: "WEBSOCKET", stage: stageName, connection: connection.id, route: call.route.routeKey, authorization: route.AuthorizationType, authorizer: call.route.authorizer?.Name,
      integration: call.route.integration?.integration.IntegrationType, integrationStatus: facts["integrationStatus"], ...(error === undefined ? {} : { reason: facts["integrationErrorMessage"] ?? error.message }),
    });
  }
  const stage = ctx.store.memo(apiId, `stage ${stageName}`, () => ({ item: ctx.store.stages.get(apiId, stageName) })).item;
  const log = accessLogOf(ctx.store, apiId, stageName, () => ({ destination: stage?.AccessLogSettings?.DestinationArn, format: stage?.AccessLogSettings?.Format }));
  writeAccess(ctx, log, () => ({ ...socketContext(call), ...facts, status, ...(error === undefined ? {} : { error: { message: error.message, messageString: JSON.stringify(error.message) } }) }));
  const detailed = stage?.RouteSettings?.[call.route.routeKey]?.DetailedMetricsEnabled ?? stage?.DefaultRouteSettings?.DetailedMetricsEnabled ?? false;
  measure(call, status, detailed);
}

function measure(call: SocketCall, status: number, detailed: boolean): void {
  const { ctx, connection, facts } = call;
  const latency = facts["integrationLatency"];
  const failed = facts["integrationErrorMessage"] !== undefined;
  const values = {
    ...(call.type === "CONNECT" ? { ConnectCount: 1 } : call.type === "MESSAGE" ? { MessageCount: 1 } : {}),
    ClientError: status >= 400 && status < 500 ? 1 : 0, IntegrationError: status >= 500 && failed ? 1 : 0, ExecutionError: status >= 500 && !failed ? 1 : 0,
    ...(typeof latency === "number" ? { IntegrationLatency: latency } : {}),
  };
  const dimensions = [["ApiId", connection.address.apiId], ["Stage", connection.stageName]] as const;
  const { metrics } = ctx.store.state;
  metrics.add(ctx, { dimensions, values });
  if (detailed) metrics.add(ctx, { dimensions: [...dimensions, ["Route", call.route.routeKey]], values });
}
