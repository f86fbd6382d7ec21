import { defineService } from "@cumulet/core";
import { codePlane } from "./data-plane/code.ts";
import { ASYNC_EVENT, deliver } from "./invoke/async.ts";
import { POLL_EVENT, type PollDetail } from "./event-sources/poller.ts";
import { liveOf, startLive } from "./live.ts";
import { functionUrlPlane } from "./data-plane/function-url.ts";
import { behaviourOperations } from "./operations/behaviour.ts";
import { codeSigningOperations } from "./operations/code-signing.ts";
import { concurrencyOperations } from "./operations/concurrency.ts";
import { eventInvokeConfigOperations } from "./operations/event-invoke-configs.ts";
import { functionOperations } from "./operations/functions.ts";
import { invokeOperations } from "./operations/invoke.ts";
import { eventSourceMappingOperations } from "./operations/event-source-mappings.ts";
import { layerOperations } from "./operations/layers.ts";
import { permissionOperations } from "./operations/permissions.ts";
import { tagOperations } from "./operations/tags.ts";
import { urlOperations } from "./operations/urls.ts";
import { versionOperations } from "./operations/versions.ts";
import { resources } from "./resources.ts";
import { store } from "./store.ts";

/** Lambda: functions that really run. */
export const lambda = defineService({
  model: "lambda",
  store,
  operations: {
    ...functionOperations, ...versionOperations, ...invokeOperations, ...permissionOperations, ...concurrencyOperations, ...urlOperations,
    ...eventInvokeConfigOperations, ...eventSourceMappingOperations, ...layerOperations, ...tagOperations, ...codeSigningOperations, ...behaviourOperations,
  },
  resources,
  dataPlanes: [codePlane, functionUrlPlane],
  consumes: {
    [ASYNC_EVENT]: deliver,
    [POLL_EVENT]: (ctx, event) => liveOf(ctx).pollers.poll(event.account, event.region, (event.detail as PollDetail).uuid),
    "dynamodb.stream": (ctx, event) => liveOf(ctx).pollers.wakeSource(event.account, event.region, (event.detail as { streamArn: string }).streamArn),
    "sqs.message": (ctx, event) => liveOf(ctx).pollers.wakeSource(event.account, event.region, (event.detail as { queueArn: string }).queueArn),
  },
  // They last as long as the functions that they run.
  longDeliveries: [ASYNC_EVENT, POLL_EVENT, "dynamodb.stream", "sqs.message"],
  background: (platform) => {
    const live = startLive(platform);
    return { [Symbol.asyncDispose]: () => live.close() };
  },
  // What the real service takes for CreateFunction, a zip of 50 MB as base64 in JSON.
  maxBodyBytes: 70_167_211,
  limits: {
    CreateCodeSigningConfig: "Kept and described; signatures of code are not looked at.",
    PutFunctionCodeSigningConfig: "Kept and described; signatures of code are not looked at.",
    PutRuntimeManagementConfig: "Kept and described; the runtime is the machine's or the image's.",
  },
});

export const services = [lambda] as const;
