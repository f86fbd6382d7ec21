import { AwsError } from "@cumulet/protocol";

/** A parameter outside of its bounds, in SQS's words. */
export function invalidValue(value: unknown, parameter: string, reason: string): AwsError {
  return invalidParameter(`Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

/** A parameter that is wrong, told in a sentence of its own. */
export function invalidParameter(message: string): AwsError {
  return new AwsError("InvalidParameterValue", message, { status: 400 });
}

/** A parameter that the model calls optional and SQS asks for all the same. */
export function missingParameter(parameter: string): AwsError {
  return new AwsError("MissingParameter", `The request must contain the parameter ${parameter}.`, { status: 400 });
}

/** An attribute that is not settable, not there, or not for queues of this kind. */
export function unknownAttribute(name: string): AwsError {
  return new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
}

/** A value that an attribute cannot have. */
export function invalidAttribute(name: string): AwsError {
  return new AwsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);
}

/** @param query over the query protocol, which words it in its own way (recorded). */
export function noSuchQueue(query = false): AwsError {
  return new AwsError("QueueDoesNotExist", query ? "The specified queue does not exist for this wsdl version." : "The specified queue does not exist.");
}

export function unsupported(message: string): AwsError {
  return new AwsError("UnsupportedOperation", message);
}
