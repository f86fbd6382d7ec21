import type { ServiceModel } from "@cumulet/protocol";

/** A model as text: one operation or shape a line, so that a diff shows what AWS changed. */
export function formatModel(model: ServiceModel): string {
  const section = (entries: Record<string, unknown>) =>
    Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${JSON.stringify(name)}:${compact(value)}`).join(",\n");
  return [
    "{",
    `"id":${JSON.stringify(model.id)},`,
    `"source":${compact(model.source)},`,
    `"metadata":${compact(model.metadata)},`,
    `"operations":{\n${section(model.operations as Record<string, unknown>)}\n},`,
    `"shapes":{\n${section(model.shapes as Record<string, unknown>)}\n}`,
    "}",
    "",
  ].join("\n");
}

/**
 * JSON with sorted trait names. `members` keeps AWS's order: XML elements are written in it, and several validation errors
 * of one request are reported in it.
 */
export function compact(value: unknown, key = ""): string {
  if (Array.isArray(value)) return `[${value.map((item) => compact(item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  if (key !== "members") entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${compact(item, key === "members" ? "" : name)}`).join(",")}}`;
}
