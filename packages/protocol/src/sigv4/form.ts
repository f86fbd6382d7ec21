/** The strict reading of a signature's form, before anything is computed: AWS's checks, in AWS's order and words. */
import { AwsError } from "../error.ts";
import { queryValue } from "../query-string.ts";
import { incompleteSignature, invalidSignature } from "./errors.ts";
import type { SignatureStyle } from "./errors.ts";
import { authorizationParts, parseAmzDate } from "./parse.ts";
import type { SignatureSource } from "./parse.ts";

const credentialForm = 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';
const algorithms: ReadonlySet<string> = new Set(["AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"]);
const maxExpiresSeconds = 604_800;

/** @throws AwsError when an `Authorization: AWS4-...` header lacks or garbles a part. */
export function checkHeaderForm(request: SignatureSource, authorization: string, style: SignatureStyle): void {
  const { algorithm, parts } = authorizationParts(authorization);
  if (style === "s3") return checkS3Header(request, authorization, algorithm, parts);

  if (!algorithms.has(algorithm)) throw incompleteSignature(style, `Unsupported AWS 'algorithm': '${algorithm}'.`);
  const missing = ["Credential", "Signature", "SignedHeaders"]
    .filter((name) => !parts.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (request.headers["x-amz-date"] === undefined && request.headers.date === undefined) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (missing.length > 0) throw incompleteSignature(style, `${missing.join(" ")} Authorization=${authorization}`);
  const amzDate = request.headers["x-amz-date"];
  if (typeof amzDate === "string" && Number.isNaN(parseAmzDate(amzDate))) {
    throw incompleteSignature(style, `Date must be in ISO-8601 'basic format'. Got '${amzDate}'. See http://en.wikipedia.org/wiki/ISO_8601`);
  }
  checkScope(parts.get("Credential")!, algorithm, style);
  const signed = parts.get("SignedHeaders")!.split(";");
  if (!signed.includes("host")) throw invalidSignature(style, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
}

function checkScope(credential: string, algorithm: string, style: SignatureStyle): void {
  const parts = credential.split("/");
  const wanted = algorithm === "AWS4-HMAC-SHA256" ? 5 : 4;
  if (parts.length !== wanted) {
    throw incompleteSignature(style, `Credential must have exactly ${wanted} slash-delimited elements, e.g. keyid/date/${wanted === 5 ? "region/" : ""}service/term, got '${credential}'`);
  }
  const terminator = parts[wanted - 1]!;
  if (terminator !== "aws4_request") {
    throw invalidSignature(style, `Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'.`);
  }
}

function checkS3Header(request: SignatureSource, authorization: string, algorithm: string, parts: Map<string, string>): void {
  const malformed = (what: string, fields: Record<string, unknown> = {}): AwsError =>
    new AwsError("AuthorizationHeaderMalformed", `The authorization header is malformed; ${what}`, { status: 400, fields });
  if (!authorization.includes(" ")) {
    throw new AwsError("InvalidArgument", "Authorization header is invalid -- one and only one ' ' (space) required.", {
      status: 400, fields: { ArgumentName: "Authorization", ArgumentValue: authorization },
    });
  }
  if (!algorithms.has(algorithm)) {
    throw new AwsError("InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.", { status: 400 });
  }
  if (queryValue(request.query, "X-Amz-Algorithm") !== undefined) {
    throw new AwsError("InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified", {
      status: 400, fields: { ArgumentName: "Authorization", ArgumentValue: authorization },
    });
  }
  const pieces = authorization.slice(authorization.indexOf(" ") + 1).split(",");
  for (const piece of pieces) {
    if (!piece.includes("=")) throw malformed(`the authorization component "${piece.trim()}" is malformed.`);
  }
  if (pieces.length !== 3) throw malformed("the authorization header requires three components: Credential, SignedHeaders, and Signature.");
  for (const name of ["Credential", "SignedHeaders", "Signature"]) {
    if (!parts.get(name)) throw malformed(`missing ${name}.`);
  }
  checkS3Credential(parts.get("Credential")!, algorithm, (what) => malformed(what));
  if (request.headers["x-amz-date"] === undefined && request.headers.date === undefined) {
    throw new AwsError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", { status: 403 });
  }
  if (request.headers["x-amz-content-sha256"] === undefined) {
    throw new AwsError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256", { status: 400 });
  }
  const date = parts.get("Credential")!.split("/")[1]!;
  const amzDate = request.headers["x-amz-date"];
  if (typeof amzDate === "string" && !amzDate.startsWith(date)) {
    throw malformed("Invalid credential date. Date is not the same as X-Amz-Date.");
  }
}

function checkS3Credential(credential: string, algorithm: string, fault: (what: string) => AwsError): void {
  const parts = credential.split("/");
  const wanted = algorithm === "AWS4-HMAC-SHA256" ? 5 : 4;
  if (parts.length !== wanted || parts.some((part) => part === "")) throw fault(credentialForm);
  const [, date, ...rest] = parts as [string, string, ...string[]];
  const terminator = rest.at(-1)!;
  const service = rest.at(-2)!;
  if (terminator !== "aws4_request") throw fault(`incorrect terminal "${terminator}". This endpoint uses "aws4_request".`);
  if (service !== "s3" && service !== "s3express") throw fault(`incorrect service "${service}". This endpoint belongs to "s3".`);
  if (date.length !== 8 || Number.isNaN(parseAmzDate(`${date}T000000Z`))) {
    throw fault(`incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`);
  }
}

/** @throws AwsError when a presigned URL lacks or garbles a parameter. */
export function checkQueryForm(request: SignatureSource, style: SignatureStyle): void {
  const value = (name: string): string | undefined => queryValue(request.query, `X-Amz-${name}`);
  if (style !== "s3") {
    const missing = ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"]
      .filter((name) => !value(name))
      .map((name) => `AWS query-string parameters must include 'X-Amz-${name}'.`);
    if (missing.length > 0) throw incompleteSignature(style, `${missing.join(" ")} Re-examine the query-string parameters.`);
    return checkScope(value("Credential")!, value("Algorithm")!, style);
  }
  const fault = (message: string): AwsError => new AwsError("AuthorizationQueryParametersError", message, { status: 400 });
  const algorithm = value("Algorithm");
  if (algorithm !== undefined && !algorithms.has(algorithm)) throw fault('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"');
  for (const name of ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"]) {
    if (!value(name)) throw fault("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
  }
  const credential = value("Credential")!;
  checkS3Credential(credential, algorithm!, (what) => fault(`Error parsing the X-Amz-Credential parameter; ${what}`));
  const date = value("Date")!;
  if (Number.isNaN(parseAmzDate(date))) throw fault(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`);
  const day = credential.split("/")[1]!;
  if (!date.startsWith(day)) throw fault(`Invalid credential date "${day}". This date is not the same as X-Amz-Date: "${date.slice(0, 8)}".`);
  const expires = Number(value("Expires"));
  if (!Number.isInteger(expires)) throw fault("X-Amz-Expires should be a number");
  if (expires < 0) throw fault("X-Amz-Expires must be non-negative");
  if (expires > maxExpiresSeconds) {
    throw fault("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds");
  }
}
