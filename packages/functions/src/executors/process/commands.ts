import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { SandboxStartError, type SandboxSpec } from "../executor.ts";
import type { Interpreters } from "./interpreters.ts";

/** Our own runtimes' files. */
const RUNTIMES = join(import.meta.dirname, "..", "..", "runtimes");

/** Share of the memory that V8 may use for its heap, as in Lambda's own Node.js runtimes. */
const HEAP_SHARE = 0.9;

/** The command line that is a function's runtime on this machine. */
export async function runtimeCommand(spec: SandboxSpec, interpreters: Interpreters, inspectorPort: number | undefined): Promise<string[]> {
  const runtime = spec.runtime ?? "";
  const task = spec.task ?? "";
  if (runtime.startsWith("provided") || runtime === "go1.x") return [bootstrapOf(spec)];
  const interpreter = await interpreters.find(runtime);
  if (interpreter === undefined) throw new SandboxStartError("Runtime.InvalidEntrypoint", `No interpreter for ${runtime} on this machine`);
  if (runtime.startsWith("nodejs")) {
    const debug = inspectorPort === undefined ? [] : [`--inspect=127.0.0.1:${inspectorPort}`];
    return [interpreter.path, `--max-old-space-size=${Math.floor(spec.memoryMb * HEAP_SHARE)}`, ...debug, join(RUNTIMES, "nodejs", "bootstrap.cjs")];
  }
  if (runtime.startsWith("python")) return [interpreter.path, join(RUNTIMES, "python", "bootstrap.py")];
  if (runtime.startsWith("ruby")) return [interpreter.path, join(RUNTIMES, "ruby", "bootstrap.rb")];
  const libraries = [task, join(task, "lib", "*"), ...(spec.opt === undefined ? [] : [join(spec.opt, "java", "lib", "*")])];
  return [interpreter.path, `-Xmx${Math.floor(spec.memoryMb * HEAP_SHARE)}m`, "-cp", libraries.join(":"), "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", spec.handler];
}

/** The `bootstrap` of an OS-only runtime: the function's own, else a layer's. */
function bootstrapOf(spec: SandboxSpec): string {
  for (const folder of [spec.task, spec.opt]) {
    if (folder === undefined) continue;
    const path = join(folder, "bootstrap");
    if (!existsSync(path)) continue;
    if ((statSync(path).mode & 0o111) === 0) throw new SandboxStartError("Runtime.InvalidEntrypoint", `fork/exec ${spec.task === folder ? "/var/task" : "/opt"}/bootstrap: permission denied`);
    return path;
  }
  throw new SandboxStartError("Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
}

/** Variables that are paths: on this machine, folders of this machine. */
export function pathVariables(spec: SandboxSpec, home: string, temporary: string): Record<string, string> {
  const task = spec.task ?? "";
  const opt = spec.opt ?? "/opt";
  const runtime = spec.runtime ?? "";
  const variables: Record<string, string> = {
    LAMBDA_TASK_ROOT: task,
    LAMBDA_RUNTIME_DIR: join(RUNTIMES, runtime.startsWith("python") ? "python" : "nodejs"),
    PATH: `${join(process.execPath, "..")}:/usr/local/bin:/usr/bin:/bin:${opt}/bin`,
    LD_LIBRARY_PATH: `${task}:${task}/lib:${opt}/lib`,
    PWD: task,
    // Lambda has no HOME; without one, libraries would read the account of whoever runs the platform.
    HOME: home,
    TMPDIR: temporary,
  };
  if (runtime.startsWith("python")) {
    // Compiled modules are kept between starts, but not next to the code, which nobody may change. Of code that does
    // change they are not: Python would not see an edit that came within a second and left the size as it was.
    variables["PYTHONPYCACHEPREFIX"] = spec.editable === undefined ? join(home, "..", "..", "pycache") : join(home, "pycache");
    if (spec.opt !== undefined) variables["CUMULET_OPT"] = spec.opt;
  }
  if (runtime.startsWith("nodejs")) {
    const major = /^nodejs(\d+)/.exec(runtime)?.[1] ?? "";
    variables["NODE_PATH"] = `${opt}/nodejs/node${major}/node_modules:${opt}/nodejs/node_modules:${task}`;
  }
  return variables;
}
