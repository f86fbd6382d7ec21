import { AwsError } from "@cumulet/protocol";
import type { BatchResultErrorEntry } from "@cumulet/protocol/models/sqs.d.ts";

const largestBatch = 10;
const entryId = /^[A-Za-z0-9_-]{1,80}$/;

/** @throws AwsError for a batch that is empty, too large, or whose ids are no ids or not distinct. */
export function checkBatch(entryName: string, entries: readonly { Id: string }[]): void {
  if (entries.length === 0) throw new AwsError("EmptyBatchRequest", `There should be at least one ${entryName} in the request.`);
  if (entries.length > largestBatch) throw new AwsError("TooManyEntriesInBatchRequest", `Maximum number of entries per request are ${largestBatch}. You have sent ${entries.length}.`);
  const seen = new Set<string>();
  for (const { Id } of entries) {
    if (!entryId.test(Id)) throw new AwsError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.");
    if (seen.has(Id)) throw new AwsError("BatchEntryIdsNotDistinct", `Id ${Id} repeated.`);
    seen.add(Id);
  }
}

/** Does each entry on its own: one's failure is not the other's. Lists are absent rather than empty. */
export function batch<E extends { Id: string }, R>(entries: readonly E[], run: (entry: E, index: number) => R): { Successful?: R[]; Failed?: BatchResultErrorEntry[] } {
  const successful: R[] = [];
  const failed: BatchResultErrorEntry[] = [];
  entries.forEach((entry, index) => {
    try {
      successful.push(run(entry, index));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  });
  return { ...(successful.length > 0 ? { Successful: successful } : {}), ...(failed.length > 0 ? { Failed: failed } : {}) };
}
