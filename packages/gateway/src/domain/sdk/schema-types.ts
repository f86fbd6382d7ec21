import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";

type Schema = { [key: string]: unknown };

const MAX_DEPTH = 20;

/** A name that TypeScript takes for a type. */
export const typeName = (model: string): string => model.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");

/** Writes models (JSON Schema) as TypeScript types; what a schema says that types cannot is left out. */
export function modelTypes(models: readonly Rest.Model[]): string {
  return models.map((model) => {
    let schema: Schema = {};
    try {
      schema = JSON.parse(model.schema ?? "{}") as Schema;
    } catch {
      // A schema that is none describes nothing: `unknown`.
    }
    const comment = model.description === undefined ? "" : `/** ${model.description.replaceAll("*/", "* /")} */\n`;
    return `${comment}export type ${typeName(model.name ?? "Model")} = ${typeOf(schema, "", 0)};\n`;
  }).join("\n");
}

function typeOf(schema: unknown, indent: string, depth: number): string {
  if (typeof schema !== "object" || schema === null || depth > MAX_DEPTH) return "unknown";
  const { $ref: reference, enum: choices, type, properties, items, additionalProperties, required, oneOf, anyOf, allOf } = schema as Schema;
  if (typeof reference === "string") return typeName(decodeURIComponent(reference.slice(reference.lastIndexOf("/") + 1)));
  if (Array.isArray(choices)) return choices.map((choice) => JSON.stringify(choice)).join(" | ") || "never";
  const alternatives = oneOf ?? anyOf;
  if (Array.isArray(alternatives)) return alternatives.map((one) => `(${typeOf(one, indent, depth + 1)})`).join(" | ") || "unknown";
  if (Array.isArray(allOf)) return allOf.map((one) => `(${typeOf(one, indent, depth + 1)})`).join(" & ") || "unknown";
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...(schema as Schema), type: one }, indent, depth + 1)).join(" | ");
  switch (type ?? (properties === undefined ? undefined : "object")) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return `(${typeOf(Array.isArray(items) ? items[0] : items, indent, depth + 1)})[]`;
    case "object": {
      const needed = new Set(Array.isArray(required) ? required : []);
      const members = Object.entries((properties ?? {}) as Schema).map(([name, property]) => `${indent}  ${JSON.stringify(name)}${needed.has(name) ? "" : "?"}: ${typeOf(property, `${indent}  `, depth + 1)};\n`);
      if (members.length === 0) return `{ [name: string]: ${typeof additionalProperties === "object" ? typeOf(additionalProperties, indent, depth + 1) : "unknown"} }`;
      return `{\n${members.join("")}${indent}}`;
    }
    default:
      return "unknown";
  }
}
