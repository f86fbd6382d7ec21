import type { Record } from "../observe/record.ts";
import type { Call } from "./call.ts";

/** Writes the one record of a finished request and shows it to every observer. Never throws. */
export function observe(call: Call): void {
  const { runtime, http } = call;
  const record: Record = {
    requestId: call.requestId,
    traceId: call.trace.traceId,
    spanId: call.trace.spanId,
    parentId: call.trace.parentId,
    sampled: call.trace.sampled,
    service: call.serviceName,
    operation: call.operationName,
    account: call.account ?? runtime.config.defaultAccount,
    region: call.region ?? runtime.config.defaultRegion,
    principal: call.principal,
    via: http === undefined ? "call" : "http",
    method: http?.request.method ?? "",
    url: http === undefined ? "" : `${http.host.host}${http.path}${http.query === "" ? "" : `?${http.query}`}`,
    userAgent: http?.request.headers["user-agent"] ?? "",
    sourceIp: http?.request.socket.remoteAddress ?? "",
    startedMs: call.startedMs,
    durationMs: performance.now() - call.startedAt,
    status: call.answer?.status ?? (call.error === undefined ? 200 : (call.error.status ?? 400)),
    error: call.error === undefined ? undefined : { code: call.error.code, message: call.error.message },
    bytesIn: call.bytesIn,
    bytesOut: call.bytesOut,
    input: call.input,
    output: call.output,
    notes: call.notes,
  };
  runtime.observe(record);
}
