/** Entries of the agenda that are no queue's name. */

/** Rows of queues that were purged or deleted are removed. */
export const tidying = "tidy up";

/** What the entries of move tasks begin with. */
export const task = "task ";

/** The entry of a move task. */
export function taskSlot(handle: string): string {
  return task + handle;
}
