import type { Match } from "./pattern.ts";
import { compileRegex, PatternError } from "./values.ts";

type Test = (message: string) => boolean;

const NOTHING: Match = { value: () => undefined, extracted: () => ({}) };

/**
 * Terms: all of the plain ones, none of those after `-`, one of those after `?`. As AWS documents, `?` terms have no effect
 * beside others.
 *
 * @throws PatternError
 */
export function compileTerms(text: string): (message: string) => Match | undefined {
  const all: Test[] = [];
  const none: Test[] = [];
  const any: Test[] = [];
  for (const { sign, test } of readTerms(text)) (sign === "-" ? none : sign === "?" ? any : all).push(test);
  const useAny = any.length > 0 && all.length === 0 && none.length === 0;
  return (message) => {
    if (useAny) return any.some((test) => test(message)) ? NOTHING : undefined;
    return all.every((test) => test(message)) && !none.some((test) => test(message)) ? NOTHING : undefined;
  };
}

function* readTerms(text: string): Generator<{ sign: string; test: Test }> {
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at += 1;
      continue;
    }
    let sign = "";
    if (text[at] === "-" || text[at] === "?") {
      sign = text[at]!;
      at += 1;
    }
    const quote = text[at];
    if (quote === '"' || quote === "%") {
      let term = "";
      let end = at + 1;
      while (end < text.length && text[end] !== quote) {
        if (quote === '"' && text[end] === "\\" && end + 1 < text.length) end += 1;
        term += text[end]!;
        end += 1;
      }
      if (end >= text.length) throw new PatternError(`Invalid character(s) in term '${text.slice(at)}'`);
      at = end + 1;
      yield { sign, test: quote === "%" ? compileRegex(term) : (message) => message.includes(term) };
      continue;
    }
    const term = /^[^\s"%]*/.exec(text.slice(at))![0];
    // Seen from AWS: all but letters, digits and underscores have to stand in quotes.
    if (!/^[\p{L}\p{N}_]+$/u.test(term)) throw new PatternError(`Invalid character(s) in term '${term}'`);
    at += term.length;
    yield { sign, test: (message) => message.includes(term) };
  }
}
