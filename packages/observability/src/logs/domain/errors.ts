import { AwsError } from "@cumulet/protocol";

/** 400 `InvalidParameterException`. */
export function invalidParameter(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

/** 400 `ResourceNotFoundException`. */
export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message);
}

/** 400 `ResourceAlreadyExistsException`. */
export function alreadyExists(message: string): AwsError {
  return new AwsError("ResourceAlreadyExistsException", message);
}

/** 400 `LimitExceededException`: a quota of the account. */
export function limitExceeded(message = "Resource limit exceeded."): AwsError {
  return new AwsError("LimitExceededException", message);
}

/** A pagination token that is none of ours. */
export function invalidToken(): AwsError {
  return invalidParameter("The specified nextToken is invalid.");
}
