import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { periodOf, remaining } from "../../data-plane/access/usage.ts";
import type { Store, UsagePlanItem } from "../../store.ts";
import { badRequest, checkQuota, conflict, defined, newId, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findKey } from "./api-keys.ts";
import { pageOf, pageOfList } from "./paging.ts";
import { applyPatch, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

function findPlan(ctx: Ctx, id: string): UsagePlanItem {
  const plan = ctx.store.usagePlans.get("", id);
  if (plan === undefined) throw notFound("Invalid Usage Plan ID specified");
  return plan;
}

function checkStage(ctx: Ctx, { apiId = "", stage = "" }: Rest.ApiStage): void {
  if (ctx.store.restApis.get("", apiId) === undefined) throw notFound(`Invalid API identifier specified ${ctx.account}:${apiId}`);
  if (ctx.store.restStages.get(apiId, stage) === undefined) throw notFound("API Stage not found");
}

function checkQuotaSettings(quota: Rest.QuotaSettings | undefined): void {
  if (quota === undefined) return;
  const { limit, offset = 0, period } = quota;
  if (limit === undefined || limit < 0) throw badRequest("Usage Plan quota limit must be zero or greater");
  if (period === undefined || !["DAY", "WEEK", "MONTH"].includes(period)) throw badRequest("Usage Plan quota period must be one of [DAY, WEEK, MONTH]");
  if (period === "DAY" && offset !== 0) throw badRequest("Usage Plan quota offset must be zero in the DAY period");
  if (period === "WEEK" && (offset < 0 || offset > 6)) throw badRequest("Usage Plan quota offset must be between zero and six inclusive in the WEEK period");
  if (period === "MONTH" && (offset < 0 || offset > 27)) throw badRequest("Usage Plan quota offset must be between zero and 27 inclusive in the MONTH period");
}

function checkThrottle(throttle: Rest.ThrottleSettings | undefined): void {
  if ((throttle?.rateLimit ?? 0) < 0 || (throttle?.burstLimit ?? 0) < 0) throw badRequest("Usage Plan throttle limits must be zero or greater");
}

const decimal = (value: string | undefined): number => {
  const number = Number(value);
  if (value === undefined || value === "" || !Number.isFinite(number)) throw badRequest(`Invalid value specified: ${value}`);
  return number;
};

/** `apiId:stage`, as patch values and paths name a stage of a plan. */
function stageOf(name: string | undefined): { apiId: string; stage: string } {
  const [apiId = "", stage = ""] = (name ?? "").split(":");
  if (apiId === "" || stage === "") throw badRequest(`Invalid API Stage {api: ${apiId || "null"}, stage: ${stage || "null"}} specified for usageplan`);
  return { apiId, stage };
}

function rules(ctx: Ctx): readonly PatchRule<UsagePlanItem>[] {
  return [
    text("/name", "name"),
    { ...text<UsagePlanItem>("/description", "description"), remove: (plan) => void delete plan.description },
    { ...text<UsagePlanItem>("/productCode", "productCode"), add: (plan, value) => void (plan.productCode = value ?? ""), remove: (plan) => void delete plan.productCode },
    {
      path: "/apiStages",
      add: (plan, value) => {
        const stage = stageOf(value);
        checkStage(ctx, stage);
        if (!plan.apiStages?.some((one) => one.apiId === stage.apiId && one.stage === stage.stage)) plan.apiStages = [...(plan.apiStages ?? []), stage];
      },
      remove: (plan, value) => {
        const { apiId, stage } = stageOf(value);
        plan.apiStages = (plan.apiStages ?? []).filter((one) => one.apiId !== apiId || one.stage !== stage);
      },
    },
    { path: "/throttle", remove: (plan) => void delete plan.throttle },
    limit("/throttle/rateLimit", "rateLimit"),
    limit("/throttle/burstLimit", "burstLimit"),
    { path: "/quota", remove: (plan) => void delete plan.quota },
    quotaMember("/quota/limit", (quota, value) => void (quota.limit = decimal(value))),
    quotaMember("/quota/offset", (quota, value) => void (quota.offset = decimal(value))),
    quotaMember("/quota/period", (quota, value) => void (quota.period = value ?? "")),
  ];
}

function limit(path: string, key: "rateLimit" | "burstLimit"): PatchRule<UsagePlanItem> {
  const set = (plan: UsagePlanItem, value: string | undefined): void => void (plan.throttle = { rateLimit: 0, burstLimit: 0, ...plan.throttle, [key]: decimal(value) });
  return { path, replace: set, add: set };
}

function quotaMember(path: string, set: (quota: Rest.QuotaSettings, value: string | undefined) => void): PatchRule<UsagePlanItem> {
  const change = (plan: UsagePlanItem, value: string | undefined): void => {
    const quota: Rest.QuotaSettings = { offset: 0, ...plan.quota };
    set(quota, value);
    plan.quota = quota;
  };
  return { path, replace: change, add: change };
}

/** `/apiStages/{api:stage}/throttle[/{path}/{method}[/rateLimit]]`: limits of single methods. */
function patchMethodThrottle(plan: UsagePlanItem, { op, path = "", value }: Rest.PatchOperation): boolean {
  const match = /^\/apiStages\/([^/]+)\/throttle(?:\/(.+?)(?:\/(rateLimit|burstLimit))?)?$/.exec(path);
  if (match === null) return false;
  const { apiId, stage } = stageOf(match[1]);
  const target = plan.apiStages?.find((one) => one.apiId === apiId && one.stage === stage);
  if (target === undefined) throw notFound(`Invalid API Stage {api: ${apiId}, stage: ${stage}} specified for usageplan`);
  const key = match[2]?.replaceAll("~1", "/").replaceAll("~0", "~");
  if (op === "remove") {
    if (key === undefined) delete target.throttle;
    else if (target.throttle !== undefined) {
      const { [key]: _removed, ...rest } = target.throttle;
      target.throttle = rest;
    }
    return true;
  }
  if (key === undefined || match[3] === undefined) throw badRequest(`Invalid patch path ${path}`);
  target.throttle = { ...target.throttle, [key]: { ...target.throttle?.[key], [match[3]]: decimal(value) } };
  return true;
}

function checkDates(start: string, end: string): void {
  for (const date of [start, end]) if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date))) throw badRequest(`Invalid date specified: ${date}`);
  if (start > end) throw badRequest("Usage start date must be before the end date");
}

