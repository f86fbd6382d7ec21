import { builtinModules } from "node:module";
import type { Code, Package, SourceFile, Workspace } from "./workspace.ts";

/** A place that breaks a rule. */
export interface Finding {
  path: string;
  line?: number;
  problem: string;
}

/** A house rule: `advice` tells the person who broke it what to do instead. */
export interface Rule {
  name: string;
  advice: string;
  check(workspace: Workspace): Finding[];
}

/** Levels of the house: a package imports only from levels below its own. Service packages (2) are not listed one by one. */
function levelOf(folder: string): number {
  if (folder === "packages/protocol") return 0;
  if (folder === "packages/core") return 1;
  if (folder === "packages/platform") return 3;
  if (folder.startsWith("packages/")) return 2;
  if (folder.startsWith("apps/")) return 4;
  return 5;
}

const isSource = (file: SourceFile) => /\.(ts|tsx|mts|mjs|js)$/.test(file.path) && !file.path.endsWith(".d.ts");
/** `packages/<name>/src`: what the strict rules are about. Tests may look at the world. */
const inPackageSource = (file: SourceFile) => /^packages\/[^/]+\/src\//.test(file.path) && isSource(file);
const packageNameOf = (specifier: string) => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
const isRelative = (specifier: string) => /^\.{1,2}(\/|$)/.test(specifier);

const levels: Rule = {
  name: "a package imports only from lower levels, and service packages never one another",
  advice: "go through ctx.call (another service's operation) or ctx.emit (an event), or move the shared part down into core or protocol",
  check: ({ packages }) => {
    const byName = new Map(packages.map((one) => [one.name, one]));
    const tooHigh = (from: Package, name: string) => {
      const to = byName.get(name);
      return to !== undefined && to !== from && levelOf(from.folder) < 5 && levelOf(to.folder) >= levelOf(from.folder);
    };
    const dependsOn = ({ manifest }: Package) => Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    return packages.flatMap((from) => [
      ...dependsOn(from).filter((name) => tooHigh(from, name)).map((name) => ({ path: `${from.folder}/package.json`, problem: `depends on ${name}` })),
      ...from.files.filter(isSource).flatMap((file) =>
        file.imports.filter(({ specifier }) => tooHigh(from, packageNameOf(specifier))).map(({ specifier, line }) => ({ path: file.path, line, problem: `imports ${specifier}` }))),
    ]);
  },
};

const internals: Rule = {
  name: "no package reaches into another's internals",
  advice: "import the package by its name and through its `exports`; export there what is meant to be used",
  check: ({ packages }) => {
    const byName = new Map(packages.map((one) => [one.name, one]));
    return packages.flatMap((from) => from.files.filter(isSource).flatMap((file) => file.imports.flatMap(({ specifier, line }) => {
      if (isRelative(specifier)) {
        const target = new URL(specifier, `file:///${file.path}`).pathname.slice(1);
        const owner = packages.find(({ folder }) => folder === "" || target.startsWith(`${folder}/`));
        return owner === from ? [] : [{ path: file.path, line, problem: `imports ${specifier}, which belongs to ${owner?.name ?? "nobody"}` }];
      }
      const to = byName.get(packageNameOf(specifier));
      return to === undefined || isExported(to, specifier) ? [] : [{ path: file.path, line, problem: `imports ${specifier}, which ${to.name} does not export` }];
    })));
  },
};

function isExported({ name, manifest }: Package, specifier: string): boolean {
  const subpath = `.${specifier.slice(name.length)}`;
  return Object.keys(manifest.exports ?? {}).some((key) => key === subpath || (key.endsWith("/*") && subpath.startsWith(key.slice(0, -1))));
}

