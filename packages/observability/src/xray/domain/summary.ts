import type { AnnotationValue, ServiceId, TraceSummary, ValueWithServiceIds } from "@cumulet/protocol/models/xray.d.ts";
import { walk, type Segment } from "./segment.ts";

/** A trace, assembled. */
export interface Trace {
  id: string;
  /** Counts the documents that came. */
  revision: number;
  segments: readonly Segment[];
}

/** The segment that a trace begins with: one without a parent in the trace, else the earliest. */
export function rootOf({ segments }: Trace): Segment | undefined {
  const ids = new Set<string>();
  for (const segment of segments) for (const one of walk(segment)) ids.add(one.id);
  return segments.find(({ parent_id, type }) => type !== "subsegment" && (parent_id === undefined || !ids.has(parent_id))) ?? segments[0];
}

export function endOf(segment: Segment): number {
  return segment.end_time ?? segment.start_time;
}

/** Seconds from the first start to the last end. */
export function durationOf({ segments }: Trace): number {
  if (segments.length === 0) return 0;
  return round(Math.max(...segments.map(endOf)) - Math.min(...segments.map(({ start_time }) => start_time)));
}

export function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

export function serviceIdOf(segment: Segment): ServiceId {
  const account = segment.aws?.account_id;
  return {
    Name: segment.name, Names: [segment.name],
    ...(typeof account === "string" ? { AccountId: account } : {}),
    ...(segment.origin === undefined ? {} : { Type: segment.origin }),
  };
}

function annotationValue(value: string | number | boolean): AnnotationValue {
  return typeof value === "number" ? { NumberValue: value } : typeof value === "boolean" ? { BooleanValue: value } : { StringValue: String(value) };
}

/** What GetTraceSummaries tells of a trace. */
export function summarize(trace: Trace, now: number): TraceSummary {
  const { segments } = trace;
  const root = rootOf(trace);
  const all = segments.flatMap((segment) => [...walk(segment)].map((one) => ({ one, segment })));
  const annotations: { [key: string]: ValueWithServiceIds[] } = {};
  const users = new Map<string, ServiceId[]>();
  for (const { one, segment } of all) {
    for (const [key, value] of Object.entries(one.annotations ?? {})) {
      const list = (annotations[key] ??= []);
      const wanted = JSON.stringify(annotationValue(value));
      const same = list.find(({ AnnotationValue }) => JSON.stringify(AnnotationValue) === wanted);
      if (same === undefined) list.push({ AnnotationValue: annotationValue(value), ServiceIds: [serviceIdOf(segment)] });
      else if (!same.ServiceIds!.some(({ Name }) => Name === segment.name)) same.ServiceIds!.push(serviceIdOf(segment));
    }
    if (one.user !== undefined) users.set(one.user, [...(users.get(one.user) ?? []), serviceIdOf(segment)]);
  }
  const services = new Map(segments.map((segment) => [`${segment.name} ${segment.origin ?? ""}`, serviceIdOf(segment)]));
  const arns = [...new Set(segments.flatMap(({ resource_arn }) => resource_arn ?? []))];
  const request = root?.http?.request;
  const response = root?.http?.response;
  const start = Math.min(...segments.map(({ start_time }) => start_time));
  return {
    Id: trace.id,
    StartTime: start * 1000,
    Duration: durationOf(trace),
    ResponseTime: root === undefined ? 0 : round(endOf(root) - root.start_time),
    HasFault: all.some(({ one }) => one.fault === true),
    HasError: all.some(({ one }) => one.error === true),
    HasThrottle: all.some(({ one }) => one.throttle === true),
    IsPartial: all.some(({ one }) => one.in_progress === true) || segments.some(({ type }) => type === "subsegment"),
    Http: {
      ...(request?.url === undefined ? {} : { HttpURL: request.url }),
      ...(response?.status === undefined ? {} : { HttpStatus: response.status }),
      ...(request?.method === undefined ? {} : { HttpMethod: request.method }),
      ...(request?.user_agent === undefined ? {} : { UserAgent: request.user_agent }),
      ...(request?.client_ip === undefined ? {} : { ClientIp: request.client_ip }),
    },
    Annotations: annotations,
    Users: [...users].map(([UserName, ServiceIds]) => ({ UserName, ServiceIds })),
    ServiceIds: [...services.values()],
    ResourceARNs: arns.map((ARN) => ({ ARN })),
    InstanceIds: [],
    AvailabilityZones: [],
    ...(root === undefined ? {} : { EntryPoint: serviceIdOf(root) }),
    FaultRootCauses: causes(trace, "fault"),
    ErrorRootCauses: causes(trace, "error"),
    ResponseTimeRootCauses: [],
    Revision: trace.revision,
    MatchedEventTime: now,
  };
}

/** The path of services from the entry to the deepest one that failed. */
function causes(trace: Trace, kind: "fault" | "error"): { Services: object[]; ClientImpacting: boolean }[] {
  const root = rootOf(trace);
  if (root?.[kind] !== true) return [];
  const parents = new Map<string, Segment>();
  for (const segment of trace.segments) for (const one of walk(segment)) parents.set(one.id, segment);
  const children = (of: Segment): Segment[] => trace.segments.filter(({ parent_id }) => parent_id !== undefined && parents.get(parent_id) === of);
  const path = [root];
  for (;;) {
    const next = children(path[path.length - 1]!).find((segment) => segment[kind] === true && !path.includes(segment));
    if (next === undefined) break;
    path.push(next);
  }
  return [{
    Services: path.map((segment, i) => ({
      ...serviceIdOf(segment),
      EntityPath: [{ Name: segment.name, Exceptions: exceptions(segment, i === path.length - 1), Remote: false }],
      Inferred: segment.inferred ?? false,
    })),
    ClientImpacting: true,
  }];
}

function exceptions(segment: Segment, deepest: boolean): object[] {
  if (!deepest || typeof segment.cause !== "object") return [];
  return (segment.cause.exceptions ?? []).map(({ type, message }) => ({ ...(type === undefined ? {} : { Name: type }), ...(message === undefined ? {} : { Message: message }) }));
}
