import { defineService } from "@cumulet/core";
import { codePlane } from "./data-plane/code.ts";
import { startLive } from "./live.ts";
import { functionOperations } from "./operations/functions.ts";
import { invokeOperations } from "./operations/invoke.ts";
import { store } from "./store.ts";

/** Lambda: functions that really run. */
export const lambda = defineService({
  model: "lambda",
  store,
  operations: { ...functionOperations, ...invokeOperations },
  dataPlanes: [codePlane],
  background: (platform) => {
    const live = startLive(platform);
    return { [Symbol.asyncDispose]: () => live.close() };
  },
  // What the real service takes for CreateFunction, a zip of 50 MB as base64 in JSON.
  maxBodyBytes: 70_167_211,
});

export const services = [lambda] as const;
