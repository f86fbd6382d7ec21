import { AwsError } from "@cumulet/protocol";

/** 400 `InvalidRequestException`. */
export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequestException", message);
}

export function invalidToken(): AwsError {
  return invalidRequest("The NextToken is not valid.");
}
