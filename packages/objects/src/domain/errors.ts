import { AwsError } from "@cumulet/protocol";

/**
 * S3's errors, each with the words S3 uses. Sources: Amazon S3 API Reference, "Error responses", and answers recorded
 * from S3. S3's model declares few of them, so every one carries its own status.
 */

type Fields = Record<string, unknown>;

function error(status: number, code: string, message: string, fields: Fields = {}): AwsError {
  return new AwsError(code, message, { status, fields });
}

export const noSuchBucket = (bucket: string) => error(404, "NoSuchBucket", "The specified bucket does not exist", { BucketName: bucket });
export const noSuchAccessPoint = (name: string) => error(404, "NoSuchAccessPoint", "The specified accesspoint does not exist", { AccessPointName: name });
export const invalidBucketName = (bucket: string) => error(400, "InvalidBucketName", "The specified bucket is not valid.", { BucketName: bucket });
export const noSuchKey = (key: string) => error(404, "NoSuchKey", "The specified key does not exist.", { Key: key });
export const noSuchVersion = (key: string, version: string) =>
  error(404, "NoSuchVersion", "The specified version does not exist.", { Key: key, VersionId: version });
export const noSuchUpload = (upload: string) =>
  error(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", { UploadId: upload });
export const accessDenied = (message = "Access Denied", fields: Fields = {}) => error(403, "AccessDenied", message, fields);
export const malformedXml = () =>
  error(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");
export const invalidRequest = (message: string, fields: Fields = {}) => error(400, "InvalidRequest", message, fields);
export const badRequest = (message: string) => error(400, "BadRequest", message);
export const invalidDigest = (value: string) => error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", { "Content-MD5": value });
export const badDigest = (message = "The Content-MD5 you specified did not match what we received.", fields: Fields = {}) =>
  error(400, "BadDigest", message, fields);
export const incompleteBody = (message = "You did not provide the number of bytes specified by the Content-Length HTTP header") =>
  error(400, "IncompleteBody", message);
export const missingContentLength = () => error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
export const keyTooLong = (size: number, max: number) =>
  error(400, "KeyTooLongError", "Your key is too long", { Size: String(size), MaxSizeAllowed: String(max) });
export const metadataTooLarge = (size: number, max: number) =>
  error(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", { Size: String(size), MaxSizeAllowed: String(max) });
export const entityTooLarge = (size: number, max: number) =>
  error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", { ProposedSize: String(size), MaxSizeAllowed: String(max) });
export const entityTooSmall = (size: number, min: number, fields: Fields = {}) =>
  error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", { ProposedSize: String(size), MinSizeAllowed: String(min), ...fields });
export const invalidRange = (requested: string, size: number) =>
  error(416, "InvalidRange", "The requested range is not satisfiable", { RangeRequested: requested, ActualObjectSize: String(size) });
export const invalidPartNumber = (requested: number, actual: number) =>
  error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable", { PartNumberRequested: String(requested), ActualPartCount: String(actual) });
export const preconditionFailed = (condition: string) =>
  error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", { Condition: condition });
export const notImplemented = (header: string, fields: Fields = {}) =>
  error(501, "NotImplemented", "A header you provided implies functionality that is not implemented", { Header: header, ...fields });
export const bucketNotEmpty = (bucket: string, versioned: boolean) =>
  error(409, "BucketNotEmpty", `The bucket you tried to delete is not empty${versioned ? ". You must delete all versions in the bucket." : ""}`, { BucketName: bucket });
export const accessPointsAttached = (bucket: string) =>
  error(400, "BucketHasAccessPointsAttached", "The bucket you are attempting to delete has access points attached. Delete your access points before you delete the bucket.", { BucketName: bucket });
export const bucketAlreadyExists = (bucket: string) =>
  error(409, "BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", { BucketName: bucket });
export const bucketAlreadyOwnedByYou = (bucket: string) =>
  error(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.", { BucketName: bucket });
export const tooManyBuckets = (limit: number) =>
  error(400, "TooManyBuckets", "You have attempted to create more buckets than allowed", { CurrentNumberOfBuckets: String(limit), AllowedNumberOfBuckets: String(limit) });
export const invalidBucketState = (message: string) => error(409, "InvalidBucketState", message);
export const noSuchConfiguration = () => error(404, "NoSuchConfiguration", "The specified configuration does not exist.");
export const invalidObjectState = (storageClass: string) =>
  error(403, "InvalidObjectState", "The operation is not valid for the object's storage class", { StorageClass: storageClass });
export const lockedObject = () => accessDenied("Access Denied because object protected by object lock.");

/** 400 InvalidArgument; a null value is an empty `ArgumentValue`, an undefined one is left out. */
export const invalidArgument = (message: string, name?: string, value?: string | null) =>
  error(400, "InvalidArgument", message, {
    ...(name === undefined ? {} : { ArgumentName: name }),
    ...(value === undefined ? {} : { ArgumentValue: value }),
  });

/** What asks of a delete marker that only an object has: 405, or 404 where the marker hides the object. */
export const methodNotAllowed = (method: string, resourceType: string, headers: Record<string, string> = {}) =>
  new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", {
    status: 405,
    fields: { Method: method, ResourceType: resourceType },
    headers,
  });

/** A sub-resource of a bucket that nobody has configured. */
export const notConfigured = (code: string, message: string, bucket: string) => error(404, code, message, { BucketName: bucket });
