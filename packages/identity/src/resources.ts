import type { ResourceDescription, Resources } from "@cumulet/core";
import { parseArn } from "./domain/names.ts";
import type { IdentityStore } from "./store.ts";
import type { Entity, EntityKind } from "./store/entities.ts";

const KINDS: ReadonlySet<string> = new Set<EntityKind>(["user", "group", "role", "policy", "instance-profile", "server-certificate", "mfa", "oidc-provider", "saml-provider"]);

function find(store: IdentityStore, arn: string): Entity | undefined {
  const parts = parseArn(arn);
  if (parts === undefined || parts.service !== "iam" || !KINDS.has(parts.type)) return undefined;
  const entity = store.entities.find(parts.type as EntityKind, parts.name);
  return entity?.path === parts.path ? entity : undefined;
}

/** IAM's entities as authorization sees them: their tags. */
export const iamResources: Resources<IdentityStore> = {
  describe({ store }, arn): ResourceDescription | undefined {
    const entity = find(store, arn);
    return entity && {
      tags: Object.fromEntries(entity.tags.map(({ Key, Value }) => [Key, Value])),
      values: Object.fromEntries(entity.tags.map(({ Key, Value }) => [`iam:resourcetag/${Key.toLowerCase()}`, Value])),
    };
  },
};

/** A role as STS sees it: whom it trusts is its policy. */
export const stsResources: Resources<IdentityStore> = {
  describe({ store }, arn): ResourceDescription | undefined {
    const entity = find(store, arn);
    if (entity?.kind !== "role") return undefined;
    return { policy: (entity as Entity<"role">).details.trustPolicy, tags: Object.fromEntries(entity.tags.map(({ Key, Value }) => [Key, Value])) };
  },
};
