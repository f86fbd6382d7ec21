import type { OperationModel, ServiceModel, ShapeRef } from "@cumulet/protocol";

/** A listing operation that can be written from the model alone: what the scaffold starts with. */
export interface Example {
  operation: string;
  input: string;
  output: string;
  /** The output member that holds the list. */
  items: string;
  /** Type of an element: `string` or a structure's name. */
  element: string;
  /** Input and output member of the page token. */
  token: { input: string; output: string };
  /** Input member of the page size, where there is one. */
  limit: string | undefined;
  /** Input members that the example does not serve, and so refuses by name. */
  others: string[];
}

const TOKENS_IN = ["NextToken", "nextToken", "Marker", "PaginationToken", "ContinuationToken", "position"];
const TOKENS_OUT = [...TOKENS_IN, "NextMarker"];
const LIMITS = ["MaxResults", "maxResults", "MaxItems", "MaxRecords", "Limit", "limit", "MaxBuckets"];

/** The listing operation with the fewest members that an example cannot serve, or undefined when the model has none. */
export function findExample(model: ServiceModel): Example | undefined {
  return Object.values(model.operations)
    .map((operation) => exampleOf(model, operation))
    .filter((example) => example !== undefined)
    .sort((a, b) => a.others.length - b.others.length || (a.operation < b.operation ? -1 : 1))[0];
}

function exampleOf({ shapes }: ServiceModel, { name, input, output, deprecated }: OperationModel): Example | undefined {
  if (input === undefined || output === undefined || deprecated === true || !/^(List|Describe|Get)/.test(name)) return undefined;
  if ((shapes[input.shape]?.required ?? []).length > 0) return undefined;
  const inputs = shapes[input.shape]?.members ?? {};
  const outputs = shapes[output.shape]?.members ?? {};
  const typeOf = (ref: ShapeRef | undefined) => (ref === undefined ? undefined : shapes[ref.shape]?.type);

  const lists = Object.keys(outputs).filter((member) => typeOf(outputs[member]) === "list");
  const token = { input: TOKENS_IN.find((member) => typeOf(inputs[member]) === "string"), output: TOKENS_OUT.find((member) => typeOf(outputs[member]) === "string") };
  const [items] = lists;
  if (items === undefined || lists.length > 1 || token.input === undefined || token.output === undefined) return undefined;
  const element = shapes[(outputs[items] as ShapeRef).shape]?.member as ShapeRef;
  const type = shapes[element.shape];
  if (type === undefined || !["string", "structure"].includes(type.type)) return undefined;

  const limit = LIMITS.find((member) => typeOf(inputs[member]) === "integer");
  return {
    operation: name,
    input: input.shape,
    output: output.shape,
    items,
    element: type.type === "string" ? "string" : element.shape,
    token: { input: token.input, output: token.output },
    limit,
    others: Object.keys(inputs).filter((member) => member !== token.input && member !== limit),
  };
}
