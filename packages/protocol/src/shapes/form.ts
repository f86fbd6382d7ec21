/** Form parameters as a tree: `Tags.member.1.Key=a` is `Tags` / `member` / `1` / `Key`. */
import { malformedInput } from "../errors.ts";
import { rawQueryPairs } from "../query-string.ts";

export interface FormNode {
  value: string | undefined;
  children: Map<string, FormNode> | undefined;
}

/** Bounds of a request: its 1 MB body could otherwise be half a million parameters or one name of endless depth. */
const MAX_PARAMETERS = 50_000;
const MAX_DEPTH = 32;

/** Decodes one name or value of a form: `+` is a space, `%XX` bytes are UTF-8. */
export function decodeFormText(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw malformedInput("Malformed percent-encoding in the request");
  }
}

/** Calls back for each `name=value` of a query or form, decoded. */
export function forEachParameter(text: string, visit: (name: string, value: string) => void): void {
  for (const [name, value] of rawQueryPairs(text)) visit(decodeFormText(name), decodeFormText(value));
}

/** Builds the tree of all parameters of the given texts (the query, then the body). */
export function parseForm(...texts: string[]): FormNode {
  const root: FormNode = { value: undefined, children: undefined };
  let count = 0;
  for (const text of texts) {
    forEachParameter(text, (name, value) => {
      if (++count > MAX_PARAMETERS) throw malformedInput("Too many parameters in the request");
      const segments = name.split(".");
      if (segments.length > MAX_DEPTH) throw malformedInput("A parameter of the request is nested too deeply");
      let node = root;
      for (const segment of segments) {
        node.children ??= new Map();
        let next = node.children.get(segment);
        if (next === undefined) {
          next = { value: undefined, children: undefined };
          node.children.set(segment, next);
        }
        node = next;
      }
      node.value = value;
    });
  }
  return root;
}
