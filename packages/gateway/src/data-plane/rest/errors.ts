import type { HeaderList } from "../../domain/http-message.ts";

/** Kinds of answers that the gateway gives itself; each can be customized by a gateway response. */
export type ResponseType =
  | "ACCESS_DENIED" | "API_CONFIGURATION_ERROR" | "AUTHORIZER_CONFIGURATION_ERROR" | "AUTHORIZER_FAILURE" | "BAD_REQUEST_BODY"
  | "BAD_REQUEST_PARAMETERS" | "EXPIRED_TOKEN" | "INTEGRATION_FAILURE" | "INTEGRATION_TIMEOUT" | "INVALID_API_KEY" | "INVALID_SIGNATURE"
  | "MISSING_AUTHENTICATION_TOKEN" | "QUOTA_EXCEEDED" | "REQUEST_TOO_LARGE" | "RESOURCE_NOT_FOUND" | "THROTTLED" | "UNAUTHORIZED"
  | "UNSUPPORTED_MEDIA_TYPE" | "WAF_FILTERED" | "DEFAULT_4XX" | "DEFAULT_5XX";

/** Status of each kind where no gateway response says another, and the name in `x-amzn-ErrorType`. */
export const RESPONSE_TYPES: { readonly [Type in ResponseType]: { status: number | undefined; error: string } } = {
  ACCESS_DENIED: { status: 403, error: "AccessDeniedException" },
  API_CONFIGURATION_ERROR: { status: 500, error: "InternalServerErrorException" },
  AUTHORIZER_CONFIGURATION_ERROR: { status: 500, error: "AuthorizerConfigurationException" },
  AUTHORIZER_FAILURE: { status: 500, error: "AuthorizerFailureException" },
  BAD_REQUEST_BODY: { status: 400, error: "BadRequestException" },
  BAD_REQUEST_PARAMETERS: { status: 400, error: "BadRequestException" },
  EXPIRED_TOKEN: { status: 403, error: "ExpiredTokenException" },
  INTEGRATION_FAILURE: { status: 504, error: "InternalServerErrorException" },
  INTEGRATION_TIMEOUT: { status: 504, error: "InternalServerErrorException" },
  INVALID_API_KEY: { status: 403, error: "ForbiddenException" },
  INVALID_SIGNATURE: { status: 403, error: "InvalidSignatureException" },
  MISSING_AUTHENTICATION_TOKEN: { status: 403, error: "MissingAuthenticationTokenException" },
  QUOTA_EXCEEDED: { status: 429, error: "LimitExceededException" },
  REQUEST_TOO_LARGE: { status: 413, error: "RequestTooLongException" },
  RESOURCE_NOT_FOUND: { status: 404, error: "NotFoundException" },
  THROTTLED: { status: 429, error: "TooManyRequestsException" },
  UNAUTHORIZED: { status: 401, error: "UnauthorizedException" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, error: "BadRequestException" },
  WAF_FILTERED: { status: 403, error: "ForbiddenException" },
  DEFAULT_4XX: { status: undefined, error: "BadRequestException" },
  DEFAULT_5XX: { status: undefined, error: "InternalServerErrorException" },
};

/** An answer of the gateway in place of the integration's. */
export class GatewayError extends Error {
  readonly type: ResponseType;
  /** Status where the kind's own does not fit (502 for a function's malformed answer). */
  readonly status: number | undefined;
  /** Name in `x-amzn-ErrorType` where the kind's own does not fit. */
  readonly errorType: string;
  /** What a request validator found, for `$context.error.validationErrorString`. */
  readonly validation: string | undefined;
  readonly headers: HeaderList;
  /** `{"message": null}`: some failures of authorizers have no message. */
  readonly silent: boolean;

  constructor(type: ResponseType, message: string, options: { status?: number; errorType?: string; validation?: string; headers?: HeaderList; silent?: boolean } = {}) {
    super(message);
    this.type = type;
    this.status = options.status;
    this.errorType = options.errorType ?? RESPONSE_TYPES[type].error;
    this.validation = options.validation;
    this.headers = options.headers ?? [];
    this.silent = options.silent ?? false;
  }
}

export const internalError = (type: ResponseType = "DEFAULT_5XX", status = 500): GatewayError => new GatewayError(type, "Internal server error", { status });
