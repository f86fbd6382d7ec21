/** Names that S3 gives the root elements of its answers, which botocore's model leaves out (its parsers never look at them). */
import type { OperationModel, ServiceModel } from "../model.ts";
import { elementName } from "../shapes/traits.ts";
import type { Resolved } from "../shapes/traits.ts";

/** From the response syntax of each operation in the S3 API reference. An operation that is missing has the output shape's own name. */
const S3_ROOTS: Record<string, string> = {
  CompleteMultipartUpload: "CompleteMultipartUploadResult",
  CreateMultipartUpload: "InitiateMultipartUploadResult",
  CreateSession: "CreateSessionResult",
  DeleteObjects: "DeleteResult",
  GetBucketAccelerateConfiguration: "AccelerateConfiguration",
  GetBucketAcl: "AccessControlPolicy",
  GetBucketCors: "CORSConfiguration",
  GetBucketLifecycle: "LifecycleConfiguration",
  GetBucketLifecycleConfiguration: "LifecycleConfiguration",
  GetBucketLogging: "BucketLoggingStatus",
  GetBucketNotification: "NotificationConfiguration",
  GetBucketNotificationConfiguration: "NotificationConfiguration",
  GetBucketRequestPayment: "RequestPaymentConfiguration",
  GetBucketTagging: "Tagging",
  GetBucketVersioning: "VersioningConfiguration",
  GetBucketWebsite: "WebsiteConfiguration",
  GetObjectAcl: "AccessControlPolicy",
  GetObjectAttributes: "GetObjectAttributesResponse",
  GetObjectTagging: "Tagging",
  ListBucketAnalyticsConfigurations: "ListBucketAnalyticsConfigurationResult",
  ListBucketInventoryConfigurations: "ListInventoryConfigurationsResult",
  ListBucketMetricsConfigurations: "ListMetricsConfigurationsResult",
  ListBuckets: "ListAllMyBucketsResult",
  ListDirectoryBuckets: "ListAllMyDirectoryBucketsResult",
  ListMultipartUploads: "ListMultipartUploadsResult",
  ListObjects: "ListBucketResult",
  ListObjectsV2: "ListBucketResult",
  ListObjectVersions: "ListVersionsResult",
  ListParts: "ListPartsResult",
  GetObjectRetention: "Retention",
};

/** Operations whose only member is the root element itself. */
export const S3_UNWRAPPED: ReadonlySet<string> = new Set(["GetBucketLocation"]);

/** The root element of a response. */
export function rootName(service: ServiceModel, operation: OperationModel, target: Resolved): string {
  return (service.id === "s3" ? S3_ROOTS[operation.name] : undefined) ?? elementName(target) ?? target.ref.shape;
}
