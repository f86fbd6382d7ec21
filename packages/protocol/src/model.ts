/**
 * The shape of a compiled service model: botocore's `service-2.json` without documentation, patched, traits sorted, members in AWS's order.
 * `tools/models` writes these files; nothing else does. Names are botocore's own, so that its documentation applies.
 */

/** Wire protocols a service may speak. `json` is awsJson 1.0 or 1.1 (see `metadata.jsonVersion`). */
export type ProtocolName = "json" | "rest-json" | "rest-xml" | "query" | "smithy-rpc-v2-cbor";

export type ShapeType =
  | "structure" | "list" | "map" | "string" | "character" | "integer" | "long" | "short" | "byte"
  | "float" | "double" | "bigdecimal" | "boolean" | "blob" | "timestamp";

/** Where a member travels in an HTTP message of a REST protocol. */
export type MemberLocation = "header" | "headers" | "uri" | "querystring" | "statusCode";

/** A reference from a member, list element, map key or value to a shape, with the traits that sit on the reference. */
export interface ShapeRef {
  shape: string;
  location?: MemberLocation;
  locationName?: string;
  /** Name in the query protocol only (SQS); it goes before `locationName` there and means nothing elsewhere. */
  queryName?: string;
  flattened?: boolean;
  streaming?: boolean;
  xmlNamespace?: { uri: string; prefix?: string };
  xmlAttribute?: boolean;
  timestampFormat?: "iso8601" | "rfc822" | "unixTimestamp";
  jsonvalue?: boolean;
  idempotencyToken?: boolean;
  hostLabel?: boolean;
  eventpayload?: boolean;
  eventheader?: boolean;
  box?: boolean;
}

export interface Shape extends Omit<ShapeRef, "shape"> {
  type: ShapeType;
  /** structure */
  members?: Record<string, ShapeRef>;
  required?: string[];
  payload?: string;
  union?: boolean;
  document?: boolean;
  exception?: boolean;
  fault?: boolean;
  synthetic?: boolean;
  /** `code` is the name in the query and XML protocols (and in `x-amzn-query-error`); JSON and CBOR send the shape's name. */
  error?: { code?: string; httpStatusCode?: number; senderFault?: boolean };
  eventstream?: boolean;
  event?: boolean;
  requiresLength?: boolean;
  /** list */
  member?: ShapeRef;
  /** map */
  key?: ShapeRef;
  value?: ShapeRef;
  /** constraints */
  enum?: string[];
  min?: number;
  max?: number;
  /** A JavaScript expression for the `u` flag, to be matched against the whole value, as Java's `matches()` does. */
  pattern?: string;
  /** AWS's own text of `pattern`, where it had to be translated: error messages quote this one. */
  patternSource?: string;
  sensitive?: boolean;
  /** Patch: the decoded wire JSON is passed on as it is, unchecked: the service validates it itself (DynamoDB attribute values). */
  passthrough?: boolean;
}

export interface OperationModel {
  name: string;
  http: { method: string; requestUri: string; responseCode?: number };
  input?: ShapeRef;
  output?: ShapeRef & { resultWrapper?: string };
  errors?: { shape: string }[];
  httpChecksum?: { requestAlgorithmMember?: string; requestChecksumRequired?: boolean; requestValidationModeMember?: string; responseAlgorithms?: string[] };
  httpChecksumRequired?: boolean;
  authtype?: string;
  auth?: string[];
  unsignedPayload?: boolean;
  /** A client may compress the request body (`Content-Encoding`). */
  requestcompression?: { encodings: string[] };
  endpoint?: { hostPrefix?: string };
  deprecated?: boolean;
  /** An operation that another one shadows on the wire (S3's first lifecycle and notification calls). */
  shadowedBy?: string;
}

export interface ServiceModel {
  /** Our service id: botocore's folder name (`dynamodb`, `s3`, `cognito-idp`), but `streams.dynamodb` for `dynamodbstreams`. */
  id: string;
  /** Which botocore the file was compiled from. */
  source: { botocore: string; apiVersion: string };
  metadata: {
    serviceId: string;
    endpointPrefix: string;
    /** The service name in a SigV4 credential scope. */
    signingName: string;
    /** Every protocol that the service answers, preferred first. */
    protocols: ProtocolName[];
    targetPrefix?: string;
    jsonVersion?: "1.0" | "1.1";
    xmlNamespace?: string;
    apiVersion: string;
    globalEndpoint?: string;
    awsQueryCompatible?: boolean;
    serviceFullName: string;
  };
  operations: Record<string, OperationModel>;
  shapes: Record<string, Shape>;
}
