import type { EdgeStatistics, HistogramEntry, Service } from "@cumulet/protocol/models/xray.d.ts";
import { walk, type Segment } from "./segment.ts";
import { endOf, round, rootOf, type Trace } from "./summary.ts";

/** What is counted of a node or an edge. */
class Tally {
  ok = 0;
  throttles = 0;
  errors = 0;
  faults = 0;
  total = 0;
  seconds = 0;
  readonly #histogram = new Map<number, number>();
  start = Infinity;
  end = -Infinity;

  add(segment: Segment): void {
    const seconds = endOf(segment) - segment.start_time;
    this.total += 1;
    if (segment.fault === true) this.faults += 1;
    else if (segment.throttle === true) this.throttles += 1;
    else if (segment.error === true) this.errors += 1;
    else this.ok += 1;
    this.seconds += seconds;
    const key = round(seconds);
    this.#histogram.set(key, (this.#histogram.get(key) ?? 0) + 1);
    this.start = Math.min(this.start, segment.start_time);
    this.end = Math.max(this.end, endOf(segment));
  }

  statistics(): EdgeStatistics {
    return {
      OkCount: this.ok,
      ErrorStatistics: { ThrottleCount: this.throttles, OtherCount: this.errors, TotalCount: this.throttles + this.errors },
      FaultStatistics: { OtherCount: this.faults, TotalCount: this.faults },
      TotalCount: this.total,
      TotalResponseTime: round(this.seconds),
    };
  }

  histogram(): HistogramEntry[] {
    return [...this.#histogram].sort(([a], [b]) => a - b).map(([Value, Count]) => ({ Value, Count }));
  }
}

interface Node {
  reference: number;
  name: string;
  type: string | undefined;
  account: string | undefined;
  root: boolean;
  tally: Tally;
  edges: Map<string, Tally>;
}

/** The services of traces and who calls whom. Every trace begins at a client. */
export function serviceGraph(traces: Iterable<Trace>): Service[] {
  const nodes = new Map<string, Node>();
  const nodeOf = (name: string, type: string | undefined, account: string | undefined): Node => {
    const key = `${name}\0${type ?? ""}`;
    let node = nodes.get(key);
    if (node === undefined) nodes.set(key, (node = { reference: nodes.size, name, type, account, root: false, tally: new Tally(), edges: new Map<string, Tally>() }));
    return node;
  };
  const keyOf = (segment: Segment): string => `${segment.name}\0${segment.origin ?? ""}`;
  const connect = (from: Node, to: Segment): void => {
    const key = keyOf(to);
    let tally = from.edges.get(key);
    if (tally === undefined) from.edges.set(key, (tally = new Tally()));
    tally.add(to);
  };

  for (const trace of traces) {
    const owners = new Map<string, Segment>();
    for (const segment of trace.segments) for (const one of walk(segment)) owners.set(one.id, segment);
    const root = rootOf(trace);
    for (const segment of trace.segments) {
      if (segment.type === "subsegment") continue;
      const account = segment.aws?.account_id;
      const node = nodeOf(segment.name, segment.origin, typeof account === "string" ? account : undefined);
      node.tally.add(segment);
      const parent = segment.parent_id === undefined ? undefined : owners.get(segment.parent_id);
      if (parent !== undefined && parent !== segment) connect(nodeOf(parent.name, parent.origin, undefined), segment);
      else if (segment === root) {
        node.root = true;
        const client = nodeOf(segment.name, "client", undefined);
        client.tally.add(segment);
        connect(client, segment);
      }
    }
  }

  return [...nodes.values()].map((node): Service => ({
    ReferenceId: node.reference,
    Name: node.name,
    Names: [node.name],
    ...(node.root ? { Root: true } : {}),
    ...(node.account === undefined ? {} : { AccountId: node.account }),
    ...(node.type === undefined ? {} : { Type: node.type }),
    State: node.type === "client" ? "unknown" : "active",
    StartTime: node.tally.start * 1000,
    EndTime: node.tally.end * 1000,
    Edges: [...node.edges].map(([key, tally]) => ({
      ReferenceId: nodes.get(key)!.reference, StartTime: tally.start * 1000, EndTime: tally.end * 1000, SummaryStatistics: tally.statistics(), ResponseTimeHistogram: tally.histogram(), Aliases: [],
    })),
    ...(node.type === "client" ? {} : { SummaryStatistics: node.tally.statistics(), DurationHistogram: node.tally.histogram(), ResponseTimeHistogram: node.tally.histogram() }),
  }));
}
