import { AwsError } from "@cumulet/protocol";
import type { Context, Exchange } from "@cumulet/core";
import { STATUS_CODES } from "node:http";

/** Answers of S3's data planes, which write their own. */

const escape = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** `x-amz-id-2` for a request. */
export const hostIdOf = (requestId: string) => Buffer.alloc(57, requestId).toString("base64");

export function send({ request, response }: Exchange, ctx: Context, status: number, headers: readonly [string, string][], body: string | Uint8Array = ""): void {
  // Too late for another answer: the one that has begun must not look complete.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  const all = [...headers, ["x-amz-request-id", ctx.requestId], ["x-amz-id-2", hostIdOf(ctx.requestId)]] as [string, string][];
  if (status !== 204 && status !== 304) all.push(["Content-Length", String(bytes.length)]);
  if (!request.complete) request.resume();
  response.writeHead(status, all.flat());
  response.end(request.method === "HEAD" || status === 204 || status === 304 ? undefined : bytes);
}

/** An error as the API writes it. */
export function sendError(exchange: Exchange, ctx: Context, error: AwsError, headers: readonly [string, string][] = []): void {
  const fields = Object.entries(error.fields).map(([name, value]) => `<${name}>${escape(String(value ?? ""))}</${name}>`).join("");
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${escape(error.code)}</Code><Message>${escape(error.message)}</Message>${fields}<RequestId>${ctx.requestId}</RequestId><HostId>${hostIdOf(ctx.requestId)}</HostId></Error>`;
  send(exchange, ctx, error.status ?? 400, [["Content-Type", "application/xml"], ...headers], text);
}

/** An error as websites show it: a page, not a document (recorded from S3). */
export function errorPage(ctx: Context, error: AwsError, custom?: AwsError): { status: number; page: string } {
  const status = error.status ?? 400;
  const title = `${status} ${STATUS_CODES[status] ?? "Error"}`;
  const items = (one: AwsError, ids: boolean) => [
    ["Code", one.code], ["Message", one.message], ...Object.entries(one.fields).map(([name, value]) => [name, String(value ?? "")]),
    ...(ids ? [["RequestId", ctx.requestId], ["HostId", hostIdOf(ctx.requestId)]] : []),
  ].map(([name, value]) => `<li>${name}: ${escape(value as string)}</li>\n`).join("");
  const second = custom === undefined ? "" : `<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n${items(custom, false)}</ul>\n`;
  return { status, page: `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<ul>\n${items(error, true)}</ul>\n${second}<hr/>\n</body>\n</html>\n` };
}

/** Runs a plane's work; what it throws is answered by `onError`, a fault of ours as S3's InternalError. */
export async function answering(ctx: Context, work: () => Promise<void>, onError: (error: AwsError) => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof AwsError) return onError(error);
    ctx.log.error("internal failure", { requestId: ctx.requestId, stack: error instanceof Error ? error.stack : String(error) });
    onError(new AwsError("InternalError", "We encountered an internal error. Please try again.", { status: 500 }));
  }
}

export { escape as escapeXml };
