import { defineStore, type StoreScope } from "@cumulet/core";
import { FunctionTables } from "./store/functions.ts";
import { migrations } from "./store/migrations.ts";

/** All state of Lambda in one account and region. */
export interface LambdaStore {
  functions: FunctionTables;
}

export const store = defineStore<LambdaStore>({
  name: "lambda",
  scope: "regional",
  migrations,
  open: (scope: StoreScope) => ({ functions: new FunctionTables(scope.db) }),
  blobIds: (open) => open.functions.blobIds(),
});
