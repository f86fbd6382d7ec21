import { roleSession, type Calls, type Context } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { LogSink } from "./log-stream.ts";

/** Writes a stream to CloudWatch Logs as the function's role; group and stream come into being with their first events. Never rejects. */
export function logSink(ctx: Context, role: string, functionName: string, group: string, stream: string): LogSink {
  const { logs } = ctx.as({ principal: roleSession(role, functionName, ctx.clock.now()) });
  let made = false;
  const put = async (logEvents: { timestamp: number; message: string }[]): Promise<void> => {
    await logs.PutLogEvents({ logGroupName: group, logStreamName: stream, logEvents });
  };
  return async (events) => {
    try {
      if (!made) {
        await make(logs, group, stream);
        made = true;
      }
      try {
        await put(events);
      } catch (error) {
        // Somebody deleted the group or the stream meanwhile.
        if (!(error instanceof AwsError) || error.code !== "ResourceNotFoundException") throw error;
        await make(logs, group, stream);
        await put(events);
      }
    } catch (error) {
      ctx.log.debug("A function's log was not stored", { group, stream, error: String(error) });
    }
  };
}

async function make(logs: Calls["logs"], group: string, stream: string): Promise<void> {
  const create = (): Promise<unknown> => ignoringExists(logs.CreateLogStream({ logGroupName: group, logStreamName: stream }));
  try {
    await create();
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ResourceNotFoundException") throw error;
    await ignoringExists(logs.CreateLogGroup({ logGroupName: group }));
    await create();
  }
}

async function ignoringExists(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ResourceAlreadyExistsException") throw error;
  }
}
