import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What is remembered of a deployed example, so that a second start has nothing to do. */
interface Remembered {
  /** Of the example's own files: an edit deploys again. */
  digest: string;
  distributionId: string;
  domainName: string;
  apiId: string;
}

const FOLDER = fileURLToPath(new URL("../../../examples/guestbook/", import.meta.url));

/**
 * Deploys the example application through the public APIs of the cloud at `endpoint`, unless it is there already.
 * Returns lines that tell a newcomer where it is. A failure is told, not thrown: the cloud serves all the same.
 */
export async function deployExample(endpoint: string, region: string, dataFolder: string | undefined, say: (line: string) => void): Promise<string[]> {
  const digest = digestOf(FOLDER);
  const memory = dataFolder === undefined ? undefined : join(dataFolder, "example.json");
  let known = memory === undefined ? undefined : recall(memory);
  if (known === undefined || known.digest !== digest || !(await answers(`${endpoint}/_aws/cloudfront/${known.distributionId}/`))) {
    say("\nDeploying the example application (examples/guestbook) ...");
    try {
      const { distributionId, domainName, apiId } = await runDeploy(endpoint, region, say);
      known = { digest, distributionId, domainName, apiId };
      if (memory !== undefined) writeFileSync(memory, JSON.stringify(known, null, 2));
    } catch (error) {
      return [`The example could not be deployed: ${(error as Error).message}`, "Go on without it: npm start -- --no-example"];
    }
  }
  const { port } = new URL(endpoint);
  return [
    "",
    "A guestbook runs here: API Gateway -> Lambda -> DynamoDB, its page in S3 behind the CDN. Open it in a browser:",
    `  ${endpoint}/_aws/cloudfront/${known.distributionId}/`,
    `  http://${known.domainName}:${port}/     (in Chrome and Firefox; curl too)`,
    `Its API:  curl ${endpoint}/_aws/execute-api/${known.apiId}/$default/api/notes`,
  ];
}

/**
 * Runs the example's script as a program of its own: it is a client like any other, and the SDK it needs stays out of the
 * server's memory. Its last line is what it made, as JSON; lines before it are progress.
 */
async function runDeploy(endpoint: string, region: string, say: (line: string) => void): Promise<Omit<Remembered, "digest">> {
  const child = spawn(process.execPath, [join(FOLDER, "deploy.ts"), endpoint], { env: { ...process.env, AWS_REGION: region, AWS_PROFILE: undefined }, stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4000)));
  const exited = once(child, "exit") as Promise<[number | null]>;
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("{")) last = line;
    else say(line);
  }
  const [code] = await exited;
  if (code !== 0) throw new Error(complaint.trim() || `its script ended with ${code}`);
  return JSON.parse(last) as Omit<Remembered, "digest">;
}

function digestOf(folder: string): string {
  const hash = createHash("sha256");
  for (const file of globSync("{deploy.ts,function/*,site/*}", { cwd: folder }).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest("hex");
}

function recall(file: string): Remembered | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Remembered;
  } catch {
    return undefined; // never deployed, or somebody cleaned up
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: "manual" });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
