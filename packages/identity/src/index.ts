import { iam } from "./iam.ts";
import { sts } from "./sts.ts";

export { createAuthorizer, type PolicyAuthorizer } from "./authorizer.ts";
export { AccessInsight, type ControlPolicy } from "./insight.ts";
export type { Explanation, ExplainedWish } from "./explain.ts";
export { toCloudFormation, toTerraform, type Lesson } from "./learn.ts";
export { iam } from "./iam.ts";
export { sts } from "./sts.ts";

/** IAM and STS, for the platform. */
export const services = [iam, sts] as const;
