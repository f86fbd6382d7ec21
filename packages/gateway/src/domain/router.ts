/**
 * Matches request paths to routes: a literal segment wins over a variable, a variable over a greedy variable, left to
 * right; a place without the method falls through to the next best. REST and HTTP APIs share these rules.
 */
export interface Router<T> {
  find(method: string, path: string): RouteMatch<T> | undefined;
}

export interface RouteMatch<T> {
  target: T;
  /** Path variables by name, percent-encoding as in the request. */
  variables: { [name: string]: string };
}

export interface RouteSpec<T> {
  /** `GET` ... or `ANY`. */
  method: string;
  /** `/pets/{id}/{proxy+}`. */
  path: string;
  target: T;
}

interface Node<T> {
  literals: Map<string, Node<T>>;
  variable: { name: string; node: Node<T> }[];
  greedy: { name: string; methods: Map<string, T> }[];
  methods: Map<string, T>;
}

const node = <T>(): Node<T> => ({ literals: new Map(), variable: [], greedy: [], methods: new Map() });

export interface RouterOptions {
  /** Whether `/pets/` is `/pets` (REST APIs) or another path (HTTP APIs). */
  ignoreTrailingSlash: boolean;
}

/** Builds the tree of segments once; matching allocates only the variables. */
export function createRouter<T>(routes: Iterable<RouteSpec<T>>, options: RouterOptions): Router<T> {
  const root = node<T>();
  for (const { method, path, target } of routes) {
    let at = root;
    let methods: Map<string, T> | undefined;
    for (const segment of split(path)) {
      const variable = /^\{([^{}]+?)(\+?)\}$/.exec(segment);
      if (variable === null) {
        let next = at.literals.get(segment);
        if (next === undefined) at.literals.set(segment, (next = node()));
        at = next;
      } else if (variable[2] === "+") {
        let greedy = at.greedy.find((candidate) => candidate.name === variable[1]);
        if (greedy === undefined) at.greedy.push((greedy = { name: variable[1]!, methods: new Map() }));
        methods = greedy.methods;
      } else {
        let next = at.variable.find((candidate) => candidate.name === variable[1]);
        if (next === undefined) at.variable.push((next = { name: variable[1]!, node: node() }));
        at = next.node;
      }
    }
    (methods ?? at.methods).set(method, target);
  }
  return {
    find(method, path) {
      const segments = split(path);
      if (options.ignoreTrailingSlash && segments.length > 0 && segments[segments.length - 1] === "") segments.pop();
      return match(root, segments, 0, method, {});
    },
  };
}

/** Segments of a path; slashes at its beginning count once. */
function split(path: string): string[] {
  let start = 0;
  while (path[start] === "/") start++;
  const rest = path.slice(start);
  return rest === "" ? [] : rest.split("/");
}

const pick = <T>(methods: Map<string, T>, method: string): T | undefined => methods.get(method) ?? methods.get("ANY");

function match<T>(at: Node<T>, segments: readonly string[], index: number, method: string, variables: { [name: string]: string }): RouteMatch<T> | undefined {
  if (index === segments.length) {
    const target = pick(at.methods, method);
    return target === undefined ? undefined : { target, variables };
  }
  const segment = segments[index]!;
  const literal = at.literals.get(segment);
  if (literal !== undefined) {
    const found = match(literal, segments, index + 1, method, variables);
    if (found !== undefined) return found;
  }
  if (segment !== "") {
    for (const { name, node: next } of at.variable) {
      const found = match(next, segments, index + 1, method, { ...variables, [name]: segment });
      if (found !== undefined) return found;
    }
  }
  for (const { name, methods } of at.greedy) {
    const target = pick(methods, method);
    if (target !== undefined) return { target, variables: { ...variables, [name]: segments.slice(index).join("/") } };
  }
  return undefined;
}
