import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Counted, implemented } from "./render.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Implemented operations that no test mentions: neither by AWS's name (`PutItem`, `new PutItemCommand`), nor as the AWS CLI
 * (`put-item`) or boto3 (`put_item`) write it. A mention is no proof of a good test; its absence is proof of none.
 * @param folder the package that implements them; its own tests and the shared ones under `tests/` are read.
 */
export function untested(folder: string, services: readonly Counted[]): string[] {
  const texts = testTexts(`packages/${folder}/test`) + testTexts("tests");
  return services.flatMap((service) => implemented(service).filter((name) => !mentions(texts, name)).map((name) => `${service.model} ${name}`));
}

/** Whether a text names the operation, in the spelling of AWS, of an SDK command, of the AWS CLI or of boto3. */
export function mentions(texts: string, operation: string): boolean {
  const words = operation.replace(/[a-z0-9](?=[A-Z])|[A-Z](?=[A-Z][a-z])/g, "$& ").toLowerCase();
  const spellings = [operation, operation.charAt(0).toLowerCase() + operation.slice(1), words.replaceAll(" ", "-"), words.replaceAll(" ", "_")];
  return new RegExp(`\\b(${spellings.join("|")})(Command)?\\b`).test(texts);
}

const cache = new Map<string, string>();

function testTexts(folder: string): string {
  let texts = cache.get(folder);
  if (texts === undefined) {
    const files = existsSync(`${ROOT}/${folder}`) ? globSync(`${folder}/**/*.{ts,mjs,py,sh,tf}`, { cwd: ROOT, exclude: (name) => name === "node_modules" }) : [];
    texts = files.map((file) => readFileSync(`${ROOT}/${file}`, "utf8")).join("\n");
    cache.set(folder, texts);
  }
  return texts;
}
