/** Code and layers in volumes, one for each folder of code: filled once, then shared by all containers that run it. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type Docker from "dockerode";
import tar from "tar-fs";

export class CodeVolumes {
  readonly #docker: Docker;
  readonly #labels: Record<string, string>;
  readonly #ready = new Map<string, Promise<string>>();

  constructor(docker: Docker, labels: Record<string, string>) {
    this.#docker = docker;
    this.#labels = labels;
  }

  /** The volume that holds a folder's files. `image` is any image on the engine: nothing of it runs. */
  holding(folder: string, image: string): Promise<string> {
    let ready = this.#ready.get(folder);
    if (ready === undefined) {
      ready = this.#fill(folder, image);
      this.#ready.set(folder, ready);
      ready.catch(() => this.#ready.delete(folder));
    }
    return ready;
  }

  async close(): Promise<void> {
    for (const ready of this.#ready.values()) {
      const name = await ready.catch(() => undefined);
      if (name !== undefined) await this.#docker.getVolume(name).remove({ force: true }).catch(() => {});
    }
  }

  /** Through a container that is made but never started, so that it works wherever the engine is. */
  async #fill(folder: string, image: string): Promise<string> {
    const { ino, birthtimeMs } = await stat(folder);
    const name = `cumulet-code-${createHash("sha256").update(`${folder} ${ino} ${birthtimeMs}`).digest("hex").slice(0, 24)}`;
    await this.#docker.createVolume({ Name: name, Labels: this.#labels });
    const container = await this.#docker.createContainer({
      Image: image, Entrypoint: ["/none"], Cmd: [], Labels: { ...this.#labels, "cumulet.purpose": "fill" }, HostConfig: { Mounts: [{ Type: "volume", Source: name, Target: "/code" }] },
    });
    try {
      const archive = tar.pack(folder, { map: (header) => ({ ...header, name: `code/${header.name}`, uid: 0, gid: 0 }) });
      await container.putArchive(archive, { path: "/" });
    } catch (error) {
      throw new Error(`Code could not be copied to the Docker engine (${basename(folder)}): ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await container.remove({ force: true }).catch(() => {});
    }
    return name;
  }
}
