import { existsSync, readFileSync } from "node:fs";
import type { ServiceIndexEntry, ServiceModel } from "@cumulet/protocol";
import { type Botocore, readService } from "./botocore.ts";
import { compact, formatModel } from "./format.ts";
import { compileModel } from "./model.ts";
import { SERVICES } from "./services.ts";
import { formatTypes, formatTypesIndex, serviceTypeName } from "./types.ts";

/** `packages/protocol/models`, with a slash at its end. */
export const MODELS = new URL("../../../packages/protocol/models/", import.meta.url);

/** Everything that the compiler writes into `packages/protocol/models`: file name to text. Nothing is written here. */
export function generate(botocore: Botocore): Map<string, string> {
  const models = Object.entries(SERVICES).map(([id, folder]) => compileModel(id, readService(botocore, folder), readPatch(id), botocore.version));
  const files = new Map<string, string>();
  for (const model of models) {
    files.set(`${model.id}.json`, formatModel(model));
    files.set(`${model.id}.d.ts`, formatTypes(model));
  }
  files.set("index.json", `{\n${models.map((model) => `${JSON.stringify(model.id)}:${compact(indexEntry(model))}`).join(",\n")}\n}\n`);
  files.set("index.d.ts", formatTypesIndex(models));
  files.set("NOTICE", notice(botocore));
  return files;
}

/** The hand-written patch of a service, or undefined when it needs none. */
export function readPatch(id: string): unknown {
  const file = new URL(`patches/${id}.json`, MODELS);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

function indexEntry(model: ServiceModel): ServiceIndexEntry {
  const roots = uriRoots(model);
  return {
    ...model.metadata, typeName: serviceTypeName(model), operations: Object.keys(model.operations).length,
    ...(roots.length > 0 ? { uriRoots: roots } : undefined),
  };
}

/** The static beginnings of a service's URIs: the first segment, and the second too where the first is a bare `v2`. */
export function uriRoots(model: Pick<ServiceModel, "operations">): string[] {
  const roots = new Set<string>();
  for (const { http } of Object.values(model.operations)) {
    const [first = "", second = ""] = http.requestUri.replace(/\?.*/, "").split("/").slice(1);
    if (first === "" || first.startsWith("{")) continue;
    roots.add(/^v\d{1,3}$/.test(first) ? `${first}/${second}` : first);
  }
  return [...roots].sort();
}

function notice(botocore: Botocore): string {
  return `The service models in this folder (*.json, and the types made of them) are compiled by tools/models from the data files of
botocore ${botocore.version}, which is licensed under the Apache License, Version 2.0
(http://www.apache.org/licenses/LICENSE-2.0):

    Botocore
    Copyright 2012-2022 Amazon.com, Inc. or its affiliates. All Rights Reserved.

Changed from the original: documentation and traits for clients only are left out, shapes that no operation uses are dropped,
regular expressions are rewritten for JavaScript, and the files in patches/ are merged on top.
`;
}
