import type { Statement, StoreScope } from "@cumulet/core";
import { defineStore } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { RestDefinition } from "./domain/rest-definition.ts";
import type { HttpDefinition } from "./domain/http-definition.ts";
import { createState } from "./state.ts";
import type { GatewayState } from "./state.ts";

/** A REST API as it is stored: the answer of GetRestApi. */
export type RestApiItem = Rest.RestApi & { id: string; name: string; rootResourceId: string };
/** A resource with its methods, their integrations and responses inside, as GetResource embeds them. */
export type ResourceItem = Rest.Resource & { id: string; path: string; resourceMethods: { [method: string]: Rest.Method } };
/** A stage of a REST API. Keys of usage plans refer to it as `apiId/stage`. */
export type RestStageItem = Rest.Stage & { stageName: string; deploymentId: string };
/** A deployment: its description, and the frozen definition that it serves. */
export type RestDeploymentItem = Rest.Deployment & { id: string; definition: RestDefinition };
export type UsagePlanItem = Rest.UsagePlan & { id: string };
export type ApiKeyItem = Rest.ApiKey & { id: string; value: string };

export type ApiItem = V2.Api & { ApiId: string; ProtocolType: string };
export type RouteItem = V2.Route & { RouteId: string; RouteKey: string };
export type IntegrationItem = V2.Integration & { IntegrationId: string; IntegrationType: string };
export type AuthorizerItem = V2.Authorizer & { AuthorizerId: string };
export type StageItem = V2.Stage & { StageName: string };
export type DeploymentItem = V2.Deployment & { DeploymentId: string; definition: HttpDefinition | undefined };

/** A custom domain name: what version 1 shows, with version 2's names beside it. */
export type DomainItem = Rest.DomainName & { domainName: string; domainNameArn: string };
/** A base path of a domain. `stage` is absent where callers name the stage themselves. */
export interface MappingItem {
  mappingId: string;
  apiId: string;
  stage?: string;
  /** Without slashes at its ends; empty for the whole domain. May hold slashes when version 2 made it. */
  basePath: string;
}

/** One kind of item: JSON documents by parent (an API, a domain; empty for items of the account) and id, oldest first. */
export interface Collection<T> {
  get(parent: string, id: string): T | undefined;
  put(parent: string, id: string, item: T): void;
  delete(parent: string, id: string): boolean;
  /** Removes all below a parent. */
  clear(parent: string): void;
  /** Up to `limit` items after a cursor, and the cursor of the next page when there is one. */
  page(parent: string, limit: number, after?: number): { items: T[]; next: number | undefined };
  /** All below a parent; quotas keep this small. */
  all(parent: string): T[];
  count(parent: string): number;
}

/** What the packages keep in memory for one API between requests: thrown away whenever anything of the API changes. */
export interface Store {
  restApis: Collection<RestApiItem>;
  resources: Collection<ResourceItem>;
  restModels: Collection<Rest.Model & { id: string }>;
  validators: Collection<Rest.RequestValidator & { id: string }>;
  restAuthorizers: Collection<Rest.Authorizer & { id: string }>;
  gatewayResponses: Collection<Rest.GatewayResponse>;
  restDeployments: Collection<RestDeploymentItem>;
  restStages: Collection<RestStageItem>;
  documentationParts: Collection<Rest.DocumentationPart & { id: string }>;
  documentationVersions: Collection<Rest.DocumentationVersion & { parts: (Rest.DocumentationPart & { id: string })[] }>;
  apiKeys: Collection<ApiKeyItem>;
  usagePlans: Collection<UsagePlanItem>;
  usagePlanKeys: Collection<{ id: string; type: string }>;
  clientCertificates: Collection<Rest.ClientCertificate & { privateKey: string }>;
  restVpcLinks: Collection<Rest.VpcLink & { id: string }>;
  account: Collection<{ cloudwatchRoleArn?: string }>;
  /** The built-in issuer's signing key, in the default account and region only. */
  issuer: Collection<{ privateKey: string; kid: string }>;

  apis: Collection<ApiItem>;
  routes: Collection<RouteItem>;
  routeResponses: Collection<V2.RouteResponse & { RouteResponseId: string; RouteId: string }>;
  integrations: Collection<IntegrationItem>;
  integrationResponses: Collection<V2.IntegrationResponse & { IntegrationResponseId: string; IntegrationId: string }>;
  authorizers: Collection<AuthorizerItem>;
  models: Collection<V2.Model & { ModelId: string }>;
  stages: Collection<StageItem>;
  deployments: Collection<DeploymentItem>;
  vpcLinks: Collection<V2.VpcLink & { VpcLinkId: string }>;

  /** Custom domain names, one item for both versions of the control plane. */
  domains: Collection<DomainItem>;
  /** Which API a base path of a domain leads to, by domain. */
  mappings: Collection<MappingItem>;

  usage: UsageCounters;
  state: GatewayState;
  /** Runs `build` the first time that a key of an API is asked for after anything of the API changed. */
  memo<T>(api: string, key: string, build: () => T): T;
  /** Grows with every change of an API. */
  generation(api: string): number;
}

/** Requests counted against usage plans' quotas, by day. */
export interface UsageCounters {
  /** Requests of a key under a plan from the first day to the last, both inclusive (`YYYY-MM-DD`). */
  total(plan: string, key: string, from: string, to: string): number;
  add(plan: string, key: string, day: string, count: number): void;
  /** What was counted on each day of a span, days without requests left out. */
  days(plan: string, key: string, from: string, to: string): { key: string; day: string; used: number }[];
}

interface Row {
  id: string;
  seq: number;
  body: string;
}

