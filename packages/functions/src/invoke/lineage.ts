import { createHash } from "node:crypto";

/** A function may be part of a chain this often before Lambda takes the chain for a loop. */
export const HOPS_MAX = 16;
/** A chain may pass through many functions; only the latest are remembered. */
const FUNCTIONS_MAX = 32;

/**
 * The functions that a chain of events has passed through, as Lambda writes it into the trace header:
 * `Lineage=a87bd80c:1|68fd508a:5`, a hash of the function and how often it ran. SDKs send the header on, queues and
 * topics keep it, and so a function that feeds itself is found.
 */
export function lineageOf(traceHeader: string | undefined): Map<string, number> {
  const lineage = new Map<string, number>();
  const text = /(?:^|;)\s*Lineage=([^;]*)/.exec(traceHeader ?? "")?.[1];
  for (const part of text?.split("|") ?? []) {
    const match = /^([0-9a-f]{8}):(\d{1,5})$/.exec(part);
    if (match !== null) lineage.set(match[1]!, Number(match[2]));
  }
  return lineage;
}

/** How often the function is in the chain already, and the header with this run counted. */
export function continueLineage(traceHeader: string, incoming: string | undefined, functionArn: string): { hops: number; traceHeader: string } {
  const lineage = lineageOf(incoming);
  const id = createHash("sha256").update(functionArn).digest("hex").slice(0, 8);
  const hops = lineage.get(id) ?? 0;
  lineage.delete(id);
  lineage.set(id, hops + 1);
  const parts = [...lineage].slice(-FUNCTIONS_MAX).map(([key, count]) => `${key}:${count}`);
  return { hops, traceHeader: `${traceHeader};Lineage=${parts.join("|")}` };
}
