import type {
  AccelerateConfiguration, BucketLoggingStatus, CORSConfiguration, NotificationConfiguration, ObjectLockConfiguration, OwnershipControls, PublicAccessBlockConfiguration,
  ReplicationConfiguration, RequestPaymentConfiguration, ServerSideEncryptionConfiguration, Tag, WebsiteConfiguration, AbacStatus,
} from "@cumulet/protocol/models/s3.d.ts";
import type { Acl } from "../domain/acl.ts";
import type { LifecycleConfiguration } from "../domain/lifecycle.ts";

/** What is configured on a bucket, each as its Put operation checked it. */
export interface BucketConfigs {
  abac?: AbacStatus;
  accelerate?: AccelerateConfiguration;
  acl?: Acl;
  cors?: CORSConfiguration;
  encryption?: ServerSideEncryptionConfiguration;
  lifecycle?: LifecycleConfiguration;
  /** The constraint a bucket was made with, where it is not its region's name. */
  location?: "EU";
  logging?: BucketLoggingStatus;
  notification?: NotificationConfiguration;
  objectLock?: ObjectLockConfiguration;
  ownership?: OwnershipControls;
  /** The document as it was put. */
  policy?: string;
  publicAccessBlock?: PublicAccessBlockConfiguration;
  replication?: ReplicationConfiguration;
  requestPayment?: RequestPaymentConfiguration;
  tagging?: Tag[];
  website?: WebsiteConfiguration;
}

export type Ownership = "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter";

/** Who owns what others write. A bucket without controls is as old buckets are: the writer does. */
export function objectOwnership(configs: BucketConfigs): Ownership {
  return (configs.ownership?.Rules[0]?.ObjectOwnership ?? "ObjectWriter") as Ownership;
}
