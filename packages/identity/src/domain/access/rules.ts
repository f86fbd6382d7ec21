import type { CompiledOperation, ServiceModel, Shape } from "@cumulet/protocol";

/** Where a call goes, for ARNs. */
export interface Scope {
  partition: string;
  region: string;
  account: string;
  /** ARN of the user who calls, whom IAM's operations mean when they name none. */
  caller?: string | undefined;
  /** IAM's own: the path of an entity that exists, which its ARN has and its name has not. */
  pathOf?(kind: "user" | "group" | "role" | "policy" | "instance-profile" | "server-certificate" | "mfa", name: string): string | undefined;
}

/** One permission that a call needs. */
export interface Need {
  /** `dynamodb:GetItem` */
  action: string;
  resource: string;
  /** Condition keys of this need, in lower case. */
  values?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

type Input = Readonly<Record<string, unknown>>;

/** Needs that a template cannot tell. */
export type Derive = (input: Input, scope: Scope, action: string) => Need[];

/**
 * What an operation needs: the resource as a template, with the operation's own name for an action; `[action, template]` where
 * the action has another name; a function; or several of these.
 *
 * A template stands behind `arn:{partition}:{service}:{region}:{account}:`. `{Member}` is a member of the input; a member whose
 * value is an ARN already stands for the whole; `{Member[]}` makes one resource of each element. One that begins with `arn:` is
 * complete.
 */
export type Rule = string | readonly [action: string, template: string] | Derive | { readonly all: readonly Rule[] };

/** How calls of one service are seen by policies. Source of names and ARN forms: AWS's Service Authorization Reference. */
export interface ServiceAccess {
  /** Before the colon of actions. */
  prefix: string;
  /** In ARNs; the prefix unless told. */
  arn?: string;
  /** Templates by input member: the first member that an operation has tells its resource. */
  resources?: readonly (readonly [member: string, template: string])[];
  /** For operations without any of them; `*` unless told. */
  other?: string;
  /** Operations that the above does not tell. */
  operations?: Readonly<Record<string, Rule>>;
  /** The rule of an operation that `operations` does not name, where it follows from the model: from the path of a REST API, say. */
  rule?: (operation: CompiledOperation, model: ServiceModel) => Rule;
  /** Input members that hold a role which the call hands to a service: `iam:PassRole` is needed too. */
  passes?: Readonly<Record<string, string>>;
  /** Condition keys by input member; `Member.Nested` for a member of a structure. */
  conditions?: Readonly<Record<string, string>>;
  /** Operations that nobody needs a permission for. */
  free?: readonly string[];
  /** Actions that another service may use only where a resource's policy lets it. */
  gated?: readonly string[];
  /** Resources whose own policy always has a say, by the start of their last ARN part. */
  needsPolicy?: string;
  /** How messages write an action. */
  writes?: (action: string) => string;
}

/** An operation's needs, compiled. */
export interface OperationAccess {
  needs(input: Input, scope: Scope): Need[];
  requestTags(input: Input): Record<string, string> | undefined;
}

/** Compiles what an operation needs; once an operation. */
export function compileAccess(access: ServiceAccess, operation: CompiledOperation, model: ServiceModel): OperationAccess {
  const { name } = operation;
  const shape = operation.model.input === undefined ? undefined : model.shapes[operation.model.input.shape];
  const members = shape?.members ?? {};
  const rule = access.operations?.[name] ?? access.rule?.(operation, model) ?? access.resources?.find(([member]) => member in members)?.[1] ?? access.other ?? "*";
  const derive = compileRule(access, rule, name);
  const conditions = Object.entries(access.conditions ?? {}).filter(([, member]) => member.split(".")[0]! in members).map(([key, member]) => [key.toLowerCase(), member.split(".")] as const);
  const passed = Object.entries(access.passes ?? {}).filter(([member]) => member.split(".")[0]! in members).map(([member, service]) => [member.split("."), service] as const);
  const tags = tagReader(model, members);
  const action = `${access.prefix}:${name}`;
  return {
    needs(input, scope) {
      const needs = derive(input, scope, action);
      if (conditions.length > 0) {
        const values: Record<string, string | readonly string[] | undefined> = {};
        for (const [key, path] of conditions) values[key] = textOf(at(input, path));
        for (const need of needs) need.values = need.values === undefined ? values : { ...values, ...need.values };
      }
      for (const [path, service] of passed) {
        const role = at(input, path);
        if (typeof role === "string" && role.startsWith("arn:")) needs.push({ action: "iam:PassRole", resource: role, values: { "iam:passedtoservice": service, "iam:associatedresourcearn": needs[0]?.resource } });
      }
      return needs;
    },
    requestTags: tags,
  };
}

function compileRule(access: ServiceAccess, rule: Rule, operation: string): Derive {
  if (typeof rule === "function") return rule;
  if (typeof rule === "object" && "all" in rule) {
    const all = rule.all.map((one) => compileRule(access, one, operation));
    return (input, scope, action) => all.flatMap((derive) => derive(input, scope, action));
  }
  const [name, template] = typeof rule === "string" ? [operation, rule] : rule;
  const action = name.includes(":") ? name : `${access.prefix}:${name}`;
  const fill = compileTemplate(access.arn ?? access.prefix, template);
  return (input, scope) => fill(input, scope).map((resource) => ({ action, resource }));
}

/** Compiles a template to what it makes of an input. A member that is not there is a star. */
export function compileTemplate(service: string, template: string): (input: Input, scope: Scope) => string[] {
  if (template === "*") return () => ["*"];
  const parts = template.split(/\{([A-Za-z0-9.]+(?:\[\])?)\}/);
  const whole = template.startsWith("arn:");
  const path = (part: string): string[] => part.replace("[]", "").split(".");
  const list = parts.find((part, index) => index % 2 === 1 && part.endsWith("[]"));
  const listPath = list === undefined ? undefined : path(list);
  const paths = parts.map((part, index) => (index % 2 === 1 ? path(part) : [part]));
  const render = (input: Input, scope: Scope, element: unknown): string => {
    let text = whole ? "" : `arn:${scope.partition}:${service}:${scope.region}:${scope.account}:`;
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index]!;
      if (index % 2 === 0) {
        text += part;
        continue;
      }
      if (whole && part in scope) {
        text += scope[part as "region"];
        continue;
      }
      const value = part === list ? element : at(input, paths[index]!);
      if (typeof value === "string" && value.startsWith("arn:")) return value;
      text += typeof value === "string" || typeof value === "number" ? String(value) : "*";
    }
    return text;
  };
  if (listPath === undefined) return (input, scope) => [render(input, scope, undefined)];
  return (input, scope) => {
    const elements = at(input, listPath);
    return Array.isArray(elements) && elements.length > 0 ? elements.map((element) => render(input, scope, element)) : [render(input, scope, undefined)];
  };
}

