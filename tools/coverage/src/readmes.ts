import { existsSync, readFileSync } from "node:fs";
import { services } from "@cumulet/platform";
import { type Counted, renderOperations, renderTable, splice } from "./render.ts";

const ROOT = new URL("../../../", import.meta.url);

/** A README as it is and as it should be. */
export interface Readme {
  /** Relative to the root. */
  path: string;
  url: URL;
  current: string;
  /** Undefined when the text has no markers. */
  wanted: string | undefined;
}

/** README.md and one of every service package, as they are and as they should be. One that is missing altogether is tools/tidy's affair. */
export async function readmes(): Promise<Readme[]> {
  const counted = services as readonly Counted[];
  const packages = await servicePackages(counted);
  const left = counted.filter((service) => ![...packages.values()].flat().includes(service));
  if (left.length > 0) throw new Error(`no package exports the definition of ${left.map(({ model }) => model).join(", ")}: export it from src/index.ts`);
  return [
    readme("README.md", renderTable(counted)),
    ...[...packages].map(([folder, own]) => readme(`packages/${folder}/README.md`, renderOperations(own))),
  ].filter((one) => one !== undefined);
}

/** Service definitions by the package that exports them, asked of the packages that the platform is made of. */
export async function servicePackages(counted: readonly Counted[] = services as readonly Counted[]): Promise<Map<string, Counted[]>> {
  const manifest = JSON.parse(readFileSync(new URL("packages/platform/package.json", ROOT), "utf8")) as { dependencies: Record<string, string> };
  const found = new Map<string, Counted[]>();
  for (const name of Object.keys(manifest.dependencies).filter((one) => one.startsWith("@cumulet/")).sort()) {
    const folder = name.slice("@cumulet/".length);
    const exported = Object.values((await import(new URL(`packages/${folder}/src/index.ts`, ROOT).href)) as Record<string, unknown>).flat();
    const own = counted.filter((service) => exported.includes(service));
    if (own.length > 0) found.set(folder, own);
  }
  return found;
}

function readme(path: string, content: string): Readme | undefined {
  const url = new URL(path, ROOT);
  if (!existsSync(url)) return undefined;
  const current = readFileSync(url, "utf8");
  return { path, url, current, wanted: splice(current, content) };
}
