import { iam } from "./iam.ts";
import { sts } from "./sts.ts";

export { createAuthorizer, type PolicyAuthorizer } from "./authorizer.ts";
export { iam } from "./iam.ts";
export { sts } from "./sts.ts";

/** IAM and STS, for the platform. */
export const services = [iam, sts] as const;
