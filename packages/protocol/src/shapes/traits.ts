import type { ServiceModel, Shape, ShapeRef } from "../model.ts";

/** A reference with its target shape; traits on the reference win over the shape's own. */
export interface Resolved {
  ref: ShapeRef;
  shape: Shape;
}

/** Looks up the shape a reference points to. A model that names an unknown shape is a fault of the model compiler, so it throws plainly. */
export function resolve(model: ServiceModel, ref: ShapeRef): Resolved {
  const shape = model.shapes[ref.shape];
  if (shape === undefined) throw new Error(`${model.id}: model refers to unknown shape ${ref.shape}`);
  return { ref, shape };
}

/** The members of a structure in model order, resolved. */
export function members(model: ServiceModel, shape: Shape): [name: string, target: Resolved][] {
  return Object.entries(shape.members ?? {}).map(([name, ref]) => [name, resolve(model, ref)]);
}

/**
 * The name an XML element or query parameter takes from the model, if it takes one. `queryName` is only on services
 * that speak XML in the query protocol alone, so it can go first everywhere.
 */
export function elementName(target: Resolved): string | undefined {
  return target.ref.queryName ?? target.ref.locationName ?? target.shape.locationName;
}

export function isFlattened(target: Resolved): boolean {
  return target.ref.flattened === true || target.shape.flattened === true;
}

/** A blob that travels as the whole body and is never collected in memory. */
export function isStreaming(target: Resolved): boolean {
  return target.shape.type === "blob" && (target.ref.streaming === true || target.shape.streaming === true);
}

export type TimestampFormat = "iso8601" | "rfc822" | "unixTimestamp";

export function timestampFormat(target: Resolved, fallback: TimestampFormat): TimestampFormat {
  return target.ref.timestampFormat ?? target.shape.timestampFormat ?? fallback;
}

/** Where the payload member is, for a REST message that has one. */
export function payloadMember(model: ServiceModel, shape: Shape | undefined): [name: string, target: Resolved] | undefined {
  if (shape?.payload === undefined) return undefined;
  const ref = shape.members?.[shape.payload];
  return ref === undefined ? undefined : [shape.payload, resolve(model, ref)];
}

/** The member that carries an event stream, payload or not (RPC protocols have no `payload`). */
export function eventStreamMember(model: ServiceModel, shape: Shape | undefined): [name: string, target: Resolved] | undefined {
  if (shape === undefined) return undefined;
  return members(model, shape).find(([, target]) => target.shape.eventstream === true);
}

/**
 * Memoises one closure per shape and role, so that recursive shapes end in themselves: while a shape is being
 * compiled its key answers with a closure that forwards to the finished one.
 */
export class Memo<F extends (...args: never[]) => unknown> {
  readonly #done = new Map<string, F>();

  get(key: string, compile: () => F): F {
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    let finished: F | undefined;
    const forward = ((...args: never[]) => (finished as F)(...args)) as F;
    this.#done.set(key, forward);
    finished = compile();
    this.#done.set(key, finished);
    return finished;
  }
}

/** A map for untrusted keys: `__proto__` is a key like any other. */
export function setEntry(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}
