import { Policy, PolicySyntaxError } from "@cumulet/core";

/** What a Lambda authorizer decided, in a form that can be asked about any method and kept for a while. */
export interface AuthorizerResult {
  principalId: string | undefined;
  /** Values below `$context.authorizer`. */
  context: Record<string, unknown>;
  usageIdentifierKey: string | undefined;
  /** The policy as the authorizer gave it. */
  document: unknown;
  /** Whether the caller may call what an ARN names. */
  allows(arn: string): "allow" | "explicit-deny" | "deny";
}

/** An authorizer's answer that is not what the gateway expects. */
export class InvalidAuthorizerResponse extends Error {}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function parse(payload: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    throw new InvalidAuthorizerResponse("The authorizer did not return JSON");
  }
  if (!isObject(value)) throw new InvalidAuthorizerResponse("The authorizer did not return an object");
  return value;
}

/** A context of REST APIs holds only strings, numbers and booleans, which become strings. */
function flatContext(context: unknown): Record<string, unknown> {
  if (context === undefined || context === null) return {};
  if (!isObject(context)) throw new InvalidAuthorizerResponse("context is not an object");
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(context)) {
    if (typeof value === "object" && value !== null) throw new InvalidAuthorizerResponse(`context.${key} is neither a string, a number nor a boolean`);
    flat[key] = value === null ? null : String(value);
  }
  return flat;
}

/** Reads an IAM policy response. `flat` is REST's rule for the context; HTTP APIs pass any JSON on. */
export function parsePolicyResponse(payload: string, flat: boolean): AuthorizerResult {
  const value = parse(payload);
  const { principalId, policyDocument, context, usageIdentifierKey } = value;
  if (typeof principalId !== "string" && typeof principalId !== "number") throw new InvalidAuthorizerResponse("principalId is missing");
  if (!isObject(policyDocument) && typeof policyDocument !== "string") throw new InvalidAuthorizerResponse("policyDocument is missing");
  let policy: Policy;
  try {
    policy = new Policy(policyDocument);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw new InvalidAuthorizerResponse(error.message);
    throw error;
  }
  return {
    principalId: String(principalId),
    context: flat ? flatContext(context) : isObject(context) ? context : {},
    usageIdentifierKey: typeof usageIdentifierKey === "string" ? usageIdentifierKey : undefined,
    document: policyDocument,
    allows(arn) {
      const decision = policy.decide({ action: "execute-api:Invoke", resource: arn, values: () => undefined });
      return decision === undefined ? "deny" : decision.effect === "allow" ? "allow" : "explicit-deny";
    },
  };
}

/** Reads a simple response of format 2.0: `{"isAuthorized": true, "context": {...}}`. */
export function parseSimpleResponse(payload: string): AuthorizerResult {
  const { isAuthorized, context } = parse(payload);
  if (typeof isAuthorized !== "boolean") throw new InvalidAuthorizerResponse("isAuthorized is missing");
  return { principalId: undefined, context: isObject(context) ? context : {}, usageIdentifierKey: undefined, document: undefined, allows: () => (isAuthorized ? "allow" : "deny") };
}
