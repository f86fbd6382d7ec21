import { everything, keepAgendas } from "@cumulet/core";
import type { Background } from "@cumulet/core";
import { keysDue, remove } from "./operations/keys.ts";
import { forget, rotate } from "./operations/rotation.ts";
import type { KmsStore } from "./store.ts";

/** What no request waits for: deletions that were scheduled, rotations, imported material that expires. */
export function background(platform: Background<KmsStore>): Disposable {
  return keepAgendas(platform, (ctx, name, agenda) => {
    const nowMs = ctx.clock.now();
    if (name !== everything) {
      for (const key of ctx.store.dueKeys(nowMs)) {
        if (key.state === "PendingDeletion" && key.deletionMs! <= nowMs) {
          remove(ctx, key);
          continue;
        }
        for (const material of ctx.store.materials(key.id)) {
          if (material.bytes !== null && material.validToMs !== undefined && material.validToMs <= nowMs) forget(ctx, ctx.store.key(key.id)!, material);
        }
        const { rotation, state } = ctx.store.key(key.id)!;
        if (rotation.enabled && state === "Enabled" && rotation.nextMs! <= nowMs) rotate(ctx, ctx.store.key(key.id)!, "AUTOMATIC");
      }
    }
    const nextMs = ctx.store.nextDueMs();
    if (nextMs !== undefined) agenda.due(nextMs, keysDue);
  });
}
