import { events } from "./events/index.ts";
import { scheduler } from "./scheduler/index.ts";
import { sns } from "./sns/index.ts";
import { sqs } from "./sqs/index.ts";

/** SQS, SNS, EventBridge and EventBridge Scheduler. */
export const services = [sqs, sns, events, scheduler] as const;
