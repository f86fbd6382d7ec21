/** What a receipt handle stands for: one reception of one message. */
export interface Receipt {
  /** The queue's number; it changes when the queue is purged or made anew. */
  queue: number;
  seq: number;
  /** Which reception of the message it was. */
  receives: number;
}

const marker = "AQEB";

/**
 * Writes a receipt handle.
 * @param salt makes handles look, and compare, different; it is not looked at again.
 */
export function writeReceipt({ queue, seq, receives }: Receipt, salt: string): string {
  return marker + Buffer.from(`${queue}.${seq}.${receives}.${salt}`, "latin1").toString("base64");
}

/** Reads a receipt handle; undefined for one that we never gave. */
export function readReceipt(handle: string): Receipt | undefined {
  if (!handle.startsWith(marker) || handle.length > 1024) return undefined;
  const match = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})\./.exec(Buffer.from(handle.slice(marker.length), "base64").toString("latin1"));
  if (match === null) return undefined;
  return { queue: Number(match[1]), seq: Number(match[2]), receives: Number(match[3]) };
}
