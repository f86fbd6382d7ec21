import { AwsError } from "@cumulet/protocol";
import type { Operations } from "@cumulet/core";
import type { ServerSideEncryptionConfiguration } from "@cumulet/protocol/models/s3.d.ts";
import { invalidArgument, invalidRequest, malformedXml, notConfigured } from "../domain/errors.ts";
import { authorize } from "../requests/authorize.ts";
import { findBucket, nextRevision, openBucket } from "../requests/bucket.ts";
import type { Store } from "../store.ts";

const DEFAULT_ENCRYPTION: ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }] };
const ALGORITHMS: ReadonlySet<string> = new Set(["AES256", "aws:kms", "aws:kms:dsse"]);

/** Settings of a bucket that always have a value: encryption, acceleration, payment, logging, access by tags. */
export const settingOperations = {
  PutBucketEncryption(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutEncryptionConfiguration");
    const { Rules } = input.ServerSideEncryptionConfiguration;
    const [rule, ...more] = Rules;
    if (rule === undefined || more.length > 0) throw malformedXml();
    const { ApplyServerSideEncryptionByDefault: byDefault, BlockedEncryptionTypes } = rule;
    if (byDefault === undefined && BlockedEncryptionTypes === undefined) throw malformedXml();
    if (byDefault !== undefined && !ALGORITHMS.has(byDefault.SSEAlgorithm)) throw malformedXml();
    if (byDefault?.SSEAlgorithm === "AES256" && byDefault.KMSMasterKeyID !== undefined) {
      throw invalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "ApplyServerSideEncryptionByDefault");
    }
    const config: ServerSideEncryptionConfiguration = {
      Rules: [{
        ApplyServerSideEncryptionByDefault: byDefault ?? { SSEAlgorithm: "AES256" },
        BucketKeyEnabled: rule.BucketKeyEnabled ?? false,
        ...(BlockedEncryptionTypes === undefined ? {} : { BlockedEncryptionTypes }),
      }],
    };
    bucket.ctx.store.buckets.putConfig(bucket.id, "encryption", config, nextRevision(ctx));
    return {};
  },

  GetBucketEncryption(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetEncryptionConfiguration");
    // Before January 2023 a bucket had no encryption of its own accord.
    if (bucket.configs.encryption === undefined && ctx.config.settings["s3.bucket_defaults"] === "legacy") {
      throw notConfigured("ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found", bucket.name);
    }
    return { ServerSideEncryptionConfiguration: bucket.configs.encryption ?? DEFAULT_ENCRYPTION };
  },

  DeleteBucketEncryption(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutEncryptionConfiguration");
    bucket.ctx.store.buckets.deleteConfig(bucket.id, "encryption", nextRevision(ctx));
    return {};
  },

  PutBucketAccelerateConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutAccelerateConfiguration");
    if (bucket.name.includes(".")) throw invalidRequest("S3 Transfer Acceleration is not supported for buckets with periods (.) in their names");
    if (input.AccelerateConfiguration.Status === undefined) throw malformedXml();
    bucket.ctx.store.buckets.putConfig(bucket.id, "accelerate", input.AccelerateConfiguration, nextRevision(ctx));
    return {};
  },

  GetBucketAccelerateConfiguration(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetAccelerateConfiguration");
    return bucket.configs.accelerate ?? {};
  },

  PutBucketRequestPayment(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketRequestPayment");
    bucket.ctx.store.buckets.putConfig(bucket.id, "requestPayment", input.RequestPaymentConfiguration, nextRevision(ctx));
    return {};
  },

  GetBucketRequestPayment(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketRequestPayment");
    return bucket.configs.requestPayment ?? { Payer: "BucketOwner" };
  },

  PutBucketLogging(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketLogging");
    const enabled = input.BucketLoggingStatus.LoggingEnabled;
    if (enabled === undefined) {
      bucket.ctx.store.buckets.deleteConfig(bucket.id, "logging", nextRevision(ctx));
      return {};
    }
    const target = findBucket(ctx, enabled.TargetBucket);
    const wrongTarget = (message: string) => new AwsError("InvalidTargetBucketForLogging", message, { status: 400, fields: { TargetBucket: enabled.TargetBucket } });
    if (target === undefined) throw wrongTarget("The target bucket for logging does not exist");
    if (target.account !== bucket.account) throw wrongTarget("The owner for the bucket to be logged and the target bucket must be the same.");
    if (target.region !== bucket.region) {
      // The spelling of the code and the space at the end are S3's (recorded).
      throw new AwsError("CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ", {
        status: 403,
        fields: { ...(bucket.region === "us-east-1" ? {} : { SourceBucketLocation: bucket.region }), TargetBucketLocation: target.region },
      });
    }
    bucket.ctx.store.buckets.putConfig(bucket.id, "logging", { LoggingEnabled: enabled }, nextRevision(ctx));
    return {};
  },

  GetBucketLogging(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketLogging");
    return bucket.configs.logging ?? {};
  },

  PutBucketAbac(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:PutBucketAbac");
    bucket.ctx.store.buckets.putConfig(bucket.id, "abac", input.AbacStatus, nextRevision(ctx));
    return {};
  },

  GetBucketAbac(ctx, input) {
    const bucket = openBucket(ctx, input);
    authorize(ctx, bucket, "s3:GetBucketAbac");
    return { AbacStatus: bucket.configs.abac ?? { Status: "Disabled" } };
  },
} satisfies Operations<"s3", Store>;
