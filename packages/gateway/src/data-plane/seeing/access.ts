import { createHash } from "node:crypto";
import type { Context } from "@cumulet/core";
import { compileAccessLog } from "../../domain/access-log.ts";
import type { AccessLogLine } from "../../domain/access-log.ts";
import type { Store } from "../../store.ts";

/** Where a stage's access log goes and how its lines look; undefined when it keeps none. */
export interface AccessLog {
  group: string;
  stream: string;
  line: AccessLogLine;
}

interface Settings {
  destination: string | undefined;
  format: string | undefined;
}

/** The access log of a stage, compiled once until the API changes. */
export function accessLogOf(store: Store, apiId: string, stage: string, read: () => Settings): AccessLog | undefined {
  return store.memo(apiId, `access log ${stage}`, () => ({ log: openAccessLog(apiId, stage, read()) })).log;
}

function openAccessLog(apiId: string, stage: string, { destination, format }: Settings): AccessLog | undefined {
  const group = /^arn:[^:]+:logs:[^:]*:[^:]*:log-group:([^:]+)/.exec(destination ?? "")?.[1];
  if (group === undefined || format === undefined || format === "") return undefined;
  return { group, stream: streamName(apiId, stage), line: compileAccessLog(format) };
}

/** Streams of API Gateway have names that say nothing: 32 hex digits. */
export function streamName(apiId: string, stage: string): string {
  return createHash("sha256").update(`${apiId}/${stage}`).digest("hex").slice(0, 32);
}

/** Writes one line of an access log. */
export function writeAccess(ctx: Context<Store>, log: AccessLog | undefined, context: () => Record<string, unknown>): void {
  if (log === undefined) return;
  ctx.store.state.logs.write(ctx, log.group, log.stream, [log.line(context())]);
}
