import type { ReplicationGroupUpdate } from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import type { TableRecord } from "../domain/table.ts";
import type { Ctx } from "./targets.ts";

/** Adds, changes and removes replicas of a table in other regions. */
export function updateReplicas(_ctx: Ctx, _record: TableRecord, _updates: readonly ReplicationGroupUpdate[], _consistency: string | undefined): void {
  throw validationError("Replicas are not supported yet");
}
