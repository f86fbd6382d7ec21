import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";

/** When hooks run: before the port opens, when it is open, when all is ready, when the cloud stops. */
export type Stage = "boot" | "start" | "ready" | "shutdown";

/** What became of one script. */
export interface HookResult {
  stage: Stage;
  name: string;
  state: "SUCCESSFUL" | "ERROR";
  code: number | null;
}

/** Programs by extension; a script of another kind is left alone and said so. */
const RUNNERS: { [extension: string]: string[] } = {
  ".sh": ["sh"],
  ".py": ["python3"],
  ".js": [process.execPath],
  ".mjs": [process.execPath],
  ".ts": [process.execPath],
};

/** LocalStack's folder and ours; both are looked at. */
const FOLDERS = ["/etc/localstack/init", "/etc/cumulet/init"];

/**
 * Runs the scripts in `<folder>/<stage>.d`, in the order of their names, with an environment that points AWS clients at
 * the cloud. A script that fails is told, and the next one runs.
 */
export class InitHooks {
  readonly results: HookResult[] = [];
  readonly #folders: readonly string[];
  readonly #say: (line: string) => void;

  constructor(extraFolder: string | undefined, say: (line: string) => void) {
    this.#folders = extraFolder === undefined ? FOLDERS : [...FOLDERS, extraFolder];
    this.#say = say;
  }

  async run(stage: Stage, endpoint: string, region: string): Promise<void> {
    for (const folder of this.#folders) {
      const scripts = join(folder, `${stage}.d`);
      if (!existsSync(scripts)) continue;
      for (const name of readdirSync(scripts).sort()) await this.#script(stage, join(scripts, name), endpoint, region);
    }
  }

  async #script(stage: Stage, path: string, endpoint: string, region: string): Promise<void> {
    const runner = RUNNERS[extname(path)];
    if (runner === undefined) {
      this.#say(`Left alone: ${path} (hooks are ${Object.keys(RUNNERS).join(", ")})`);
      return;
    }
    this.#say(`Running ${path}`);
    const child = spawn(runner[0]!, [...runner.slice(1), path], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env, AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: region, AWS_DEFAULT_REGION: region, AWS_PROFILE: undefined,
      },
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => this.#say(chunk.toString().trimEnd()));
    const code = await Promise.race([
      once(child, "close").then(([status]) => status as number | null),
      once(child, "error").then(([error]) => {
        this.#say(`${path} could not be started: ${(error as Error).message}`);
        return null;
      }),
    ]);
    if (code !== 0) this.#say(`${path} ended with ${code}`);
    this.results.push({ stage, name: path, state: code === 0 ? "SUCCESSFUL" : "ERROR", code });
  }
}
