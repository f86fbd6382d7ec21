import { AwsError } from "@cumulet/protocol";
import type {
  ContributorInsightsSummary, DescribeContributorInsightsInput, DescribeContributorInsightsOutput, ListContributorInsightsInput, ListContributorInsightsOutput,
  UpdateContributorInsightsInput, UpdateContributorInsightsOutput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Table } from "../domain/table.ts";
import { controlTable } from "./targets.ts";
import type { Ctx, Target } from "./targets.ts";

/** Contributor insights are a setting here: stored and described. No rule is evaluated. */

const defaultMode = "ACCESSED_AND_THROTTLED_KEYS";

function target(ctx: Ctx, tableName: string, indexName: string | undefined): Target {
  const found = controlTable(ctx, tableName);
  if (indexName !== undefined && found.table.index(indexName) === undefined) {
    throw new AwsError("ResourceNotFoundException", `Requested resource not found: Index: ${indexName} not found`);
  }
  return found;
}

export function updateContributorInsights(ctx: Ctx, input: UpdateContributorInsightsInput): UpdateContributorInsightsOutput {
  const { ctx: owner, table } = target(ctx, input.TableName, input.IndexName);
  const enabled = input.ContributorInsightsAction === "ENABLE";
  const mode = input.ContributorInsightsMode ?? table.record.contributorInsights?.[input.IndexName ?? ""]?.mode ?? defaultMode;
  owner.store.tables.put({
    ...table.record,
    contributorInsights: { ...table.record.contributorInsights, [input.IndexName ?? ""]: { enabled, changedMs: owner.clock.now(), mode } },
  });
  return {
    TableName: table.name,
    ...(input.IndexName === undefined ? {} : { IndexName: input.IndexName }),
    ContributorInsightsStatus: enabled ? "ENABLING" : "DISABLING",
    ContributorInsightsMode: mode,
  };
}

export function describeContributorInsights(ctx: Ctx, input: DescribeContributorInsightsInput): DescribeContributorInsightsOutput {
  const { table } = target(ctx, input.TableName, input.IndexName);
  const setting = table.record.contributorInsights?.[input.IndexName ?? ""];
  const output: DescribeContributorInsightsOutput = {
    TableName: table.name,
    ...(input.IndexName === undefined ? {} : { IndexName: input.IndexName }),
    ContributorInsightsStatus: setting?.enabled === true ? "ENABLED" : "DISABLED",
  };
  if (setting === undefined) return output;
  output.LastUpdateDateTime = setting.changedMs;
  if (!setting.enabled) return output;
  output.ContributorInsightsMode = setting.mode ?? defaultMode;
  output.ContributorInsightsRuleList = rules(table, input.IndexName, setting.changedMs);
  return output;
}

/** Names of the rules that AWS makes: for partition keys, and for partition and sort keys together. */
function rules(table: Table, indexName: string | undefined, ms: number): string[] {
  const schema = indexName === undefined ? table.schema : table.index(indexName)!.schema;
  const kinds = schema.range.length > 0 ? ["PKC", "PKT", "SKC", "SKT"] : ["PKC", "PKT"];
  return kinds.map((kind) => `DynamoDBContributorInsights-${kind}-${table.name}${indexName === undefined ? "" : `-${indexName}`}-${ms}`);
}

export function listContributorInsights(ctx: Ctx, input: ListContributorInsightsInput): ListContributorInsightsOutput {
  const tables = input.TableName === undefined ? ctx.store.tables.list(input.NextToken ?? "", 100) : [controlTable(ctx, input.TableName).table];
  const summaries = tables.flatMap((table) => Object.entries(table.record.contributorInsights ?? {}).map(([index, { enabled, mode }]): ContributorInsightsSummary => ({
    TableName: table.name,
    ...(index === "" ? {} : { IndexName: index }),
    ContributorInsightsStatus: enabled ? "ENABLED" : "DISABLED",
    ...(mode === undefined ? {} : { ContributorInsightsMode: mode }),
  })));
  const output: ListContributorInsightsOutput = { ContributorInsightsSummaries: summaries };
  if (input.TableName === undefined && tables.length === 100) output.NextToken = tables.at(-1)!.name;
  return output;
}