const declared: Rule = {
  name: "every import is a declared dependency",
  advice: 'add it to the dependencies of the package.json next to it, as "catalog:" (versions live in pnpm-workspace.yaml) or "workspace:*"',
  check: ({ packages }) => {
    const root = packages.find(({ folder }) => folder === "");
    return packages.flatMap((from) => {
      const known = new Set([from.name, ...[from, root].flatMap((one) => Object.keys({ ...one?.manifest.dependencies, ...one?.manifest.devDependencies }))]);
      return from.files.filter(isSource).flatMap((file) => file.imports
        .filter(({ specifier }) => !isRelative(specifier) && !specifier.startsWith("node:") && !known.has(packageNameOf(specifier)))
        .map(({ specifier, line }) => ({
          path: file.path, line, problem: builtinModules.includes(specifier) ? `imports ${specifier} without "node:"` : `imports ${specifier}, which ${from.folder}/package.json does not name`,
        })));
    });
  },
};

const catalog: Rule = {
  name: "versions are pinned once, in the catalog",
  advice: 'put the exact version into `catalog:` of pnpm-workspace.yaml and write "catalog:" (for packages of this workspace: "workspace:*")',
  check: ({ packages }) => packages
    // An example is what a reader copies: it stands alone, with versions of its own.
    .filter(({ folder }) => !folder.startsWith("examples/"))
    .flatMap(({ folder, manifest }) => Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
      .filter(([, version]) => version !== "catalog:" && version !== "workspace:*")
      .map(([name, version]) => ({ path: `${folder}/package.json`, problem: `asks for ${name} ${version}` }))),
};

/** Sequences of tokens that a service may not contain, with what to use instead. */
const BANNED: readonly { sequence: string[]; instead: string }[] = [
  { sequence: ["Date", ".", "now"], instead: "ctx.clock.now()" },
  { sequence: ["new", "Date", "(", ")"], instead: "ctx.clock.now(); new Date(milliseconds) is fine for formatting" },
  { sequence: ["Math", ".", "random"], instead: "ctx.ids.random()" },
  { sequence: ["randomUUID"], instead: "ctx.ids.uuid()" },
  { sequence: ["randomBytes"], instead: "ctx.ids.bytes()" },
  { sequence: ["getRandomValues"], instead: "ctx.ids.bytes()" },
  { sequence: ["setTimeout"], instead: "ctx.clock.schedule() or ctx.clock.sleep()" },
  { sequence: ["setInterval"], instead: "ctx.clock.schedule(), again from its callback" },
  { sequence: ["console", "."], instead: "ctx.log" },
];

const world: Rule = {
  name: "time, randomness and output come from the context",
  advice: "a service knows the world only through ctx, so that tests can move time and repeat ids",
  check: ({ files }) => files
    .filter((file) => inPackageSource(file) && !file.path.startsWith("packages/core/"))
    .flatMap((file) => BANNED.flatMap(({ sequence, instead }) =>
      occurrences(file.code, sequence).map(({ line }) => ({ path: file.path, line, problem: `${sequence.join("").replace(/^new/, "new ")}: use ${instead}` })))),
};

function occurrences(code: Code[], sequence: string[]): Code[] {
  return code.filter((token, at) => {
    if (!sequence.every((value, offset) => code[at + offset]?.value === value)) return false;
    // A member of that name (`ctx.ids.setTimeout`, `{ randomUUID: ... }`) is somebody's own.
    return code[at - 1]?.value !== "." || code[at - 2]?.value === "crypto" || code[at - 2]?.value === "globalThis";
  });
}

/** Upper-case keywords, as the house writes them; a statement in lower case still has to pass by `prepare`. */
const SQL = /^\s*(SELECT\s[\s\S]+\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|REPLACE\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|(CREATE|DROP|ALTER)\s+(UNIQUE\s+)?(VIRTUAL\s+)?(TABLE|INDEX|TRIGGER|VIEW)\s|PRAGMA\s|VACUUM\b)/;

