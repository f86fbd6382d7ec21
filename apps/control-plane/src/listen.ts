import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { isOwnHost } from "@cumulet/core/platform";
import type { Platform } from "@cumulet/platform";
import { adminApp } from "./admin.ts";
import type { InitHooks } from "./hooks.ts";
import { SettingError } from "./settings.ts";

/** A listening cloud. */
export interface Listening {
  server: Server;
  port: number;
  /** Stops taking requests, lets those under way finish for a moment, then cuts. */
  close(): Promise<void>;
}

const ADMIN = /^\/_(?:cumulet|localstack)(?:\/|\?|$)/;

/** How long requests under way may take to finish when the server stops, milliseconds. */
const GRACE_MS = 3_000;

/**
 * Puts a platform on a port: administration under `/_cumulet` (Hono), all else straight to the platform with Node's own
 * request and response, so that bodies stay streams.
 * @throws SettingError when the port is taken or may not be used.
 */
export async function listen(platform: Platform, host: string, port: number, hooks?: InitHooks): Promise<Listening> {
  const admin = getRequestListener(adminApp(platform, hooks).fetch, { overrideGlobalObjects: false });
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? "/";
    if (ADMIN.test(url)) {
      if (!isOwnHost(platform.runtime.parseHost(request.headers.host).host, platform.runtime.config.domains)) {
        // A page of another name that resolves to this address (DNS rebinding) is not our console.
        response.writeHead(403, { "content-type": "text/plain" }).end("This host name may not administer the cloud; use localhost.\n");
        return;
      }
      void admin(request, response);
      return;
    }
    if (isBrowserAtTheDoor(request, url)) {
      response.writeHead(302, { location: "/_cumulet/" }).end();
      return;
    }
    void platform.handle(request, response);
  };
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0, maxHeaderSize: 64 * 1024, noDelay: true }, onRequest);
  server.on("checkContinue", onRequest);
  // S3 answers requests with an Expect that it does not know as if it were not there.
  server.on("checkExpectation", onRequest);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => void platform.upgrade(request, socket, head));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === "ECONNRESET" || !socket.writable) return;
    const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  await bind(server, host, port);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  // `localhost` is tried as ::1 first by many clients; without it each of their connections costs a failed attempt.
  const loopback6 = host === "127.0.0.1" ? await alsoOnLoopback6(server, bound) : undefined;
  return {
    server,
    port: bound,
    close: async () => {
      platform.hangUp();
      await Promise.all([closeServer(server), loopback6 === undefined ? undefined : closeServer(loopback6)]);
    },
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen({ host, port, backlog: 1024 }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE": return new SettingError(`Port ${port} is taken: another program (or another Cumulet) serves on it. Stop that one, or choose another port: npm start -- --port ${port + 1}`);
    case "EACCES": return new SettingError(`Port ${port} may not be used by this user. Choose one above 1023: npm start -- --port 4566`);
    case "EADDRNOTAVAIL": case "ENOTFOUND": return new SettingError(`${host} is not an address of this machine. Use --host 127.0.0.1, or --host 0.0.0.0 for all.`);
    default: return error;
  }
}

async function alsoOnLoopback6(primary: Server, port: number): Promise<Server | undefined> {
  const twin = createServer({ keepAliveTimeout: primary.keepAliveTimeout, requestTimeout: 0, maxHeaderSize: 64 * 1024, noDelay: true });
  for (const event of ["request", "checkContinue", "checkExpectation", "upgrade", "clientError"] as const) {
    for (const listener of primary.listeners(event)) twin.on(event, listener as (...args: unknown[]) => void);
  }
  try {
    await bind(twin, "::1", port);
    return twin;
  } catch {
    return undefined; // no IPv6 here, or something else sits on it: 127.0.0.1 still serves
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** A person who typed the address into a browser, not a client of S3: gets the console. */
function isBrowserAtTheDoor(request: IncomingMessage, url: string): boolean {
  return url === "/" && request.method === "GET" && request.headers.authorization === undefined
    && (request.headers.accept?.includes("text/html") ?? false) && request.headers["sec-fetch-mode"] === "navigate"
    && /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(request.headers.host ?? "");
}
