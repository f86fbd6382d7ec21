import { sqs } from "./sqs/index.ts";

/** SQS, SNS, EventBridge and EventBridge Scheduler. */
export const services = [sqs] as const;