const sql: Rule = {
  name: "SQL stands in store.ts (or store/) only",
  advice: "move the statement into the package's store and give it a name that says what it is for",
  check: ({ files }) => files
    .filter((file) => inPackageSource(file) && !/\/src\/(.+\/)?(store\.ts$|store\/|storage\/)/.test(file.path))
    .flatMap((file) => file.code
      .filter(({ type, value }, at, code) => (/String|Template/.test(type) && SQL.test(value.slice(1))) || (value === "prepare" && code[at - 1]?.value === "." && code[at + 1]?.value === "("))
      .map(({ line, value }) => ({ path: file.path, line, problem: `SQL: ${value.slice(0, 40)}` }))),
};

/** Libraries that have one place in the house; `src/` stands for the tests and benchmarks that mirror it too. */
const ONE_PLACE: Readonly<Record<string, string>> = {
  "better-sqlite3": "packages/core/src/storage/",
  dockerode: "packages/functions/",
  hono: "apps/control-plane/",
  "@hono/node-server": "apps/control-plane/",
};

const onePlace: Rule = {
  name: "some libraries have one place",
  advice: `use what that place exports: ${Object.entries(ONE_PLACE).map(([name, place]) => `${name} in ${place}`).join(", ")}`,
  check: ({ files }) => files.filter(isSource).flatMap((file) => file.imports
    .filter(({ specifier }) => {
      const place = ONE_PLACE[packageNameOf(specifier)];
      return place !== undefined && !file.path.replace(/\/(test|bench)\//, "/src/").startsWith(place);
    })
    .map(({ specifier, line }) => ({ path: file.path, line, problem: `imports ${specifier}` }))),
};

const readme: Rule = {
  name: "every package has a README.md",
  advice: "write one: what it is for, what it does not do, how to change it",
  check: ({ packages }) => packages
    // A package that exports nothing yet is a place kept free, and has nothing to tell.
    .filter(({ files }) => !files.some(({ path, text }) => path.endsWith("/src/index.ts") && text.trim() === "export {};"))
    .filter(({ folder, files }) => !files.some(({ path }) => path === (folder === "" ? "README.md" : `${folder}/README.md`)))
    .map(({ folder }) => ({ path: `${folder}/README.md`, problem: "is missing" })),
};

const size: Rule = {
  name: "no god file",
  advice: "past 400 lines a file should be able to say why; past 600 it is split along what it does",
  check: ({ files }) => files
    .filter((file) => isSource(file) && /\/src\//.test(file.path))
    .map((file) => ({ path: file.path, lines: file.text.split("\n").length }))
    .filter(({ lines }) => lines > 600)
    .map(({ path, lines }) => ({ path, problem: `has ${lines} lines` })),
};

/** Files that are full of other people's words. */
const FOREIGN = /^packages\/protocol\/models\//;

const machines: Rule = {
  name: "no path of somebody's machine",
  advice: "use a path relative to the file (import.meta.url), a temporary folder, or an environment variable",
  check: (workspace) => linesMatching(workspace, /(?:^|[\s"'`(=:,])((?:\/(?:work|root|home\/(?!node\b)\w+|Users\/\w+)|[A-Z]:\\Users\\\w+)[/\\][\w.])/),
};

const registries: Rule = {
  name: "no host of a package registry",
  advice: "leave it to the configuration of npm; a tracked host breaks whoever sits behind another one",
  check: (workspace) => linesMatching(workspace, /(\b(?:registry\.(?:npmjs\.org|yarnpkg\.com|npmmirror\.com)|npm\.pkg\.github\.com|files\.pythonhosted\.org|pypi\.org)\b|https?:\/\/[^\s/"']*(?:artifactory|nexus|verdaccio|jfrog)[^\s/"']*)/),
};

function linesMatching({ files }: Workspace, pattern: RegExp): Finding[] {
  return files
    .filter(({ path }) => !FOREIGN.test(path) && !path.startsWith("tools/tidy/"))
    .flatMap(({ path, text }) => text.split("\n").flatMap((line, at) => {
      const found = pattern.exec(line)?.[1];
      return found === undefined ? [] : [{ path, line: at + 1, problem: found }];
    }));
}

/** Every rule of the house. */
export const RULES: readonly Rule[] = [levels, internals, declared, catalog, world, sql, onePlace, readme, size, machines, registries];
