import type { CompiledOperation, ServiceModel } from "@cumulet/protocol";
import type { Derive, Rule, ServiceAccess } from "./rules.ts";

type Input = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** API Gateway's actions are HTTP's methods, and its resources the paths they are sent to. */
function pathRule({ model: operation }: CompiledOperation, { shapes }: ServiceModel): Derive {
  const { method, requestUri } = operation.http;
  const members = new Map(Object.entries(shapes[operation.input?.shape ?? ""]?.members ?? {}).flatMap(([name, ref]) => (ref.location === "uri" ? [[ref.locationName ?? name, name]] : [])));
  const parts = requestUri.split("?")[0]!.replace(/^\/v2/, "").split(/\{([^}+]+)\+?\}/);
  const names = parts.map((part, index) => (index % 2 === 1 ? (members.get(part) ?? part) : part));
  const credentials = Object.keys(shapes[operation.input?.shape ?? ""]?.members ?? {}).find((name) => /^credentials(arn)?$|^authorizerCredentials(Arn)?$/i.test(name));
  return (input, scope) => {
    const path = names.map((part, index) => (index % 2 === 1 ? encodeURIComponent(String(input[part] ?? "*")) : part)).join("");
    const needs = [{ action: `apigateway:${method}`, resource: `arn:${scope.partition}:apigateway:${scope.region}::${path}` }];
    const role = credentials === undefined ? undefined : text(input[credentials]);
    if (role !== undefined && /:role\//.test(role)) needs.push({ action: "iam:PassRole", resource: role });
    return needs;
  };
}

// ---- s3

