/**
 * Lambda's own lines in a function's log, in its two formats. Text is what the console shows; JSON is the schema of the
 * Telemetry API, which extensions get in either case.
 */
import type { TelemetryEvent } from "../runtime-api/telemetry.ts";

/** What a finished invocation cost and how it went. */
export interface Report {
  requestId: string;
  durationMs: number;
  billedMs: number;
  memoryMb: number;
  maxMemoryMb: number;
  /** Only of the first invocation of an environment that was not there before. */
  initMs: number | undefined;
  status: "success" | "failure" | "error" | "timeout";
  errorType: string | undefined;
  /** `Root=...;Parent=...;Sampled=1`, when the trace is sampled. */
  trace: string | undefined;
}

/** How an init phase went. */
export interface InitReport {
  initMs: number;
  phase: "init" | "invoke";
  status: "success" | "error" | "timeout";
  errorType: string | undefined;
}

/** A platform message in both formats; `level` decides whether JSON logs have it. */
export interface PlatformMessage {
  /** Undefined where text logs say nothing. */
  text: string | undefined;
  type: string;
  record: object;
  level: "DEBUG" | "INFO" | "WARN";
}

export function initStart(runtimeVersion: string, runtimeVersionArn: string, functionName: string, version: string, initializationType: string): PlatformMessage {
  return {
    text: `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}\n`,
    type: "platform.initStart",
    record: { initializationType, phase: "init", runtimeVersion, runtimeVersionArn, functionName, functionVersion: version },
    level: "INFO",
  };
}

export function initRuntimeDone(initializationType: string, report: InitReport): PlatformMessage {
  return {
    text: undefined,
    type: "platform.initRuntimeDone",
    record: { initializationType, phase: report.phase, status: report.status, ...(report.errorType === undefined ? {} : { errorType: report.errorType }) },
    level: "DEBUG",
  };
}

/** Text logs mention an init phase of its own only when it failed; `REPORT` carries the duration otherwise. */
export function initReport(initializationType: string, report: InitReport): PlatformMessage {
  const failed = report.status !== "success";
  const type = report.errorType === undefined ? "" : `\tError Type: ${report.errorType}`;
  return {
    text: failed ? `INIT_REPORT Init Duration: ${report.initMs.toFixed(2)} ms\tPhase: ${report.phase}\tStatus: ${report.status}${type}\n` : undefined,
    type: "platform.initReport",
    record: { initializationType, phase: report.phase, status: report.status, ...(report.errorType === undefined ? {} : { errorType: report.errorType }), metrics: { durationMs: round(report.initMs) } },
    level: failed ? "WARN" : "DEBUG",
  };
}

export function start(requestId: string, version: string, trace: string | undefined): PlatformMessage {
  return {
    text: `START RequestId: ${requestId} Version: ${version}\n`,
    type: "platform.start",
    record: { requestId, version, ...tracing(trace) },
    level: "INFO",
  };
}

export function runtimeDone(report: Report, producedBytes: number): PlatformMessage {
  return {
    text: `END RequestId: ${report.requestId}\n`,
    type: "platform.runtimeDone",
    record: {
      requestId: report.requestId, status: report.status, ...(report.errorType === undefined ? {} : { errorType: report.errorType }),
      ...tracing(report.trace), metrics: { durationMs: round(report.durationMs), producedBytes },
    },
    level: "DEBUG",
  };
}

export function report(done: Report): PlatformMessage {
  const init = done.initMs === undefined ? "" : `Init Duration: ${done.initMs.toFixed(2)} ms\t`;
  const xray = done.trace === undefined ? "" : xrayText(done.trace);
  const status = done.status === "success" || done.status === "failure" ? "" : `Status: ${done.status}${done.errorType === undefined ? "" : `\tError Type: ${done.errorType}`}\t`;
  return {
    text: `REPORT RequestId: ${done.requestId}\tDuration: ${done.durationMs.toFixed(2)} ms\tBilled Duration: ${done.billedMs} ms\tMemory Size: ${done.memoryMb} MB\tMax Memory Used: ${done.maxMemoryMb} MB\t${init}${xray}${status}\n`,
    type: "platform.report",
    record: {
      requestId: done.requestId,
      metrics: {
        durationMs: round(done.durationMs), billedDurationMs: done.billedMs, memorySizeMB: done.memoryMb, maxMemoryUsedMB: done.maxMemoryMb,
        ...(done.initMs === undefined ? {} : { initDurationMs: round(done.initMs) }),
      },
      status: done.status, ...(done.errorType === undefined ? {} : { errorType: done.errorType }), ...tracing(done.trace),
    },
    level: done.status === "success" || done.status === "failure" ? "INFO" : "WARN",
  };
}

/** Lambda's sentence about a function that ran out of time, as it stands in text logs. */
export function timedOut(requestId: string, timeoutMs: number, time: string): string {
  return `${time} ${requestId} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds\n\n`;
}

/** A platform message for the extensions. */
export function telemetryEvent(message: PlatformMessage, time: string): TelemetryEvent {
  return { time, type: message.type, record: message.record };
}

function tracing(trace: string | undefined): object {
  if (trace === undefined) return {};
  const spanId = /Parent=([0-9a-f]+)/.exec(trace)?.[1];
  return { tracing: { ...(spanId === undefined ? {} : { spanId }), type: "X-Amzn-Trace-Id", value: trace } };
}

function xrayText(trace: string): string {
  const root = /Root=([^;]+)/.exec(trace)?.[1];
  const segment = /Parent=([0-9a-f]+)/.exec(trace)?.[1];
  return root === undefined ? "" : `XRAY TraceId: ${root}\tSegmentId: ${segment ?? ""}\tSampled: ${trace.includes("Sampled=1")}\t`;
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
