import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** An installed botocore: where its data lies and which release it is. */
export interface Botocore {
  version: string;
  /** The package folder, which holds `data/`. */
  directory: string;
}

/** botocore's own JSON, before anything has been judged. */
export interface RawModel {
  metadata: Record<string, unknown>;
  operations: Record<string, Record<string, unknown>>;
  shapes: Record<string, Record<string, unknown>>;
}

/**
 * Finds botocore: `directory` when given (the package folder), else the one that `python3` on the PATH imports.
 * Returns undefined when there is none. Only its data files are read; Python runs nothing but the import.
 */
export function findBotocore(directory?: string): Botocore | undefined {
  const folder = directory ?? askPython();
  if (folder === undefined || !existsSync(join(folder, "data"))) return undefined;
  const version = /__version__ = ['"]([^'"]+)['"]/.exec(readFileSync(join(folder, "__init__.py"), "utf8"))?.[1];
  return version === undefined ? undefined : { version, directory: folder };
}

function askPython(): string | undefined {
  try {
    const script = "import botocore, os; print(os.path.dirname(botocore.__file__))";
    return execFileSync("python3", ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

/**
 * Reads the newest API version of a botocore service folder. `*.sdk-extras.json` is left out on purpose: it adapts a
 * model to Python (S3's `Expires` as a date, for one) and would hide what travels on the wire.
 */
export function readService(botocore: Botocore, folder: string): RawModel {
  const root = join(botocore.directory, "data", folder);
  const apiVersion = readdirSync(root).filter((name) => /^\d{4}-\d{2}-\d{2}$/.test(name)).sort().at(-1);
  if (apiVersion === undefined) throw new Error(`no API version in ${root}`);
  const file = join(root, apiVersion, "service-2.json");
  const text = existsSync(file) ? readFileSync(file, "utf8") : gunzipSync(readFileSync(`${file}.gz`)).toString("utf8");
  return JSON.parse(text) as RawModel;
}
