/**
 * How each service words a violated model constraint. Settled by recorded answers of AWS where there are any; the
 * general form is that of AWS's common front end ("1 validation error detected: Value ...").
 */

export interface ValidationStyle {
  /** The error code. */
  code: string;
  /** Put before the path of members in the body (API Gateway: `createRestApiInput.`); members of path and query have none. */
  bodyPrefix?: boolean;
  /** A list of scalars names `Member must not be null` among what its elements must satisfy (seen from Lambda). */
  elementsNotNull?: boolean;
  /** A missing required member has an error of its own, told before anything else. */
  missing?: (member: string, operation: string) => { code: string; message: string };
  /** Shapes whose values are kept out of messages although no model calls them secret. */
  hiddenShapes?: ReadonlySet<string>;
  /** S3 has no common front end: it answers the first violation only, in its own words. */
  s3?: boolean;
}

const VALIDATION_EXCEPTION: ValidationStyle = { code: "ValidationException" };
const VALIDATION_ERROR: ValidationStyle = { code: "ValidationError" };

const STYLES: Record<string, ValidationStyle> = {
  apigateway: { code: "ValidationException", bodyPrefix: true },
  apigatewaymanagementapi: { code: "BadRequestException" },
  apigatewayv2: { code: "BadRequestException" },
  cloudformation: VALIDATION_ERROR,
  // Seen from CloudFront for every missing element of a configuration.
  cloudfront: { code: "MalformedXML" },
  // Recorded: an enum of SetAlarmState is a ValidationError. A missing parameter is reported alone, by its wire name.
  cloudwatch: { code: "ValidationError", missing: (member) => ({ code: "MissingParameter", message: `The parameter ${member} is required.` }) },
  "cognito-idp": { code: "InvalidParameterException" },
  // Recorded: the id of a service-specific credential is not repeated.
  iam: { code: "ValidationError", hiddenShapes: new Set(["serviceSpecificCredentialId"]) },
  lambda: { code: "ValidationException", elementsNotNull: true },
  logs: { code: "InvalidParameterException" },
  resourcegroupstaggingapi: { code: "InvalidParameterException" },
  s3: { code: "InvalidArgument", s3: true },
  sns: VALIDATION_ERROR,
  sqs: { code: "InvalidParameterValue", missing: (member) => ({ code: "MissingParameter", message: `The request must contain the parameter ${member}.` }) },
  sts: VALIDATION_ERROR,
  xray: { code: "InvalidRequestException" },
};

/** The style of a service; `ValidationException` where nothing else is known. */
export function validationStyle(service: string): ValidationStyle {
  return STYLES[service] ?? VALIDATION_EXCEPTION;
}

/** AWS reports at most this many violations at a time (seen from DynamoDB). */
export const MAX_VIOLATIONS = 10;

/**
 * AWS prints the values of an enum in the order of a hash table, which no model tells. These are orders that were seen;
 * any other enum prints in the model's order.
 */
const SEEN_ENUM_ORDERS: readonly (readonly string[])[] = [
  // DynamoDB
  ["B", "N", "S"],
  ["INDEXES", "TOTAL", "NONE"],
  ["SIZE", "NONE"],
  ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"],
  ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"],
  ["IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS"],
  ["OR", "AND"],
  ["ALL", "KEYS_ONLY", "INCLUDE"],
  ["MILLISECOND", "MICROSECOND"],
  // Lambda
  ["RESPONSE_STREAM", "BUFFERED"],
  ["Terminate", "Allow"],
  ["x86_64", "arm64"],
  // API Gateway
  ["add", "remove", "move", "test", "replace", "copy"],
  ["PRIVATE", "EDGE", "REGIONAL"],
  ["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"],
  ["REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "AUTHORIZER_CONFIGURATION_ERROR", "MISSING_AUTHENTICATION_TOKEN", "BAD_REQUEST_BODY",
    "INVALID_SIGNATURE", "INVALID_API_KEY", "BAD_REQUEST_PARAMETERS", "AUTHORIZER_FAILURE", "UNAUTHORIZED", "INTEGRATION_TIMEOUT",
    "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "WAF_FILTERED", "QUOTA_EXCEEDED", "THROTTLED", "API_CONFIGURATION_ERROR",
    "UNSUPPORTED_MEDIA_TYPE", "INTEGRATION_FAILURE", "EXPIRED_TOKEN"],
  // EventBridge, CloudWatch, KMS
  ["HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS"],
  ["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"],
  ["INSUFFICIENT_DATA", "ALARM", "OK"],
  ["HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512"],
];

const orders = new Map(SEEN_ENUM_ORDERS.map((order) => [[...order].sort().join(), order]));

/** The values of an enum in the order AWS prints them. */
export function printedEnum(values: readonly string[]): readonly string[] {
  return orders.get([...values].sort().join()) ?? values;
}
