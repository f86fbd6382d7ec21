/** Function URLs: `https://<id>.lambda-url.<region>.<domain>/` and `/_aws/lambda-url/<id>/...` where names do not resolve. */
import { pipeline } from "node:stream/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { defineDataPlane, type Names } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { Readable } from "node:stream";
import { corsHeaders, isPreflight } from "../domain/url-cors.ts";
import { parseBuffered, preludeOf, type HttpAnswer } from "../domain/url-response.ts";
import { urlEvent } from "../domain/url-event.ts";
import type { RuntimeResponse } from "../invoke/invocation.ts";
import { run } from "../invoke/run.ts";
import { resolve, type LambdaContext } from "../operations/lookup.ts";
import { URL_NAMES, type UrlTarget } from "../operations/urls.ts";
import type { LambdaStore } from "../store.ts";
import type { UrlConfig } from "../store/configs.ts";

const PATH_PREFIX = "/_aws/lambda-url/";
/** Lambda's limit on an event, bytes. */
const BODY_LIMIT = 6_291_456;

interface UrlMatch {
  /** Undefined when no function has the id. */
  target: UrlTarget | undefined;
  id: string;
  /** Path as the function sees it. */
  path: string;
}

export const functionUrlPlane = defineDataPlane<LambdaStore, UrlMatch>({
  name: "lambda-url",
  claim: ({ labels, path }, names) => {
    if (labels?.[1] === "lambda-url") return claimOf(names, labels[0]!, path, labels[2]);
    if (!path.startsWith(PATH_PREFIX)) return undefined;
    const end = path.indexOf("/", PATH_PREFIX.length);
    const id = path.slice(PATH_PREFIX.length, end < 0 ? undefined : end);
    return claimOf(names, id, end < 0 ? "/" : path.slice(end), undefined);
  },

  async handle(ctx, { request, response, address }, { target, id, path }) {
    const config = target === undefined ? undefined : ctx.store.configs.get("url", target.functionName, target.qualifier);
    if (target === undefined || config === undefined) return send(response, 404, { Message: null });
    const cors = corsHeaders(config.cors, request.headers.origin);
    if (isPreflight(request.method, request.headers, config.cors)) {
      response.writeHead(200, [...cors, "Content-Type", "application/json", "Content-Length", "0"]);
      response.end();
      return;
    }
    if (config.authType === "AWS_IAM" && !isSigned(request)) {
      return send(response, 403, { Message: "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html" }, cors);
    }
    const body = await readAll(request);
    if (body === undefined) return send(response, 413, { message: "Request too long" }, cors);
    const event = urlEvent({
      account: ctx.account, requestId: ctx.requestId, nowMs: ctx.clock.now(), id, host: request.headers.host ?? address.host,
      method: address.method, path, query: address.query, headers: request.headers, rawHeaders: request.rawHeaders, sourceIp: request.socket.remoteAddress ?? "127.0.0.1",
      protocol: `HTTP/${request.httpVersion}`, body, trace: ctx.trace.xray(),
    });
    await answer(ctx, target, config, Buffer.from(JSON.stringify(event)), response, cors);
  },
});

function claimOf(names: Names, id: string, path: string, region: string | undefined): { account: string; region: string; match: UrlMatch } {
  const owner = names.find(URL_NAMES, id);
  const found = owner !== undefined && (region === undefined || owner.region === region);
  return {
    account: found ? owner.account : "000000000000", region: found ? owner.region : "us-east-1",
    match: { target: found ? (owner.data as UrlTarget) : undefined, id, path },
  };
}

