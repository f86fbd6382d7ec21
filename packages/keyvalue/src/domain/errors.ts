import { AwsError } from "@cumulet/protocol";

/** DynamoDB's catch-all for a request that is well formed but wrong. */
export function validationError(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

/** The most common family of validation errors. */
export function invalidParameters(message: string): AwsError {
  return validationError(`One or more parameter values were invalid: ${message}`);
}

/** A request that AWS's deserialiser refuses before any validation: a value of the wrong JSON type. */
export function serializationError(message: string): AwsError {
  return new AwsError("SerializationException", message, { status: 400 });
}

/** Data-plane operations do not name the table they did not find. */
export function tableNotFound(): AwsError {
  return new AwsError("ResourceNotFoundException", "Requested resource not found");
}

/** Control-plane operations do. */
export function namedTableNotFound(tableName: string): AwsError {
  return new AwsError("ResourceNotFoundException", `Requested resource not found: Table: ${tableName} not found`);
}

/** Thrown by a conditional write; `item` when `ReturnValuesOnConditionCheckFailure` asked for it. */
export function conditionFailed(item?: object): AwsError {
  return new AwsError("ConditionalCheckFailedException", "The conditional request failed", item === undefined ? {} : { fields: { Item: item } });
}
