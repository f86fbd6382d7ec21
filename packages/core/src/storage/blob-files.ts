import * as fs from "node:fs";
import { copyFile, link, mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Ids } from "../ids.ts";
import type { StoreDefinition } from "../service.ts";
import type { Blobs } from "./blobs.ts";
import { StorageError, type Database } from "./database.ts";

/** Up to here a blob is gathered in memory and written, or read, at once: 4-8 times quicker than a stream. */
const smallSize = 128 * 1024;
const chunkSize = 1024 * 1024;
const idPattern = /^[0-9a-f]{32}$/;

/** Blobs as files `<folder>/<ab>/<id>`, each written once under its final name. */
export class BlobFiles implements Blobs {
  readonly folder: string;
  readonly #ids: Ids;
  readonly #trash: string;
  readonly #prefixes = new Set<string>();
  /** Ids made since `watch`; undefined when nobody watches. */
  #fresh: Set<string> | undefined;
  /** Deletes that wait for `resume`; undefined when deletes are done at once. */
  #held: string[] | undefined;

  constructor(folder: string, ids: Ids) {
    this.folder = folder;
    this.#ids = ids;
    this.#trash = `${folder}.gone`;
    fs.mkdirSync(folder, { recursive: true });
  }

  /** The same blobs as one store sees them: what it deletes goes after the commit of the row's removal. */
  of(database: Database, store: Pick<StoreDefinition<any>, "name" | "blobIds">): Blobs {
    return new StoreBlobs(this, database, store);
  }

