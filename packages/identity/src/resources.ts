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

const tagsOf = ({ tags }: Entity): Record<string, string> => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

/** IAM's entities as authorization sees them: their tags, which IAM has keys of its own for. */
export const iamResources: Resources<IdentityStore> = {
  describe({ store }, arn): ResourceDescription | undefined {
    const entity = find(store, arn);
    return entity && {
      tags: () => tagsOf(entity),
      values: (key) => (key.startsWith("iam:resourcetag/") ? entity.tags.find(({ Key }) => Key.toLowerCase() === key.slice("iam:resourcetag/".length))?.Value : undefined),
    };
  },
};

/** A role as STS sees it: whom it trusts is its policy. */
export const stsResources: Resources<IdentityStore> = {
  describe({ store }, arn): ResourceDescription | undefined {
    const entity = find(store, arn);
    if (entity?.kind !== "role") return undefined;
    return { policy: (entity as Entity<"role">).details.trustPolicy, tags: () => tagsOf(entity) };
  },
};
