import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AwsError } from "@cumulet/protocol";
import type { WireResponse } from "@cumulet/protocol";
import { internalFailure } from "../pipeline.ts";
import { waitsForContinue } from "./body.ts";
import type { Call } from "./call.ts";

/** Bodies up to this many bytes are joined with their head; larger ones are not worth the copy. */
const SMALL_BODY = 16 * 1024;

/** Stage: the typed output in the caller's protocol. */
export function encodeAnswer(call: Call): void {
  call.answer = call.operation!.encode(call.protocol!, call.output, call.requestId);
}

/** Stage: the answer onto the socket. A stream is waited for; its failure cuts the connection, so that no client takes half a body for a whole one. */
export function sendAnswer(call: Call): void | Promise<void> {
  return writeAnswer(call);
}

/** Writes head and body: one `writeHead` with a flat list and one `end`. */
export function writeAnswer(call: Call): void | Promise<void> {
  const { response, request, extraHeaders } = call.http!;
  const answer = call.answer!;
  const { body } = answer;
  // The client may have gone, or a service that took the raw exchange may have answered.
  if (response.headersSent || response.destroyed) return undefined;
  const headers = extraHeaders.length === 0 ? answer.headers : merged(answer.headers, extraHeaders);
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    if (!request.complete) leaveBody(request, response, headers);
    response.writeHead(answer.status, headers);
    if (body === undefined || request.method === "HEAD") response.end();
    else {
      if (typeof body === "string") {
        call.bytesOut = Buffer.byteLength(body);
        // Plain ASCII leaves in one write with the head, without a conversion.
        response.end(body, call.bytesOut === body.length ? "latin1" : "utf8");
      } else {
        call.bytesOut = body.length;
        // A small body leaves in one write with the head. Latin-1 maps bytes to characters one to one, and back.
        if (body.length <= SMALL_BODY) response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString("latin1"), "latin1");
        else response.end(body);
      }
    }
    return undefined;
  }
  response.writeHead(answer.status, headers);
  if (request.method === "HEAD") {
    if (body instanceof Readable) body.destroy();
    response.end();
    return undefined;
  }
  const source = body instanceof Readable ? body : Readable.from(body, { objectMode: false });
  source.on("data", (chunk: Uint8Array) => {
    call.bytesOut += chunk.length;
  });
  return pipeline(source, response).catch((failure: Error) => {
    response.destroy();
    call.error = new AwsError("RequestAborted", failure.message);
    if (!response.req.socket.destroyed) call.runtime.log.warn("an answer's body broke off", { requestId: call.requestId, reason: failure.message });
  });
}

/** Answers a failure in the caller's protocol. Never throws. */
export async function encodeFailure(call: Call, failure: unknown): Promise<void> {
  call.names?.undo();
  const error = failure instanceof AwsError ? failure : internalFailure(call, failure);
  call.error = error;
  try {
    call.answer = encodeError(call, error);
    const extra = Object.entries(error.headers).flat();
    call.http!.extraHeaders.push(...extra);
    await writeAnswer(call);
  } catch (fault) {
    call.runtime.log.error("an error could not be answered", { requestId: call.requestId, stack: (fault as Error).stack });
    call.http!.response.destroy();
  }
}

function encodeError(call: Call, error: AwsError): WireResponse {
  const { service, wire, runtime } = call;
  const request = { method: call.http!.request.method ?? "GET" };
  if (service === undefined) return runtime.foreignService(call.protocol ?? "rest-json", call.jsonVersion).encodeError(error, call.protocol ?? "rest-json", call.requestId, request);
  const { compiled } = service;
  const protocol = call.protocol ?? (wire === undefined ? compiled.model.metadata.protocols[0]! : compiled.protocol(wire));
  return compiled.encodeError(error, protocol, call.requestId, request);
}

/**
 * An answer to a request whose body is not read to its end. One that still waits for `100 Continue` may or may not send
 * its body, so the connection cannot go on; any other is drained, so that the client can read the answer.
 */
function leaveBody(request: IncomingMessage, response: ServerResponse, headers: string[]): void {
  if (waitsForContinue(request)) {
    response.shouldKeepAlive = false;
    if (!headers.includes("Connection")) headers.push("Connection", "close");
  } else {
    request.unpipe();
    request.resume();
  }
}

/** Headers with `extra` laid over them: what a service sets replaces what the model wrote. */
function merged(headers: readonly string[], extra: readonly string[]): string[] {
  const names = new Set<string>();
  for (let i = 0; i < extra.length; i += 2) names.add(extra[i]!.toLowerCase());
  const result: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!names.has(headers[i]!.toLowerCase())) result.push(headers[i]!, headers[i + 1]!);
  }
  result.push(...extra);
  return result;
}
