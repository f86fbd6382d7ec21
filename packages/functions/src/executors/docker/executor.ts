import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import type { Clock, Ids, Log } from "@cumulet/core";
import { SandboxStartError, type Executor, type Sandbox, type SandboxOutput, type SandboxSpec } from "../executor.ts";
import { startToken } from "../process/proc.ts";
import { Images } from "./images.ts";
import { engineNetwork, PortForwarder, type EngineNetwork } from "./network.ts";
import { DockerSandbox } from "./sandbox.ts";
import { CodeVolumes } from "./volumes.ts";

/** Lambda gives a whole CPU for this much memory. */
const MEMORY_MB_A_CPU = 1769;
const NANO = 1e9;
/** Inside a container. */
const INSPECTOR_PORT = 9229;
const SOCKET = process.platform === "win32" ? "//./pipe/docker_engine" : "/var/run/docker.sock";

/** What a person may decide about containers. */
export interface DockerOptions {
  /** Images by runtime in place of AWS's. */
  images: Readonly<Record<string, string>>;
  /** Network that containers join. */
  network: string | undefined;
  /** Address under which containers reach this machine, where it cannot be found out. */
  address: string | undefined;
  /** Give CPUs by memory, as Lambda does; otherwise every function has at least one. */
  cpuByMemory: boolean;
}

/** Runs functions in containers: AWS's own base images, or images of the user's own. */
export class DockerExecutor implements Executor {
  readonly kind = "docker";
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #log: Log;
  readonly #options: DockerOptions;
  readonly #live = new Set<DockerSandbox>();
  readonly #forwarder = new PortForwarder();
  #engine: Promise<Engine | string> | undefined;

  constructor(clock: Clock, ids: Ids, log: Log, options: DockerOptions) {
    this.#clock = clock;
    this.#ids = ids;
    this.#log = log;
    this.#options = options;
  }

  async available(): Promise<true | string> {
    const engine = await this.#connect();
    return typeof engine === "string" ? engine : true;
  }

  async supports(spec: Pick<SandboxSpec, "runtime" | "architecture" | "image">): Promise<true | string> {
    const engine = await this.#connect();
    if (typeof engine === "string") return engine;
    const image = engine.images.nameFor(spec);
    return (await engine.images.present(image)) ? true : `The image ${image} is not on the Docker engine`;
  }

  /** `sha256:...` of a function's image; undefined when there is no engine or it does not have the image. */
  async imageDigest(uri: string): Promise<string | undefined> {
    const engine = await this.#connect();
    return typeof engine === "string" ? undefined : await engine.images.digest(uri);
  }

