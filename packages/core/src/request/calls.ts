import type { ServiceId } from "@cumulet/protocol";
import { AwsError } from "@cumulet/protocol";
import type { Calls, Principal } from "../context.ts";
import type { Trace } from "../observe/trace.ts";
import type { Runtime } from "../runtime.ts";
import { runInProcess } from "../pipeline.ts";
import { servicePrincipal } from "./credentials.ts";

/** Where calls in process come from and where they go. */
export interface CallOrigin {
  /** The calling service's id: the default principal. */
  caller: string;
  account: string;
  region: string;
  principal: Principal | undefined;
  trace: Trace;
  signal: AbortSignal;
  sourceArn: string | undefined;
}

/** Service ids of the models to the names that service principals have. */
const PRINCIPAL_NAMES: { [id: string]: string } = { "streams.dynamodb": "dynamodb", apigatewayv2: "apigateway", cloudwatch: "monitoring" };

/**
 * `ctx.call`: other services' operations, in process. A call goes through the pipeline from the guard on: it is
 * validated, authorised, recorded and traced like one over HTTP; only bytes are left out.
 */
export function callsFrom(runtime: Runtime, origin: CallOrigin): Calls {
  return new Proxy({} as Calls, {
    get: (_target, id) => {
      if (typeof id !== "string" || id === "then") return undefined;
      return new Proxy({}, {
        get: (_operations, operation) => {
          if (typeof operation !== "string" || operation === "then") return undefined;
          return (input: unknown): Promise<unknown> => {
            const service = runtime.service(id as ServiceId);
            if (service === undefined) {
              return Promise.reject(new AwsError("ServiceUnavailable", `The service ${id} is not part of this cloud.`, { status: 501 }));
            }
            const principal = origin.principal ?? servicePrincipal(PRINCIPAL_NAMES[origin.caller] ?? origin.caller, origin.account);
            return runInProcess(runtime, service, operation, input, { ...origin, principal });
          };
        },
      });
    },
  });
}
