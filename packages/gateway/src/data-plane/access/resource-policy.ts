import { Policy, PolicySyntaxError } from "@cumulet/core";
import type { PolicyDecision, PolicyPrincipal } from "@cumulet/core";

/** A REST API's resource policy, compiled with its resources written out. */
export interface ResourcePolicy {
  decide(arn: string, sourceIp: string, principal: PolicyPrincipal | undefined): PolicyDecision;
}

/** AWS lets policies name an API's own resources short: `execute-api:/stage/GET/*`. */
function expand(document: unknown, prefix: string): unknown {
  if (typeof document === "string") return document.startsWith("execute-api:/") ? `${prefix}${document.slice("execute-api:".length)}` : document;
  if (Array.isArray(document)) return document.map((item) => expand(item, prefix));
  if (typeof document === "object" && document !== null) return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, expand(value, prefix)]));
  return document;
}

/** Compiles a policy; undefined when it is no policy (AWS refuses such a one when it is stored). */
export function compileResourcePolicy(document: string, apiArn: string): ResourcePolicy | undefined {
  let policy: Policy;
  try {
    policy = new Policy(expand(JSON.parse(document), apiArn) as object);
  } catch (error) {
    if (error instanceof PolicySyntaxError || error instanceof SyntaxError) return undefined;
    throw error;
  }
  return {
    decide(arn, sourceIp, principal) {
      const values = (key: string): string | undefined => (key === "aws:sourceip" ? sourceIp : key === "aws:securetransport" ? "false" : key === "aws:principalarn" ? principal?.arn : key === "aws:principalaccount" ? principal?.account : undefined);
      return policy.decide({ action: "execute-api:Invoke", resource: arn, values, principal: principal ?? { kind: "anonymous", account: "", arn: "anonymous" } });
    },
  };
}
