import { AwsError } from "@cumulet/protocol";
import type { Context, Principal } from "@cumulet/core";
import type { Store } from "../store.ts";
import { callingPrincipal } from "./access/iam.ts";
import { parseArn } from "../domain/arn.ts";

/** Why a function gave no answer. `kind` decides which error the client sees; `message` is for logs and access-log variables. */
export class LambdaFailure extends Error {
  readonly kind: "timeout" | "function-error" | "denied" | "missing" | "throttled" | "failed";
  /** What the function returned with its error: `{"errorMessage": ..., "errorType": ...}`. */
  readonly payload: string;

  constructor(kind: LambdaFailure["kind"], message: string, payload = "") {
    super(message);
    this.kind = kind;
    this.payload = payload;
  }
}

/** The function that an integration or authorizer URI names: an invocation URI of API Gateway, or the function's ARN. */
export function functionArn(uri: string): string | undefined {
  const path = /:lambda:path\/(?:\/)?2015-03-31\/functions\/(.+)\/(?:invocations|response-streaming-invocations)$/.exec(uri);
  if (path !== null) return path[1]!;
  return uri.startsWith("arn:") && uri.split(":")[2] === "lambda" ? uri : undefined;
}

export interface InvokeOptions {
  timeoutMs: number;
  /** `arn:aws:execute-api:...`: what the function's permission must allow. */
  sourceArn: string;
  /** A role to call as instead of the gateway itself. */
  credentials?: string | undefined;
  /** Who called the API, for integrations that pass the caller's identity on. */
  caller?: Principal | undefined;
  event?: boolean;
  onRequestId?: (id: string) => void;
}

/** Calls a function in process and gives back its payload as text. Throws `LambdaFailure`. */
export async function invokeFunction(ctx: Context<Store>, arn: string, payload: string, options: InvokeOptions): Promise<string> {
  const parsed = parseArn(arn);
  const account = parsed?.account || ctx.account;
  const region = parsed?.region || ctx.region;
  const stop = new AbortController();
  let expired = false;
  const timer = ctx.clock.schedule(options.timeoutMs, () => {
    expired = true;
    stop.abort();
  });
  try {
    const principal = await callingPrincipal(ctx, options.credentials, options.caller);
    const call = ctx.as({ account, region, principal, signal: stop.signal, sourceArn: options.sourceArn });
    const invoke = call.lambda.Invoke({ FunctionName: arn, InvocationType: options.event ? "Event" : "RequestResponse", Payload: Buffer.from(payload) });
    const result = await raced(invoke, stop.signal);
    const text = result.Payload === undefined ? "" : Buffer.from(result.Payload).toString("utf8");
    if (result.FunctionError !== undefined) throw new LambdaFailure("function-error", `Lambda execution failed with status 200 due to customer function error: ${errorMessage(text)}`, text);
    return text;
  } catch (error) {
    if (expired) throw new LambdaFailure("timeout", "Execution failed due to a timeout error");
    if (error instanceof LambdaFailure) throw error;
    throw failureOf(error);
  } finally {
    timer[Symbol.dispose]();
  }
}

/** A call that ignores its signal must not keep the client waiting. */
function raced<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function errorMessage(payload: string): string {
  try {
    const parsed = JSON.parse(payload) as { errorMessage?: unknown };
    return typeof parsed.errorMessage === "string" ? parsed.errorMessage : payload;
  } catch {
    return payload;
  }
}

function failureOf(error: unknown): LambdaFailure {
  if (!(error instanceof AwsError)) return new LambdaFailure("failed", error instanceof Error ? error.message : String(error));
  switch (error.code) {
    case "ResourceNotFoundException":
      return new LambdaFailure("missing", error.message);
    case "AccessDeniedException":
      return new LambdaFailure("denied", "Execution failed due to configuration error: Invalid permissions on Lambda function");
    case "TooManyRequestsException":
      return new LambdaFailure("throttled", error.message);
    default:
      return new LambdaFailure("failed", error.message);
  }
}