  async write(source: Readable | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ id: string; size: number }> {
    if (Array.isArray(source)) {
      const chunks = source as Uint8Array[];
      const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
      if (size <= smallSize) return { id: this.#writeSmall(chunks), size };
    }
    const writer = new BlobWriter((chunks) => this.#writeSmall(chunks), () => this.#create());
    await pipeline(source instanceof Readable ? source : Readable.from(source, { objectMode: false }), writer);
    return { id: writer.id as string, size: writer.size };
  }

  read(id: string, range?: { start: number; end: number }): Readable {
    const path = this.path(id);
    let fd: number | undefined;
    try {
      fd = fs.openSync(path, "r");
      const last = fs.fstatSync(fd).size - 1;
      const start = range?.start ?? 0;
      const end = Math.min(range?.end ?? last, last);
      if (end < start) {
        fs.closeSync(fd);
        return Readable.from([]);
      }
      return fs.createReadStream(path, { fd, start, end, highWaterMark: Math.min(end - start + 1, chunkSize / 2) });
    } catch (error) {
      if (fd !== undefined) fs.closeSync(fd);
      throw fileError(error, path);
    }
  }

  async readAll(id: string): Promise<Buffer> {
    const path = this.path(id);
    let fd: number | undefined;
    try {
      fd = fs.openSync(path, "r");
      const size = fs.fstatSync(fd).size;
      if (size > smallSize) return await readFile(fd);
      const bytes = Buffer.allocUnsafeSlow(size);
      let read = 0;
      while (read < size) {
        const count = fs.readSync(fd, bytes, read, size - read, read);
        if (count === 0) break;
        read += count;
      }
      return read === size ? bytes : bytes.subarray(0, read);
    } catch (error) {
      throw fileError(error, path);
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
    }
  }

  path(id: string): string {
    // Ids come back from rows, but an id that a client could shape must still never name another file.
    if (!idPattern.test(id)) throw new StorageError("missing", `Not the id of a blob: ${JSON.stringify(id)}.`);
    return join(this.folder, id.slice(0, 2), id);
  }

  async size(id: string): Promise<number> {
    const path = this.path(id);
    try {
      return (await stat(path)).size;
    } catch (error) {
      throw fileError(error, path);
    }
  }

  async link(id: string): Promise<string> {
    const source = this.path(id);
    for (;;) {
      const { id: copy, path } = this.#next();
      try {
        await link(source, path);
        return copy;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EEXIST") continue;
        // A file system without hard links, or one link too many for it.
        if (code === "EMLINK" || code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS") return (await this.concat([id])).id;
        throw fileError(error, source);
      }
    }
  }

  async concat(ids: readonly string[]): Promise<{ id: string; size: number }> {
    const sources = ids.map((id) => this.path(id));
    const { id, path, fd } = this.#create();
    fs.closeSync(fd);
    try {
      const [first, ...rest] = sources;
      // Over the empty file that holds the name; a clone where the file system can, a copy inside the kernel elsewhere.
      if (first !== undefined) await copyFile(first, path, fs.constants.COPYFILE_FICLONE);
      for (const source of rest) {
        await pipeline(fs.createReadStream(source, { highWaterMark: chunkSize }), fs.createWriteStream(path, { flags: "a", highWaterMark: chunkSize }));
      }
      return { id, size: (await stat(path)).size };
    } catch (error) {
      await rm(path, { force: true });
      throw fileError(error, path);
    }
  }

  async delete(id: string): Promise<void> {
    if (this.#held !== undefined) {
      this.#held.push(id);
      return;
    }
    const path = this.path(id);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw fileError(error, path);
    }
  }

  /** Keeps all files until `resume`, whatever is deleted: a snapshot links to them meanwhile. */
  hold(): void {
    this.#held ??= [];
  }

  async resume(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const id of held) await this.delete(id);
  }

  /** Notes the ids of new blobs from now on, so that a sweep can tell them from orphans. */
  watch(): ReadonlySet<string> {
    return (this.#fresh ??= new Set());
  }

  unwatch(): void {
    this.#fresh = undefined;
  }

  /** Removes every blob: out of sight at once, from the disk when this resolves. */
  async clear(): Promise<void> {
    fs.mkdirSync(this.#trash, { recursive: true });
    fs.renameSync(this.folder, join(this.#trash, this.#ids.uuid()));
    this.#prefixes.clear();
    fs.mkdirSync(this.folder, { recursive: true });
    await this.clearRest();
  }

  /** Finishes what `clear` began, also in an earlier run. */
  async clearRest(): Promise<void> {
    await rm(this.#trash, { recursive: true, force: true });
  }

  /** Ids of all blobs, folder by folder. */
  async *all(): AsyncGenerator<string[]> {
    for (const prefix of await readdir(this.folder)) {
      yield (await readdir(join(this.folder, prefix))).filter((name) => idPattern.test(name));
    }
  }

  /** Makes a blob of an id that a snapshot knows, from the snapshot's file. */
  async adopt(id: string, file: string): Promise<void> {
    await linkFile(file, this.path(id));
  }

  #next(): { id: string; path: string } {
    const id = this.#ids.bytes(16).toString("hex");
    const prefix = id.slice(0, 2);
    if (!this.#prefixes.has(prefix)) {
      fs.mkdirSync(join(this.folder, prefix), { recursive: true });
      this.#prefixes.add(prefix);
    }
    this.#fresh?.add(id);
    return { id, path: join(this.folder, prefix, id) };
  }

  #create(): { id: string; path: string; fd: number } {
    for (;;) {
      const { id, path } = this.#next();
      try {
        return { id, path, fd: fs.openSync(path, "wx") };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError(error, path);
      }
    }
  }

  #writeSmall(chunks: readonly Uint8Array[]): string {
    const { id, path, fd } = this.#create();
    try {
      for (const chunk of chunks) {
        let written = 0;
        while (written < chunk.byteLength) written += fs.writeSync(fd, chunk, written);
      }
      fs.closeSync(fd);
      return id;
    } catch (error) {
      fs.closeSync(fd);
      fs.rmSync(path, { force: true });
      throw fileError(error, path);
    }
  }
}

/** Gathers a small body; from `smallSize` on writes to a file, as many waiting chunks at once as there are. */
class BlobWriter extends Writable {
  id: string | undefined;
  size = 0;
  readonly #writeSmall: (chunks: readonly Uint8Array[]) => string;
  readonly #create: () => { id: string; path: string; fd: number };
  #gathered: Uint8Array[] = [];
  #file: { path: string; fd: number } | undefined;
  #writing = false;
  #afterWrite: (() => void) | undefined;

  constructor(writeSmall: (chunks: readonly Uint8Array[]) => string, create: () => { id: string; path: string; fd: number }) {
    super({ highWaterMark: chunkSize, decodeStrings: true });
    this.#writeSmall = writeSmall;
    this.#create = create;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#accept([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.#accept(chunks.map(({ chunk }) => chunk), done);
  }

  override _final(done: (error?: Error) => void): void {
    try {
      if (this.#file === undefined) this.id = this.#writeSmall(this.#gathered);
      else fs.closeSync(this.#file.fd);
      this.#file = undefined;
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // A write still on its way must not find its descriptor closed, or worse, given to another file.
    if (this.#writing) {
      this.#afterWrite = () => this._destroy(error, done);
      return;
    }
    const file = this.#file;
    this.#file = undefined;
    this.#gathered = [];
    if (file !== undefined) {
      fs.closeSync(file.fd);
      fs.rmSync(file.path, { force: true });
    }
    done(error);
  }

  #accept(chunks: Uint8Array[], done: (error?: Error) => void): void {
    for (const chunk of chunks) this.size += chunk.byteLength;
    if (this.#file === undefined) {
      this.#gathered.push(...chunks);
      if (this.size <= smallSize) return done();
      chunks = this.#gathered;
      this.#gathered = [];
      try {
        const { id, path, fd } = this.#create();
        this.id = id;
        this.#file = { path, fd };
      } catch (error) {
        return done(error as Error);
      }
    }
    this.#writeAll(this.#file, chunks, done);
  }

  #writeAll(file: { path: string; fd: number }, chunks: Uint8Array[], done: (error?: Error) => void): void {
    this.#writing = true;
    fs.writev(file.fd, chunks, null, (error, written) => {
      this.#writing = false;
      if (this.#afterWrite !== undefined) return this.#afterWrite();
      if (error !== null) return done(fileError(error, file.path));
      // A nearly full disk, or a signal, may take only a part.
      const rest: Uint8Array[] = [];
      for (const chunk of chunks) {
        if (written < chunk.byteLength) rest.push(chunk.subarray(written));
        written = Math.max(0, written - chunk.byteLength);
      }
      if (rest.length === 0) done();
      else this.#writeAll(file, rest, done);
    });
  }
}

class StoreBlobs implements Blobs {
  readonly #files: BlobFiles;
  readonly #database: Database;
  readonly #store: Pick<StoreDefinition<any>, "name" | "blobIds">;

  constructor(files: BlobFiles, database: Database, store: Pick<StoreDefinition<any>, "name" | "blobIds">) {
    this.#files = files;
    this.#database = database;
    this.#store = store;
  }

  async write(source: Readable | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ id: string; size: number }> {
    if (this.#store.blobIds === undefined) throw new Error(`The store ${this.#store.name} writes blobs, so its definition must declare blobIds: a sweep would remove them.`);
    return this.#files.write(source);
  }
  read(id: string, range?: { start: number; end: number }): Readable {
    return this.#files.read(id, range);
  }
  readAll(id: string): Promise<Buffer> {
    return this.#files.readAll(id);
  }
  path(id: string): string {
    return this.#files.path(id);
  }
  size(id: string): Promise<number> {
    return this.#files.size(id);
  }
  link(id: string): Promise<string> {
    return this.#files.link(id);
  }
  concat(ids: readonly string[]): Promise<{ id: string; size: number }> {
    return this.#files.concat(ids);
  }
  async delete(id: string): Promise<void> {
    try {
      await this.#database.committed();
    } catch {
      return;
    }
    await this.#files.delete(id);
  }
}

/** A hard link, or a copy where there can be none; fine when the file is there already. */
export async function linkFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await link(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return;
    if (code === "ENOENT" || code === "ENOSPC") throw error;
    await copyFile(from, to, fs.constants.COPYFILE_FICLONE);
  }
}

function readFile(fd: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    fs.readFile(fd, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}

function fileError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return new StorageError("missing", `There is no blob ${path}.`, error);
  if (code === "ENOSPC" || code === "EDQUOT") return new StorageError("full", `No space left to write ${path}.`, error);
  return new StorageError("io", `Reading or writing ${path} failed: ${(error as Error).message}.`, error);
}
