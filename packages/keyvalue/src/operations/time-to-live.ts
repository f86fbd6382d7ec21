import type { DescribeTimeToLiveInput, DescribeTimeToLiveOutput, UpdateTimeToLiveInput, UpdateTimeToLiveOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import type { Table } from "../domain/table.ts";
import { fill } from "./backfill.ts";
import { checkGroup, onOthers } from "./replicas.ts";
import { transitionMs } from "./tables.ts";
import { controlTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function updateTimeToLive(ctx: Ctx, input: UpdateTimeToLiveInput): UpdateTimeToLiveOutput {
  const { AttributeName: attribute, Enabled: enabled } = input.TimeToLiveSpecification;
  const { ctx: owner, table } = controlTable(ctx, input.TableName);
  const now = owner.clock.now();
  const current = table.record.ttl;
  if (current !== undefined && now < current.readyMs) {
    throw validationError("Time to live has been modified multiple times within a fixed interval");
  }
  if (enabled && current?.enabled === true) {
    throw validationError(current.attribute === attribute ? "TimeToLive is already enabled" : "TimeToLive is active on a different AttributeName: current AttributeName is " + current.attribute);
  }
  if (!enabled && current?.enabled !== true) throw validationError("TimeToLive is already disabled");
  if (!enabled && current!.attribute !== attribute) {
    throw validationError("TimeToLive is active on a different AttributeName: current AttributeName is " + current!.attribute);
  }
  checkGroup(owner, table);
  change(owner, table, attribute, enabled);
  // Of a global table's settings this is the one that every member follows at once.
  onOthers(owner, table, (there, other) => change(there, other, attribute, enabled));
  return { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } };
}

function change(ctx: Ctx, { record }: Table, attribute: string, enabled: boolean): void {
  const { store } = ctx;
  const readyMs = ctx.clock.now() + transitionMs(ctx);
  if (record.ttl?.enabled === true) store.discard(record.ttl.space);
  if (enabled) fill(ctx, store.tables.put({ ...record, ttl: { attribute, enabled: true, space: store.tables.nextNumber("space"), readyMs, backfill: "" } }));
  else store.tables.put({ ...record, ttl: { attribute, enabled: false, space: record.ttl?.space ?? 0, readyMs } });
}

export function describeTimeToLive(ctx: Ctx, input: DescribeTimeToLiveInput): DescribeTimeToLiveOutput {
  const { ctx: owner, table } = controlTable(ctx, input.TableName);
  const { ttl } = table.record;
  if (ttl === undefined) return { TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } };
  const changing = owner.clock.now() < ttl.readyMs;
  if (ttl.enabled) return { TimeToLiveDescription: { TimeToLiveStatus: changing ? "ENABLING" : "ENABLED", AttributeName: ttl.attribute } };
  return { TimeToLiveDescription: changing ? { TimeToLiveStatus: "DISABLING", AttributeName: ttl.attribute } : { TimeToLiveStatus: "DISABLED" } };
}
