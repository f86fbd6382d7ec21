import type { Background, Principal, Record as RequestRecord } from "@cumulet/core";
import { accessData } from "./domain/access/data.ts";
import type { IdentityStore } from "./store.ts";

/** Uses are written together, this long after the first. */
const FLUSH_MS = 1000;
/** Beyond this many the oldest are written at once. */
const PENDING_MAX = 10_000;

interface Pending {
  principal: Principal;
  service: string;
  ms: number;
  region: string;
}

/**
 * Notes who used which service when: GetAccessKeyLastUsed, a role's RoleLastUsed and the service-last-accessed reports
 * live on it. A request pays for one entry of a map.
 */
export function noteUsage(platform: Background<IdentityStore>): (record: RequestRecord) => void {
  const pending = new Map<string, Pending>();
  let timer: Disposable | undefined;
  const flush = (): void => {
    timer = undefined;
    const uses = [...pending.values()];
    pending.clear();
    for (const use of uses) write(platform, use);
  };
  return ({ principal, service, region, startedMs, via }) => {
    if (via !== "http" || principal === undefined || (principal.kind !== "user" && principal.kind !== "role" && principal.accessKeyId?.startsWith("AKIA") !== true)) return;
    const entry: Pending = { principal, service: accessData[service]?.prefix ?? service, ms: startedMs, region };
    pending.set(`${principal.account} ${principal.session?.issuer.id ?? principal.id} ${principal.accessKeyId ?? ""} ${entry.service}`, entry);
    if (pending.size > PENDING_MAX) flush();
    else timer ??= platform.clock.schedule(FLUSH_MS, flush);
  };
}

function write(platform: Background<IdentityStore>, { principal, service, ms, region }: Pending): void {
  const ctx = platform.at(principal.account, region);
  ctx.transaction(() => {
    const { store } = ctx;
    const principalId = principal.session?.issuer.id ?? principal.id;
    store.usage.put({ principalId, service, ms, region });
    const key = principal.session === undefined && principal.accessKeyId !== undefined ? store.credentials.find("access-key", principal.accessKeyId) : undefined;
    if (key !== undefined) store.credentials.update({ ...key, details: { lastUsed: { ms, region, service } } });
  });
}
