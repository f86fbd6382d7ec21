import { kms } from "./kms/index.ts";

/** SSM Parameter Store, Secrets Manager, KMS and resource groups tagging. */
export const services = [kms] as const;
