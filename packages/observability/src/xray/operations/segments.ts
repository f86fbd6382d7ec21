import type { Context } from "@cumulet/core";
import type {
  BatchGetTracesRequest, BatchGetTracesResult, PutTelemetryRecordsRequest, PutTraceSegmentsRequest, PutTraceSegmentsResult, UnprocessedTraceSegment,
} from "@cumulet/protocol/models/xray.d.ts";
import { assemble } from "../domain/assemble.ts";
import { readDocument, SegmentError, traceIdOf, type Segment } from "../domain/segment.ts";
import { durationOf, type Trace } from "../domain/summary.ts";
import type { XRayStore } from "../store/index.ts";
import { putSegment, tracerOf } from "../tracer.ts";

export type Ctx = Context<XRayStore>;

export function putTraceSegments(ctx: Ctx, input: PutTraceSegmentsRequest): PutTraceSegmentsResult {
  const unprocessed: UnprocessedTraceSegment[] = [];
  for (const document of input.TraceSegmentDocuments) {
    try {
      putSegment(ctx, readDocument(document));
    } catch (error) {
      if (!(error instanceof SegmentError)) throw error;
      unprocessed.push({ ...(error.segmentId === undefined ? {} : { Id: error.segmentId }), ErrorCode: error.code, Message: error.message });
    }
  }
  return { UnprocessedTraceSegments: unprocessed };
}

/** What daemons tell of themselves; nobody can read it, in AWS either. */
export function putTelemetryRecords(_ctx: Ctx, _input: PutTelemetryRecordsRequest): Record<string, never> {
  return {};
}

/** A trace with its segments, assembled. */
export function loadTrace(ctx: Ctx, id: string, revision: number): Trace {
  return { id, revision, segments: assemble(ctx.store.traces.documents(id).map((document) => JSON.parse(document) as Segment)) };
}

export function batchGetTraces(ctx: Ctx, input: BatchGetTracesRequest): BatchGetTracesResult {
  tracerOf(ctx).flush();
  const traces: NonNullable<BatchGetTracesResult["Traces"]> = [];
  const unprocessed: string[] = [];
  for (const given of input.TraceIds) {
    const id = traceIdOf(given);
    if (id === undefined) {
      unprocessed.push(given);
      continue;
    }
    const row = ctx.store.traces.get(id);
    // One that is not there is left out, which is not an error.
    if (row === undefined) continue;
    const trace = loadTrace(ctx, id, row.revision);
    traces.push({ Id: id, Duration: durationOf(trace), LimitExceeded: false, Segments: trace.segments.map((segment) => ({ Id: segment.id, Document: JSON.stringify(segment) })) });
  }
  return { Traces: traces, UnprocessedTraceIds: unprocessed };
}
