import { logs } from "./logs/index.ts";

/** CloudWatch Logs, CloudWatch, X-Ray and CloudTrail. */
export const services = [logs] as const;
