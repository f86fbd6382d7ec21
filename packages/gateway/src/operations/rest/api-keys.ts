import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { ApiKeyItem, Store } from "../../store.ts";
import { badRequest, checkQuota, conflict, defined, newId, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { pageOfList } from "./paging.ts";
import { applyPatch, elements, flag, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

const KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export function findKey(ctx: Ctx, id: string): ApiKeyItem {
  const key = ctx.store.apiKeys.get("", id);
  if (key === undefined) throw notFound("Invalid API Key identifier specified");
  return key;
}

function checkKey(key: Pick<Rest.ApiKey, "name" | "description">): void {
  if ((key.name ?? "").length > 1024) throw badRequest("Invalid API Key name, can be at most 1024 characters.");
  if ((key.description ?? "").length > 125_000) throw badRequest("Invalid API Key description specified.");
}

function stageKey(ctx: Ctx, { restApiId = "", stageName = "" }: Rest.StageKey): string {
  if (ctx.store.restStages.get(restApiId, stageName) === undefined) throw badRequest(`Invalid stage identifier specified: ${restApiId}/${stageName}`);
  return `${restApiId}/${stageName}`;
}

/** Adds a key, all checks made; imports use it too. Recorded messages. */
export function createKey(ctx: Ctx, input: Rest.CreateApiKeyRequest): ApiKeyItem {
  checkKey(input);
  const given = input.value === "" ? undefined : input.value;
  if (given !== undefined && given.length > 128) throw badRequest("API Key value exceeds maximum size of 128 characters");
  if (given !== undefined && given.length < 20) throw badRequest("API Key value should be at least 20 characters");
  if (given !== undefined && ctx.store.apiKeys.all("").some((key) => key.value === given)) throw conflict("API Key already exists");
  checkQuota(ctx, "apiKeys", 10_000, ctx.store.apiKeys.count(""), "API keys");
  const now = ctx.clock.now();
  const id = newId(ctx, 10);
  const key: ApiKeyItem = defined({
    id,
    value: given ?? ctx.ids.token(40, KEY_ALPHABET),
    name: input.name === "" ? undefined : input.name,
    customerId: input.customerId,
    description: input.description,
    enabled: input.enabled ?? false,
    createdDate: now,
    lastUpdatedDate: now,
    stageKeys: (input.stageKeys ?? []).map((stage) => stageKey(ctx, stage)),
    tags: input.tags,
  });
  ctx.store.apiKeys.put("", id, key);
  return key;
}

const withoutValue = ({ value: _value, ...key }: ApiKeyItem): Rest.ApiKey => key;

const RULES: readonly PatchRule<ApiKeyItem>[] = [
  text("/name", "name"),
  text("/description", "description"),
  text("/customerId", "customerId"),
  flag("/enabled", "enabled"),
  { ...elements<ApiKeyItem>("/stages", "stageKeys") },
];

/** Lines of a CSV file with quotes, taken apart. */
function parseCsv(text: string): string[][] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "").map((line) => {
    const fields: string[] = [];
    for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) fields.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? "").trim());
    return fields;
  });
}

/** One key of an import file; what is wrong with it is a warning. */
function importKey(ctx: Ctx, columns: readonly string[], fields: readonly string[], line: number): { id?: string; warning?: string } {
  const value = (name: string): string | undefined => {
    const at = columns.indexOf(name);
    return at < 0 || fields[at] === "" ? undefined : fields[at];
  };
  try {
    const key = createKey(ctx, defined({ name: value("name"), value: value("key"), description: value("description"), enabled: (value("enabled") ?? "false").toLowerCase() === "true" }));
    for (const plan of (value("usageplanids") ?? "").split(/[,;]/).map((id) => id.trim()).filter((id) => id !== "")) {
      if (ctx.store.usagePlans.get("", plan) === undefined) return { id: key.id, warning: `Unable to add API Key to Usage Plan ${plan} on line ${line}: Invalid Usage Plan ID specified` };
      ctx.store.usagePlanKeys.put(plan, key.id, { id: key.id, type: "API_KEY" });
    }
    return { id: key.id };
  } catch (error) {
    return { warning: `Unable to import API Key on line ${line}: ${(error as Error).message}` };
  }
}

export const apiKeyOperations: Operations<"apigateway", Store> = {
  CreateApiKey: (ctx, input) => createKey(ctx, input),
  GetApiKey(ctx, input) {
    const key = findKey(ctx, input.apiKey);
    return input.includeValue === true ? key : withoutValue(key);
  },
  GetApiKeys(ctx, input) {
    // Recorded: names are matched by their beginning, case included.
    const keys = ctx.store.apiKeys.all("").filter((key) => (input.nameQuery === undefined || (key.name ?? "").startsWith(input.nameQuery)) && (input.customerId === undefined || key.customerId === input.customerId));
    const { items, position } = pageOfList(keys, input);
    return defined({ items: input.includeValues === true ? items : items.map(withoutValue), position });
  },
  UpdateApiKey(ctx, input) {
    const key = applyPatch(findKey(ctx, input.apiKey), input.patchOperations, RULES);
    checkKey(key);
    key.stageKeys ??= [];
    key.lastUpdatedDate = ctx.clock.now();
    ctx.store.apiKeys.put("", key.id, key);
    return withoutValue(key);
  },
  DeleteApiKey(ctx, input) {
    findKey(ctx, input.apiKey);
    for (const plan of ctx.store.usagePlans.all("")) ctx.store.usagePlanKeys.delete(plan.id, input.apiKey);
    ctx.store.apiKeys.delete("", input.apiKey);
    return {};
  },
  ImportApiKeys(ctx, input) {
    const [header, ...rows] = parseCsv(Buffer.from(input.body).toString("utf8"));
    const columns = (header ?? []).map((name) => name.toLowerCase());
    if (!columns.includes("name") || !columns.includes("key")) throw badRequest("Invalid API Key file: the header must name the columns Name and key");
    const results = rows.map((fields, index) => importKey(ctx, columns, fields, index + 2));
    const warnings = results.flatMap(({ warning }) => (warning === undefined ? [] : [warning]));
    if (input.failOnWarnings === true && warnings.length > 0) throw badRequest(`Failed to import API Keys: ${warnings.join("; ")}`);
    return { ids: results.flatMap(({ id }) => (id === undefined ? [] : [id])), warnings };
  },
};
