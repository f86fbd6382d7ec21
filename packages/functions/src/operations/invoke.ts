import { AwsError } from "@cumulet/protocol";
import type { Operations } from "@cumulet/core";
import type { InvokeWithResponseStreamResponseEvent } from "@cumulet/protocol/models/lambda.d.ts";
import { resolveReference, LATEST } from "../domain/names.ts";
import { isJson } from "../domain/json.ts";
import type { Execution } from "../invoke/environment.ts";
import { enqueue } from "../invoke/async.ts";
import { brokenOff, payloadOf } from "../invoke/payload.ts";
import { run } from "../invoke/run.ts";
import type { LambdaStore } from "../store.ts";
import { functionNotFound, resolve, type LambdaContext, type Resolved } from "./lookup.ts";

/** Largest event of a synchronous and of an asynchronous invocation, bytes. */
const SYNC_LIMIT = 6_291_456;
const ASYNC_LIMIT = 1_048_576;
/** The retired InvokeAsync still has its old limit. */
const INVOKE_ASYNC_LIMIT = 262_144;
const EMPTY_EVENT = Buffer.from("{}");

export const invokeOperations: Operations<"lambda", LambdaStore> = {
  async Invoke(ctx, input) {
    const type = input.InvocationType ?? "RequestResponse";
    const resolved = resolveInvoked(ctx, input.FunctionName, input.Qualifier);
    if (type === "DryRun") return { StatusCode: 204 };
    const payload = eventOf(input.Payload, type, type === "Event" ? ASYNC_LIMIT : SYNC_LIMIT);
    const clientContext = parseClientContext(input.ClientContext);
    const incomingTrace = traceHeader(ctx);
    if (type === "Event") {
      enqueue(ctx, resolved, payload, clientContext, incomingTrace);
      return { StatusCode: 202 };
    }
    const { execution, executedVersion } = await run(ctx, resolved, { requestId: ctx.requestId, payload, clientContext, incomingTrace, tenantId: input.TenantId, tail: input.LogType === "Tail" });
    const body = await payloadOf(execution);
    return {
      StatusCode: 200,
      Payload: body.payload,
      FunctionError: body.failed ? "Unhandled" : undefined,
      // The tail has the REPORT line, so it waits for the very end.
      LogResult: input.LogType === "Tail" ? (await execution.done).tail : undefined,
      ExecutedVersion: executedVersion,
    };
  },

  async InvokeAsync(ctx, input) {
    const resolved = resolveInvoked(ctx, input.FunctionName, undefined);
    enqueue(ctx, resolved, eventOf(await bytesOf(input.InvokeArgs), "Event", INVOKE_ASYNC_LIMIT), undefined, traceHeader(ctx));
    return { Status: 202 };
  },

  async InvokeWithResponseStream(ctx, input) {
    const resolved = resolveInvoked(ctx, input.FunctionName, input.Qualifier);
    if (input.InvocationType === "DryRun") return { StatusCode: 204, EventStream: nothing() };
    const payload = eventOf(input.Payload, "RequestResponse", SYNC_LIMIT);
    const clientContext = parseClientContext(input.ClientContext);
    const tail = input.LogType === "Tail";
    const { execution, executedVersion } = await run(ctx, resolved, { requestId: ctx.requestId, payload, clientContext, incomingTrace: traceHeader(ctx), tenantId: input.TenantId, tail });
    return {
      StatusCode: 200,
      ExecutedVersion: executedVersion,
      ResponseStreamContentType: "application/vnd.amazon.eventstream",
      EventStream: responseEvents(execution, tail),
    };
  },
};

/** The trace header as the caller sent it: it may carry the lineage of a chain of functions. */
function traceHeader(ctx: LambdaContext): string | undefined {
  const value = ctx.http?.headers["x-amzn-trace-id"];
  return Array.isArray(value) ? value[0] : value;
}

/** Unlike other operations, Invoke names `$LATEST` in its error when there was no qualifier. */
export function resolveInvoked(ctx: LambdaContext, functionName: string, qualifier: string | undefined): Resolved {
  const reference = resolveReference(ctx, functionName, qualifier);
  if (ctx.store.functions.function(reference.name) === undefined) throw functionNotFound(ctx, reference.name, reference.qualifier ?? LATEST);
  return resolve(ctx, reference.name, reference.qualifier);
}

/** The event of a request; nothing at all is an empty object. */
export function eventOf(payload: Uint8Array | undefined, type: string, limit: number): Uint8Array {
  if (payload === undefined || payload.length === 0) return EMPTY_EVENT;
  if (payload.length > limit) {
    throw new AwsError("RequestTooLargeException", `${payload.length} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`, { status: 413, fields: { Type: "User" } });
  }
  if (!isJson(payload)) throw new AwsError("InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json", { status: 400, fields: { Type: "User" } });
  return payload;
}

/** Up to 3,583 bytes of base64 that hold a JSON object. */
function parseClientContext(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const decoded = Buffer.from(text, "base64");
  if (decoded.length === 0 || !isJson(decoded)) {
    throw new AwsError("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.", { status: 400, fields: { Type: "User" } });
  }
  // One line, so that it fits into a header.
  return JSON.stringify(JSON.parse(decoded.toString("utf8")));
}

async function* responseEvents(execution: Execution, tail: boolean): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {
  const answer = await execution.answer;
  let failure: { body: Uint8Array } | undefined;
  if ("fault" in answer) {
    failure = answer.fault;
  } else if (!answer.response.streamed) {
    yield { PayloadChunk: { Payload: answer.response.body } };
  } else {
    try {
      for await (const chunk of answer.response.body as AsyncIterable<Buffer>) yield { PayloadChunk: { Payload: chunk } };
      failure = answer.response.fault();
    } catch {
      failure = await brokenOff(execution);
    }
  }
  const LogResult = tail ? (await execution.done).tail : undefined;
  if (failure === undefined) yield { InvokeComplete: { LogResult } };
  else yield { InvokeComplete: { ErrorCode: "Unhandled", ErrorDetails: Buffer.from(failure.body).toString("utf8"), LogResult } };
}

/** A streaming member, read up to a little more than any event may have. */
async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > INVOKE_ASYNC_LIMIT) break;
  }
  return Buffer.concat(chunks, size);
}

async function* nothing(): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {}
