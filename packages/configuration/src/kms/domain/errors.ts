import { AwsError } from "@cumulet/protocol";

export function validation(message: string): AwsError {
  return new AwsError("ValidationException", message, { status: 400 });
}

export function notFound(message: string): AwsError {
  return new AwsError("NotFoundException", message);
}

export function unsupported(message: string): AwsError {
  return new AwsError("UnsupportedOperationException", message);
}

export function invalidUsage(message: string): AwsError {
  return new AwsError("InvalidKeyUsageException", message);
}

export function invalidState(message: string): AwsError {
  return new AwsError("KMSInvalidStateException", message);
}
