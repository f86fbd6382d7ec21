import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** An interpreter of this machine that runs functions of a runtime family. */
export interface Interpreter {
  /** Absolute path: no shim, no search at each start. */
  path: string;
  /** `3.12.4`. */
  version: string;
}

const PYTHON = "import sys;print(sys.executable);print('%d.%d.%d'%sys.version_info[:3])";
const RUBY = "require 'rbconfig';puts RbConfig.ruby;puts RUBY_VERSION";

/** Finds interpreters once for each runtime and remembers them: asking an interpreter costs a process. */
export class Interpreters {
  readonly #found = new Map<string, Promise<Interpreter | undefined>>();

  /** The machine's interpreter for a Lambda runtime (`python3.12`); the exact version when it is there, else the family's default. */
  find(runtime: string): Promise<Interpreter | undefined> {
    let found = this.#found.get(runtime);
    if (found === undefined) {
      found = this.#search(runtime);
      this.#found.set(runtime, found);
    }
    return found;
  }

  async #search(runtime: string): Promise<Interpreter | undefined> {
    if (runtime.startsWith("nodejs")) return { path: process.execPath, version: process.versions.node };
    if (runtime.startsWith("python")) return first([runtime, "python3", "python"], ["-c", PYTHON]);
    if (runtime.startsWith("ruby")) return first(["ruby"], ["-e", RUBY]);
    if (runtime.startsWith("java")) return java();
    return undefined;
  }
}

async function first(commands: string[], args: string[]): Promise<Interpreter | undefined> {
  for (const command of commands) {
    try {
      const [path, version] = (await run(command, args)).stdout.trim().split(/\r?\n/);
      if (path && version) return { path, version };
    } catch {
      // Not installed, or a shim without a version behind it: the next one may do.
    }
  }
  return undefined;
}

async function java(): Promise<Interpreter | undefined> {
  try {
    // `java -XshowSettings` prints its settings to the error stream.
    const { stderr } = await run("java", ["-XshowSettings:properties", "-version"]);
    const home = /java\.home = (.+)/.exec(stderr)?.[1]?.trim();
    const version = /java\.version = (.+)/.exec(stderr)?.[1]?.trim();
    return home && version ? { path: `${home}/bin/java`, version } : undefined;
  } catch {
    return undefined;
  }
}
