import { AwsError } from "@cumulet/protocol";

export function invalidValue(message: string): AwsError {
  return new AwsError("InvalidParameterValue", message, { status: 400 });
}

export function invalidCombination(message: string): AwsError {
  return new AwsError("InvalidParameterCombination", message, { status: 400 });
}

export function missingParameter(name: string): AwsError {
  return new AwsError("MissingParameter", `The parameter ${name} is required.`, { status: 400 });
}

/** What the common front end answers for values that the model cannot express. */
export function validationError(message: string): AwsError {
  return new AwsError("ValidationError", message, { status: 400 });
}

/** 404 without a text, as SetAlarmState answers (recorded). */
export function resourceNotFound(message = ""): AwsError {
  return new AwsError("ResourceNotFound", message, { status: 404 });
}
