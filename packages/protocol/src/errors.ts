/** Errors that the protocol layer itself raises, and the resolution of an AwsError against the model. */
import { AwsError } from "./error.ts";
import type { ServiceModel, Shape } from "./model.ts";

/** A request whose body cannot be read as the operation's input, in the JSON protocols' words. */
export function serializationError(message = ""): AwsError {
  return new AwsError("SerializationException", message, { status: 400 });
}

/** A REST XML body that cannot be read. The text is S3's own. */
export function malformedXml(): AwsError {
  return new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", { status: 400 });
}

/** A query or CBOR body that cannot be read. */
export function malformedInput(message: string): AwsError {
  return new AwsError("MalformedInput", message, { status: 400 });
}

/**
 * The Java packages that some services show: before `#` in an error's `__type`, and in the texts of their JSON parser.
 * Seen from DynamoDB, SQS and CloudWatch; the other services name their errors plainly.
 */
export const SERVICE_PACKAGES: Readonly<Record<string, string>> = {
  dynamodb: "com.amazonaws.dynamodb.v20120810",
  "streams.dynamodb": "com.amazonaws.dynamodb.v20120810",
  sqs: "com.amazonaws.sqs",
  cloudwatch: "com.amazonaws.cloudwatch.v2010_08_01",
};

/**
 * Errors without a shape whose name in JSON is not their code: SQS's clients find the code in `x-amzn-query-error`
 * (recorded: `InvalidParameterValue` beside `InvalidParameterValueException`).
 */
export const UNMODELLED_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sqs: { InvalidParameterValue: "InvalidParameterValueException", MissingParameter: "MissingRequiredParameterException" },
};

/** An AwsError with what the model knows about it. */
export interface ResolvedError {
  /** The shape's name (`QueueDoesNotExist`); the code itself when the error is not modelled. */
  shapeName: string;
  /** The wire code of the query and REST XML protocols (`AWS.SimpleQueueService.NonExistentQueue`). */
  code: string;
  /** Absent for an error that the model does not list. */
  shape: Shape | undefined;
  status: number;
  /** The caller's fault (`Sender`, `User`), not the service's (`Receiver`, `Service`). */
  sender: boolean;
  message: string;
}

/** Finds error shapes by shape name or by wire code. Built once per service, on the first error. */
export class ErrorShapes {
  readonly #byName = new Map<string, [name: string, shape: Shape]>();

  constructor(model: ServiceModel) {
    const exceptions = Object.entries(model.shapes).filter(([, shape]) => shape.exception === true);
    // Several shapes may share a wire code (CloudWatch's two ResourceNotFound); a shape's own name always finds itself.
    for (const [name, shape] of exceptions) {
      const code = shape.error?.code;
      if (code !== undefined && !this.#byName.has(code)) this.#byName.set(code, [name, shape]);
    }
    for (const [name, shape] of exceptions) this.#byName.set(name, [name, shape]);
  }

  resolve(error: AwsError): ResolvedError {
    const found = this.#byName.get(error.code);
    const shape = found?.[1];
    const status = error.status ?? shape?.error?.httpStatusCode ?? (shape?.fault === true ? 500 : 400);
    return {
      shapeName: found?.[0] ?? error.code,
      code: shape?.error?.code ?? error.code,
      shape,
      status,
      sender: shape?.error?.senderFault ?? status < 500,
      message: error.message,
    };
  }
}

/** The member of an error shape that holds the text, whatever its case. */
export function messageMember(shape: Shape | undefined): string | undefined {
  const names = Object.keys(shape?.members ?? {});
  return names.find((name) => name.toLowerCase() === "message");
}
