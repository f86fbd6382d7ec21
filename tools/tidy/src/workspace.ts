import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import jsTokens from "js-tokens";

/** A token that means something: no white space, no comment. */
export interface Code {
  type: string;
  value: string;
  /** From 1. */
  line: number;
}

/** A tracked text file. Its path is relative to the root, with slashes. */
export class SourceFile {
  readonly path: string;
  readonly text: string;
  #code: Code[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Its tokens, for JavaScript and TypeScript; so that a word in a comment or a string is not taken for code. */
  get code(): Code[] {
    this.#code ??= tokenize(this.text);
    return this.#code;
  }

  /** What it imports, statically, dynamically or by `export from`. */
  get imports(): { specifier: string; line: number }[] {
    const code = this.code;
    return code.flatMap(({ type, value, line }, at) => {
      if (type !== "StringLiteral") return [];
      const before = code[at - 1]?.value;
      const opens = before === "(" && (code[at - 2]?.value === "import" || code[at - 2]?.value === "require");
      return before === "from" || before === "import" || opens ? [{ specifier: value.slice(1, -1), line }] : [];
    });
  }
}

/** A workspace package: the folder of a tracked `package.json`. */
export interface Package {
  /** Folder relative to the root; empty for the root itself. */
  folder: string;
  name: string;
  manifest: {
    exports?: Record<string, string>;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  files: SourceFile[];
}

/** The whole tree as the rules see it. */
export interface Workspace {
  files: SourceFile[];
  packages: Package[];
}

/** A tree from texts by path. A file belongs to the deepest package that holds it. */
export function workspaceOf(texts: Iterable<readonly [path: string, text: string]>): Workspace {
  const files = [...texts].map(([path, text]) => new SourceFile(path, text));
  const packages = files
    .filter(({ path }) => /(^|\/)package\.json$/.test(path))
    .map(({ path, text }): Package => {
      const manifest = JSON.parse(text) as Package["manifest"] & { name?: string };
      return { folder: path.slice(0, -"/package.json".length), name: manifest.name ?? path, manifest, files: [] };
    })
    .sort((a, b) => b.folder.length - a.folder.length);
  for (const file of files) packages.find(({ folder }) => folder === "" || file.path.startsWith(`${folder}/`))?.files.push(file);
  return { files, packages };
}

const BINARY = /\.(png|jpe?g|gif|ico|webp|woff2?|zip|gz|wasm|pdf)$/;

/** What git tracks or would track under `root`: what is ignored is nobody's business. */
export function readWorkspace(root: string): Workspace {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  const paths = listed.split("\0").filter((path) => path !== "" && !BINARY.test(path) && existsSync(join(root, path)));
  return workspaceOf(paths.map((path) => [path, readFileSync(join(root, path), "utf8")] as const));
}

function tokenize(text: string): Code[] {
  const code: Code[] = [];
  let line = 1;
  for (const { type, value } of jsTokens(text)) {
    if (!/^(WhiteSpace|LineTerminatorSequence|SingleLineComment|MultiLineComment|HashbangComment)$/.test(type)) code.push({ type, value, line });
    line += value.split("\n").length - 1;
  }
  return code;
}
