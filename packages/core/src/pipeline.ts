/**
 * The life of a request, in order. Each stage fills a part of the `Call` or throws an `AwsError`; the lists below are the
 * table of contents. A stage that has nothing to wait for returns nothing, so that the common request costs no promise.
 */
import { AwsError } from "@cumulet/protocol";
import type { Principal } from "./context.ts";
import type { Trace } from "./observe/trace.ts";
import { childTrace } from "./observe/tracer.ts";
import { Call } from "./request/call.ts";
import { encodeAnswer, encodeFailure, sendAnswer } from "./request/answer.ts";
import { authenticate, verifyBody } from "./request/authenticate.ts";
import { authorize } from "./request/authorize.ts";
import { decodeInput, identifyService, readBody, readForm, routeOperation, validateInput } from "./request/decode.ts";
import { injectFault } from "./request/faults.ts";
import { commit, handle, openContext } from "./request/handle.ts";
import { guardPage, refuseForeignPage } from "./request/origin.ts";
import { observe } from "./request/observe.ts";
import type { LoadedService, Runtime } from "./runtime.ts";
import { StorageError } from "./storage/database.ts";

/** One step in the life of a request. */
export type Stage = (call: Call) => void | Promise<void>;

/** From bytes to a typed input. */
const ARRIVE: readonly Stage[] = [
  guardPage, //        a foreign web page cannot drive the cloud
  identifyService, //  which service, from headers alone
  refuseForeignPage, // unless it is S3's, where buckets have rules of their own
  authenticate, //     who, from which account, to which region
  readForm, //         the query protocol names its operation in the body
  routeOperation, //   which operation, in which protocol
  readBody, //         bounded; a streaming input stays a stream, decoded and checked while it is read
  verifyBody, //       the signatures that cover it
  decodeInput, //      typed
];

/** What every call goes through, over HTTP or in process. */
const ACT: readonly Stage[] = [
  validateInput, //    the model's constraints, in AWS's words
  openContext, //      what the handler may know of the world
  authorize, //        policies
  injectFault, //      what somebody asked to go wrong
  handle, //           the service's function, in one transaction
  commit, //           the answer waits for the disk
];

/** From a typed output to bytes. */
const LEAVE: readonly Stage[] = [
  encodeAnswer, //     in the caller's protocol
  sendAnswer, //       one head, one end
];

const OVER_HTTP: readonly Stage[] = [...ARRIVE, ...ACT, ...LEAVE];

async function run(stages: readonly Stage[], call: Call): Promise<void> {
  for (const stage of stages) {
    const wait = stage(call);
    if (wait !== undefined) await wait;
    if (call.done) return;
  }
}

/** Runs an API request that came over HTTP to the end of its answer. Never rejects. */
export async function runOverHttp(call: Call): Promise<void> {
  try {
    await run(OVER_HTTP, call);
  } catch (failure) {
    await encodeFailure(call, failure);
  }
  observe(call);
}

/** Where a call in process comes from. */
export interface InProcessOrigin {
  account: string;
  region: string;
  principal: Principal;
  trace: Trace;
  signal: AbortSignal;
  sourceArn?: string | undefined;
}

/** Runs an operation for another service; resolves to its output, rejects with its `AwsError`. */
export async function runInProcess(runtime: Runtime, service: LoadedService, operation: string, input: unknown, origin: InProcessOrigin): Promise<unknown> {
  const call = new Call(runtime, runtime.ids.uuid(), childTrace(origin.trace, runtime.spans), undefined);
  call.service = service;
  call.serviceName = service.id;
  call.operation = service.operation(operation);
  call.operationName = operation;
  call.account = origin.account;
  call.region = origin.region;
  call.principal = origin.principal;
  call.sourceArn = origin.sourceArn;
  call.input = input;
  const forward = (): void => call.abort(origin.signal.reason);
  origin.signal.addEventListener("abort", forward, { once: true });
  try {
    await run(ACT, call);
    return call.output;
  } catch (failure) {
    call.names?.undo();
    call.error = failure instanceof AwsError ? failure : internalFailure(call, failure);
    throw call.error;
  } finally {
    origin.signal.removeEventListener("abort", forward);
    observe(call);
  }
}

const STORAGE_FAILURES: { [reason: string]: string } = {
  full: "The disk that holds the state of this cloud is full; nothing of this request was kept.",
  io: "The disk that holds the state of this cloud failed; nothing of this request was kept.",
  closed: "The state was reset or restored while this request ran.",
};

/** A fault of ours: the stack goes to the log, a plain `InternalFailure` to the client. */
export function internalFailure(call: Call, failure: unknown): AwsError {
  call.runtime.log.error("internal failure", {
    service: call.serviceName, operation: call.operationName, requestId: call.requestId,
    stack: failure instanceof Error ? failure.stack : String(failure),
  });
  if (failure instanceof StorageError && STORAGE_FAILURES[failure.reason] !== undefined) {
    return new AwsError("ServiceUnavailable", STORAGE_FAILURES[failure.reason]!, { status: 503, cause: failure });
  }
  return new AwsError("InternalFailure", "The request processing has failed because of an unknown error, exception or failure.", { status: 500, cause: failure });
}
