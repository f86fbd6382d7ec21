import { AwsError } from "@cumulet/protocol";
import { compilePattern, JsonError, PatternError, sourceOf } from "../../patterns/pattern.ts";
import type { Matcher } from "../../patterns/pattern.ts";

/** Compiles an event pattern. @throws AwsError InvalidEventPatternException, with the place in the text (recorded). */
export function compileEventPattern(text: string): Matcher {
  try {
    return compilePattern(text).matches;
  } catch (error) {
    if (!(error instanceof PatternError) && !(error instanceof JsonError)) throw error;
    const times = error instanceof PatternError ? error.times : 1;
    const where = error.place === undefined ? "" : sourceOf(text, error.place).repeat(times);
    throw new AwsError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${error.message}${where}`);
  }
}