const MIGRATIONS = [
  `CREATE TABLE item (
     kind TEXT NOT NULL, parent TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (kind, parent, id)
   ) WITHOUT ROWID;
   CREATE UNIQUE INDEX item_by_age ON item (kind, parent, seq);
   CREATE TABLE usage (
     plan TEXT NOT NULL, key TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL,
     PRIMARY KEY (plan, key, day)
   ) WITHOUT ROWID;`,
];

/** More items than any quota allows in one collection. */
const MAX_ITEMS = 20_000;

function open({ db }: StoreScope): Store {
  const get = db.prepare<Row>("SELECT id, seq, body FROM item WHERE kind = ? AND parent = ? AND id = ?");
  const put = db.prepare(
    `INSERT INTO item (kind, parent, id, seq, body) VALUES (?, ?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM item WHERE kind = ? AND parent = ?), ?)
     ON CONFLICT (kind, parent, id) DO UPDATE SET body = excluded.body`,
  );
  const remove = db.prepare("DELETE FROM item WHERE kind = ? AND parent = ? AND id = ?");
  const clear = db.prepare("DELETE FROM item WHERE kind = ? AND parent = ?");
  const page = db.prepare<Row>("SELECT id, seq, body FROM item WHERE kind = ? AND parent = ? AND seq > ? ORDER BY seq LIMIT ?");
  const count = db.prepare<{ n: number }>("SELECT count(*) AS n FROM item WHERE kind = ? AND parent = ?");

  const generations = new Map<string, number>();
  const memos = new Map<string, Map<string, unknown>>();
  const changed = (api: string): void => {
    generations.set(api, (generations.get(api) ?? 0) + 1);
    memos.delete(api);
  };

  /** `api` tells which API an item belongs to, where its parent is something else. */
  function collection<T>(kind: string, api: (parent: string, id: string) => string = (parent) => parent): Collection<T> {
    return {
      get(parent, id) {
        const row = get.get(kind, parent, id);
        return row === undefined ? undefined : (JSON.parse(row.body) as T);
      },
      put(parent, id, item) {
        put.run(kind, parent, id, kind, parent, JSON.stringify(item));
        changed(api(parent, id));
      },
      delete(parent, id) {
        changed(api(parent, id));
        return remove.run(kind, parent, id).changes > 0;
      },
      clear(parent) {
        clear.run(kind, parent);
        changed(api(parent, ""));
      },
      page(parent, limit, after = 0) {
        const rows = page.all(kind, parent, after, limit + 1);
        const more = rows.length > limit;
        if (more) rows.pop();
        return { items: rows.map((row) => JSON.parse(row.body) as T), next: more ? rows[rows.length - 1]!.seq : undefined };
      },
      all: (parent) => page.all(kind, parent, 0, MAX_ITEMS).map((row) => JSON.parse(row.body) as T),
      count: (parent) => count.get(kind, parent)?.n ?? 0,
    };
  }
  const byId = (_parent: string, id: string): string => id;
  const shared = (): string => "";

  return {
    restApis: collection("restApi", byId),
    resources: collection("resource"),
    restModels: collection("restModel"),
    validators: collection("validator"),
    restAuthorizers: collection("restAuthorizer"),
    gatewayResponses: collection("gatewayResponse"),
    restDeployments: collection("restDeployment"),
    restStages: collection("restStage"),
    documentationParts: collection("documentationPart"),
    documentationVersions: collection("documentationVersion"),
    apiKeys: collection("apiKey", shared),
    usagePlans: collection("usagePlan", shared),
    usagePlanKeys: collection("usagePlanKey", shared),
    clientCertificates: collection("clientCertificate", shared),
    restVpcLinks: collection("restVpcLink", shared),
    account: collection("account", shared),
    issuer: collection("issuer", shared),

    apis: collection("api", byId),
    routes: collection("route"),
    routeResponses: collection("routeResponse"),
    integrations: collection("integration"),
    integrationResponses: collection("integrationResponse"),
    authorizers: collection("authorizer"),
    models: collection("model"),
    stages: collection("stage"),
    deployments: collection("deployment"),
    vpcLinks: collection("vpcLink", shared),

    domains: collection("domain", shared),
    mappings: collection("mapping", shared),

    usage: usageCounters(db.prepare.bind(db)),
    state: createState(),
    memo<T>(api: string, key: string, build: () => T): T {
      let entries = memos.get(api);
      if (entries === undefined) memos.set(api, (entries = new Map()));
      if (!entries.has(key)) entries.set(key, build());
      return entries.get(key) as T;
    },
    generation: (api) => generations.get(api) ?? 0,
  };
}

function usageCounters(prepare: <Row>(sql: string) => Statement<Row, readonly unknown[]>): UsageCounters {
  const total = prepare<{ used: number | null }>("SELECT sum(used) AS used FROM usage WHERE plan = ? AND key = ? AND day BETWEEN ? AND ?");
  const add = prepare("INSERT INTO usage (plan, key, day, used) VALUES (?, ?, ?, ?) ON CONFLICT (plan, key, day) DO UPDATE SET used = used + excluded.used");
  const days = prepare<{ key: string; day: string; used: number }>(
    "SELECT key, day, used FROM usage WHERE plan = ? AND key = ? AND day BETWEEN ? AND ? ORDER BY day LIMIT 1000",
  );
  return {
    total: (plan, key, from, to) => total.get(plan, key, from, to)?.used ?? 0,
    add: (plan, key, day, count) => void add.run(plan, key, day, count),
    days: (plan, key, from, to) => days.all(plan, key, from, to),
  };
}

/** Everything that API Gateway keeps: one database for the REST, HTTP and WebSocket APIs of an account in a region. */
export const gatewayStore = defineStore<Store>({ name: "apigateway", scope: "regional", migrations: MIGRATIONS, open });
