import type { Dimension } from "@cumulet/protocol/models/cloudwatch.d.ts";

/** What a metric is known by. Dimensions are sorted by name. */
export interface MetricKey {
  namespace: string;
  name: string;
  dimensions: readonly Dimension[];
}

/** The key of dimensions given in any order. */
export function metricKey(namespace: string, name: string, dimensions: readonly Dimension[] = []): MetricKey {
  const sorted = dimensions.length < 2 ? dimensions : [...dimensions].sort((a, b) => (a.Name < b.Name ? -1 : a.Name > b.Name ? 1 : 0));
  return { namespace, name, dimensions: sorted };
}

/** Dimensions as they are stored: the same text for the same dimensions. */
export function writeDimensions(dimensions: readonly Dimension[]): string {
  return dimensions.length === 0 ? "[]" : JSON.stringify(dimensions.map(({ Name, Value }) => [Name, Value]));
}

export function readDimensions(text: string): Dimension[] {
  return (JSON.parse(text) as [string, string][]).map(([Name, Value]) => ({ Name, Value }));
}
