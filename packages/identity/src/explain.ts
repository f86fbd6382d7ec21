import type { DecidedWish, Record as RequestRecord } from "@cumulet/core";
import { reasonOf } from "@cumulet/core";
import type { AccessFacts, Runtime } from "@cumulet/core/platform";
import type { PolicyAuthorizer } from "./authorizer.ts";
import { authorizationMessage, encodeMessage } from "./domain/authorization-message.ts";

/** Why a request was allowed or refused. */
export interface Explanation {
  requestId: string;
  service: string;
  operation: string;
  principal: string;
  /** `decided` while the request ran; `evaluated` now, for a request that was not asked for its permissions, with the policies of today. */
  basis: "decided" | "evaluated";
  /** What bears on it beyond the decisions: why there are none, or what they leave out. */
  note?: string;
  decisions: ExplainedWish[];
}

/** One permission and what decided it. */
export interface ExplainedWish {
  action: string;
  resource: string;
  allowed: boolean;
  /** AWS's words, or who allowed it. */
  reason: string;
  /** The statement that decided, counted from 1. */
  statement?: { policy: string; arn?: string; type: string; number: number; says: unknown };
  /** A statement that would have allowed it, where the lack of one decided. */
  missing?: { Effect: "Allow"; Action: string; Resource: string };
  /** For DecodeAuthorizationMessage. */
  encodedMessage: string;
}

/** Tells why a request among the recent ones was answered as it was. */
export function explain(record: RequestRecord, authorizer: PolicyAuthorizer, runtime: Runtime): Explanation {
  const { requestId, service, operation, principal } = record;
  const recorded = record.notes["access"] as DecidedWish[] | undefined;
  const head = { requestId, service, operation, principal: principal?.arn ?? "unknown" };
  if (recorded !== undefined) return { ...head, basis: "decided", decisions: recorded.map((wish) => explained(wish, principal.id)) };
  const loaded = runtime.service(service);
  if (loaded === undefined || principal === undefined || loaded.compiled.operation(operation) === undefined) return { ...head, basis: "evaluated", note: "It was no call of an AWS API that this cloud has, so no policy was asked.", decisions: [] };
  if (principal.kind === "service") return { ...head, basis: "evaluated", note: "A service of the cloud made it; no resource's policy bears on this action.", decisions: [] };
  const facts: AccessFacts = {
    principal, region: record.region, sourceArn: undefined, notes: {},
    http: record.via === "http" ? { headers: { "user-agent": record.userAgent }, sourceIp: record.sourceIp.replace(/^::ffff:/, ""), secure: false } : undefined,
  };
  const decisions = [...authorizer.decisions({ service: loaded, operation, account: record.account, region: record.region, principal, input: record.input }, facts, runtime)]
    .map(({ decision, need }) => explained({ action: need.action, resource: need.resource, principal: principal.arn, ...decision }, principal.id));
  const itself = loaded.definition.authorizes === "itself";
  const note = decisions.length === 0 ? "Nobody needs a permission for it." : itself ? `${service} decides for itself, by its resources' policies and lists too; run with authorization "soft" or "strict" to see its own decision.` : undefined;
  return { ...head, basis: "evaluated", ...(note === undefined ? {} : { note }), decisions };
}

function explained(wish: DecidedWish, principalId: string): ExplainedWish {
  const { action, resource, allowed, by, layer, explicit } = wish;
  return {
    action, resource, allowed,
    reason: allowed ? (by === undefined ? "the root of the account may" : `allowed by ${by.source.type} ${by.source.id}`) : reasonOf(wish, action).trim(),
    ...(by === undefined ? {} : { statement: { policy: by.source.id, ...(by.source.arn === undefined ? {} : { arn: by.source.arn }), type: by.source.type, number: by.statement + 1, says: by.says } }),
    ...(!allowed && !explicit && layer !== undefined ? { missing: { Effect: "Allow", Action: action, Resource: resource } } : {}),
    encodedMessage: encodeMessage(authorizationMessage(wish, principalId)),
  };
}