/** Every day of a span, 1,000 at most. */
function daysBetween(start: string, end: string): string[] {
  const days: string[] = [];
  for (let ms = Date.parse(start); ms <= Date.parse(end) && days.length < 1000; ms += 86_400_000) days.push(new Date(ms).toISOString().slice(0, 10));
  return days;
}

function usageOf(ctx: Ctx, plan: UsagePlanItem, keyId: string, days: readonly string[]): number[][] {
  const used = new Map(ctx.store.usage.days(plan.id, keyId, days[0]!, days.at(-1)!).map((row) => [row.day, row.used]));
  const quota = plan.quota?.limit;
  return days.map((day) => {
    const { from } = periodOf(plan.quota?.period, Date.parse(day));
    const sum = ctx.store.usage.total(plan.id, keyId, from, day);
    return [Math.max(0, used.get(day) ?? 0), quota === undefined ? -1 : quota - sum];
  });
}

export const usagePlanOperations: Operations<"apigateway", Store> = {
  CreateUsagePlan(ctx, input) {
    if (input.name === "") throw badRequest("Usage Plan name cannot be blank");
    for (const stage of input.apiStages ?? []) checkStage(ctx, stage);
    checkQuotaSettings(input.quota);
    checkThrottle(input.throttle);
    checkQuota(ctx, "usagePlans", 300, ctx.store.usagePlans.count(""), "usage plans");
    const plan: UsagePlanItem = defined({
      id: newId(ctx, 6),
      name: input.name,
      description: input.description,
      apiStages: input.apiStages ?? [],
      throttle: input.throttle,
      quota: input.quota === undefined ? undefined : { offset: 0, ...input.quota },
      tags: input.tags,
    });
    ctx.store.usagePlans.put("", plan.id, plan);
    return plan;
  },
  GetUsagePlan: (ctx, input) => findPlan(ctx, input.usagePlanId),
  GetUsagePlans(ctx, input) {
    if (input.keyId === undefined) return pageOf(ctx.store.usagePlans, "", input);
    const { keyId } = input;
    return pageOfList(ctx.store.usagePlans.all("").filter((plan) => ctx.store.usagePlanKeys.get(plan.id, keyId) !== undefined), input);
  },
  UpdateUsagePlan(ctx, input) {
    let plan = findPlan(ctx, input.usagePlanId);
    for (const operation of input.patchOperations ?? []) if (!patchMethodThrottle(plan, operation)) plan = applyPatch(plan, [operation], rules(ctx));
    checkQuotaSettings(plan.quota);
    checkThrottle(plan.throttle);
    ctx.store.usagePlans.put("", plan.id, plan);
    return plan;
  },
  DeleteUsagePlan(ctx, input) {
    const plan = findPlan(ctx, input.usagePlanId);
    if ((plan.apiStages ?? []).length > 0) throw badRequest(`Cannot delete Usage Plan ${plan.id} because API Stages are associated with it. Please remove all API Stages from the Usage Plan and try again.`);
    ctx.store.usagePlanKeys.clear(plan.id);
    ctx.store.usagePlans.delete("", plan.id);
    return {};
  },
  CreateUsagePlanKey(ctx, input) {
    findPlan(ctx, input.usagePlanId);
    if (input.keyType !== "API_KEY") throw badRequest("Usage Plan Key type must be API_KEY");
    const key = ctx.store.apiKeys.get("", input.keyId);
    if (key === undefined) throw notFound("Invalid API Key identifier specified");
    if (ctx.store.usagePlanKeys.get(input.usagePlanId, input.keyId) !== undefined) throw conflict(`Usage Plan ${input.usagePlanId} cannot be added because API Key ${input.keyId} is already associated with it`);
    ctx.store.usagePlanKeys.put(input.usagePlanId, input.keyId, { id: input.keyId, type: input.keyType });
    return defined({ id: key.id, type: input.keyType, value: key.value, name: key.name });
  },
  GetUsagePlanKey(ctx, input) {
    findPlan(ctx, input.usagePlanId);
    const entry = ctx.store.usagePlanKeys.get(input.usagePlanId, input.keyId);
    if (entry === undefined) throw notFound("Invalid Usage Plan Key identifier specified");
    const key = findKey(ctx, input.keyId);
    return defined({ id: key.id, type: entry.type, value: key.value, name: key.name });
  },
  GetUsagePlanKeys(ctx, input) {
    findPlan(ctx, input.usagePlanId);
    const keys = ctx.store.usagePlanKeys.all(input.usagePlanId).flatMap(({ id, type }) => {
      const key = ctx.store.apiKeys.get("", id);
      return key === undefined || !(key.name ?? "").startsWith(input.nameQuery ?? "") ? [] : [defined({ id, type, value: key.value, name: key.name })];
    });
    return pageOfList(keys, input);
  },
  DeleteUsagePlanKey(ctx, input) {
    findPlan(ctx, input.usagePlanId);
    if (!ctx.store.usagePlanKeys.delete(input.usagePlanId, input.keyId)) throw notFound("Invalid Usage Plan Key identifier specified");
    return {};
  },
  GetUsage(ctx, input) {
    const plan = findPlan(ctx, input.usagePlanId);
    checkDates(input.startDate, input.endDate);
    const days = daysBetween(input.startDate, input.endDate);
    const keys = input.keyId === undefined ? ctx.store.usagePlanKeys.all(plan.id).map(({ id }) => id) : [input.keyId];
    const { items, position } = pageOfList(keys, input);
    return defined({ usagePlanId: plan.id, startDate: input.startDate, endDate: input.endDate, position, items: Object.fromEntries(items.map((id) => [id, usageOf(ctx, plan, id, days)])) });
  },
  UpdateUsage(ctx, input) {
    const plan = findPlan(ctx, input.usagePlanId);
    if (ctx.store.usagePlanKeys.get(plan.id, input.keyId) === undefined) throw notFound("Invalid Usage Plan Key identifier specified");
    const now = ctx.clock.now();
    const today = new Date(now).toISOString().slice(0, 10);
    for (const { op, path, value } of input.patchOperations ?? []) {
      if (op !== "replace" || path !== "/remaining") throw badRequest(`Invalid patch path ${path}`);
      const left = remaining(ctx.store, plan, input.keyId, now);
      if (left === undefined) throw badRequest("Usage Plan has no quota");
      // Extending or cutting what is left is a correction of what was used today.
      ctx.store.usage.add(plan.id, input.keyId, today, left - decimal(value));
    }
    return { usagePlanId: plan.id, startDate: today, endDate: today, items: { [input.keyId]: usageOf(ctx, plan, input.keyId, [today]) } };
  },
};
