import { compileFields } from "./fields.ts";
import { compileJson } from "./json.ts";
import { compileTerms } from "./terms.ts";

/** What a pattern found in a message that it matches. */
export interface Match {
  /** The value that a name of the pattern stands for: `$.a.b` of a JSON pattern, `$field` of one for fields. */
  value(selector: string): string | undefined;
  /** Every value that the pattern names, as TestMetricFilter shows them. */
  extracted(): { [selector: string]: string };
}

/** A compiled filter pattern. */
export interface Pattern {
  kind: "terms" | "json" | "fields";
  match(message: string): Match | undefined;
}

/**
 * Compiles a filter pattern: terms (`ERROR -timeout ?warn "two words" %regex%`), a condition on JSON (`{ $.a = 1 }`), or one on
 * fields between spaces (`[ip, user, status = 4*]`). The empty pattern matches everything.
 *
 * @throws PatternError when it is none of these
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function compilePattern(text: string): Pattern {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return { kind: "json", match: compileJson(trimmed) };
  if (trimmed.startsWith("[")) return { kind: "fields", match: compileFields(trimmed) };
  return { kind: "terms", match: compileTerms(trimmed) };
}
