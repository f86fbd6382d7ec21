import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createListener, type AddressInfo, type Server as Listener, type Socket } from "node:net";
import type { Session } from "./session.ts";
import { refuse } from "./http.ts";

/** The address of one sandbox's Runtime API; closing it cuts the sandbox's connections. */
export interface RuntimeEndpoint {
  port: number;
  close(): void;
}

/**
 * The one Runtime API that every sandbox of every executor talks to.
 *
 * Runtimes and extensions know nothing but `host:port` (many drop a path prefix), so each sandbox has a port of its own
 * and the port says who is calling. Behind the ports is a single HTTP server; a listener only accepts and hands over.
 */
export class RuntimeApi {
  readonly #http: HttpServer;
  readonly #sessions = new WeakMap<Socket, Session>();
  readonly #endpoints = new Set<RuntimeEndpoint>();

  constructor() {
    this.#http = createHttpServer((request, response) => {
      const session = this.#sessions.get(request.socket);
      response.sendDate = false;
      if (session === undefined) refuse(response, 403, "Forbidden", "Unknown sandbox");
      else session.handle(request, response);
    });
    // A runtime waits for its next event as long as it takes, and its connection idles as long as its handler runs.
    this.#http.keepAliveTimeout = 0;
    this.#http.requestTimeout = 0;
    this.#http.headersTimeout = 0;
    this.#http.timeout = 0;
  }

  /** Opens a sandbox's own port on `address`, an interface that the sandbox can reach. */
  open(address: string, session: Session): Promise<RuntimeEndpoint> {
    const sockets = new Set<Socket>();
    const listener: Listener = createListener({ noDelay: true }, (socket) => {
      this.#sessions.set(socket, session);
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      this.#http.emit("connection", socket);
    });
    return new Promise((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(0, address, () => {
        listener.removeListener("error", reject);
        const endpoint: RuntimeEndpoint = {
          port: (listener.address() as AddressInfo).port,
          close: () => {
            this.#endpoints.delete(endpoint);
            listener.close();
            for (const socket of sockets) socket.destroy();
          },
        };
        this.#endpoints.add(endpoint);
        resolve(endpoint);
      });
    });
  }

  close(): void {
    for (const endpoint of this.#endpoints) endpoint.close();
  }
}
