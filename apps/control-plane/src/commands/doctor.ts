import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { promisify } from "node:util";
import { print, type RemoteFlags } from "./remote.ts";

/** One thing that was looked at. */
interface Finding {
  what: string;
  ok: boolean;
  found: string;
  /** What mends it, or what follows from it. */
  mend?: string;
}

const execute = promisify(execFile);

/** `cumulet doctor`: what usually goes wrong on a machine, and the mend. Changes nothing. */
export async function doctor(flags: RemoteFlags): Promise<void> {
  const findings = await Promise.all([node(), running(flags.url), localName(), bucketName(), docker(), program("aws", ["--version"], "the AWS CLI", "Install it from https://aws.amazon.com/cli/, or use an SDK."), program("python3", ["--version"], "Python for functions", "Python functions need it, or a Docker engine."), environment(flags.url)]);
  print(flags, findings, (all) => all.map(({ what, ok, found, mend }) => `${ok ? "ok  " : "look"}  ${what}: ${found}${ok || mend === undefined ? "" : `\n      ${mend}`}`).join("\n"));
}

async function node(): Promise<Finding> {
  return { what: "Node.js", ok: true, found: process.versions.node };
}

async function running(url: string): Promise<Finding> {
  try {
    const { version } = (await (await fetch(new URL("/_cumulet/info", url))).json()) as { version: string };
    return { what: "the cloud", ok: true, found: `version ${version} at ${url}` };
  } catch {
    const { hostname, port } = new URL(url);
    const taken = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port || 80), hostname, () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    return taken
      ? { what: "the cloud", ok: false, found: `something else answers at ${url}`, mend: "Stop that program, or start the cloud on another port: npm start -- --port 4567" }
      : { what: "the cloud", ok: false, found: `nothing serves at ${url}`, mend: "Start it: npm start" };
  }
}

async function localName(): Promise<Finding> {
  const addresses = await lookup("localhost", { all: true }).catch(() => []);
  const good = addresses.some(({ address }) => address === "127.0.0.1" || address === "::1");
  return { what: "localhost", ok: good, found: addresses.map(({ address }) => address).join(", ") || "does not resolve", mend: "Add `127.0.0.1 localhost` to the hosts file." };
}

async function bucketName(): Promise<Finding> {
  const good = await lookup("bucket.s3.localhost").then(() => true, () => false);
  return {
    what: "names below localhost", ok: good, found: good ? "resolve" : "do not resolve in this Node.js (browsers and curl resolve them by themselves)",
    mend: "Use path addresses (forcePathStyle: true for S3), or names below localhost.localstack.cloud where there is a network.",
  };
}

async function docker(): Promise<Finding> {
  const socket = process.env.DOCKER_HOST ?? "/var/run/docker.sock";
  if (!socket.includes("://") && !existsSync(socket)) return { what: "Docker", ok: true, found: "no engine: functions run in processes" };
  try {
    const { stdout } = await execute("docker", ["version", "--format", "{{.Server.Version}}"], { timeout: 5000 });
    return { what: "Docker", ok: true, found: `engine ${stdout.trim()}` };
  } catch {
    return { what: "Docker", ok: false, found: `${socket} is there, but no engine answers this user`, mend: "Start the engine, or add this user to the group docker. Without it functions run in processes." };
  }
}

async function program(name: string, args: string[], what: string, mend: string): Promise<Finding> {
  try {
    const { stdout, stderr } = await execute(name, args, { timeout: 10_000 });
    return { what, ok: true, found: (stdout || stderr).trim().split("\n")[0]! };
  } catch {
    return { what, ok: false, found: "not on this machine", mend };
  }
}

async function environment(url: string): Promise<Finding> {
  const { AWS_ENDPOINT_URL: endpoint, AWS_PROFILE: profile, AWS_ACCESS_KEY_ID: key } = process.env;
  const here = new URL(url).port;
  if (endpoint === undefined || !URL.canParse(endpoint)) return { what: "this shell", ok: false, found: "AWS_ENDPOINT_URL is not set to an address: AWS clients would talk to AWS", mend: 'eval "$(npx cumulet env)"' };
  if (profile !== undefined && profile !== "") return { what: "this shell", ok: false, found: `AWS_PROFILE=${profile} may win over the endpoint`, mend: 'eval "$(npx cumulet env)"' };
  if (new URL(endpoint).port !== here) return { what: "this shell", ok: false, found: `AWS_ENDPOINT_URL=${endpoint} is another port than ${url}`, mend: `eval "$(npx cumulet env --url ${url})"` };
  if (key !== undefined && /^A[KS]IA/.test(key)) return { what: "this shell", ok: false, found: "AWS_ACCESS_KEY_ID looks like a real account's", mend: 'eval "$(npx cumulet env)"' };
  return { what: "this shell", ok: true, found: `AWS clients talk to ${endpoint}` };
}