  async network(): Promise<{ listen: string }> {
    return { listen: (await this.#needed()).network.listen };
  }

  async describe(spec: Pick<SandboxSpec, "runtime" | "image">): Promise<string> {
    const { images } = await this.#needed();
    const name = images.nameFor(spec);
    return `${spec.runtime ?? "image"} (docker: ${name})`;
  }

  async start(spec: SandboxSpec, output: (message: SandboxOutput) => void, signal: AbortSignal): Promise<Sandbox> {
    const engine = await this.#needed();
    const image = engine.images.nameFor(spec);
    await engine.images.ensure(image);
    signal.throwIfAborted();
    const container = await this.#create(engine, spec, image);
    const sandbox = new DockerSandbox(engine.docker, container, spec, this.#clock, output, () => this.#live.delete(sandbox));
    this.#live.add(sandbox);
    try {
      await sandbox.start(await extensionsOf(spec));
      signal.throwIfAborted();
    } catch (error) {
      await sandbox.destroy();
      // The engine's sentence about an entry point that is not there or may not be run.
      if (error instanceof Error && /executable file not found|no such file or directory|permission denied/.test(error.message)) {
        throw new SandboxStartError("Runtime.InvalidEntrypoint", error.message.replace(/^.*?(exec:|starting container process)/s, "$1").trim());
      }
      throw error;
    }
    return sandbox;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#live].map((sandbox) => sandbox.destroy()));
    await this.#forwarder.close();
    const engine = await this.#engine;
    if (engine !== undefined && typeof engine !== "string") await engine.volumes.close();
  }

  async #create(engine: Engine, spec: SandboxSpec, image: string): Promise<Docker.Container> {
    const { host, network, extraHosts } = engine.network;
    const mounts: Docker.MountConfig = await Promise.all(([["/var/task", spec.task], ["/opt", spec.opt]] as const).filter(([, folder]) => folder !== undefined).map(async ([target, folder]) =>
      // A folder that is run as it stands must be seen as it stands; code that cannot change is copied once.
      spec.editable !== undefined && target === "/var/task"
        ? { Type: "bind" as const, Source: folder!, Target: target, ReadOnly: true }
        : { Type: "volume" as const, Source: await engine.volumes.holding(folder!, image), Target: target, ReadOnly: true }));
    if (spec.editable !== undefined && spec.editable !== spec.task) mounts.push({ Type: "bind", Source: spec.editable, Target: spec.editable, ReadOnly: true });
    const endpoint = await this.#platformFor(spec.platformEndpoint, engine.network);
    const environment: Record<string, string> = {
      ...spec.environment,
      AWS_LAMBDA_RUNTIME_API: `${host}:${spec.runtimeApiPort}`,
      AWS_ENDPOINT_URL: spec.environment["AWS_ENDPOINT_URL"] ?? endpoint,
    };
    // Our splitter takes frames from the pipe that lines go through; the base images' runtimes then keep messages whole.
    if (spec.image === undefined && spec.runtime?.startsWith("provided") !== true) environment["_LAMBDA_TELEMETRY_LOG_FD"] = "1";
    const debug = spec.inspected ? { [`${INSPECTOR_PORT}/tcp`]: [{ HostIp: "127.0.0.1", HostPort: "" }] } : {};
    if (spec.inspected) environment["NODE_OPTIONS"] = `${environment["NODE_OPTIONS"] ?? ""} --inspect=0.0.0.0:${INSPECTOR_PORT}`.trim();
    const memory = (spec.memoryMb + spec.storageMb) * 1_048_576;
    const cpus = spec.memoryMb / MEMORY_MB_A_CPU;
    return await engine.docker.createContainer({
      name: `cumulet-${spec.functionName.slice(0, 40)}-${spec.id}`,
      Image: image,
      ...command(spec),
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      Labels: { ...engine.labels, "cumulet.function": spec.functionArn },
      ...(spec.image?.workingDirectory === undefined ? {} : { WorkingDir: spec.image.workingDirectory }),
      ExposedPorts: Object.fromEntries(Object.keys(debug).map((port) => [port, {}])),
      HostConfig: {
        Mounts: mounts,
        ReadonlyRootfs: true,
        Tmpfs: { "/tmp": `rw,exec,nosuid,size=${spec.storageMb}m,mode=1777` },
        Memory: memory,
        MemorySwap: memory,
        NanoCpus: Math.round(Math.min(availableParallelism(), this.#options.cpuByMemory ? Math.max(0.02, cpus) : Math.max(1, cpus)) * NANO),
        // As the first process a runtime would be deaf to signals that kill it.
        Init: engine.init,
        PidsLimit: 1024,
        SecurityOpt: ["no-new-privileges"],
        ExtraHosts: extraHosts,
        PortBindings: debug,
        ...(network === undefined ? {} : { NetworkMode: network }),
      },
    });
  }

  /** The platform's endpoint as containers reach it: the same port, on an address that they can reach. */
  async #platformFor(endpoint: string, network: EngineNetwork): Promise<string> {
    const url = new URL(endpoint);
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    if (network.listen !== "127.0.0.1" && network.listen !== "0.0.0.0") await this.#forwarder.forward(network.listen, port);
    url.hostname = network.host;
    return url.origin;
  }

  async #needed(): Promise<Engine> {
    const engine = await this.#connect();
    if (typeof engine === "string") throw new SandboxStartError("Runtime.InvalidEntrypoint", engine);
    return engine;
  }

  #connect(): Promise<Engine | string> {
    this.#engine ??= this.#open();
    return this.#engine;
  }

  async #open(): Promise<Engine | string> {
    // The client is large and most platforms never need it; like it, we take the engine's address from the environment.
    if (process.env["DOCKER_HOST"] === undefined && !existsSync(SOCKET)) {
      this.#engine = undefined;
      return `No Docker engine: there is no ${SOCKET} and DOCKER_HOST is not set`;
    }
    const { default: Client } = await import("dockerode");
    const docker = new Client();
    try {
      await docker.ping();
    } catch (error) {
      this.#engine = undefined;
      return `No Docker engine answers: ${error instanceof Error ? error.message : String(error)}`;
    }
    const labels = { cumulet: "true", "cumulet.owner": `${process.pid}:${startToken(process.pid) ?? ""}`, "cumulet.run": this.#ids.uuid() };
    await reap(docker);
    const { InitBinary } = (await docker.info()) as { InitBinary?: string };
    return {
      docker, labels, init: InitBinary !== undefined && InitBinary !== "", network: await engineNetwork(docker, this.#options), images: new Images(docker, this.#log, this.#options.images), volumes: new CodeVolumes(docker, labels),
    };
  }
}

interface Engine {
  docker: Docker;
  labels: Record<string, string>;
  /** The engine can put a small init process in front. */
  init: boolean;
  network: EngineNetwork;
  images: Images;
  volumes: CodeVolumes;
}

/** Removes containers and volumes of platforms that are not alive any more. */
async function reap(docker: Docker): Promise<void> {
  const filters = { label: ["cumulet=true"] };
  const orphaned = (labels: Record<string, string> | null | undefined): boolean => {
    const [pid, token] = (labels?.["cumulet.owner"] ?? "").split(":", 2);
    return !pid || startToken(Number(pid)) !== token;
  };
  for (const { Id, Labels } of await docker.listContainers({ all: true, filters })) {
    if (orphaned(Labels)) await docker.getContainer(Id).remove({ force: true, v: true }).catch(() => {});
  }
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) as never });
  for (const { Name, Labels } of Volumes ?? []) {
    if (orphaned(Labels)) await docker.getVolume(Name).remove({ force: true }).catch(() => {});
  }
}

/** Entry point and command: the image's own for managed runtimes, the function's `bootstrap` for OS-only ones. */
function command(spec: SandboxSpec): { Entrypoint?: string[]; Cmd?: string[] } {
  if (spec.image !== undefined) {
    return { ...(spec.image.entryPoint === undefined ? {} : { Entrypoint: spec.image.entryPoint }), ...(spec.image.command === undefined ? {} : { Cmd: spec.image.command }) };
  }
  if (spec.runtime?.startsWith("provided") !== true) return { Cmd: [spec.handler] };
  for (const [target, folder] of [["/var/task", spec.task], ["/opt", spec.opt]] as const) {
    if (folder !== undefined && existsSync(join(folder, "bootstrap"))) return { Entrypoint: [`${target}/bootstrap`], Cmd: [] };
  }
  throw new SandboxStartError("Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
}

/** External extensions of a function's layers. */
async function extensionsOf(spec: SandboxSpec): Promise<string[]> {
  if (spec.opt === undefined) return [];
  const entries = await readdir(join(spec.opt, "extensions"), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => `/opt/extensions/${entry.name}`).sort();
}
