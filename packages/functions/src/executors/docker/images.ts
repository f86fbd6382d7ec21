/** Images of runtimes and of functions. */
import type Docker from "dockerode";
import type { Log } from "@cumulet/core";
import { SandboxStartError, type SandboxSpec } from "../executor.ts";

/** AWS's own base images. */
const REGISTRY = "public.ecr.aws/lambda";

/** The image that AWS publishes for a runtime: `public.ecr.aws/lambda/nodejs:22`. */
export function baseImage(runtime: string): string {
  const [, family, version] = /^([a-z]+)([\d.]*.*)$/.exec(runtime) ?? [];
  if (family === "nodejs") return `${REGISTRY}/nodejs:${version!.replace(/\.x$/, "")}`;
  // `provided.al2023` has its system where others have a version.
  return `${REGISTRY}/${family}:${version!.replace(/^\./, "")}`;
}

/** Finds images on the engine, and pulls those that are wanted and not there. */
export class Images {
  readonly #docker: Docker;
  readonly #log: Log;
  /** Images by runtime that a person has put in place of AWS's. */
  readonly #replaced: Readonly<Record<string, string>>;
  readonly #pulls = new Map<string, Promise<void>>();

  constructor(docker: Docker, log: Log, replaced: Readonly<Record<string, string>>) {
    this.#docker = docker;
    this.#log = log;
    this.#replaced = replaced;
  }

  /** The image that a function runs in. */
  nameFor(spec: Pick<SandboxSpec, "runtime" | "image">): string {
    if (spec.image !== undefined) return spec.image.uri;
    const runtime = spec.runtime ?? "";
    return this.#replaced[runtime] ?? baseImage(runtime);
  }

  async present(name: string): Promise<boolean> {
    return await this.#docker.getImage(name).inspect().then(() => true, () => false);
  }

  /** `sha256:...` of an image on the engine; undefined when it is not there. */
  async digest(name: string): Promise<string | undefined> {
    return await this.#docker.getImage(name).inspect().then(({ Id }) => Id, () => undefined);
  }

  /** Pulls an image that is not there. Throws a sentence that names the image and why it cannot be had. */
  async ensure(name: string): Promise<void> {
    if (await this.present(name)) return;
    let pull = this.#pulls.get(name);
    if (pull === undefined) {
      pull = this.#pull(name).finally(() => this.#pulls.delete(name));
      this.#pulls.set(name, pull);
    }
    await pull;
  }

  async #pull(name: string): Promise<void> {
    this.#log.info("Pulling a function's image", { image: name });
    try {
      const stream = await this.#docker.pull(name);
      await new Promise<void>((resolve, reject) => {
        let layers = 0;
        this.#docker.modem.followProgress(stream, (error: Error | null) => (error === null ? resolve() : reject(error)), (event: { status?: string }) => {
          if (event.status === "Pull complete") this.#log.info("Pulling a function's image", { image: name, layers: ++layers });
        });
      });
    } catch (error) {
      throw new SandboxStartError("Runtime.InvalidImage", `The image ${name} is not on the Docker engine and could not be pulled: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
