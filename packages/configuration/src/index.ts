import { kms } from "./kms/index.ts";
import { secretsmanager } from "./secrets/index.ts";

/** SSM Parameter Store, Secrets Manager, KMS and resource groups tagging. */
export const services = [kms, secretsmanager] as const;
