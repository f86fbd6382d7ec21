/** Handlers in TypeScript: bundled when they are run from a folder, with source maps that lead back to it. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const EXTENSIONS = [".ts", ".mts", ".cts", ".tsx"];
/** What makes CommonJS dependencies work in a bundle that is an ES module. */
const BANNER = 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';
/** An environment that still runs the version before may read its files late. */
const VERSIONS_KEPT = 2;

/** The TypeScript file behind a handler, unless there is a JavaScript file that Lambda would load. */
export function typescriptHandler(folder: string, handler: string): string | undefined {
  const module = join(folder, dirname(handler), basename(handler).split(".")[0]!);
  if ([".js", ".mjs", ".cjs"].some((extension) => existsSync(module + extension))) return undefined;
  return EXTENSIONS.map((extension) => module + extension).find((file) => existsSync(file));
}

/** Bundles of folders' handlers, one folder for each version of each. */
export class Bundles {
  readonly #root: string;
  readonly #built = new Map<string, { version: number; folder: Promise<string> }>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * The folder that holds the bundle of a handler, under the handler's own name, and links to everything else of its
   * folder, so that files it reads are where they were. Of code that does not compile, the bundle is what esbuild says about it, thrown.
   */
  of(folder: string, handler: string, source: string, version: number): Promise<string> {
    const name = createHash("sha256").update(`${folder}\0${handler}`).digest("hex").slice(0, 32);
    const built = this.#built.get(name);
    if (built?.version === version) return built.folder;
    const target = join(this.#root, name, String(version));
    const work = bundle(folder, handler, source, target).then(() => target);
    this.#built.set(name, { version, folder: work });
    work.catch(() => {
      // It is tried again: what was missing may be outside the folder that is watched.
      if (this.#built.get(name)?.folder === work) this.#built.delete(name);
    });
    void this.#sweep(join(this.#root, name), version).catch(() => {});
    return work;
  }

  async #sweep(folder: string, version: number): Promise<void> {
    for (const name of await readdir(folder)) {
      if (Number(name) > version || Number(name) <= version - VERSIONS_KEPT) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

async function bundle(folder: string, handler: string, source: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  const output = join(target, dirname(handler), `${basename(handler).split(".")[0]!}.mjs`);
  await mkdir(dirname(output), { recursive: true });
  const { build } = await import("esbuild");
  try {
    await build({
      entryPoints: [source], outfile: output, bundle: true, platform: "node", format: "esm", target: `node${process.versions.node}`, sourcemap: "inline", sourcesContent: false,
      absWorkingDir: folder, banner: { js: BANNER }, logLevel: "silent",
    });
  } catch (error) {
    const [first] = (error as { errors?: { text: string; location?: { file: string; line: number } | null }[] }).errors ?? [];
    const where = first?.location ? `${first.location.file}:${first.location.line}: ` : "";
    // The function fails as one does whose JavaScript does not compile, in its own log too.
    await writeFile(output, `throw new SyntaxError(${JSON.stringify(first === undefined ? String(error) : `${where}${first.text}`)});\n`);
  }
  for (const entry of await readdir(folder)) {
    const link = join(target, entry);
    if (!existsSync(link)) await symlink(join(folder, entry), link).catch(() => {});
  }
}
