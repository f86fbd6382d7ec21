import { AwsError } from "@cumulet/protocol";
import type * as cf from "@cumulet/protocol/models/cloudfront.d.ts";
import { purge } from "../data-plane/network.ts";
import type { InvalidationRow } from "../store.ts";
import { existing, locationOf, newId, pageOf, pageSize, type Cdn } from "./resource.ts";

/** Paths that one request may name. */
const PATHS = 3000;

export function CreateInvalidation(ctx: Cdn, { DistributionId, InvalidationBatch }: cf.CreateInvalidationRequest): cf.CreateInvalidationResult {
  existing(ctx, "distribution", DistributionId);
  const { Paths, CallerReference } = InvalidationBatch;
  const paths = Paths.Items ?? [];
  if (Paths.Quantity !== paths.length || paths.length === 0) throw new AwsError("InconsistentQuantities", "The value of Quantity and the size of Items don't match.");
  if (paths.length > PATHS) throw new AwsError("BatchTooLarge", "Invalidation batch specified is too large.");
  for (const path of paths) checkPath(path);
  const known = ctx.store.invalidations.byReference(DistributionId, CallerReference);
  if (known !== undefined) {
    if (JSON.stringify(known.paths) !== JSON.stringify(paths)) {
      throw new AwsError("InvalidArgument", "Your request contains a caller reference that was used for a previous invalidation batch for the same distribution.");
    }
    return { Location: location(ctx, known), Invalidation: view(known) };
  }
  const row: InvalidationRow = { distribution: DistributionId, id: newId(ctx, "I"), callerReference: CallerReference, paths, createdMs: ctx.clock.now(), completedMs: null };
  ctx.store.invalidations.insert(row);
  purge(ctx, DistributionId, paths);
  ctx.store.invalidations.complete(DistributionId, row.id, ctx.clock.now());
  return { Location: location(ctx, row), Invalidation: view(row) };
}

export function GetInvalidation(ctx: Cdn, { DistributionId, Id }: cf.GetInvalidationRequest): cf.GetInvalidationResult {
  existing(ctx, "distribution", DistributionId);
  const row = ctx.store.invalidations.get(DistributionId, Id);
  if (row === undefined) throw new AwsError("NoSuchInvalidation", "The specified invalidation does not exist.");
  return { Invalidation: view(row) };
}

export function ListInvalidations(ctx: Cdn, { DistributionId, Marker, MaxItems }: cf.ListInvalidationsRequest): cf.ListInvalidationsResult {
  existing(ctx, "distribution", DistributionId);
  const size = pageSize(MaxItems);
  const rows = ctx.store.invalidations.page(DistributionId, Marker === "" ? undefined : Marker, size + 1);
  return { InvalidationList: pageOf(rows, Marker, size, ({ id }) => id, (row) => ({ Id: row.id, CreateTime: row.createdMs, Status: statusOf(row) })) };
}

/** A path starts with a slash, and has a `*` at its end only. */
function checkPath(path: string): void {
  const star = path.indexOf("*");
  if (!path.startsWith("/") || (star >= 0 && star !== path.length - 1) || path.length > 4000) {
    throw new AwsError("InvalidArgument", "Your request contains one or more invalid invalidation paths.");
  }
}

function statusOf({ completedMs }: InvalidationRow): string {
  return completedMs === null ? "InProgress" : "Completed";
}

function view(row: InvalidationRow): cf.Invalidation {
  return {
    Id: row.id,
    Status: statusOf(row),
    CreateTime: row.createdMs,
    InvalidationBatch: { Paths: { Quantity: row.paths.length, Items: row.paths }, CallerReference: row.callerReference },
  };
}

function location(ctx: Cdn, row: InvalidationRow): string {
  return locationOf(ctx, `distribution/${row.distribution}/invalidation/${row.id}`);
}
