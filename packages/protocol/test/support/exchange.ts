/** Short forms for tests of single messages. */
import { AwsError, compileService, loadModel } from "../../src/index.ts";
import type { ProtocolName, ServiceId, WireRequest, WireResponse } from "../../src/index.ts";

/** A request with what a test does not care about filled in. */
export function request(part: Partial<Omit<WireRequest, "body">> & { body?: string | Uint8Array }): WireRequest {
  return { method: "POST", path: "/", query: "", headers: {}, ...part, body: Buffer.from(part.body ?? "") };
}

/** A response as text and a header map with names in lower case. */
export function readable(response: WireResponse): { status: number; headers: Record<string, string>; body: string } {
  const headers: Record<string, string> = {};
  for (let index = 0; index < response.headers.length; index += 2) headers[response.headers[index]!.toLowerCase()] = response.headers[index + 1]!;
  const { body } = response;
  return { status: response.status, headers, body: body === undefined ? "" : typeof body === "string" ? body : Buffer.from(body as Uint8Array).toString() };
}

/** Operation and input that a request is read as. */
export function read(service: ServiceId, part: Parameters<typeof request>[0]): { operation: string; input: unknown; protocol: ProtocolName } {
  const wire = request(part);
  const route = compileService(loadModel(service)).route(wire);
  return { operation: route.operation.name, protocol: route.protocol, input: route.operation.decode(route, wire) };
}

/** The answer to an operation. */
export function write(service: ServiceId, operation: string, protocol: ProtocolName, output: unknown): ReturnType<typeof readable> {
  return readable(compileService(loadModel(service)).operation(operation)!.encode(protocol, output, "REQUEST-ID"));
}

/** The answer to a failure. */
export function fail(service: ServiceId, protocol: ProtocolName, error: AwsError, method = "POST"): ReturnType<typeof readable> {
  return readable(compileService(loadModel(service)).encodeError(error, protocol, "REQUEST-ID", { method }));
}

/** The AwsError that a function throws. */
export function thrown(run: () => unknown): AwsError {
  try {
    run();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
