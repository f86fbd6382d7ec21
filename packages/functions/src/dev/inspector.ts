import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Log } from "@cumulet/core";

/** Where the inspector of a running function listens. */
export interface InspectorAddress {
  host: string;
  port: number;
}

/** A function that a debugger may attach to. */
export interface Debuggee {
  inspector: InspectorAddress;
  /** A person has stopped it. */
  paused(): void;
  resumed(): void;
}

interface Port {
  server: Server;
  /** Newest last: that is the one a debugger gets. */
  debuggees: Debuggee[];
}

/** A paused event and its opposite, as the inspector writes them. */
const PAUSED = '"method":"Debugger.paused"';
const RESUMED = '"method":"Debugger.resumed"';

/**
 * Ports of this machine to which debuggers connect. Each leads to the inspector of the newest environment of one
 * function, so a port stays when environments come and go. Bytes pass as they are; on the way we only notice when the
 * function is stopped and goes on.
 */
export class DebugPorts {
  readonly #log: Log;
  readonly #ports = new Map<number, Port>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Makes `debuggee` the one behind `port`, until it is disposed of. */
  attach(port: number, debuggee: Debuggee): Disposable {
    let open = this.#ports.get(port);
    if (open === undefined) {
      const created: Port = { server: createServer((client) => this.#connected(created, client)), debuggees: [] };
      open = created;
      this.#ports.set(port, open);
      created.server.on("error", (error) => this.#log.warn("A debugger cannot attach", { port, error: error.message }));
      created.server.listen(port, "127.0.0.1", () => this.#log.info("A debugger may attach", { port: (created.server.address() as AddressInfo).port }));
      created.server.unref();
    }
    const { debuggees, server } = open;
    debuggees.push(debuggee);
    return {
      [Symbol.dispose]: () => {
        debuggees.splice(debuggees.indexOf(debuggee), 1);
        if (debuggees.length > 0) return;
        this.#ports.delete(port);
        server.close();
      },
    };
  }

  #connected(port: Port, client: Socket): void {
    const debuggee = port.debuggees.at(-1);
    if (debuggee === undefined) {
      client.destroy();
      return;
    }
    const inspector = connect({ ...debuggee.inspector, noDelay: true });
    client.setNoDelay(true);
    let last = "";
    let paused = false;
    inspector.on("data", (chunk: Buffer) => {
      // Names may be cut by a chunk's end.
      const text = last + chunk.toString("latin1");
      last = text.slice(-PAUSED.length);
      const [stops, continues] = [text.lastIndexOf(PAUSED), text.lastIndexOf(RESUMED)];
      if (stops === continues) return;
      paused = stops > continues;
      if (paused) debuggee.paused();
      else debuggee.resumed();
    });
    client.pipe(inspector).pipe(client);
    const end = (): void => {
      client.destroy();
      inspector.destroy();
      // The runtime goes on when its debugger leaves.
      if (paused) debuggee.resumed();
      paused = false;
    };
    for (const socket of [client, inspector]) socket.on("error", end).on("close", end);
  }
}
