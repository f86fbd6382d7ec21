import { AwsError } from "@cumulet/protocol";

export function validation(message: string): AwsError {
  return new AwsError("ValidationException", message, { status: 400 });
}

export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message);
}

export function exists(message: string): AwsError {
  return new AwsError("ResourceAlreadyExistsException", message);
}

/** What AWS says whenever there are too many of something (recorded). */
export function limitExceeded(): AwsError {
  return new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
}
