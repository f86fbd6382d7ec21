import type { Background, Context } from "@cumulet/core";
import { sweepEvery } from "../sweep.ts";
import { exporterOf } from "./otlp/export.ts";
import type { XRayStore } from "./store/index.ts";
import { Tracer, tracerOf } from "./tracer.ts";

const DAY_MS = 86_400_000;
/** X-Ray keeps traces for thirty days. */
const KEEP_MS = 30 * DAY_MS;
/** Traces of one account and region at most. */
const TRACES_MAX = 200_000;
const STEP = 500;

function expire(ctx: Context<XRayStore>): boolean {
  return ctx.store.traces.forget(ctx.clock.now() - KEEP_MS, TRACES_MAX, STEP) === STEP;
}

export function startBackground(platform: Background<XRayStore>): AsyncDisposable {
  const exporter = exporterOf(platform as Background<unknown>);
  const tracer = new Tracer(platform, exporter);
  const sweep = sweepEvery(platform, DAY_MS / 4, expire);
  return {
    [Symbol.asyncDispose]: async () => {
      sweep[Symbol.dispose]();
      tracer[Symbol.dispose]();
      await exporter?.flush();
    },
  };
}

/** Sees every finished request; starts after `startBackground`. */
export function observeRequests(platform: Background<XRayStore>): Tracer["observe"] {
  const tracer = tracerOf(platform);
  return (record) => tracer.observe(record);
}
