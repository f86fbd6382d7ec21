import { defineStore, type StoreScope } from "@cumulet/core";
import { ConfigTables } from "./store/configs.ts";
import { FunctionTables } from "./store/functions.ts";
import { LayerTables } from "./store/layers.ts";
import { MappingTables } from "./store/mappings.ts";
import { migrations } from "./store/migrations.ts";
import { SigningTables } from "./store/signing.ts";

/** All state of Lambda in one account and region. */
export interface LambdaStore {
  functions: FunctionTables;
  configs: ConfigTables;
  layers: LayerTables;
  signing: SigningTables;
  mappings: MappingTables;
}

export const store = defineStore<LambdaStore>({
  name: "lambda",
  scope: "regional",
  migrations,
  open: ({ db }: StoreScope) => ({
    functions: new FunctionTables(db),
    configs: new ConfigTables(db),
    layers: new LayerTables(db),
    signing: new SigningTables(db),
    mappings: new MappingTables(db),
  }),
  *blobIds(open) {
    yield* open.functions.blobIds();
    yield* open.layers.blobIds();
  },
});
