import { AwsError } from "@cumulet/protocol";

/** Lambda puts `Type: User` next to the message of nearly all of its own errors (not of constraint violations). */
const user = { Type: "User" };

/** 400 `InvalidParameterValueException`. */
export function invalidParameter(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, { status: 400, fields: user });
}

/** 404 `ResourceNotFoundException`. */
export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message, { status: 404, fields: user });
}

/** 409 `ResourceConflictException`. */
export function conflict(message: string): AwsError {
  return new AwsError("ResourceConflictException", message, { status: 409, fields: user });
}

/** 412 `PreconditionFailedException`. */
export function preconditionFailed(message: string): AwsError {
  return new AwsError("PreconditionFailedException", message, { status: 412, fields: user });
}

/** 429 `TooManyRequestsException` with the reason that SDKs read. */
export function tooManyRequests(reason: "ConcurrentInvocationLimitExceeded" | "ReservedFunctionConcurrentInvocationLimitExceeded"): AwsError {
  return new AwsError("TooManyRequestsException", "Rate Exceeded.", { status: 429, fields: { ...user, Reason: reason } });
}

/** What Lambda answers for most sub-resources (policies, layers, URL configurations, mappings) that are not there. */
export function resourceDoesNotExist(): AwsError {
  return notFound("The resource you requested does not exist.");
}
