/** How containers reach the Runtime API and the platform. */
import { existsSync } from "node:fs";
import { createServer, connect, type Server, type Socket } from "node:net";
import { hostname } from "node:os";
import type Docker from "dockerode";

/** Where the platform stands in the engine's eyes. */
export interface EngineNetwork {
  /** Address on which we have to listen for containers. */
  listen: string;
  /** Name or address under which a container reaches us. */
  host: string;
  /** Network that a container joins; the engine's default when undefined. */
  network: string | undefined;
  extraHosts: string[];
}

/**
 * Finds out how a container reaches this process: through the bridge's gateway on Linux, over our own container's
 * network when we run in one, through Docker Desktop's name for the host elsewhere. A person may say it instead.
 */
export async function engineNetwork(docker: Docker, chosen: { network: string | undefined; address: string | undefined }): Promise<EngineNetwork> {
  if (chosen.address !== undefined) return { listen: "0.0.0.0", host: chosen.address, network: chosen.network, extraHosts: [] };
  if (existsSync("/.dockerenv")) {
    const own = await docker.getContainer(hostname()).inspect().catch(() => undefined);
    const networks = Object.entries(own?.NetworkSettings.Networks ?? {});
    const [name, network] = networks.find(([candidate]) => candidate === chosen.network) ?? networks[0] ?? [];
    if (name !== undefined && network?.IPAddress) return { listen: network.IPAddress, host: network.IPAddress, network: name, extraHosts: [] };
  }
  if (process.platform !== "linux") return { listen: "127.0.0.1", host: "host.docker.internal", network: chosen.network, extraHosts: [] };
  const bridge = (await docker.getNetwork(chosen.network ?? "bridge").inspect()) as { IPAM?: { Config?: { Gateway?: string; Subnet?: string }[] } };
  const config = bridge.IPAM?.Config?.find(({ Subnet }) => Subnet?.includes(".") === true);
  // Older engines leave the gateway out: it is the first address of the subnet.
  const gateway = config?.Gateway ?? config?.Subnet?.replace(/\d+\/\d+$/, "1") ?? "172.17.0.1";
  return { listen: gateway, host: gateway, network: chosen.network, extraHosts: [`host.docker.internal:${gateway}`] };
}

/** Makes a port of this machine's loopback reachable for containers under the same number. */
export class PortForwarder {
  readonly #servers = new Map<string, Promise<Server | undefined>>();
  readonly #sockets = new Set<Socket>();

  /** Resolves when `address:port` leads to `127.0.0.1:port`, by us or because the platform listens there itself. */
  async forward(address: string, port: number): Promise<void> {
    const key = `${address}:${port}`;
    let server = this.#servers.get(key);
    if (server === undefined) {
      server = this.#open(address, port);
      this.#servers.set(key, server);
    }
    await server;
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) (await server)?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(address: string, port: number): Promise<Server | undefined> {
    return new Promise((resolve, reject) => {
      const server = createServer((inner) => {
        const outer = connect({ host: "127.0.0.1", port });
        for (const [one, other] of [[inner, outer], [outer, inner]] as const) {
          this.#sockets.add(one);
          one.once("close", () => {
            this.#sockets.delete(one);
            other.destroy();
          });
          one.on("error", () => other.destroy());
          one.pipe(other);
        }
      });
      server.once("error", (error: NodeJS.ErrnoException) => {
        // Somebody listens on all interfaces: then it is the platform itself.
        if (error.code === "EADDRINUSE") resolve(undefined);
        else reject(error);
      });
      server.listen(port, address, () => resolve(server));
      server.unref();
    });
  }
}
