import type { DescribeTimeToLiveInput, DescribeTimeToLiveOutput, UpdateTimeToLiveInput, UpdateTimeToLiveOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import { fill } from "./backfill.ts";
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
  const readyMs = now + transitionMs(owner);
  if (enabled) {
    const space = owner.store.tables.nextNumber("space");
    fill(owner, owner.store.tables.put({ ...table.record, ttl: { attribute, enabled: true, space, readyMs, backfill: "" } }));
  } else {
    owner.store.discard(current!.space);
    owner.store.tables.put({ ...table.record, ttl: { attribute, enabled: false, space: current!.space, readyMs } });
  }
  return { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } };
}

export function describeTimeToLive(ctx: Ctx, input: DescribeTimeToLiveInput): DescribeTimeToLiveOutput {
  const { ctx: owner, table } = controlTable(ctx, input.TableName);
  const { ttl } = table.record;
  if (ttl === undefined) return { TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } };
  const changing = owner.clock.now() < ttl.readyMs;
  if (ttl.enabled) return { TimeToLiveDescription: { TimeToLiveStatus: changing ? "ENABLING" : "ENABLED", AttributeName: ttl.attribute } };
  return { TimeToLiveDescription: changing ? { TimeToLiveStatus: "DISABLING", AttributeName: ttl.attribute } : { TimeToLiveStatus: "DISABLED" } };
}
