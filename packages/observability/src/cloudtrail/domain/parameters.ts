import type { ServiceModel, ShapeRef } from "@cumulet/protocol";

/** CloudTrail leaves request parameters out beyond 100 KB. */
const BYTES_MAX = 100 * 1024;
const HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS";
const DEPTH_MAX = 40;

/**
 * An input or output as events show it: member names begin in lower case, times are text, binary and streams are left out, what
 * the model calls sensitive is hidden.
 */
export function writeParameters(model: ServiceModel, ref: ShapeRef | undefined, value: unknown): unknown {
  if (ref === undefined || value === undefined || value === null) return null;
  const written = write(model, ref, value, 0);
  if (written === undefined || (typeof written === "object" && Object.keys(written as object).length === 0)) return null;
  const size = JSON.stringify(written).length;
  return size > BYTES_MAX ? { omitted: true, originalSize: size, reason: "parameters are too large" } : written;
}

function write(model: ServiceModel, ref: ShapeRef, value: unknown, depth: number): unknown {
  const shape = model.shapes[ref.shape];
  if (shape === undefined || value === undefined || value === null || depth > DEPTH_MAX) return undefined;
  if (shape.sensitive === true) return HIDDEN;
  switch (shape.type) {
    case "structure": {
      if (shape.passthrough === true) return value;
      const members: { [name: string]: unknown } = {};
      for (const [name, member] of Object.entries(shape.members ?? {})) {
        const written = write(model, member, (value as { [name: string]: unknown })[name], depth + 1);
        if (written !== undefined) members[lowerFirst(name)] = written;
      }
      return members;
    }
    case "list":
      return Array.isArray(value) ? value.map((item) => write(model, shape.member!, item, depth + 1)) : undefined;
    case "map":
      return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, write(model, shape.value!, item, depth + 1)]));
    case "blob":
      return undefined;
    case "timestamp":
      return typeof value === "number" ? new Date(value).toISOString() : value;
    default:
      return value;
  }
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
