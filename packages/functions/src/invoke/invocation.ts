import type { Readable } from "node:stream";

/** One event on its way to a function: what the Runtime API's `next` answers. */
export interface Invocation {
  requestId: string;
  payload: Uint8Array;
  /** Platform time at which the function is stopped, milliseconds. */
  deadlineMs: number;
  /** What is left until then when the event is handed over, milliseconds. */
  remainingMs: number;
  invokedFunctionArn: string;
  /** `Root=...;Parent=...;Sampled=1`. */
  traceHeader: string;
  /** Base64-decoded JSON text of `X-Amz-Client-Context`. */
  clientContext: string | undefined;
  /** JSON text. */
  cognitoIdentity: string | undefined;
  tenantId: string | undefined;
}

/** What a function's error looks like on every wire: the payload that the caller gets and its type. */
export interface FunctionFault {
  errorType: string;
  /** JSON, usually `{"errorType", "errorMessage", ...}`. */
  body: Uint8Array;
}

/** A runtime's answer. A streamed one ends with its body; `fault` then says whether it broke in the middle. */
export type RuntimeResponse =
  | { streamed: false; contentType: string; body: Buffer }
  | { streamed: true; contentType: string; body: Readable; bytes: () => number; fault: () => FunctionFault | undefined };

/** The limit on a buffered answer, in bytes (6 MB and what AWS adds for its envelope). */
export const RESPONSE_LIMIT = 6_291_556;

/** A fault in the shape of AWS's own: `{"errorType": ..., "errorMessage": ...}`. */
export function fault(errorType: string, errorMessage: string): FunctionFault {
  return { errorType, body: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}
