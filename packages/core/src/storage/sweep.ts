import type { BlobFiles } from "./blob-files.ts";
import { BlobSet } from "./blob-set.ts";
import type { StoreKey } from "./layout.ts";
import type { Storage } from "./storage.ts";

/**
 * Removes the blobs that no row names: what requests had written when the platform was killed. Never one that was made after
 * `fresh` began to be noted.
 *
 * @param stopped asked now and then; what is left is the next start's.
 */
export async function sweepOrphans(storage: Storage, blobs: BlobFiles, fresh: ReadonlySet<string>, stopped: () => boolean): Promise<void> {
  using named = new BlobSet();
  try {
    // In the next turn: the platform is still being made.
    await new Promise((resolve) => setImmediate(resolve));
    for (const key of storage.scopes()) {
      for await (const ids of storage.blobIds(key)) {
        if (stopped()) throw new Error("The platform stopped.");
        named.add(ids);
      }
    }
    for await (const ids of blobs.all()) {
      for (const id of ids) if (!fresh.has(id) && !named.has(id)) await blobs.delete(id);
      if (stopped()) throw new Error("The platform stopped.");
    }
  } finally {
    blobs.unwatch();
  }
}

/** Removes `ids`, but for those that rows of `stores` name. Takes the set over. */
export async function deleteBlobs(storage: Storage, blobs: BlobFiles, ids: BlobSet, stores: readonly StoreKey[], stopped: () => boolean): Promise<void> {
  using set = ids;
  for (const key of stores) for await (const kept of storage.blobIds(key)) set.remove(kept);
  for (let some = set.some(500); some.length > 0; some = set.some(500)) {
    if (stopped()) throw new Error("The platform stopped.");
    for (const id of some) await blobs.delete(id);
    set.remove(some);
  }
}
