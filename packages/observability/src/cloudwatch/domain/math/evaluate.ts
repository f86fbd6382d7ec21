import { combine, FUNCTIONS } from "./functions.ts";
import { MathError, type Node, type Operator } from "./parse.ts";
import { mapSeries, type Series, type Value } from "./series.ts";

/** What an expression may ask of the query that it stands in. */
export interface MathScope {
  /** The expression's own id: the label of what it makes. */
  id: string;
  /** Seconds; the query's own period, or the shortest of its metrics. */
  period: number;
  /** The value of another id of the query. */
  value(id: string): Value;
  /** All metrics of the query whose id contains a text. */
  metrics(pattern: string | undefined): Series[];
  /** Metrics found by a search expression. */
  search(pattern: string, stat: string, period: number): Series[];
  /** Start times of all periods between the query's start and end. */
  grid(period: number): number[];
  /** Earlier values of a metric, for bands. */
  history(series: Series): readonly number[];
}

const truth = (value: boolean): number => (value ? 1 : 0);

const OPERATORS: { [operator in Operator]: (a: number, b: number) => number } = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": (a, b) => a ** b,
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "<": (a, b) => truth(a < b),
  "<=": (a, b) => truth(a <= b),
  ">": (a, b) => truth(a > b),
  ">=": (a, b) => truth(a >= b),
  AND: (a, b) => truth(a !== 0 && b !== 0),
  OR: (a, b) => truth(a !== 0 || b !== 0),
};

/** Words that stand for themselves as arguments: `FILL(m1, REPEAT)`, `SORT(METRICS(), AVG, DESC)`. */
const KEYWORDS = new Set(["REPEAT", "LINEAR", "AVG", "MAX", "MIN", "SUM", "ASC", "DESC"]);

/** @throws MathError */
export function evaluateMath(node: Node, scope: MathScope): Value {
  switch (node.kind) {
    case "number":
      return { kind: "scalar", value: node.value };
    case "text":
      return { kind: "text", text: node.text };
    case "name":
      return KEYWORDS.has(node.name.toUpperCase()) && node.name === node.name.toUpperCase() ? { kind: "text", text: node.name } : scope.value(node.name);
    case "list":
      return {
        kind: "array",
        list: node.items.flatMap((item): readonly Series[] => {
          const value = evaluateMath(item, scope);
          if (value.kind === "series") return [value.series];
          if (value.kind === "array") return value.list;
          throw new MathError("A list holds time series only");
        }),
      };
    case "negate": {
      const value = evaluateMath(node.of, scope);
      if (value.kind === "scalar") return { kind: "scalar", value: -value.value };
      if (value.kind === "series") return { kind: "series", series: mapSeries(value.series, (point) => -point) };
      if (value.kind === "array") return { kind: "array", list: value.list.map((one) => mapSeries(one, (point) => -point)) };
      throw new MathError("An operator needs numbers or time series");
    }
    case "binary":
      return combine(evaluateMath(node.left, scope), evaluateMath(node.right, scope), OPERATORS[node.operator]);
    case "call": {
      const compute = Object.hasOwn(FUNCTIONS, node.name) ? FUNCTIONS[node.name] : undefined;
      if (compute === undefined) throw new MathError(`Unsupported function ${node.name}`);
      return compute(node.args.map((arg) => evaluateMath(arg, scope)), scope);
    }
  }
}
