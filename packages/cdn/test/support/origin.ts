import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An origin server of a test: counts what reaches it and answers as the test says. */
export interface TestOrigin extends AsyncDisposable {
  server: Server;
  port: number;
  requests: IncomingMessage[];
  /** What the next requests are answered with. */
  answer(listener: (request: IncomingMessage, response: ServerResponse, count: number) => void): void;
}

/** Starts an origin on a free port. */
export async function testOrigin(): Promise<TestOrigin> {
  const requests: IncomingMessage[] = [];
  let current: (request: IncomingMessage, response: ServerResponse, count: number) => void = (_request, response) => void response.end("ok");
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    current(request, response, requests.length);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    server,
    port: (server.address() as AddressInfo).port,
    requests,
    answer: (next) => void (current = next),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
