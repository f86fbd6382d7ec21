import { AwsError } from "@cumulet/protocol";

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequestException", message);
}

export function invalidParameter(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

export function secretNotFound(): AwsError {
  return new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
}

export function valueNotFound(what: string): AwsError {
  return new AwsError("ResourceNotFoundException", `Secrets Manager can't find the specified secret value for ${what}`);
}

/** A refusal of KMS, as Secrets Manager passes it on. */
export function keyFailure(error: unknown, direction: "EncryptionFailure" | "DecryptionFailure"): unknown {
  if (!(error instanceof AwsError)) return error;
  if (error.code === "AccessDeniedException") return new AwsError("AccessDeniedException", "Access to KMS is not allowed", { cause: error });
  if (!["DisabledException", "KMSInvalidStateException", "NotFoundException", "InvalidKeyUsageException", "InvalidCiphertextException"].includes(error.code)) return error;
  return new AwsError(direction, error.message, { cause: error });
}
