import type { ProtocolName, ServiceModel, Shape, ShapeRef } from "@cumulet/protocol";
import type { RawModel } from "./botocore.ts";
import { merge } from "./merge.ts";
import { translatePattern } from "./patterns.ts";

type Traits = Record<string, unknown>;

/** What each level keeps and what it knowingly drops. A trait in neither list stops the compiler: a new botocore means something new. */
const KEPT = {
  metadata: "apiVersion awsQueryCompatible endpointPrefix globalEndpoint jsonVersion protocols serviceFullName serviceId signingName targetPrefix xmlNamespace",
  operation: "auth authtype deprecated endpoint errors http httpChecksum httpChecksumRequired input name output requestcompression shadowedBy unsignedPayload",
  ref: "box eventheader eventpayload flattened hostLabel idempotencyToken jsonvalue location locationName queryName resultWrapper shape streaming timestampFormat xmlAttribute xmlNamespace",
  shape: "box document enum error event eventstream exception fault flattened key locationName max member members min passthrough pattern payload required requiresLength sensitive streaming synthetic timestampFormat type union value xmlNamespace",
} as const;

const DROPPED = {
  metadata: "auth checksumFormat protocol ripServiceName serviceAbbreviation signatureVersion uid",
  operation: "contextParam deprecatedMessage documentation documentationUrl endpointdiscovery endpointoperation idempotent operationContextParams readonly staticContextParams",
  // `enum` on a reference: two members of API Gateway v2's ExportApi only; that service checks them itself.
  ref: "contextParam deprecated deprecatedMessage documentation endpointdiscoveryid enum",
  shape: "deprecated deprecatedMessage documentation retryable xmlOrder",
} as const;

const kept = Object.fromEntries(Object.entries(KEPT).map(([level, names]) => [level, new Set(names.split(" "))])) as Record<keyof typeof KEPT, Set<string>>;
const dropped = Object.fromEntries(Object.entries(DROPPED).map(([level, names]) => [level, new Set(names.split(" "))])) as Record<keyof typeof KEPT, Set<string>>;

/** Compiles one service: strip, patch, complete what botocore leaves implicit, drop what no operation reaches, sort. */
export function compileModel(id: string, raw: RawModel, patch: unknown, botocore: string): ServiceModel {
  const stripped = {
    metadata: pick("metadata", raw.metadata, `${id} metadata`),
    operations: mapValues(raw.operations, (operation, name) => stripOperation(operation, `${id} ${name}`)),
    shapes: mapValues(raw.shapes, (shape, name) => stripShape(shape, `${id} ${name}`)),
  };
  stripped.metadata["protocols"] ??= [raw.metadata["protocol"]];
  const patched = merge(stripped, patch ?? {}) as typeof stripped;

  const metadata = completeMetadata(patched.metadata);
  const operations = patched.operations as unknown as ServiceModel["operations"];
  // botocore's `name` of a CloudFront operation carries the API version (`GetDistribution2020_05_31`); it is nowhere on the wire.
  for (const [name, operation] of Object.entries(operations)) operation.name = name;
  if (metadata.protocols.includes("query")) addResultWrappers(operations);
  const shapes = reachable(operations, patched.shapes as unknown as ServiceModel["shapes"], id);
  for (const [name, shape] of Object.entries(shapes)) {
    if (shape.pattern === undefined) continue;
    try {
      const translated = translatePattern(shape.pattern);
      if (translated !== shape.pattern) Object.assign(shape, { pattern: translated, patternSource: shape.pattern });
    } catch (cause) {
      throw new Error(`${id} ${name}: cannot translate its pattern; patch it`, { cause });
    }
  }
  return { id, source: { botocore, apiVersion: metadata.apiVersion }, metadata, operations, shapes };
}

function completeMetadata(metadata: Traits): ServiceModel["metadata"] {
  const protocols = metadata["protocols"] as ProtocolName[];
  const complete = { ...metadata, signingName: metadata["signingName"] ?? metadata["endpointPrefix"] } as ServiceModel["metadata"];
  if (metadata["awsQueryCompatible"] !== undefined) complete.awsQueryCompatible = true;
  // API Gateway v2 and others carry a leftover `jsonVersion`; it means something to awsJson only.
  if (!protocols.includes("json")) delete complete.jsonVersion;
  return complete;
}

/** The query protocol wraps a result in `<OperationResult>`; models that have moved on to JSON (SQS) have lost the trait. */
function addResultWrappers(operations: ServiceModel["operations"]): void {
  for (const operation of Object.values(operations)) {
    if (operation.output !== undefined) operation.output.resultWrapper ??= `${operation.name}Result`;
  }
}

/** The shapes that operations reach, through members and errors; a reference to nowhere throws. */
function reachable(operations: ServiceModel["operations"], shapes: ServiceModel["shapes"], id: string): ServiceModel["shapes"] {
  const found = new Map<string, Shape>();
  const visit = (ref: ShapeRef | undefined): void => {
    if (ref === undefined || found.has(ref.shape)) return;
    const shape = shapes[ref.shape];
    if (shape === undefined) throw new Error(`${id}: a reference to the unknown shape ${ref.shape}`);
    found.set(ref.shape, shape);
    for (const child of refsOf(shape)) visit(child);
  };
  for (const operation of Object.values(operations)) {
    visit(operation.input);
    visit(operation.output);
    for (const error of operation.errors ?? []) visit(error);
  }
  // Errors that no operation lists (S3 has them) may still be thrown by every one.
  for (const [name, shape] of Object.entries(shapes)) if (shape.exception === true) visit({ shape: name });
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Every reference that a shape holds: members, list element, map key and value. */
export function refsOf(shape: Shape): ShapeRef[] {
  return [...Object.values(shape.members ?? {}), shape.member, shape.key, shape.value].filter((ref) => ref !== undefined);
}

function stripOperation(operation: Traits, where: string): Traits {
  const result = pick("operation", operation, where);
  for (const side of ["input", "output"]) if (side in result) result[side] = pick("ref", result[side] as Traits, `${where} ${side}`);
  if ("errors" in result) result["errors"] = (result["errors"] as { shape: string }[]).map(({ shape }) => ({ shape }));
  return result;
}

function stripShape(shape: Traits, where: string): Traits {
  const result = pick("shape", shape, where);
  for (const child of ["member", "key", "value"]) if (child in result) result[child] = pick("ref", result[child] as Traits, `${where} ${child}`);
  if ("members" in result) {
    result["members"] = mapValues(result["members"] as Record<string, Traits>, (ref, name) => pick("ref", ref, `${where}.${name}`));
  }
  return result;
}

function pick(level: keyof typeof KEPT, traits: Traits, where: string): Traits {
  const result: Traits = {};
  for (const [name, value] of Object.entries(traits)) {
    if (kept[level].has(name)) result[name] = value;
    else if (!dropped[level].has(name)) throw new Error(`${where}: the compiler does not know the trait "${name}"; keep or drop it in src/model.ts`);
  }
  return result;
}

function mapValues<T, R>(record: Record<string, T>, change: (value: T, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
