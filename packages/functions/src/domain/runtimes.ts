import { createHash } from "node:crypto";
import { invalidParameter } from "./errors.ts";

/** Runtimes with which functions can be created. */
const SUPPORTED = new Set([
  "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x",
  "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14",
  "java8.al2", "java11", "java17", "java21", "java25",
  "dotnet6", "dotnet8", "dotnet10",
  "ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0",
  "provided.al2", "provided.al2023",
  // Past their end of support, but functions are still made with them.
  "nodejs16.x", "python3.8",
]);

/** Throws AWS's error for a runtime that is no longer supported. */
export function checkRuntime(runtime: string): void {
  if (!SUPPORTED.has(runtime)) {
    throw invalidParameter(`The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`);
  }
}

/** Runtimes that start from a snapshot on request. */
export function hasSnapStart(runtime: string | undefined): boolean {
  return runtime !== undefined && /^(java(11|17|21|25)|python3\.1[2-9]|dotnet(8|10))$/.test(runtime);
}

/** The ARN that names the exact build of a runtime; ours is a stable hash of its name. */
export function runtimeVersionArn(partition: string, region: string, runtime: string): string {
  return `arn:${partition}:lambda:${region}::runtime:${createHash("sha256").update(runtime).digest("hex")}`;
}