const bucket: Rule = "arn:{partition}:s3:::{Bucket}";
const object = "arn:{partition}:s3:::{Bucket}/{Key}";
const on = (action: string): Rule => [action, "arn:{partition}:s3:::{Bucket}"];
/** Actions on a version have names of their own. */
const version = (action: string): Derive => ({ Bucket, Key, VersionId }, scope) => [{
  action: `s3:${VersionId === undefined ? action : action.replace(/(Object)(?=Acl|Tagging|Attributes|$)/, "$1Version")}`,
  resource: `arn:${scope.partition}:s3:::${Bucket}/${Key}`,
  values: { "s3:versionid": text(VersionId) },
}];
const write: Derive = (input, scope) => {
  const resource = `arn:${scope.partition}:s3:::${input["Bucket"]}/${input["Key"]}`;
  const needs = [{ action: "s3:PutObject", resource }];
  if (input["ACL"] !== undefined || Object.keys(input).some((member) => member.startsWith("Grant"))) needs.push({ action: "s3:PutObjectAcl", resource });
  if (input["Tagging"] !== undefined) needs.push({ action: "s3:PutObjectTagging", resource });
  if (input["ObjectLockMode"] !== undefined) needs.push({ action: "s3:PutObjectRetention", resource });
  if (input["ObjectLockLegalHoldStatus"] !== undefined) needs.push({ action: "s3:PutObjectLegalHold", resource });
  return needs;
};
const copied: Derive = ({ CopySource }, scope) => {
  const [path, query] = decodeURIComponent(String(CopySource ?? "")).replace(/^\//, "").split("?versionId=");
  return [{ action: query === undefined ? "s3:GetObject" : "s3:GetObjectVersion", resource: path!.startsWith("arn:") ? path!.replace("/object/", "/") : `arn:${scope.partition}:s3:::${path}` }];
};
const CONFIGURATIONS = ["AnalyticsConfiguration", "InventoryConfiguration", "MetricsConfiguration"];

const s3: ServiceAccess = {
  prefix: "s3",
  operations: {
    ListBuckets: ["ListAllMyBuckets", "*"], ListDirectoryBuckets: ["ListAllMyBuckets", "*"],
    HeadBucket: on("ListBucket"), ListObjects: on("ListBucket"), ListObjectsV2: on("ListBucket"), ListObjectVersions: on("ListBucketVersions"), ListMultipartUploads: on("ListBucketMultipartUploads"), ListParts: ["ListMultipartUploadParts", object],
    GetObject: version("GetObject"), HeadObject: version("GetObject"), GetObjectAcl: version("GetObjectAcl"), GetObjectTagging: version("GetObjectTagging"), GetObjectAttributes: version("GetObjectAttributes"), GetObjectTorrent: ["GetObject", object], SelectObjectContent: ["GetObject", object],
    PutObject: write, CreateMultipartUpload: write, UploadPart: ["PutObject", object], CompleteMultipartUpload: ["PutObject", object], CopyObject: { all: [write, copied] }, UploadPartCopy: { all: [["PutObject", object], copied] },
    DeleteObject: version("DeleteObject"), DeleteObjectTagging: version("DeleteObjectTagging"), PutObjectAcl: version("PutObjectAcl"), PutObjectTagging: version("PutObjectTagging"), RestoreObject: ["RestoreObject", object], AbortMultipartUpload: ["AbortMultipartUpload", object],
    RenameObject: ["PutObject", object], GetObjectRetention: ["GetObjectRetention", object], PutObjectRetention: ["PutObjectRetention", object], GetObjectLegalHold: ["GetObjectLegalHold", object], PutObjectLegalHold: ["PutObjectLegalHold", object],
    DeleteObjects: ({ Bucket, Delete }, scope) => (((Delete as Input | undefined)?.["Objects"] ?? []) as Input[]).map(({ Key, VersionId }) => ({ action: VersionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion", resource: `arn:${scope.partition}:s3:::${Bucket}/${Key}` })),
    GetBucketEncryption: on("GetEncryptionConfiguration"), PutBucketEncryption: on("PutEncryptionConfiguration"), DeleteBucketEncryption: on("PutEncryptionConfiguration"),
    GetBucketCors: on("GetBucketCORS"), PutBucketCors: on("PutBucketCORS"), DeleteBucketCors: on("PutBucketCORS"), DeleteBucketTagging: on("PutBucketTagging"),
    GetBucketLifecycle: on("GetLifecycleConfiguration"), GetBucketLifecycleConfiguration: on("GetLifecycleConfiguration"), PutBucketLifecycle: on("PutLifecycleConfiguration"), PutBucketLifecycleConfiguration: on("PutLifecycleConfiguration"), DeleteBucketLifecycle: on("PutLifecycleConfiguration"),
    GetBucketReplication: on("GetReplicationConfiguration"), PutBucketReplication: on("PutReplicationConfiguration"), DeleteBucketReplication: on("PutReplicationConfiguration"),
    GetBucketNotificationConfiguration: on("GetBucketNotification"), PutBucketNotificationConfiguration: on("PutBucketNotification"), GetBucketAccelerateConfiguration: on("GetAccelerateConfiguration"), PutBucketAccelerateConfiguration: on("PutAccelerateConfiguration"),
    GetObjectLockConfiguration: on("GetBucketObjectLockConfiguration"), PutObjectLockConfiguration: on("PutBucketObjectLockConfiguration"), GetPublicAccessBlock: on("GetBucketPublicAccessBlock"), PutPublicAccessBlock: on("PutBucketPublicAccessBlock"), DeletePublicAccessBlock: on("PutBucketPublicAccessBlock"),
    DeleteBucketOwnershipControls: on("PutBucketOwnershipControls"), DeleteBucketWebsite: on("DeleteBucketWebsite"),
    GetBucketIntelligentTieringConfiguration: on("GetIntelligentTieringConfiguration"), PutBucketIntelligentTieringConfiguration: on("PutIntelligentTieringConfiguration"), DeleteBucketIntelligentTieringConfiguration: on("PutIntelligentTieringConfiguration"), ListBucketIntelligentTieringConfigurations: on("GetIntelligentTieringConfiguration"),
    ...Object.fromEntries(CONFIGURATIONS.flatMap((name) => [[`GetBucket${name}`, on(`Get${name}`)], [`PutBucket${name}`, on(`Put${name}`)], [`DeleteBucket${name}`, on(`Put${name}`)], [`ListBucket${name}s`, on(`Get${name}`)]])),
    WriteGetObjectResponse: ["s3-object-lambda:WriteGetObjectResponse", "*"],
  },
  rule: (_operation) => bucket,
  conditions: { "s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys", "s3:x-amz-acl": "ACL", "s3:x-amz-server-side-encryption": "ServerSideEncryption", "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId", "s3:x-amz-storage-class": "StorageClass", "s3:x-amz-copy-source": "CopySource", "s3:x-amz-metadata-directive": "MetadataDirective", "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation", "s3:locationconstraint": "CreateBucketConfiguration.LocationConstraint", "s3:object-lock-mode": "ObjectLockMode" },
};

const s3control: ServiceAccess = {
  prefix: "s3",
  resources: [["Bucket", "arn:{partition}:s3:::{Bucket}"], ["ResourceArn", "{ResourceArn}"], ["JobId", "job/{JobId}"], ["ConfigId", "storage-lens/{ConfigId}"]],
  operations: {
    GetPublicAccessBlock: ["GetAccountPublicAccessBlock", "*"], PutPublicAccessBlock: ["PutAccountPublicAccessBlock", "*"], DeletePublicAccessBlock: ["PutAccountPublicAccessBlock", "*"],
    ...Object.fromEntries(["CreateAccessPoint", "DeleteAccessPoint", "GetAccessPoint", "GetAccessPointPolicy", "PutAccessPointPolicy", "DeleteAccessPointPolicy", "GetAccessPointPolicyStatus"].map((name) => [name, "accesspoint/{Name}"])),
  },
};

export const restAccess: Readonly<Record<string, ServiceAccess>> = {
  apigateway: { prefix: "apigateway", rule: pathRule },
  apigatewayv2: { prefix: "apigateway", rule: pathRule },
  apigatewaymanagementapi: { prefix: "execute-api", rule: ({ model }) => ["ManageConnections", `*/*/${model.http.method}/@connections/{ConnectionId}`] },
  s3,
  s3control,
};
