import { AwsError } from "@cumulet/protocol";
import type { Operations } from "@cumulet/core";
import type { Connection } from "../data-plane/websocket/connection.ts";
import { MAX_MESSAGE } from "../data-plane/websocket/frames.ts";
import type { Store } from "../store.ts";
import type { Ctx } from "./shared.ts";

/** The API that a management call was addressed to: by its host name, or by one of the path forms. */
function addressedApi(ctx: Ctx): string | undefined {
  if (ctx.http === undefined) return undefined;
  const host = /^([a-z0-9-]+)\.execute-api\./.exec(ctx.http.headers.host ?? "")?.[1];
  return host ?? /^\/(?:_aws\/execute-api|execute-api|ws|restapis)\/([A-Za-z0-9-]+)\//.exec(ctx.http.path)?.[1];
}

/** A connection by its id, wherever its API lives. */
function findConnection(ctx: Ctx, id: string): Connection {
  const api = addressedApi(ctx);
  const owner = api === undefined ? undefined : ctx.names.find("api", api);
  const connection = (owner === undefined ? ctx : ctx.at(owner.account, owner.region)).store.state.connections.get(id);
  if (connection === undefined || (api !== undefined && connection.address.apiId !== api)) throw new AwsError("GoneException", "The connection with the provided id no longer exists.", { status: 410 });
  return connection;
}

/** `@connections`: what backends do with the clients of a WebSocket API. */
export const connectionOperations: Operations<"apigatewaymanagementapi", Store> = {
  async PostToConnection(ctx, input) {
    const connection = findConnection(ctx, input.ConnectionId);
    if (input.Data.length > MAX_MESSAGE) throw new AwsError("PayloadTooLargeException", "The data has exceeded the maximum size allowed.", { status: 413 });
    if (!(await connection.send(Buffer.from(input.Data.buffer, input.Data.byteOffset, input.Data.byteLength)))) throw new AwsError("GoneException", "The connection with the provided id no longer exists.", { status: 410 });
    return {};
  },
  GetConnection(ctx, input) {
    const connection = findConnection(ctx, input.ConnectionId);
    const userAgent = connection.request.headers.find(([name]) => name.toLowerCase() === "user-agent")?.[1];
    return { ConnectedAt: connection.connectedMs, Identity: { SourceIp: connection.request.sourceIp, UserAgent: userAgent ?? "" }, LastActiveAt: connection.lastActiveMs };
  },
  DeleteConnection(ctx, input) {
    findConnection(ctx, input.ConnectionId).socket?.close(1000, "Connection Closed Normally");
    return {};
  },
};
