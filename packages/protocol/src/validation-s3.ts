/**
 * S3's own words for violated constraints. S3 has no common front end: it answers the first violation only, a body that
 * breaks the schema is malformed, and most headers have an error of their own. Recorded from S3 unless a line says else.
 */
import { AwsError } from "./error.ts";
import { malformedXml } from "./errors.ts";
import type { Violation } from "./validate.ts";

interface Wording {
  code: string;
  message: string;
  /** Extra elements; `ArgumentName` and `ArgumentValue` where it has none. */
  fields?: (value: string) => Record<string, string>;
}

const argument = (message: string): Wording => ({ code: "InvalidArgument", message });

/** By shape, for values outside the body. */
const OUTSIDE: Record<string, Wording> = {
  BucketCannedACL: argument(""),
  ObjectCannedACL: argument(""),
  ChecksumAlgorithm: { code: "InvalidRequest", message: "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]", fields: () => ({}) },
  ChecksumType: { code: "InvalidRequest", message: "Value for x-amz-checksum-type header is invalid.", fields: () => ({}) },
  CopySource: argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey"),
  EncodingType: argument("Invalid Encoding Method specified in Request"),
  MetadataDirective: argument("Unknown metadata directive."),
  ObjectAttributesList: argument("Invalid attribute name specified."),
  ObjectLockLegalHoldStatus: argument("Legal Hold must be either of 'ON' or 'OFF'"),
  ObjectLockMode: argument("Unknown wormMode directive."),
  StorageClass: { code: "InvalidStorageClass", message: "The storage class you specified is not valid", fields: (value) => ({ StorageClassRequested: value }) },
  TaggingDirective: argument("Unknown tagging directive."),
};

/** By shape, for values in the body that S3 reads before it looks at the schema. */
const INSIDE: Record<string, Wording> = {
  Event: { code: "InvalidArgument", message: "The event is not supported for notifications", fields: (value) => ({ ArgumentName: "Event", ArgumentValue: value }) },
  EventList: { code: "InvalidArgument", message: "The event is not supported for notifications", fields: (value) => ({ ArgumentName: "Event", ArgumentValue: value }) },
  FilterRuleName: { code: "InvalidArgument", message: "filter rule name must be either prefix or suffix", fields: (value) => ({ ArgumentName: "FilterRule.Name", ArgumentValue: value }) },
  Protocol: { code: "InvalidRequest", message: "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.", fields: () => ({}) },
};

/** Shapes whose values the operation judges itself: whether a location is valid depends on the endpoint's region. */
export const S3_UNCHECKED: ReadonlySet<string> = new Set(["BucketLocationConstraint"]);

/** The error for the first violation. */
export function s3Violation({ kind, target, location, value, path }: Violation): AwsError {
  const name = target.ref.locationName ?? path;
  const text = String(value ?? "");
  const shape = target.ref.shape;
  const worded = (location === undefined ? INSIDE : OUTSIDE)[shape];
  if (kind !== "required" && worded !== undefined) {
    const fields = worded.fields?.(text) ?? { ArgumentName: name, ArgumentValue: text };
    return new AwsError(worded.code, worded.message, { status: 400, fields });
  }
  if (location === undefined) {
    // A required member at the top is the whole body.
    return kind === "required" && !path.includes(".") ? new AwsError("MissingRequestBodyError", "Request Body is empty", { status: 400 }) : malformedXml();
  }
  if (kind === "required") {
    const what = location === "header" ? "header for this request" : "parameter";
    return new AwsError("InvalidRequest", `Missing required ${what}: ${name}`, { status: 400 });
  }
  const fields = { ArgumentName: name, ...(text === "" ? {} : { ArgumentValue: text }) };
  const message = kind === "max" || kind === "min" ? `Argument ${name} is out of its range` : `Invalid ${name} header: ${text}`;
  return new AwsError("InvalidArgument", message, { status: 400, fields });
}

/** The error for text outside the body that is not of its member's type; undefined where S3 reads on as if nothing was there. */
export function s3BadValue(where: string, text: string, type: string): AwsError | undefined {
  const fields = { ArgumentName: where, ArgumentValue: text };
  // A conditional date that nobody can read is no condition (RFC 9110 asks for this, and S3 does it).
  if (type === "timestamp" && /if-(un)?modified-since$/i.test(where)) return undefined;
  if (where === "partNumber") return new AwsError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", { status: 400, fields });
  if (type === "timestamp") return new AwsError("InvalidArgument", "The retain until date must be provided in ISO 8601 format", { status: 400, fields });
  if (where.toLowerCase().startsWith("x-amz-")) return new AwsError("InvalidArgument", `Invalid ${where} header: ${text}`, { status: 400, fields });
  return new AwsError("InvalidArgument", `Provided ${where} not an integer or within integer range`, { status: 400, fields });
}
