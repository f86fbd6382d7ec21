import AjvDraft4Module from "ajv-draft-04";
import addFormatsModule from "ajv-formats";
import type { ErrorObject, ValidateFunction } from "ajv";
import { compileRegex } from "./regex.ts";

// Both are CommonJS packages whose class sits under `default` for Node's ES modules.
const AjvDraft4 = AjvDraft4Module as unknown as typeof AjvDraft4Module.default;
const addFormats = addFormatsModule as unknown as typeof addFormatsModule.default;

/** A model of an API: its name and its JSON schema (draft 4) as text. */
export interface SchemaModel {
  name: string;
  schema: string;
}

/** Validates a body; the messages are those of the validator that AWS uses, empty when the body is valid. */
export type BodyValidator = (body: unknown) => string[];

const MODEL_URL = /^https?:\/\/apigateway\.amazonaws\.com\/restapis\/[^/]+\/models\/([^/#]+)(#.*)?$/;

/** Rewrites references between models to the names under which they are known here. */
function withLocalReferences(schema: unknown, depth = 0): unknown {
  if (depth > 100 || typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map((item) => withLocalReferences(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "$ref" && typeof value === "string") {
      const match = MODEL_URL.exec(value);
      copy[key] = match === null ? value : `model:${match[1]}${match[2] ?? ""}`;
    } else copy[key] = withLocalReferences(value, depth + 1);
  }
  return copy;
}

/** Compiles the models of an API; each is compiled when its validator is first asked for. */
export function createSchemas(models: readonly SchemaModel[]): { validator(name: string): BodyValidator | undefined } {
  const ajv = new AjvDraft4({
    allErrors: true,
    strict: false,
    validateSchema: false,
    verbose: true,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => safePattern(pattern), { code: "safePattern" }) },
  });
  addFormats(ajv, ["date-time", "email", "hostname", "ipv4", "ipv6", "uri"]);
  const known = new Set<string>();
  for (const { name, schema } of models) {
    try {
      const parsed = withLocalReferences(JSON.parse(schema)) as Record<string, unknown>;
      // `$schema` and `id` name things outside; what counts here is the model's name.
      delete parsed["$schema"];
      delete parsed["id"];
      ajv.addSchema(parsed, `model:${name}`);
      known.add(name);
    } catch {
      // A schema that is no JSON validates nothing; AWS refuses it when the model is made.
    }
  }
  const compiled = new Map<string, BodyValidator>();
  return {
    validator(name) {
      if (!known.has(name)) return undefined;
      let validator = compiled.get(name);
      if (validator === undefined) {
        const validate = ajv.getSchema(`model:${name}`) as ValidateFunction;
        validator = (body) => (validate(body) === true ? [] : messages(validate.errors ?? []));
        compiled.set(name, validator);
      }
      return validator;
    },
  };
}

function safePattern(pattern: string): { test(text: string): boolean } {
  const regex = compileRegex(pattern);
  return { test: (text) => regex.test(text) };
}

const typeName = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value === "number" ? (Number.isInteger(value) ? "integer" : "number") : typeof value);
const list = (values: readonly unknown[]): string => `[${values.map((value) => JSON.stringify(value)).join(",")}]`;

/** The validator's errors in the words of AWS's: missing and surplus properties of one object are gathered. */
function messages(errors: readonly ErrorObject[]): string[] {
  const result: string[] = [];
  const missing = new Map<string, string[]>();
  const surplus = new Map<string, string[]>();
  const combined = errors.filter((error) => ["oneOf", "anyOf", "not"].includes(error.keyword));
  for (const error of errors) {
    // What failed inside a combination is told by the combination's own message.
    if (combined.some((outer) => outer !== error && (error.schemaPath.startsWith(`${outer.schemaPath}/`) || (!error.schemaPath.startsWith("#") && error.instancePath.startsWith(outer.instancePath))))) continue;
    const { params, data } = error;
    const limit = (params as { limit?: number }).limit;
    switch (error.keyword) {
      case "required":
        missing.set(error.instancePath, [...(missing.get(error.instancePath) ?? []), (params as { missingProperty: string }).missingProperty]);
        break;
      case "additionalProperties":
        surplus.set(error.instancePath, [...(surplus.get(error.instancePath) ?? []), (params as { additionalProperty: string }).additionalProperty]);
        break;
      case "type": {
        const types = (params as { type: string | string[] }).type;
        result.push(`instance type (${typeName(data)}) does not match any allowed primitive type (allowed: ${list((Array.isArray(types) ? types : [types]).flatMap((type) => (type === "number" ? ["integer", "number"] : [type])).sort())})`);
        break;
      }
      case "enum":
        result.push(`instance value (${JSON.stringify(data)}) not found in enum (possible values: ${list((params as { allowedValues: unknown[] }).allowedValues)})`);
        break;
      case "minimum":
        result.push(data === limit ? `numeric instance is not strictly greater than the required minimum ${limit}` : `numeric instance is lower than the required minimum (minimum: ${limit}, found: ${data as number})`);
        break;
      case "maximum":
        result.push(data === limit ? `numeric instance is not strictly lower than the required maximum ${limit}` : `numeric instance is greater than the required maximum (maximum: ${limit}, found: ${data as number})`);
        break;
      case "minLength":
        result.push(`string ${JSON.stringify(data)} is too short (length: ${[...(data as string)].length}, required minimum: ${limit})`);
        break;
      case "maxLength":
        result.push(`string ${JSON.stringify(data)} is too long (length: ${[...(data as string)].length}, maximum allowed: ${limit})`);
        break;
      case "pattern":
        result.push(`ECMA 262 regex ${JSON.stringify((params as { pattern: string }).pattern)} does not match input string ${JSON.stringify(data)}`);
        break;
      case "minItems":
        result.push(`array is too short: must have at least ${limit} elements but instance has ${(data as unknown[]).length} elements`);
        break;
      case "maxItems":
        result.push(`array is too long: must have at most ${limit} elements but instance has ${(data as unknown[]).length} elements`);
        break;
      case "minProperties":
        result.push(`object has too few properties (found ${Object.keys(data as object).length} but schema requires at least ${limit})`);
        break;
      case "maxProperties":
        result.push(`object has too many properties (found ${Object.keys(data as object).length} but schema requires at most ${limit})`);
        break;
      case "uniqueItems":
        result.push("array must not contain duplicate elements");
        break;
      case "multipleOf":
        result.push(`remainder of division is not zero (${data as number} / ${(params as { multipleOf: number }).multipleOf})`);
        break;
      case "oneOf": {
        const passing = (params as { passingSchemas: number[] | null }).passingSchemas;
        result.push(`instance failed to match exactly one schema (matched ${passing?.length ?? 0} out of ${(error.schema as unknown[]).length})`);
        break;
      }
      case "anyOf":
        result.push(`instance failed to match at least one required schema among ${(error.schema as unknown[]).length}`);
        break;
      case "not":
        result.push("instance matched a schema which it should not have");
        break;
      case "format":
        result.push(`string ${JSON.stringify(data)} is invalid against requested format ${(params as { format: string }).format}`);
        break;
      default:
        if (error.message !== undefined) result.push(error.message);
    }
  }
  for (const names of missing.values()) result.push(`object has missing required properties (${list(names.sort())})`);
  for (const names of surplus.values()) result.push(`object instance has properties which are not allowed by the schema: ${list(names.sort())}`);
  return result;
}
