import { createHash } from "node:crypto";
import { link, lstat, mkdir, readdir, readlink, rename, rm, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Ids } from "@cumulet/core";
import { extractZip } from "./zip.ts";

/**
 * Unzipped code on disk, one folder for each SHA-256 of a zip, shared by all versions, functions and accounts that have
 * the same bytes. A folder appears under its name only when it is complete, so a crash leaves nothing half done.
 */
export class CodeFolders {
  readonly #root: string;
  readonly #ids: Ids;
  readonly #ready = new Map<string, Promise<string>>();

  /** `root` is created when it is first needed. */
  constructor(root: string, ids: Ids) {
    this.#root = root;
    this.#ids = ids;
  }

  /** The folder of a zip file, extracted on first use. `sha256` in hexadecimal. */
  code(sha256: string, zip: string): Promise<string> {
    return this.#once(`code-${sha256}`, (folder) => extractZip(zip, folder));
  }

  /**
   * What `/opt` holds for a list of layers: their files laid over one another in order, later ones winning.
   * Undefined without layers. Files are hard links to the layers' own folders.
   */
  async opt(layers: readonly { sha256: string; zip: string }[]): Promise<string | undefined> {
    if (layers.length === 0) return undefined;
    const folders = await Promise.all(layers.map((layer) => this.code(layer.sha256, layer.zip)));
    if (folders.length === 1) return folders[0];
    const key = createHash("sha256").update(layers.map((layer) => layer.sha256).join(":")).digest("hex");
    return this.#once(`opt-${key}`, async (target) => {
      for (const folder of folders) await overlay(folder, target);
    });
  }

  /** Forgets and removes the folders whose hash `keep` refuses; merged layer folders are rebuilt when needed. */
  async sweep(keep: (sha256: string) => boolean): Promise<void> {
    const names = await readdir(this.#root).catch(() => []);
    for (const name of names) {
      const [kind, hash] = name.split("-", 2);
      if (kind === "code" && hash !== undefined && keep(hash)) continue;
      this.#ready.delete(name);
      await rm(join(this.#root, name), { recursive: true, force: true });
    }
  }

  #once(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const known = this.#ready.get(name);
    if (known !== undefined) return known;
    const work = this.#build(name, fill);
    this.#ready.set(name, work);
    work.catch(() => this.#ready.delete(name));
    return work;
  }

  async #build(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const folder = join(this.#root, name);
    if (await readdir(folder).then(() => true, () => false)) return folder;
    const temporary = join(this.#root, `tmp-${this.#ids.uuid()}`);
    await mkdir(temporary, { recursive: true });
    try {
      await fill(temporary);
      await rename(temporary, folder);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    return folder;
  }
}

/** Lays `source` over `target`: folders merge, anything else replaces what is there. */
async function overlay(source: string, target: string): Promise<void> {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) {
      // `lstat`: an earlier layer's link to a folder is replaced, never followed.
      const there = await lstat(to).catch(() => undefined);
      if (there !== undefined && !there.isDirectory()) await unlink(to);
      await mkdir(to, { recursive: true });
      await overlay(from, to);
      continue;
    }
    await rm(to, { recursive: true, force: true });
    if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
    else await link(from, to);
  }
}
