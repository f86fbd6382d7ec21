import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { AwsError } from "@cumulet/protocol";

/** Thrown when a body outgrows its bound; the pipeline gives it the service's own code. */
export class BodyTooLarge extends AwsError {
  constructor(limit: number) {
    super("RequestEntityTooLargeException", `Request must be smaller than ${limit} bytes for this operation`, { status: 413 });
  }
}

/** A client that waits for `100 Continue` gets it when somebody first reads its body: a refused request never sends one. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Notes that `request` sent `Expect: 100-continue`. */
export function expectContinue(request: IncomingMessage, response: ServerResponse): void {
  waiting.set(request, response);
}

/** True while the client has been told neither to go on nor anything else. */
export function waitsForContinue(request: IncomingMessage): boolean {
  return waiting.has(request);
}

function sendContinue(request: IncomingMessage): void {
  const response = waiting.get(request);
  if (response === undefined) return;
  waiting.delete(request);
  if (!response.headersSent && !response.destroyed) response.writeContinue();
}

/** The request's body as a stream; `100 Continue` leaves on its first read. */
export function bodyStream(request: IncomingMessage): Readable {
  if (!waiting.has(request)) return request;
  return Readable.from(
    (async function* () {
      sendContinue(request);
      yield* request;
    })(),
    { objectMode: false },
  );
}

/**
 * Collects a body of at most `limit` bytes. Listens to events rather than iterating: a third more requests a second for
 * small bodies. A client that goes away mid-body rejects.
 */
export function readAll(source: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | undefined;
    let first: Buffer | undefined;
    let size = 0;
    let settled = false;
    const fail = (error: unknown): void => {
      if (settled) return;
      settled = true;
      reject(error as Error);
    };
    source.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (settled) return;
      if (size > limit) {
        fail(new BodyTooLarge(limit));
        return;
      }
      if (first === undefined) first = chunk;
      else (chunks ??= [first]).push(chunk);
    });
    source.on("end", () => {
      if (settled) return;
      settled = true;
      resolve(chunks !== undefined ? Buffer.concat(chunks, size) : (first ?? Buffer.alloc(0)));
    });
    source.on("error", fail);
    source.on("close", () => {
      if (!settled) fail(new AwsError("RequestTimeout", "The client went away before its request was complete.", { status: 400 }));
    });
  });
}

/** Collects the body of a request, bounded by its declared length first, so that an oversized one is refused unread. */
export function readRequest(request: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limit) return Promise.reject(new BodyTooLarge(limit));
  sendContinue(request);
  return readAll(request, limit);
}
