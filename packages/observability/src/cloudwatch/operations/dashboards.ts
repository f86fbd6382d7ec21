import { AwsError } from "@cumulet/protocol";
import type {
  DashboardValidationMessage, DeleteDashboardsInput, GetDashboardInput, GetDashboardOutput, ListDashboardsInput, ListDashboardsOutput, PutDashboardInput, PutDashboardOutput,
} from "@cumulet/protocol/models/cloudwatch.d.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { invalidValue } from "../domain/errors.ts";
import type { Ctx } from "./query.ts";
import { setTags } from "./tags.ts";

const PAGE = 1000;
const HOME: { [partition: string]: string } = { aws: "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1" };

/** Dashboards are the account's, whatever the region that they are seen from. */
export function dashboardStore(ctx: Ctx): Ctx {
  return ctx.at(ctx.account, HOME[ctx.partition] ?? ctx.region);
}

const arnOf = (ctx: Ctx, name: string): string => `arn:${ctx.partition}:cloudwatch::${ctx.account}:dashboard/${name}`;

export function putDashboard(ctx: Ctx, input: PutDashboardInput): PutDashboardOutput {
  const { DashboardName: name, DashboardBody: body } = input;
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    // Recorded, the line break too.
    throw invalidValue("The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n");
  }
  if (name.length > 255) throw invalidValue("The value for field DashboardName must have a length of at most 255 characters.");
  checkBody(body);
  const store = dashboardStore(ctx);
  const before = store.store.dashboards.get(name);
  store.store.dashboards.put(name, { name, body, modifiedMs: ctx.clock.now() });
  if (before === undefined && input.Tags !== undefined) setTags(store, arnOf(ctx, name), input.Tags);
  return { DashboardValidationMessages: [] };
}

/** @throws AwsError `InvalidParameterInput` with what is wrong where */
function checkBody(body: string): void {
  const messages: DashboardValidationMessage[] = [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw refused([{ Message: "The field DashboardBody must be a valid JSON object" }]);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw refused([{ Message: "The field DashboardBody must be a valid JSON object" }]);
  const { widgets } = parsed as { widgets?: unknown };
  if (!Array.isArray(widgets)) throw refused([{ DataPath: "/", Message: 'Should have required property "widgets"' }]);
  widgets.forEach((widget: unknown, i) => {
    const path = `/widgets/${i}`;
    if (typeof widget !== "object" || widget === null) messages.push({ DataPath: path, Message: "Should be object" });
    else for (const property of ["type", "properties"]) if (!Object.hasOwn(widget, property)) messages.push({ DataPath: path, Message: `Should have required property "${property}"` });
  });
  if (messages.length > 0) throw refused(messages);
}

function refused(messages: DashboardValidationMessage[]): AwsError {
  return new AwsError("DashboardInvalidInputError", `The dashboard body is invalid, there are ${messages.length} validation errors: ${JSON.stringify(messages)}`, {
    status: 400, fields: { dashboardValidationMessages: messages },
  });
}

export function getDashboard(ctx: Ctx, input: GetDashboardInput): GetDashboardOutput {
  const found = dashboardStore(ctx).store.dashboards.get(input.DashboardName);
  if (found === undefined) throw missing([input.DashboardName]);
  return { DashboardArn: arnOf(ctx, found.name), DashboardBody: found.body, DashboardName: found.name };
}

export function listDashboards(ctx: Ctx, input: ListDashboardsInput): ListDashboardsOutput {
  const after = input.NextToken === undefined ? "" : readToken(input.NextToken);
  if (typeof after !== "string") throw invalidValue("The parameter NextToken is invalid.");
  const rows = dashboardStore(ctx).store.dashboards.list({ prefix: input.DashboardNamePrefix ?? "", after, limit: PAGE + 1 });
  return {
    DashboardEntries: rows.slice(0, PAGE).map(({ record }) => ({
      DashboardName: record.name, DashboardArn: arnOf(ctx, record.name), LastModified: record.modifiedMs, Size: Buffer.byteLength(record.body),
    })),
    ...(rows.length > PAGE ? { NextToken: writeToken(rows[PAGE - 1]!.key) } : {}),
  };
}

/** All or none. */
export function deleteDashboards(ctx: Ctx, input: DeleteDashboardsInput): Record<string, never> {
  const { store } = dashboardStore(ctx);
  const unknown = input.DashboardNames.filter((name) => store.dashboards.get(name) === undefined);
  if (unknown.length > 0) throw missing(unknown);
  for (const name of input.DashboardNames) {
    store.dashboards.delete(name);
    store.tags.delete(arnOf(ctx, name));
  }
  return {};
}

function missing(names: readonly string[]): AwsError {
  return new AwsError("DashboardNotFoundError", names.length === 1 ? `Dashboard ${names[0]} does not exist` : `Dashboards [${names.join(", ")}] do not exist`, { status: 404 });
}
