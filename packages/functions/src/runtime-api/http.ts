import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers JSON as Lambda's own Runtime API does. */
export function reply(response: ServerResponse, status: number, body: unknown, headers: string[] = []): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, ["Content-Type", "application/json", "Content-Length", String(bytes.length), ...headers]);
  response.end(bytes);
}

/** An error in the shape of Lambda's Runtime API: `{"errorMessage", "errorType"}`. */
export function refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  reply(response, status, { errorMessage, errorType });
}

/**
 * All of a request body. Undefined when it is above `limit` (the rest is read and dropped, so that the connection stays
 * usable). `done` is never called for a sender that goes away in the middle: its sandbox's end says what happened.
 */
export function readBody(request: IncomingMessage, limit: number, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on("end", () => done(size > limit ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size)));
  request.on("error", () => chunks.splice(0));
}
