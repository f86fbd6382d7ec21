import { promisify } from "node:util";
import { deflate, gunzip, gzip, inflate } from "node:zlib";
import { header } from "../../domain/http-message.ts";
import type { GatewayResponse } from "../../domain/http-message.ts";
import { MAX_PAYLOAD } from "../request.ts";
import { trace } from "./call.ts";
import type { RestCall } from "./call.ts";
import { GatewayError } from "./errors.ts";

const CODINGS = {
  gzip: { pack: promisify(gzip), unpack: promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip) },
  deflate: { pack: promisify(deflate), unpack: promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate) },
};
type Coding = keyof typeof CODINGS;
const isCoding = (name: string): name is Coding => Object.hasOwn(CODINGS, name);

/** The size from which an API's payloads are compressed; undefined where compression is off. */
const threshold = (call: RestCall): number | undefined => call.runtime.api.minimumCompressionSize;

/** Unpacks a compressed payload, where the API allows for them: templates and functions see it plain. A bomb counts as too large. */
export async function unpackRequest(call: RestCall): Promise<void> {
  const { request } = call;
  const size = threshold(call);
  const coding = header(request.headers, "content-encoding")?.trim().toLowerCase();
  if (size === undefined || coding === undefined || coding === "" || coding === "identity" || request.body.length === 0 || request.body.length < size) return;
  if (!isCoding(coding)) throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type");
  try {
    request.body = await CODINGS[coding].unpack(request.body, { maxOutputLength: MAX_PAYLOAD });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw new GatewayError("REQUEST_TOO_LARGE", "Request Too Long");
    trace(call, `Execution failed due to an unreadable payload: ${(error as Error).message}`);
    throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type");
  }
  request.headers = request.headers.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name));
}

/** The coding that a client likes best; undefined when that is none, or nothing that we speak. */
export function preferredCoding(accept: string | undefined): Coding | undefined {
  let best: { name: string; quality: number } | undefined;
  for (const part of (accept ?? "").split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const quality = Number(parameters.find((text) => text.startsWith("q="))?.slice(2) ?? 1);
    if (name !== "" && quality > 0 && (best === undefined || quality > best.quality)) best = { name, quality };
  }
  return best !== undefined && isCoding(best.name) ? best.name : undefined;
}

/** Packs a response where the API and the client want it and it is not packed already. */
export async function packResponse(call: RestCall, response: GatewayResponse): Promise<GatewayResponse> {
  const size = threshold(call);
  if (size === undefined || response.body.length === 0 || header(response.headers, "content-encoding") !== undefined) return response;
  const coding = preferredCoding(header(call.request.headers, "accept-encoding"));
  const body = Buffer.isBuffer(response.body) ? response.body : Buffer.from(response.body);
  if (coding === undefined || body.length < size) return response;
  return { ...response, headers: [...response.headers, ["Content-Encoding", coding]], body: await CODINGS[coding].pack(body) };
}
