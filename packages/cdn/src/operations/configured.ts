import { AwsError } from "@cumulet/protocol";
import type { DistributionConfig } from "@cumulet/protocol/models/cloudfront.d.ts";
import type { Managed } from "../domain/managed-policies.ts";
import type { DistributionBody } from "../names.ts";
import type { Kind, Resource } from "../store.ts";
import { checkQuantities, checkVersion, createResource, existing, pageOf, pageSize, replaceResource, type Cdn } from "./resource.ts";

/** Managed policies never change: one version, from before this cloud began. */
const MANAGED_ETAG = "E23ZP02F085DFQ";
const MANAGED_MS = Date.UTC(2020, 5, 1);

/** What makes one kind of configured resource differ from the others. */
export interface KindRules<Config> {
  kind: Kind;
  newId(ctx: Cdn): string;
  /** Unique within the kind. */
  nameOf(config: Config): string;
  alreadyExists: readonly [code: string, message: string];
  inUse: readonly [code: string, message: string];
  /** Whether a distribution uses the resource, which then cannot be deleted. */
  uses(config: DistributionConfig, id: string): boolean;
  /** Quota by its name in the configuration, CloudFront's default, and the error beyond it. */
  quota: readonly [name: string, most: number, code: string, message: string];
  /** Checks of its own, before anything is stored; `before` is undefined for a new one. */
  check?(ctx: Cdn, config: Config, before: Config | undefined): void;
  managed?: readonly Managed<Config>[];
}

/** A resource of a kind, and whether AWS or the account made it. */
export type Configured<Config> = Resource<Config> & { type: "managed" | "custom" };

/** Create, get, update, delete and list: the same for every kind, in CloudFront's order of checks. */
export class ConfiguredKind<Config> {
  readonly #rules: KindRules<Config>;
  readonly #managed: readonly Configured<Config>[];

  constructor(rules: KindRules<Config>) {
    this.#rules = rules;
    this.#managed = (rules.managed ?? []).map(({ id, config }) => ({ id, name: id, etag: MANAGED_ETAG, body: config, createdMs: MANAGED_MS, modifiedMs: MANAGED_MS, type: "managed" }));
  }

  /** @param id of the new resource, where it had to be known before */
  create(ctx: Cdn, config: Config, id?: string): Resource<Config> {
    const { kind, nameOf, newId, check, quota: [name, most, code, message] } = this.#rules;
    checkQuantities(config);
    check?.(ctx, config, undefined);
    this.#checkName(ctx, nameOf(config), undefined);
    if (ctx.store.resources.count(kind) >= (ctx.config.quotas[`cloudfront.${name}`] ?? most)) throw new AwsError(code, message);
    return createResource(ctx, kind, id ?? newId(ctx), nameOf(config), config);
  }

  get(ctx: Cdn, id: string): Configured<Config> {
    return this.#managed.find((policy) => policy.id === id) ?? { ...existing<Config>(ctx, this.#rules.kind, id), type: "custom" };
  }

  update(ctx: Cdn, id: string, ifMatch: string | undefined, config: Config): Resource<Config> {
    const { kind, nameOf, check } = this.#rules;
    checkQuantities(config);
    const before = this.get(ctx, id);
    if (before.type === "managed") throw new AwsError("IllegalUpdate", "The update contains modifications that are not allowed.");
    checkVersion(before, ifMatch);
    check?.(ctx, config, before.body);
    this.#checkName(ctx, nameOf(config), id);
    return replaceResource(ctx, kind, { id, name: before.name, etag: before.etag, body: undefined, createdMs: before.createdMs, modifiedMs: before.modifiedMs }, nameOf(config), config);
  }

  delete(ctx: Cdn, id: string, ifMatch: string | undefined): void {
    const { kind, uses, inUse } = this.#rules;
    const before = this.get(ctx, id);
    if (before.type === "managed") throw new AwsError("IllegalDelete", "You cannot delete a managed policy.");
    checkVersion(before, ifMatch);
    for (const { body } of ctx.store.resources.all<DistributionBody>("distribution")) {
      if (uses(body.config, id)) throw new AwsError(inUse[0], inUse[1]);
    }
    ctx.store.resources.delete(kind, id);
  }

  list<T>(ctx: Cdn, { Type, Marker, MaxItems }: { Type?: string; Marker?: string; MaxItems?: string }, view: (resource: Configured<Config>) => T): { NextMarker?: string; MaxItems: number; Quantity: number; Items?: T[] } {
    const size = pageSize(MaxItems);
    const after = Marker ?? "";
    const custom = Type === "managed" ? [] : ctx.store.resources.page<Config>(this.#rules.kind, after, size + 1).map((resource): Configured<Config> => ({ ...resource, type: "custom" }));
    const managed = Type === "custom" ? [] : this.#managed.filter(({ id }) => id > after);
    const rows = [...managed, ...custom].sort((a, b) => (a.id < b.id ? -1 : 1));
    const { NextMarker, MaxItems: max, Quantity, Items } = pageOf(rows, Marker, size, ({ id }) => id, view);
    return { NextMarker, MaxItems: max, Quantity, Items };
  }

  #checkName(ctx: Cdn, name: string, id: string | undefined): void {
    const { kind, alreadyExists: [code, message] } = this.#rules;
    const other = ctx.store.resources.byName(kind, name);
    if (other !== undefined && other.id !== id) throw new AwsError(code, message);
  }
}

/** All behaviours of a distribution, the default one included. */
export function behaviorsOf(config: DistributionConfig): DistributionConfig["DefaultCacheBehavior"][] {
  return [config.DefaultCacheBehavior, ...(config.CacheBehaviors?.Items ?? [])];
}
