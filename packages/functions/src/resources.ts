import type { Resources } from "@cumulet/core";
import { parseReference } from "./domain/names.ts";
import { policyDocument } from "./domain/policy.ts";
import type { LambdaStore } from "./store.ts";

/** Functions as authorization sees them: the permissions of the function, version or alias that is called, and its tags. */
export const resources: Resources<LambdaStore> = {
  describe({ store }, arn) {
    if (!arn.includes(":function:")) return undefined;
    const { name, qualifier } = parseReference(arn);
    const found = store.functions.function(name);
    if (found === undefined) return undefined;
    const statements = store.configs.get("policy", name, qualifier === undefined || qualifier === "$LATEST" ? "" : qualifier)?.statements;
    return { tags: () => found.tags, ...(statements === undefined ? {} : { policy: policyDocument(statements) }) };
  },
};