async function answer(ctx: LambdaContext, target: UrlTarget, config: UrlConfig, payload: Buffer, response: ServerResponse, cors: string[]): Promise<void> {
  let execution;
  try {
    const resolved = resolve(ctx, target.functionName, target.qualifier || undefined);
    ({ execution } = await run(ctx, resolved, { requestId: ctx.requestId, payload, tail: false }));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return send(response, error.status ?? 500, { Message: error.message, ...error.fields }, cors);
  }
  const outcome = await execution.answer;
  if ("fault" in outcome) return internalError(ctx, response, cors);
  if (config.invokeMode === "RESPONSE_STREAM") return await sendStream(ctx, outcome.response, response, cors);
  const bytes = await bufferOf(outcome.response).catch(() => undefined);
  if (bytes === undefined) return internalError(ctx, response, cors);
  // A streaming handler behind a buffered URL may have put its status in front of the body.
  const parsed = outcome.response.streamed && isHttpIntegration(outcome.response.contentType) ? preludeOf(bytes) : parseBuffered(bytes);
  if (parsed === undefined) return internalError(ctx, response, cors);
  write(ctx, response, parsed, cors);
  response.end(parsed.body);
}

async function sendStream(ctx: LambdaContext, answered: RuntimeResponse, response: ServerResponse, cors: string[]): Promise<void> {
  if (!answered.streamed) {
    // A handler that does not stream: its answer is the body as it is.
    response.writeHead(200, [...cors, "Content-Type", "application/octet-stream", "x-amzn-RequestId", ctx.requestId]);
    response.end(answered.body);
    return;
  }
  const { body } = answered;
  if (!isHttpIntegration(answered.contentType)) {
    response.writeHead(200, [...cors, "Content-Type", answered.contentType, "x-amzn-RequestId", ctx.requestId]);
    await pipeline(body, response).catch(() => response.destroy());
    return;
  }
  const head = await readPrelude(body);
  if (head === undefined) return internalError(ctx, response, cors);
  write(ctx, response, head, cors);
  response.flushHeaders();
  response.write(head.body);
  await pipeline(body, response).catch(() => response.destroy());
}

/** Reads a stream up to the end of its prelude. What follows stays in the stream. */
async function readPrelude(body: Readable): Promise<HttpAnswer | undefined> {
  const chunks: Buffer[] = [];
  return await new Promise((resolve) => {
    const done = (head: HttpAnswer | undefined): void => {
      body.pause();
      body.removeListener("data", onData).removeListener("end", onEnd).removeListener("error", onEnd);
      resolve(head);
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      const head = preludeOf(Buffer.concat(chunks));
      if (head !== undefined) done(head);
    };
    const onEnd = (): void => done(undefined);
    body.on("data", onData).once("end", onEnd).once("error", onEnd);
  });
}

function write(ctx: LambdaContext, response: ServerResponse, head: HttpAnswer, cors: string[]): void {
  const headers = ["x-amzn-RequestId", ctx.requestId, ...head.headers.flat(), ...head.cookies.flatMap((cookie) => ["set-cookie", cookie])];
  // The URL's own CORS headers win over those of the function.
  const own = new Set(cors.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) if (!own.has(headers[index]!.toLowerCase())) kept.push(headers[index]!, headers[index + 1]!);
  response.writeHead(head.status, [...kept, ...cors]);
}

function send(response: ServerResponse, status: number, body: unknown, cors: string[] = []): void {
  const text = JSON.stringify(body);
  response.writeHead(status, [...cors, "Content-Type", "application/json", "Content-Length", String(Buffer.byteLength(text))]);
  response.end(text);
}

/** What a caller sees of a function that failed. */
function internalError(ctx: LambdaContext, response: ServerResponse, cors: string[]): void {
  response.writeHead(502, [...cors, "Content-Type", "application/json", "Content-Length", "21", "x-amzn-RequestId", ctx.requestId]);
  response.end("Internal Server Error");
}

function isHttpIntegration(contentType: string): boolean {
  return contentType.startsWith("application/vnd.awslambda.http-integration-response");
}

function isSigned(request: IncomingMessage): boolean {
  return request.headers.authorization?.startsWith("AWS4-") === true || /[?&]X-Amz-Signature=/.test(request.url ?? "");
}

async function bufferOf(response: RuntimeResponse): Promise<Buffer> {
  if (!response.streamed) return response.body;
  const chunks: Buffer[] = [];
  for await (const chunk of response.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function readAll(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_LIMIT) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on("end", () => resolve(size > BODY_LIMIT ? undefined : Buffer.concat(chunks)));
    request.on("error", reject);
  });
}
