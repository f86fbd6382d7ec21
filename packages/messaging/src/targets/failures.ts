import { AwsError } from "@cumulet/protocol";

/** A failure that trying again does not mend. */
export class Permanent extends Error {}

const codes = new Set([
  "QueueDoesNotExist", "ResourceNotFoundException", "NotFound", "NotFoundException", "AccessDenied", "AccessDeniedException", "AuthorizationError", "InvalidParameterValue", "MissingParameter",
  "InvalidParameter", "InvalidMessageContents", "KmsDisabled", "KmsNotFound", "KmsAccessDenied", "KmsInvalidState", "RequestTooLargeException", "ValidationException", "NotImplemented",
]);

/** Whether a delivery failed for good: its target is gone, or refuses it as it is. AWS calls these client-side errors. */
export function isPermanent(error: unknown): boolean {
  return error instanceof Permanent || (error instanceof AwsError && codes.has(error.code));
}

/** Code and words of a failure, for dead letters. */
export function failureOf(error: unknown): { code: string; message: string } {
  return error instanceof AwsError ? { code: error.code, message: error.message } : { code: "INTERNAL_ERROR", message: error instanceof Error ? error.message : String(error) };
}
