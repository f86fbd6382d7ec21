import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { isObject, listOf, objectOf, textOf } from "./document.ts";
import type { ApiDocument, Json } from "./document.ts";

/** A documentation part as documents carry it. */
export interface DocumentedPart {
  location: Rest.DocumentationPartLocation;
  properties: string;
}

/** Kinds of entities that have a path, `/` unless told. */
const WITH_PATH = new Set(["RESOURCE", "METHOD", "PATH_PARAMETER", "QUERY_PARAMETER", "REQUEST_HEADER", "REQUEST_BODY", "RESPONSE", "RESPONSE_HEADER", "RESPONSE_BODY"]);

/** The parts below `x-amazon-apigateway-documentation`, or of a document that is nothing but parts. */
export function documentationOf({ root }: ApiDocument): DocumentedPart[] {
  const documentation = objectOf(root["x-amazon-apigateway-documentation"] ?? root);
  return listOf(documentation["documentationParts"]).flatMap((part) => {
    const location = objectOf(objectOf(part)["location"]);
    const type = textOf(location["type"]);
    const properties = objectOf(part)["properties"];
    if (type === undefined) return [];
    const path = textOf(location["path"]) ?? (WITH_PATH.has(type) ? "/" : undefined);
    const members: Json = { type, path, method: textOf(location["method"]), statusCode: location["statusCode"] === undefined ? undefined : String(location["statusCode"]), name: textOf(location["name"]) };
    const clean = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as unknown as Rest.DocumentationPartLocation;
    return [{ location: clean, properties: typeof properties === "string" ? properties : JSON.stringify(isObject(properties) ? properties : {}) }];
  });
}

/** `x-amazon-apigateway-documentation` of an export. */
export function documentationExtension(version: string | undefined, createdDate: string | undefined, parts: readonly Rest.DocumentationPart[]): Json {
  return {
    ...(version === undefined ? {} : { version }),
    ...(createdDate === undefined ? {} : { createdDate }),
    documentationParts: parts.map(({ location, properties }) => ({ location, properties: JSON.parse(properties ?? "{}") as unknown })),
  };
}
