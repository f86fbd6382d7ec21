import type { SandboxSpec } from "../executors/executor.ts";

/** All that an execution environment needs to know of the function version that it runs. */
export interface EnvironmentSpec extends Omit<SandboxSpec, "id" | "runtimeApiPort"> {
  account: string;
  region: string;
  /** `$LATEST` or a number. */
  version: string;
  timeoutMs: number;
  initializationType: "on-demand" | "provisioned-concurrency";
  runtimeVersionArn: string;
  logFormat: "Text" | "JSON";
  systemLogLevel: "DEBUG" | "INFO" | "WARN";
  /** X-Ray is active: reports name their trace. */
  tracing: boolean;
  /** Port of this machine on which a debugger may attach; such an environment is not frozen. */
  debugPort: number | undefined;
}