function at(input: unknown, path: readonly string[]): unknown {
  let value = input;
  for (const name of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Input)[name];
  }
  return value;
}

function textOf(value: unknown): string | readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(String);
  return typeof value === "object" ? undefined : String(value);
}

const TAG_MEMBERS: ReadonlySet<string> = new Set(["tags", "tagslist", "userpooltags"]);

/** Finds the tags that an input sets or, by key, removes: every service has a form of its own. */
function tagReader(model: ServiceModel, members: NonNullable<Shape["members"]>): OperationAccess["requestTags"] {
  const name = Object.keys(members).find((member) => TAG_MEMBERS.has(member.toLowerCase()));
  const keysName = Object.keys(members).find((member) => /^tagkeys$/i.test(member));
  if (name === undefined && keysName === undefined) return () => undefined;
  const element = name === undefined ? undefined : model.shapes[model.shapes[members[name]!.shape]?.member?.shape ?? ""];
  const key = Object.keys(element?.members ?? {}).find((member) => /key$/i.test(member)) ?? "Key";
  const value = Object.keys(element?.members ?? {}).find((member) => /value$/i.test(member)) ?? "Value";
  return (input) => {
    const given = name === undefined ? undefined : input[name];
    if (Array.isArray(given)) {
      const tags = given.map((tag: unknown): [string, string] => (typeof tag === "string" ? [tag, ""] : [String((tag as Input)[key]), String((tag as Input)[value] ?? "")]));
      return tags.length === 0 ? undefined : Object.fromEntries(tags);
    }
    if (typeof given === "object" && given !== null) return Object.keys(given).length === 0 ? undefined : (given as Record<string, string>);
    const keys = keysName === undefined ? undefined : input[keysName];
    // Who removes tags names keys only; their values are nobody's business.
    return Array.isArray(keys) && keys.length > 0 ? Object.fromEntries(keys.map((one) => [String(one), ""])) : undefined;
  };
}
