import { createHash } from "node:crypto";
import { CATALOG, type CatalogEntry } from "./managed-policy-catalog.ts";

/** One of the policies that AWS owns (`arn:aws:iam::aws:policy/...`) and every account may attach. */
export interface ManagedPolicy {
  name: string;
  path: string;
  id: string;
  description: string | undefined;
  version: string;
  createdMs: number;
  updatedMs: number;
  document: string;
  arn(partition: string): string;
}

/** When most of AWS's policies came to be, as ListPolicies tells. */
const CREATED_MS = Date.UTC(2015, 1, 6, 18, 40, 0);

let byPath: Map<string, ManagedPolicy> | undefined;

function load(): Map<string, ManagedPolicy> {
  return (byPath ??= new Map(CATALOG.map((entry) => [`/${entry.path}`, managed(entry)])));
}

/** By path and name: `/service-role/AWSLambdaBasicExecutionRole`. */
export function findManaged(pathAndName: string): ManagedPolicy | undefined {
  return load().get(pathAndName);
}

export function managedPolicies(): ManagedPolicy[] {
  return [...load().values()];
}

function managed({ path, description, statements, version = 1 }: CatalogEntry): ManagedPolicy {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  // As IAM prints them: indented by four.
  const document = JSON.stringify({ Version: "2012-10-17", Statement: statements }, undefined, 4);
  return {
    name,
    path: `/${path.slice(0, slash + 1)}`,
    id: idOf(path),
    description,
    version: `v${version}`,
    createdMs: CREATED_MS,
    updatedMs: CREATED_MS,
    document,
    arn: (partition) => `arn:${partition}:iam::aws:policy/${path}`,
  };
}

/** An id that is the same in every cloud, as AWS's are. */
function idOf(path: string): string {
  const digest = createHash("sha256").update(path).digest();
  let id = "ANPAI";
  for (let at = 0; id.length < 21; at += 1) id += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[digest[at]! & 31];
  return id;
}
