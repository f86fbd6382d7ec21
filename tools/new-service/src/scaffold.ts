import type { ServiceId, ServiceModel } from "@cumulet/protocol";
import { type Example, findExample } from "./example.ts";

/** What the templates speak of. */
interface Names {
  /** Package folder: `queues`. */
  folder: string;
  model: ServiceModel;
  example: Example | undefined;
}

/**
 * A new service package, complete: path within the package to text. Its example is a listing operation with pages, taken from the model;
 * where the model has none that can be written without knowing the service, the table of operations starts empty.
 */
export function scaffold(folder: string, model: ServiceModel): Map<string, string> {
  const names: Names = { folder, model, example: findExample(model) };
  const files = new Map([
    ["package.json", manifest(names)],
    ["README.md", readme(names)],
    ["src/index.ts", index(names)],
    ["src/store.ts", store(names)],
    ["test/store.test.ts", storeTest(names)],
  ]);
  if (names.example !== undefined) {
    files.set(`src/operations/${names.example.operation}.ts`, operation(names, names.example));
    files.set(`test/operations/${names.example.operation}.test.ts`, operationTest(names, names.example));
  }
  return files;
}

const typesOf = (id: string) => `@cumulet/protocol/models/${id}.d.ts`;
const functionName = (operation: string) => operation.charAt(0).toLowerCase() + operation.slice(1);
/** What the store keeps: the listed element, or any JSON where there is no example. */
const itemOf = ({ example }: Names) => example?.element ?? "unknown";
const importItem = (names: Names) => (["string", "unknown"].includes(itemOf(names)) ? "" : `import type { ${itemOf(names)} } from "${typesOf(names.model.id)}";\n`);

const manifest = ({ folder, model }: Names) => `{
  "name": "@cumulet/${folder}",
  "version": "0.1.0",
  "private": true,
  "type": "module",
  "description": "${model.metadata.serviceFullName}.",
  "exports": {
    ".": "./src/index.ts"
  },
  "scripts": {
    "test": "vitest run"
  },
  "dependencies": {
    "@cumulet/core": "workspace:*",
    "@cumulet/protocol": "workspace:*"
  }
}
`;

const readme = ({ folder, model }: Names) => `# ${model.metadata.serviceFullName}

\`packages/${folder}\` answers for the model \`${model.id}\`.

## Faithful

What behaves as AWS does, and where that was seen.

## Different on purpose

What does not, and why.

## Operations

<!-- coverage:begin -->
<!-- coverage:end -->
`;

const index = ({ folder, model, example }: Names) => `import { defineService } from "@cumulet/core";
${example === undefined ? "" : `import { ${functionName(example.operation)} } from "./operations/${example.operation}.ts";\n`}import { store } from "./store.ts";

/** ${model.metadata.serviceFullName}. */
export const ${identifier(folder)} = defineService({
  model: "${model.id as ServiceId}",
  store,
  operations: {${example === undefined ? "" : `\n    ${example.operation}: ${functionName(example.operation)},\n  `}},
});

export const services = [${identifier(folder)}] as const;
`;

const store = (names: Names) => `import { defineStore } from "@cumulet/core";
import type { StoreScope } from "@cumulet/core";
${importItem(names)}
const MIGRATIONS = [
  \`CREATE TABLE items (
    name TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
  ) STRICT, WITHOUT ROWID\`,
];

/** A page of items in order of their names; \`next\` is the name to go on after, when there is more. */
export interface Page {
  items: ${itemOf(names)}[];
  next: string | undefined;
}

/** ${names.model.metadata.serviceFullName} of one account and region. The only place with SQL. */
export class Store {
  readonly #put;
  readonly #page;

  constructor({ db }: StoreScope) {
    this.#put = db.prepare<unknown, [name: string, document: string]>(
      "INSERT INTO items (name, document) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET document = excluded.document",
    );
    this.#page = db.prepare<{ name: string; document: string }, [after: string, limit: number]>(
      "SELECT name, document FROM items WHERE name > ? ORDER BY name LIMIT ?",
    );
  }

  /** Creates or replaces an item. */
  put(name: string, item: ${itemOf(names)}): void {
    this.#put.run(name, JSON.stringify(item));
  }

  /** At most \`limit\` items whose names come after \`after\` (empty for the beginning). */
  page(after: string, limit: number): Page {
    const rows = this.#page.all(after, limit + 1);
    const shown = rows.slice(0, limit);
    return {
      items: shown.map(({ document }) => JSON.parse(document) as ${itemOf(names)}),
      next: rows.length > limit ? shown.at(-1)?.name : undefined,
    };
  }
}

export const store = defineStore({
  name: "${names.folder}",
  scope: "regional",
  migrations: MIGRATIONS,
  open: (scope) => new Store(scope),
});
`;

const operation = ({ model }: Names, example: Example) => `${example.others.length === 0 ? "" : `import { AwsError } from "@cumulet/protocol";\n`}import type { Handler } from "@cumulet/core";
import type { ${example.input}, ${example.output} } from "${typesOf(model.id)}";
import type { Store } from "../store.ts";

/** Items on a page${example.limit === undefined ? "" : ` unless ${example.limit} says less`}. */
const PAGE = 100;

/** \`${example.operation}\`: everything there is, in order of name. */
export const ${functionName(example.operation)}: Handler<${example.input}, ${example.output}, Store> = (ctx, input) => {
${example.others.map((member) => `  if (input.${member} !== undefined) throw new AwsError("NotImplemented", "${example.operation} does not take ${member} yet.", { status: 501 });\n`).join("")}  const { items, next } = ctx.store.page(input.${example.token.input} ?? "", ${example.limit === undefined ? "PAGE" : `Math.min(input.${example.limit} ?? PAGE, PAGE)`});
  return { ${example.items}: items, ${example.token.output}: next };
};
`;

const storeTest = (names: Names) => `import { testContext } from "@cumulet/core/testing";
import { expect, test } from "vitest";
import { ${identifier(names.folder)} } from "../src/index.ts";

test("items come in order of their names, page by page", async () => {
  await using context = await testContext(${identifier(names.folder)});
  const { store } = context;
  for (const name of ["b", "a", "c"]) store.put(name, ${sample(names)});
  const first = store.page("", 2);
  expect(first).toEqual({ items: [${sample(names)}, ${sample(names)}], next: "b" });
  expect(store.page("b", 2)).toEqual({ items: [${sample(names)}], next: undefined });
});
`;

const operationTest = (names: Names, example: Example) => `import { testContext } from "@cumulet/core/testing";
import { expect, test } from "vitest";
import { ${identifier(names.folder)} } from "../../src/index.ts";
import { ${functionName(example.operation)} } from "../../src/operations/${example.operation}.ts";

test("${example.operation} shows what is there", async () => {
  await using context = await testContext(${identifier(names.folder)});
  expect(${functionName(example.operation)}(context, {})).toEqual({ ${example.items}: [] });
  context.store.put("a", ${sample(names)});
  expect(await context.call${property(names.model.id)}.${example.operation}({})).toEqual({ ${example.items}: [${sample(names)}] });
});
`;

/** An item for tests: an element of which every member is optional, or a text. */
const sample = (names: Names) => (itemOf(names) === "string" ? '"x"' : "{}");
/** How a service is named behind `ctx.call`. */
const property = (id: string) => (/^[a-z0-9]+$/.test(id) ? `.${id}` : `["${id}"]`);
/** `key-values` to `keyValues`. */
const identifier = (folder: string) => folder.replace(/-(.)/g, (_dash, letter: string) => letter.toUpperCase());
