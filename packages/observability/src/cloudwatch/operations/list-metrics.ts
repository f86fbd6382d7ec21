import type { ListMetricsInput, ListMetricsOutput, Metric } from "@cumulet/protocol/models/cloudwatch.d.ts";
import { flushServiceMetrics } from "../derive/service-metrics.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { invalidValue } from "../domain/errors.ts";
import type { MetricRow } from "../store/metrics.ts";
import type { Ctx } from "./query.ts";

const PAGE = 500;
const SCAN = 5000;
/** A metric without new data is listed for two weeks. */
const LISTED_MS = 14 * 86_400_000;
const RECENT_MS = 3 * 3_600_000;

/** Metrics that had data lately, by namespace, name and dimensions. */
export function listMetrics(ctx: Ctx, input: ListMetricsInput): ListMetricsOutput {
  flushServiceMetrics(ctx);
  let after: Pick<MetricRow, "namespace" | "name" | "dimensions"> | undefined;
  if (input.NextToken !== undefined) {
    const token = readToken(input.NextToken) as typeof after;
    if (typeof token?.namespace !== "string" || typeof token.name !== "string" || !Array.isArray(token.dimensions)) throw invalidValue("The parameter NextToken is invalid.");
    after = token;
  }
  const owner = input.OwningAccount === undefined ? ctx : ctx.at(input.OwningAccount, ctx.region);
  const since = ctx.clock.now() - (input.RecentlyActive === "PT3H" ? RECENT_MS : LISTED_MS);
  const filters = input.Dimensions ?? [];
  const found: Metric[] = [];
  const rows = owner.store.metrics.list({ namespace: input.Namespace, name: input.MetricName }, after, SCAN);
  for (const row of rows) {
    if (found.length === PAGE) return { Metrics: found, NextToken: tokenOf(after!) };
    const has = filters.every(({ Name, Value }) => row.dimensions.some((dimension) => dimension.Name === Name && (Value === undefined || dimension.Value === Value)));
    if (has && row.lastMs >= since) found.push({ Namespace: row.namespace, MetricName: row.name, Dimensions: row.dimensions });
    after = row;
  }
  const accounts = input.IncludeLinkedAccounts === true ? { OwningAccounts: found.map(() => owner.account) } : {};
  return { Metrics: found, ...accounts, ...(rows.length === SCAN ? { NextToken: tokenOf(after!) } : {}) };
}

function tokenOf({ namespace, name, dimensions }: Pick<MetricRow, "namespace" | "name" | "dimensions">): string {
  return writeToken({ namespace, name, dimensions });
}
