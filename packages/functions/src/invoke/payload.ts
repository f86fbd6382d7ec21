import type { Execution } from "./environment.ts";
import { RESPONSE_LIMIT, type RuntimeResponse } from "./invocation.ts";

/** All of what a function has answered, and whether it failed. Waits for the end of a streamed answer. */
export async function payloadOf(execution: Execution): Promise<{ failed: boolean; payload: Uint8Array }> {
  const answer = await execution.answer;
  return "fault" in answer ? { failed: true, payload: answer.fault.body } : bufferedBody(answer.response, execution);
}

/** All of an answer for a caller that cannot take a stream. */
async function bufferedBody(response: RuntimeResponse, execution: Execution): Promise<{ failed: boolean; payload: Uint8Array }> {
  if (!response.streamed) return { failed: false, payload: response.body };
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > RESPONSE_LIMIT) {
        const errorType = "Function.ResponseSizeTooLarge";
        return { failed: true, payload: Buffer.from(JSON.stringify({ errorType, errorMessage: `Response payload size exceeded maximum allowed payload size (${RESPONSE_LIMIT} bytes).` })) };
      }
      chunks.push(chunk);
    }
  } catch {
    return { failed: true, payload: (await brokenOff(execution)).body };
  }
  const failure = response.fault();
  return failure === undefined ? { failed: false, payload: Buffer.concat(chunks, size) } : { failed: true, payload: failure.body };
}

/** What the caller of a stream learns when the function died in the middle of it. */
export async function brokenOff(execution: Execution): Promise<{ body: Uint8Array }> {
  const { report } = await execution.done;
  const timedOut = report.status === "timeout";
  const errorType = timedOut ? "Sandbox.Timedout" : (report.errorType ?? "Runtime.ExitError");
  const reason = timedOut ? "Task timed out" : "Runtime exited without providing a reason";
  return { body: Buffer.from(JSON.stringify({ errorType, errorMessage: `RequestId: ${report.requestId} Error: ${reason}` })) };
}
