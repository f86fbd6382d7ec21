import vm from "node:vm";
import { RE2JS } from "re2js";

/**
 * Java's regular expressions, bounded. Patterns come from templates and API definitions and run over what clients send,
 * so none may backtrack without end: RE2 takes linear time; what RE2 cannot express (look-around, back references) runs
 * in V8 under a time limit and counts as no match when it runs out.
 */
export interface SafeRegex {
  /** Whether the text matches: as a whole when compiled with `full`, else anywhere. */
  test(text: string): boolean;
  /** The groups of the first match, the whole first; undefined when nothing matches. */
  match(text: string): (string | undefined)[] | undefined;
  /** As `String.replaceAll` of Java: `$1` is a group, a backslash quotes. */
  replace(text: string, replacement: string, all: boolean): string;
  /** As `String.split` of Java: with limit 0, empty strings at the end are dropped. */
  split(text: string, limit?: number): string[];
}

export interface RegexOptions {
  full?: boolean;
  ignoreCase?: boolean;
}

/** A pattern that neither engine understands. */
export class RegexSyntaxError extends Error {}

const TIME_LIMIT_MS = 100;
const CACHE_SIZE = 500;
const cache = new Map<string, SafeRegex>();

/** Compiles a pattern; the last few hundred are kept. Throws `RegexSyntaxError`. */
export function compileRegex(pattern: string, options: RegexOptions = {}): SafeRegex {
  const key = `${options.full ? "f" : "-"}${options.ignoreCase ? "i" : "-"}${pattern}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const regex = compile(pattern, options);
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
  cache.set(key, regex);
  return regex;
}

function compile(pattern: string, options: RegexOptions): SafeRegex {
  try {
    return linear(RE2JS.compile(pattern, options.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0), options.full === true);
  } catch {
    return backtracking(pattern, options);
  }
}

function linear(re: RE2JS, full: boolean): SafeRegex {
  return {
    test: (text) => (full ? re.matches(text) : re.matcher(text).find()),
    match(text) {
      const matcher = re.matcher(text);
      if (!(full ? matcher.matches() : matcher.find())) return undefined;
      return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? undefined);
    },
    replace: (text, replacement, all) => (all ? re.matcher(text).replaceAll(replacement) : re.matcher(text).replaceFirst(replacement)),
    split: (text, limit = 0) => re.split(text, limit),
  };
}

const sandbox = vm.createContext(Object.create(null) as object, { codeGeneration: { strings: false, wasm: false } });
const script = new vm.Script("run()");

/** Runs a closure under V8's own watchdog, which also stops a regular expression that backtracks. */
function bounded<T>(run: () => T, otherwise: T): T {
  (sandbox as { run?: () => T }).run = run;
  try {
    return script.runInContext(sandbox, { timeout: TIME_LIMIT_MS }) as T;
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return otherwise;
    throw error;
  } finally {
    delete (sandbox as { run?: () => T }).run;
  }
}

/** Java's replacement text in JavaScript's: `\$` is a dollar, `$1` a group. */
function replacementOf(java: string): string {
  let text = "";
  for (let i = 0; i < java.length; i++) {
    const c = java[i]!;
    if (c === "\\") text += java[++i] === "$" ? "$$" : (java[i] ?? "");
    else if (c === "$" && !/[0-9{]/.test(java[i + 1] ?? "")) text += "$$";
    else text += c;
  }
  return text.replace(/\$\{([A-Za-z][A-Za-z0-9]*)\}/g, "$$<$1>");
}

function backtracking(pattern: string, options: RegexOptions): SafeRegex {
  let source = pattern;
  let flags = options.ignoreCase ? "i" : "";
  // Inline flags at the start are Java's; JavaScript has them on the object.
  const inline = /^\(\?([imsx]+)\)/.exec(source);
  if (inline !== null) {
    source = source.slice(inline[0].length);
    for (const flag of inline[1]!) if ("ims".includes(flag) && !flags.includes(flag)) flags += flag;
  }
  source = source.replace(/([*+?}])\+/g, "$1");
  let whole: RegExp;
  let global: RegExp;
  try {
    whole = new RegExp(options.full ? `^(?:${source})$` : source, flags);
    global = new RegExp(source, `${flags}g`);
  } catch (error) {
    throw new RegexSyntaxError((error as Error).message);
  }
  return {
    test: (text) => bounded(() => whole.test(text), false),
    match: (text) => bounded(() => whole.exec(text)?.slice(), undefined),
    replace: (text, replacement, all) => {
      const js = replacementOf(replacement);
      return bounded(() => (all ? text.replace(global, js) : text.replace(new RegExp(source, flags), js)), text);
    },
    split(text, limit = 0) {
      const parts = bounded(() => text.split(global), [text]);
      if (limit > 0 && parts.length > limit) return [...parts.slice(0, limit - 1), text.slice(text.length - parts.slice(limit - 1).join("").length)];
      if (limit === 0) while (parts.length > 1 && parts[parts.length - 1] === "") parts.pop();
      return parts;
    },
  };
}
