type Schema = { type?: unknown; properties?: Record<string, Schema>; items?: Schema | Schema[] };

const MAX_DEPTH = 20;

/** The sample mapping template that API Gateway makes of a model's schema: a walk through its properties with `$inputRoot`. */
export function modelTemplate(schema: string): string {
  let parsed: Schema;
  try {
    parsed = JSON.parse(schema) as Schema;
  } catch {
    parsed = {};
  }
  return `#set($inputRoot = $input.path('$'))\n${render(parsed, "$inputRoot", "", 0)}`;
}

function typeOf(schema: Schema): string {
  const type = Array.isArray(schema.type) ? (schema.type as unknown[]).find((one) => one !== "null") : schema.type;
  return typeof type === "string" ? type : schema.properties !== undefined ? "object" : "string";
}

function render(schema: Schema, path: string, indent: string, depth: number): string {
  if (depth > MAX_DEPTH) return "null";
  switch (typeOf(schema)) {
    case "object": {
      const members = Object.entries(schema.properties ?? {}).map(([name, property]) => `${indent}  "${name}" : ${render(property, `${path}.${name}`, `${indent}  `, depth + 1)}`);
      return members.length === 0 ? "{ }" : `{\n${members.join(",\n")}\n${indent}}`;
    }
    case "array": {
      const items = Array.isArray(schema.items) ? schema.items[0] : schema.items;
      const name = `$elem${depth === 0 ? "" : depth}`;
      return `[\n##TODO: Update this foreach loop to reference array from input json\n#foreach(${name} in ${path})\n${indent}  ${render(items ?? {}, name, `${indent}  `, depth + 1)}#if($foreach.hasNext),#end\n\n#end\n${indent}]`;
    }
    case "integer":
    case "number":
    case "boolean":
      return path;
    default:
      return `"${path}"`;
  }
}
