import type { DescribeEndpointsResponse, DescribeLimitsOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Ctx } from "./targets.ts";

/** What AWS gives a new account in most regions. */
export function describeLimits(): DescribeLimitsOutput {
  return {
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  };
}

/** Where to send requests: here, so that clients that discover endpoints stay with this cloud. */
export function describeEndpoints(ctx: Ctx): DescribeEndpointsResponse {
  return { Endpoints: [{ Address: new URL(ctx.endpoint).host, CachePeriodInMinutes: 1440 }] };
}
