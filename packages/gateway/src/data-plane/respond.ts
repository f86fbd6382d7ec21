import type { ServerResponse } from "node:http";
import type { GatewayResponse, HeaderList } from "../domain/http-message.ts";

/** Headers of a response that the gateway never takes from an integration: they speak of the connection behind it. */
const CONNECTION_HEADERS = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer", "proxy-connection"]);

/** One `writeHead` with a flat list, one `end`. Nothing is sent to a client that has gone. */
export function send(response: ServerResponse, method: string, { status, headers, body }: GatewayResponse): number {
  if (response.headersSent || response.destroyed) return 0;
  const flat: string[] = [];
  for (const [name, value] of headers) if (!CONNECTION_HEADERS.has(name.toLowerCase())) flat.push(name, value);
  const bodiless = status === 204 || status === 304 || status < 200;
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  if (!bodiless) flat.push("Content-Length", String(length));
  response.writeHead(status, flat);
  if (bodiless || method === "HEAD" || length === 0) response.end();
  else response.end(body);
  return bodiless || method === "HEAD" ? 0 : length;
}

/** A JSON message with the given headers around it. */
export function jsonResponse(status: number, body: unknown, headers: HeaderList = []): GatewayResponse {
  return { status, headers: [["content-type", "application/json"], ...headers], body: JSON.stringify(body) };
}
