import { AwsError } from "@cumulet/protocol";
import { compilePattern, JsonError, PatternError, sourceOf } from "../../patterns/pattern.ts";
import type { Matcher } from "../../patterns/pattern.ts";
import type { Message } from "./message.ts";

export type FilterScope = "MessageAttributes" | "MessageBody";

const mostFields = 5;
const mostCombinations = 150;

/**
 * Compiles a filter policy.
 * @param parameter in whose name it is refused: `Attributes Reason: FilterPolicy` of Subscribe, `FilterPolicy` later.
 * @throws AwsError InvalidParameter (recorded, places included).
 */
export function compileFilter(text: string, scope: FilterScope, parameter: string): (message: Message) => boolean {
  const refuse = (message: string): AwsError => new AwsError("InvalidParameter", `Invalid parameter: ${parameter}: ${message}`);
  let matches: Matcher;
  try {
    if (text.trim() === "{}") return () => true;
    const pattern = compilePattern(text, scope === "MessageAttributes");
    if (pattern.fields > mostFields) throw refuse(`Filter policy can not have more than ${mostFields} keys`);
    if (pattern.combinations > mostCombinations) throw refuse("Filter policy is too complex");
    matches = pattern.matches;
  } catch (error) {
    if (error instanceof PatternError) throw refuse(error.message + (error.place === undefined ? "" : sourceOf(text, error.place).repeat(error.times)));
    if (error instanceof JsonError) {
      throw refuse(`failed to parse JSON. ${error.message}\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: ${error.place.line}, column: ${error.place.column}]`);
    }
    throw error;
  }
  if (scope === "MessageAttributes") return (message) => matches(attributeValues(message));
  return (message) => {
    const body = bodyOf(message);
    return Array.isArray(body) ? body.some((one) => matches(one)) : matches(body);
  };
}

/** Attributes as a pattern sees them: numbers are numbers, `String.Array` is a list, binary values are not looked at. */
function attributeValues({ attributes }: Message): { [name: string]: unknown } {
  const values: { [name: string]: unknown } = Object.create(null) as { [name: string]: unknown };
  for (const [name, { DataType, StringValue }] of Object.entries(attributes ?? {})) {
    if (StringValue === undefined) continue;
    if (DataType === "String.Array") values[name] = list(StringValue);
    else values[name] = DataType.startsWith("Number") ? Number(StringValue) : StringValue;
  }
  return values;
}

function list(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : text;
  } catch {
    return text;
  }
}

function bodyOf(message: Message): unknown {
  try {
    const body: unknown = JSON.parse(message.body);
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}
