import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What a program printed and how it ended. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; never rejects for its exit code. */
export function run(program: string, args: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env: options.env, cwd: options.cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ code: error === null ? 0 : (error.code as unknown as number), stdout, stderr });
    });
    child.stdin?.end(options.input ?? "");
  });
}

/** `undefined` when the AWS CLI can be run, else why not. */
export const awsCliMissing: string | undefined =
  spawnSync("aws", ["--version"]).status === 0 ? undefined : "the AWS CLI is not on this machine";

/** `undefined` when boto3 can be used, else why not. */
export const boto3Missing: string | undefined =
  spawnSync("python3", ["-c", "import boto3"]).status === 0 ? undefined : "Python's boto3 is not on this machine";

/** Folder with an unpacked AWS provider for Terraform: an environment variable names it, or a usual place has it. */
export const terraformPlugins: string | undefined = [process.env.CUMULET_TEST_TERRAFORM_PLUGINS, "/opt/tf-plugins", "/usr/share/terraform/plugins"]
  .find((folder): folder is string => folder !== undefined && existsSync(join(folder, "registry.terraform.io", "hashicorp", "aws")) && readdirSync(join(folder, "registry.terraform.io", "hashicorp", "aws")).length > 0);

/** `undefined` when Terraform and the AWS provider can be used, else why not. */
export const terraformMissing: string | undefined =
  spawnSync("terraform", ["version"]).status !== 0 ? "Terraform is not on this machine" : terraformPlugins === undefined ? "Terraform's AWS provider is not in a local plugin folder (CUMULET_TEST_TERRAFORM_PLUGINS)" : undefined;
