import { statSync, watch, type FSWatcher } from "node:fs";
import { isAbsolute } from "node:path";
import type { Clock, Log } from "@cumulet/core";
import { invalidParameter } from "../domain/errors.ts";

/** The bucket that means a folder of this machine: its key is the absolute path. */
export const HOT_RELOAD_BUCKET = "hot-reload";

/** Editors write a file in several steps; new environments wait until it is quiet. */
const QUIET_MS = 20;

/** Throws AWS's error for what is no folder. */
export function checkFolder(path: string): string {
  if (!isAbsolute(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw invalidParameter(`Hot reload needs the absolute path of a folder as S3Key; ${path} is none.`);
  }
  return path;
}

interface Watched {
  version: number;
  watcher: FSWatcher | undefined;
  timer: Disposable | undefined;
  users: Map<string, () => void>;
}

/** Folders whose code runs as it stands. Every change gives a folder a new version, and its functions new environments. */
export class HotFolders {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #folders = new Map<string, Watched>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * The version of a folder's content, as part of an environment's generation. From the first call on it is watched,
   * and `changed` runs after each change, once for every `user`.
   */
  version(path: string, user: string, changed: () => void): number {
    let folder = this.#folders.get(path);
    if (folder === undefined) {
      folder = { version: 1, watcher: undefined, timer: undefined, users: new Map() };
      this.#folders.set(path, folder);
      this.#watch(path, folder);
    }
    folder.users.set(user, changed);
    return folder.version;
  }

  /** The version last given out. */
  current(path: string): number {
    return this.#folders.get(path)?.version ?? 0;
  }

  close(): void {
    for (const { watcher, timer } of this.#folders.values()) {
      watcher?.close();
      timer?.[Symbol.dispose]();
    }
    this.#folders.clear();
  }

  #watch(path: string, folder: Watched): void {
    try {
      folder.watcher = watch(path, { recursive: true, persistent: false }, (_event, name) => {
        if (name !== null && /(^|[\\/])(\.git|__pycache__)([\\/]|$)/.test(name)) return;
        folder.version += 1;
        folder.timer ??= this.#clock.schedule(QUIET_MS, () => {
          folder.timer = undefined;
          for (const changed of folder.users.values()) changed();
        });
      });
      folder.watcher.on("error", (error) => this.#log.warn("A hot folder is not watched any more", { path, error: String(error) }));
    } catch (error) {
      this.#log.warn("A hot folder cannot be watched; update the function to load its code again", { path, error: String(error) });
    }
  }
}
