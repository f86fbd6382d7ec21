import type { Principal, Record as RequestRecord } from "@cumulet/core";
import type { Runtime } from "@cumulet/core/platform";
import type { PolicyAuthorizer } from "./authorizer.ts";

/** The least that a principal needs for what it did. */
export interface Lesson {
  /** ARN of the user, of the role behind a session, or of the root. */
  principal: string;
  requests: number;
  policy: { Version: "2012-10-17"; Statement: { Effect: "Allow"; Action: string | string[]; Resource: string | string[] }[] };
}

/** Resources of one action beyond which they are told by what they have in common. */
const RESOURCES_MAX = 20;
/** Principals that are remembered. */
const PRINCIPALS_MAX = 1000;

interface Learnt {
  requests: number;
  actions: Map<string, Set<string>>;
}

/** Watches what principals do and writes the policies that would have been enough. Holds in every mode of authorization. */
export class Lessons {
  readonly #runtime: Runtime;
  readonly #authorizer: PolicyAuthorizer;
  readonly #learnt = new Map<string, Learnt>();
  #following: Disposable | undefined;

  constructor(runtime: Runtime, authorizer: PolicyAuthorizer) {
    this.#runtime = runtime;
    this.#authorizer = authorizer;
  }

  get learning(): boolean {
    return this.#following !== undefined;
  }

  /** Begins to watch, from nothing. */
  start(): void {
    this.#learnt.clear();
    this.#following ??= this.#runtime.recent.follow((record) => this.take(record));
  }

  stop(): void {
    this.#following?.[Symbol.dispose]();
    this.#following = undefined;
  }

  /** Learns from one request. Those that nobody in an account made teach nothing. */
  take(record: RequestRecord): void {
    const { principal, operation } = record;
    const service = this.#runtime.service(record.service);
    if (service === undefined || principal === undefined || principal.kind === "service" || principal.kind === "anonymous" || service.compiled.operation(operation) === undefined || record.input === undefined) return;
    const name = nameOf(principal);
    let learnt = this.#learnt.get(name);
    if (learnt === undefined) {
      if (this.#learnt.size >= PRINCIPALS_MAX) return;
      this.#learnt.set(name, (learnt = { requests: 0, actions: new Map() }));
    }
    learnt.requests += 1;
    for (const { action, resource } of this.#authorizer.needs({ service, operation, account: record.account, region: record.region, principal, input: record.input }, this.#runtime)) {
      let resources = learnt.actions.get(action);
      if (resources === undefined) learnt.actions.set(action, (resources = new Set()));
      resources.add(resource);
      if (resources.size > RESOURCES_MAX) learnt.actions.set(action, new Set([common([...resources])]));
    }
  }

  /** What was learnt, by principal. */
  lessons(): Lesson[] {
    return [...this.#learnt].map(([principal, { requests, actions }]) => ({ principal, requests, policy: policyOf(actions) })).sort((a, b) => (a.principal < b.principal ? -1 : 1));
  }
}

function nameOf({ arn, session }: Principal): string {
  return session?.issuer.type === "Role" ? session.issuer.arn : arn;
}

/** Actions on the same resources share a statement; the order is that of the alphabet, so that two runs compare. */
function policyOf(actions: ReadonlyMap<string, ReadonlySet<string>>): Lesson["policy"] {
  const statements = new Map<string, { actions: string[]; resources: string[] }>();
  for (const [action, set] of [...actions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const resources = simplest([...set]);
    const key = `${action.split(":")[0]} ${resources.join(" ")}`;
    const statement = statements.get(key);
    if (statement === undefined) statements.set(key, { actions: [action], resources });
    else statement.actions.push(action);
  }
  const one = (list: string[]): string | string[] => (list.length === 1 ? list[0]! : list);
  return { Version: "2012-10-17", Statement: [...statements.values()].map(({ actions: names, resources }) => ({ Effect: "Allow", Action: one(names), Resource: one(resources) })) };
}

/** Without those that a star covers. */
function simplest(resources: string[]): string[] {
  if (resources.includes("*")) return ["*"];
  const stars = resources.filter((resource) => resource.endsWith("*")).map((resource) => resource.slice(0, -1));
  return resources.filter((resource) => resource.endsWith("*") || !stars.some((start) => resource.startsWith(start))).sort();
}

/** What many resources have in common, up to a boundary of names. */
function common(resources: readonly string[]): string {
  let prefix = resources[0]!.replace(/\*$/, "");
  for (const resource of resources) while (!resource.startsWith(prefix)) prefix = prefix.slice(0, -1);
  const cut = Math.max(prefix.lastIndexOf("/"), prefix.lastIndexOf(":"));
  return cut < 0 ? "*" : `${prefix.slice(0, cut + 1)}*`;
}

/** A lesson as Terraform writes it: an inline policy of the role or user. */
export function toTerraform({ principal, policy }: Lesson): string {
  const [, kind = "role", name = "name"] = /:(role|user)\/(?:.*\/)?([^/]+)$/.exec(principal) ?? [];
  const label = name.replace(/[^A-Za-z0-9_]/g, "_");
  return `resource "aws_iam_${kind}_policy" "${label}" {\n  ${kind} = "${name}"\n  name = "least-privilege"\n  policy = jsonencode(${JSON.stringify(policy, null, 2).replace(/\n/g, "\n  ")})\n}`;
}

/** A lesson as CloudFormation writes it. */
export function toCloudFormation({ principal, policy }: Lesson): object {
  const [, kind = "role", name = "name"] = /:(role|user)\/(?:.*\/)?([^/]+)$/.exec(principal) ?? [];
  return { Type: "AWS::IAM::Policy", Properties: { PolicyName: "least-privilege", [kind === "user" ? "Users" : "Roles"]: [name], PolicyDocument: policy } };
}
