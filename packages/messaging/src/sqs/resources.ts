import type { Resources } from "@cumulet/core";
import type { SqsStore } from "./store.ts";

/** Queues as authorization sees them: their policy and tags. */
export const resources: Resources<SqsStore> = {
  describe({ store }, arn) {
    const queue = store.queue(arn.slice(arn.lastIndexOf(":") + 1));
    return queue && { policy: queue.attributes["Policy"] || undefined, tags: () => queue.tags };
  },
};
