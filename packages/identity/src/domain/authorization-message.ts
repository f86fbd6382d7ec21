import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { DecidedWish } from "@cumulet/core";

/** What was decided and why, as DecodeAuthorizationMessage tells it. Source: STS API reference. */
export function authorizationMessage(wish: DecidedWish, principalId: string): string {
  return JSON.stringify({
    allowed: wish.allowed,
    explicitDeny: wish.explicit,
    matchedStatements: { items: wish.by === undefined ? [] : [{ sourcePolicyId: wish.by.source.id, sourcePolicyType: wish.by.source.type, statement: wish.by.statement + 1 }] },
    failures: { items: [] },
    context: { principal: { id: principalId, arn: wish.principal }, action: wish.action, resource: wish.resource, conditions: { items: [] } },
  });
}

const MAX_BYTES = 64 * 1024;

export function encodeMessage(message: string): string {
  return deflateRawSync(message).toString("base64url");
}

/** Undefined for what this cloud did not encode. */
export function decodeMessage(encoded: string): string | undefined {
  try {
    const text = inflateRawSync(Buffer.from(encoded, "base64url"), { maxOutputLength: MAX_BYTES }).toString();
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "allowed" in value && "context" in value ? text : undefined;
  } catch {
    return undefined;
  }
}
