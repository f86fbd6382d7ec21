/** What a target gets of an event: all of it, a part, a constant, or a template filled from it. */

/** An event as it is delivered. */
export interface BusEvent {
  version: string;
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: unknown;
  "replay-name"?: string;
}

/** How a target wants its input; at most one of them. */
export interface InputSettings {
  Input?: string | undefined;
  InputPath?: string | undefined;
  InputTransformer?: { InputPathsMap?: { [name: string]: string } | undefined; InputTemplate: string } | undefined;
}

/** What the predefined variables of templates stand for. */
export interface InputContext {
  ruleArn: string;
  ruleName: string;
  /** When the event came in, milliseconds. */
  ingestedMs: number;
}

/** The text for a target; undefined when the template makes no JSON of an event (recorded: then nothing is delivered). */
export function inputOf(settings: InputSettings, event: BusEvent, context: InputContext): string | undefined {
  if (settings.Input !== undefined && settings.Input !== "") return settings.Input;
  if (settings.InputPath !== undefined && settings.InputPath !== "" && settings.InputPath !== "$") return JSON.stringify(valueAt(event, settings.InputPath)) ?? "null";
  if (settings.InputTransformer !== undefined) return transformed(settings.InputTransformer, event, context);
  return JSON.stringify(event);
}

/** Steps of a path: `$.detail.items[0]['odd name']`; undefined for what is no path. */
export function pathSteps(path: string): (string | number)[] | undefined {
  if (!path.startsWith("$")) return undefined;
  const steps: (string | number)[] = [];
  let rest = path.slice(1);
  while (rest !== "") {
    const step = /^(?:\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]|(\.\.|\[?\*\]?|\.\*))/.exec(rest);
    if (step === null || step[5] !== undefined) return undefined;
    steps.push(step[2] !== undefined ? Number(step[2]) : (step[1] ?? step[3] ?? step[4])!);
    rest = rest.slice(step[0].length);
  }
  return steps;
}

function valueAt(event: unknown, path: string): unknown {
  let value: unknown = event;
  for (const step of pathSteps(path) ?? []) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as { [key: string | number]: unknown })[step];
  }
  return value;
}

/** Names that a template may use without a map. */
export const predefined: readonly string[] = ["aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event", "aws.events.event.json"];

function predefinedValue(name: string, event: BusEvent, context: InputContext): unknown {
  switch (name) {
    case "aws.events.rule-arn": return context.ruleArn;
    case "aws.events.rule-name": return context.ruleName;
    case "aws.events.event.ingestion-time": return isoSeconds(context.ingestedMs);
    case "aws.events.event.json": return event;
    default: {
      const { detail: _detail, "detail-type": detailType, ...rest } = event;
      return { ...rest, detailType };
    }
  }
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * Fills a template. Outside of quotes a variable becomes JSON (nothing becomes ""). Inside of quotes a text is itself; a list
 * or an object loses its quotation marks in a template that is a text, and keeps them in one that is an object, where it
 * then breaks the JSON (recorded both).
 */
function transformed({ InputPathsMap = {}, InputTemplate: template }: NonNullable<InputSettings["InputTransformer"]>, event: BusEvent, context: InputContext): string | undefined {
  const isObject = /^\s*[{[]/.test(template);
  let result = "";
  let quoted = false;
  for (let at = 0; at < template.length; at++) {
    const char = template[at]!;
    if (char === "\\" && quoted) {
      result += char + (template[++at] ?? "");
      continue;
    }
    if (char === '"') quoted = !quoted;
    if (char === "<") {
      const end = template.indexOf(">", at);
      const name = end < 0 ? "" : template.slice(at + 1, end);
      const known = Object.hasOwn(InputPathsMap, name);
      if (known || predefined.includes(name)) {
        const value = known ? valueAt(event, InputPathsMap[name]!) : predefinedValue(name, event, context);
        result += quoted ? insideQuotes(value, isObject) : value === undefined ? '""' : JSON.stringify(value);
        at = end;
        continue;
      }
    }
    result += char;
  }
  if (!isObject) return result;
  try {
    JSON.parse(result);
    return result;
  } catch {
    return undefined;
  }
}

function insideQuotes(value: unknown, isObject: boolean): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return JSON.stringify(value).slice(1, -1);
  const json = JSON.stringify(value);
  return isObject ? json : json.replaceAll('"', "");
}
