/** What an `AwsError` may carry beyond its code and message. */
export interface AwsErrorOptions {
  /** HTTP status; without it the model's, else 400. */
  status?: number;
  /** Members of the modelled error shape, or S3's extra elements (`Key`, `BucketName`, ...). */
  fields?: Record<string, unknown>;
  /** Extra response headers. */
  headers?: Record<string, string>;
  /** The underlying failure, for the log only. */
  cause?: unknown;
}

/**
 * The only exception that a client may see. `code` is the name AWS puts on the wire (`ResourceNotFoundException`,
 * `NoSuchBucket`); the encoder looks the shape up in the operation's model for status and members.
 * Anything else thrown by a handler is a fault of ours: a 500 `InternalFailure`, its stack in the log only.
 */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly fields: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(code: string, message: string, options: AwsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.status = options.status;
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
  }
}
