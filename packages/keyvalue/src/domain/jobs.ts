import type { Principal } from "@cumulet/core";
import type { ExportDescription, ExportTableToPointInTimeInput, ImportTableDescription, ImportTableInput } from "@cumulet/protocol/models/dynamodb.d.ts";

/** What is kept of an export: what was asked for by whom, what it is of, and how it is described. */
export interface ExportRecord {
  input: ExportTableToPointInTimeInput;
  principal: Principal;
  /** The space of the table's rows. */
  space: number;
  description: ExportDescription;
}

/** What is kept of an import. */
export interface ImportRecord {
  input: ImportTableInput;
  principal: Principal;
  description: ImportTableDescription;
}

/** Id of a job or a backup: the time in milliseconds and four random bytes. */
export function jobId(nowMs: number, random: Uint8Array): string {
  return `${String(nowMs).padStart(14, "0")}-${Buffer.from(random).toString("hex")}`;
}
