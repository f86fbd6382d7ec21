import { AwsError } from "../error.ts";
import type { ProtocolName, ServiceModel } from "../model.ts";

/**
 * How a service words a refused signature. AWS has four families:
 * `s3`: S3's XML with the strings to sign; `query`: IAM, STS, SQS, CloudFront (`InvalidClientTokenId`, ...);
 * `json`: DynamoDB, Logs, ... (`UnrecognizedClientException`, always 400); `rest-json`: Lambda, API Gateway (the same names, 403).
 */
export type SignatureStyle = "s3" | "query" | "json" | "rest-json";

/** The family of a service, by its id and the protocol that the caller speaks. */
export function signatureStyle(model: Pick<ServiceModel, "id" | "metadata">, protocol?: ProtocolName): SignatureStyle {
  if (model.metadata.signingName === "s3" || model.metadata.signingName === "s3express") return "s3";
  switch (protocol ?? model.metadata.protocols[0]) {
    case "json":
    case "smithy-rpc-v2-cbor": return "json";
    case "rest-json": return "rest-json";
    default: return "query";
  }
}

const jsonStatus = { json: 400, "rest-json": 403 } as const;

/** Nobody signed, and the operation wants somebody. S3 answers by policy (`AccessDenied`) instead. */
export function missingAuthentication(style: SignatureStyle): AwsError {
  switch (style) {
    case "s3": return new AwsError("AccessDenied", "Access Denied", { status: 403 });
    case "query": return new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", { status: 403 });
    // dynamodb.us-east-1.amazonaws.com answers an unsigned call so; API Gateway's REST misses say the same words.
    default: return new AwsError("MissingAuthenticationTokenException", style === "json" ? "Request is missing Authentication Token" : "Missing Authentication Token", { status: jsonStatus[style] });
  }
}

/** The access key id is nobody's. */
export function unknownAccessKey(style: SignatureStyle, accessKeyId: string): AwsError {
  switch (style) {
    case "s3": return new AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", { status: 403, fields: { AWSAccessKeyId: accessKeyId } });
    case "query": return new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", { status: 403 });
    default: return new AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", { status: jsonStatus[style] });
  }
}

/** A session token that is not the one issued with the key. */
export function invalidToken(style: SignatureStyle, token: string): AwsError {
  switch (style) {
    case "s3": return new AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.", { status: 400, fields: { "Token-0": token } });
    case "query": return new AwsError("InvalidClientTokenId", "The security token included in the request is invalid", { status: 403 });
    default: return new AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", { status: jsonStatus[style] });
  }
}

/** Temporary credentials past their time. */
export function expiredToken(style: SignatureStyle, token: string): AwsError {
  switch (style) {
    case "s3": return new AwsError("ExpiredToken", "The provided token has expired.", { status: 400, fields: { "Token-0": token } });
    case "query": return new AwsError("ExpiredToken", "The security token included in the request is expired", { status: 403 });
    default: return new AwsError("ExpiredTokenException", "The security token included in the request is expired", { status: jsonStatus[style] });
  }
}

/** `IncompleteSignature`, with every fault in one message, as the non-S3 services write it. */
export function incompleteSignature(style: SignatureStyle, message: string): AwsError {
  return style === "query"
    ? new AwsError("IncompleteSignature", message, { status: 400 })
    : new AwsError("IncompleteSignatureException", message, { status: jsonStatus[style === "json" ? "json" : "rest-json"] });
}

/** A signature of the right form that does not hold, for the non-S3 services: wrong, too old, or scoped to something else. */
export function invalidSignature(style: SignatureStyle, message: string): AwsError {
  return style === "query"
    ? new AwsError("SignatureDoesNotMatch", message, { status: 403 })
    : new AwsError("InvalidSignatureException", message, { status: jsonStatus[style === "json" ? "json" : "rest-json"] });
}

/** A scope in the wrong region for a bucket: S3 names the right one, and SDKs follow it. */
export function wrongRegion(signature: { source: "header" | "query"; region: string }, expected: string): AwsError {
  const what = `the region '${signature.region}' is wrong; expecting '${expected}'`;
  return signature.source === "header"
    ? new AwsError("AuthorizationHeaderMalformed", `The authorization header is malformed; ${what}`, { status: 400, fields: { Region: expected } })
    : new AwsError("AuthorizationQueryParametersError", `Error parsing the X-Amz-Credential parameter; ${what}`, { status: 400, fields: { Region: expected } });
}
