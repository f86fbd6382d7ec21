import { walk, type Segment } from "./segment.ts";

/**
 * The segments of a trace, whole: subsegments that came by themselves stand in their parents, and a call to something that
 * sent no segment of its own has one inferred from it, as X-Ray does.
 */
export function assemble(documents: readonly Segment[]): Segment[] {
  const segments = documents.filter(({ type }) => type !== "subsegment").map((segment) => ({ ...segment }));
  const byId = new Map<string, Segment>();
  for (const segment of segments) for (const one of walk(segment)) byId.set(one.id, one);
  let waiting = documents.filter(({ type }) => type === "subsegment").map((segment) => ({ ...segment }));
  // A subsegment may have come before the one that it belongs to.
  for (let moved = true; moved && waiting.length > 0;) {
    moved = false;
    const left: Segment[] = [];
    for (const segment of waiting) {
      const parent = byId.get(segment.parent_id!);
      if (parent === undefined) {
        left.push(segment);
        continue;
      }
      const { trace_id: _traceId, parent_id: _parentId, type: _type, ...inner } = segment;
      parent.subsegments = [...(parent.subsegments ?? []), inner];
      for (const one of walk(inner)) byId.set(one.id, one);
      moved = true;
    }
    waiting = left;
  }
  const answered = new Set(segments.map(({ parent_id }) => parent_id));
  const inferred: Segment[] = [];
  for (const segment of [...segments, ...waiting]) {
    for (const one of walk(segment)) {
      if (one === segment || (one.namespace !== "aws" && one.namespace !== "remote") || answered.has(one.id)) continue;
      inferred.push(inferredFrom(one, segment));
    }
  }
  return [...segments, ...waiting, ...inferred].sort((a, b) => a.start_time - b.start_time);
}

const ORIGINS: { [name: string]: string } = { DynamoDB: "AWS::DynamoDB::Table", SQS: "AWS::SQS::Queue", SNS: "AWS::SNS", S3: "AWS::S3", Lambda: "AWS::Lambda" };

function inferredFrom(subsegment: Segment, within: Segment): Segment {
  const { aws } = subsegment;
  const named = aws?.table_name ?? aws?.topic_arn ?? (typeof aws?.queue_url === "string" ? aws.queue_url.slice(aws.queue_url.lastIndexOf("/") + 1) : undefined) ?? aws?.function_name;
  return {
    // The same call has the same id whenever it is asked for.
    id: (BigInt.asUintN(64, BigInt(`0x${subsegment.id}`) ^ 0x5bd1e9955bd1e995n)).toString(16).padStart(16, "0"),
    trace_id: within.trace_id!,
    parent_id: subsegment.id,
    name: typeof named === "string" ? named : subsegment.name,
    start_time: subsegment.start_time,
    ...(subsegment.end_time === undefined ? {} : { end_time: subsegment.end_time }),
    inferred: true,
    origin: subsegment.namespace === "aws" ? (ORIGINS[subsegment.name] ?? `AWS::${subsegment.name}`) : "remote",
    ...(subsegment.http === undefined ? {} : { http: subsegment.http }),
    ...(aws === undefined ? {} : { aws }),
    ...(subsegment.error === true ? { error: true } : {}),
    ...(subsegment.fault === true ? { fault: true } : {}),
    ...(subsegment.throttle === true ? { throttle: true } : {}),
  };
}
