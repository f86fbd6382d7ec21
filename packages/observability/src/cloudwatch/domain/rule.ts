/** A rule of a composite alarm that cannot be read, in one sentence. */
export class RuleError extends Error {
  override name = "RuleError";
}

/** A compiled alarm rule. */
export interface Rule {
  /** Names or ARNs of the alarms it speaks of. */
  alarms: readonly string[];
  /** @param state of an alarm by the name or ARN in the rule */
  test(state: (alarm: string) => string): boolean;
}

type Condition = (state: (alarm: string) => string) => boolean;

const TOKEN = /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|'([^']*)'|([^\s()"']+))\s*\)|(AND|OR|NOT|TRUE|FALSE)\b|([()]))/y;
const DEPTH_MAX = 100;

/**
 * Compiles `ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA(c))`.
 *
 * @throws RuleError
 */
export function compileRule(source: string): Rule {
  const alarms = new Set<string>();
  let at = 0;

  const next = (consume: boolean): RegExpExecArray | undefined => {
    if (source.slice(at).trim() === "") return undefined;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) throw new RuleError("AlarmRule must not contain unexpected tokens");
    if (consume) at = TOKEN.lastIndex;
    return match;
  };
  const take = (word: string): boolean => {
    const match = next(false);
    if (match === undefined || (match[5] ?? match[6]) !== word) return false;
    next(true);
    return true;
  };
  const or = (depth: number): Condition => {
    let left = and(depth);
    while (take("OR")) {
      const [a, b] = [left, and(depth)];
      left = (state) => a(state) || b(state);
    }
    return left;
  };
  const and = (depth: number): Condition => {
    let left = one(depth);
    while (take("AND")) {
      const [a, b] = [left, one(depth)];
      left = (state) => a(state) && b(state);
    }
    return left;
  };
  const one = (depth: number): Condition => {
    if (depth > DEPTH_MAX) throw new RuleError("AlarmRule is nested too deeply");
    if (take("NOT")) {
      const inner = one(depth + 1);
      return (state) => !inner(state);
    }
    if (take("(")) {
      const inner = or(depth + 1);
      if (!take(")")) throw new RuleError("AlarmRule has unbalanced parentheses");
      return inner;
    }
    if (take("TRUE")) return () => true;
    if (take("FALSE")) return () => false;
    const match = next(true);
    const wanted = match?.[1];
    if (match === undefined || wanted === undefined) throw new RuleError("AlarmRule is not complete");
    const alarm = (match[2] ?? match[3] ?? match[4])!;
    alarms.add(alarm);
    return (state) => state(alarm) === wanted;
  };

  const test = or(0);
  if (next(false) !== undefined) throw new RuleError("AlarmRule must not contain unexpected tokens");
  return { alarms: [...alarms], test };
}

/** The name in an alarm's ARN; a name is itself. */
export function alarmName(nameOrArn: string): string {
  return /^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/.exec(nameOrArn)?.[1] ?? nameOrArn;
}
