import type { Resources } from "@cumulet/core";
import { defaultPolicy } from "./operations/topics.ts";
import type { SnsStore } from "./store.ts";

/** Topics as authorization sees them: their policy, the default one where none was set, and their tags. */
export const resources: Resources<SnsStore> = {
  describe({ store, account }, arn) {
    const [name = "", ...rest] = arn.split(":").slice(5);
    const topic = rest.length === 0 ? store.topic(name) : undefined;
    return topic && { policy: topic.attributes["Policy"] ?? JSON.stringify(defaultPolicy({ account }, arn)), tags: () => topic.tags };
  },
};
