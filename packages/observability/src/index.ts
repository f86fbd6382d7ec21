import { cloudwatch } from "./cloudwatch/index.ts";
import { cloudtrail } from "./cloudtrail/index.ts";
import { logs } from "./logs/index.ts";
import { xray } from "./xray/index.ts";

/** CloudWatch Logs, CloudWatch, X-Ray and CloudTrail. */
export const services = [logs, cloudwatch, xray, cloudtrail] as const;
