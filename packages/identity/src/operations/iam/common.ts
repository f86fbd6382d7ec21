import type { Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import { iamArn, parseArn } from "../../domain/names.ts";
import type { IdentityStore } from "../../store.ts";
import type { Entity, EntityKind } from "../../store/entities.ts";

/** What IAM's handlers work in. */
export type Ctx = Context<IdentityStore>;

/** The kinds of entities that policies are given to. */
export type IdentityKind = "user" | "group" | "role";

export const noSuchEntity = (message: string): AwsError => new AwsError("NoSuchEntity", message);
export const alreadyExists = (message: string): AwsError => new AwsError("EntityAlreadyExists", message);
export const deleteConflict = (message: string): AwsError => new AwsError("DeleteConflict", message);
export const limitExceeded = (message: string): AwsError => new AwsError("LimitExceeded", message);
export const invalidInput = (message: string): AwsError => new AwsError("InvalidInput", message);
export const validationError = (message: string): AwsError => new AwsError("ValidationError", message, { status: 400 });

/** A name as IAM's quotas have it, unless the configuration says otherwise. */
export function quota(ctx: Ctx, name: string, standard: number): number {
  return ctx.config.quotas[`iam.${name}`] ?? standard;
}

/** @throws AwsError LimitExceeded, in the words that IAM uses for every quota. */
export function checkQuota(ctx: Ctx, name: string, standard: number, current: number): void {
  const limit = quota(ctx, name, standard);
  if (current >= limit) throw limitExceeded(`Cannot exceed quota for ${name}: ${limit}`);
}

const ARN_TYPES: Readonly<Record<EntityKind, string>> = {
  user: "user", group: "group", role: "role", "instance-profile": "instance-profile", policy: "policy",
  "oidc-provider": "oidc-provider", "saml-provider": "saml-provider", "server-certificate": "server-certificate", mfa: "mfa",
};

export function arnOf(ctx: Ctx, { kind, path, name }: Pick<Entity, "kind" | "path" | "name">): string {
  return iamArn(ctx.partition, ctx.account, ARN_TYPES[kind], path, name);
}

/** The entity of a name. @throws AwsError NoSuchEntity */
export function need<K extends EntityKind>(ctx: Ctx, kind: K, name: string): Entity<K> {
  const found = ctx.store.entities.find(kind, name);
  if (found === undefined) throw noSuchEntity(missing(kind, name));
  return found;
}

function missing(kind: EntityKind, name: string): string {
  switch (kind) {
    case "instance-profile": return `Instance Profile ${name} cannot be found.`;
    case "server-certificate": return `The Server Certificate with name ${name} cannot be found.`;
    default: return `The ${kind} with name ${name} cannot be found.`;
  }
}

/** The user that a request names, or else the one who calls. @throws AwsError ValidationError when the caller is no user. */
export function needUser(ctx: Ctx, name: string | undefined): Entity<"user"> {
  if (name !== undefined) return need(ctx, "user", name);
  const caller = ctx.principal.kind === "user" ? parseArn(ctx.principal.arn) : undefined;
  if (caller === undefined) throw validationError("Must specify userName when calling with non-User credentials");
  return need(ctx, "user", caller.name);
}

/** One page of a list: what was asked for, and where the next page begins. */
export interface Page<T> {
  items: T[];
  IsTruncated: boolean;
  Marker?: string;
}

/**
 * Lists by name with IAM's `MaxItems` (100 unless told) and `Marker`.
 *
 * @param read Up to `limit` items whose name comes after `after`, in the order of their names.
 */
export function page<T>(input: { MaxItems?: number | undefined; Marker?: string | undefined }, read: (limit: number, after: string) => T[], nameOf: (item: T) => string): Page<T> {
  const limit = input.MaxItems ?? 100;
  const items = read(limit + 1, input.Marker === undefined ? "" : decodeMarker(input.Marker));
  if (items.length <= limit) return { items, IsTruncated: false };
  items.length = limit;
  return { items, IsTruncated: true, Marker: Buffer.from(`v1 ${nameOf(items[limit - 1] as T)}`).toString("base64") };
}

/** The same over a list that is small, or made on the spot. */
export function pageOf<T>(input: { MaxItems?: number | undefined; Marker?: string | undefined }, all: readonly T[], nameOf: (item: T) => string): Page<T> {
  const sorted = [...all].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return page(input, (limit, after) => sorted.filter((item) => after === "" || nameOf(item) > after).slice(0, limit), nameOf);
}

function decodeMarker(marker: string): string {
  const text = Buffer.from(marker, "base64").toString();
  if (!text.startsWith("v1 ")) throw validationError("Invalid Marker.");
  return text.slice(3);
}
