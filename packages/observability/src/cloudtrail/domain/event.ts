import type { Principal, Record as RequestRecord } from "@cumulet/core";
import type { ServiceModel } from "@cumulet/protocol";
import { dataType, eventName, eventSource, isReadOnly } from "./classify.ts";
import { writeParameters } from "./parameters.ts";
import { resourcesOf, type EventResource, type Place } from "./resources.ts";

/** An event as kept: what lookups and selectors ask for, beside the JSON that people read. */
export interface TrailEvent {
  id: string;
  timeMs: number;
  name: string;
  source: string;
  category: "Management" | "Data";
  readOnly: boolean;
  username: string;
  userArn: string;
  accessKeyId: string | undefined;
  resources: EventResource[];
  /** The event in CloudTrail's format. */
  json: string;
}

/** Makes an event of a finished request. */
export function writeEvent(record: RequestRecord, id: string, category: "Management" | "Data", place: Place, model: ServiceModel): TrailEvent {
  const { principal, service, operation } = record;
  const name = eventName(service, operation);
  const source = eventSource(service);
  const readOnly = isReadOnly(operation);
  const resources = resourcesOf(service, record.input, place);
  // Selectors ask for the type of a data event even where the request names nothing of it.
  const type = dataType(service, operation);
  if (category === "Data" && type !== undefined && resources[0]?.type !== type) resources.unshift({ type, name: "", arn: undefined });
  const modelled = model.operations[operation];
  const failed = record.error !== undefined;
  const byService = principal.kind === "service";
  const identity = userIdentity(principal);
  const event = {
    eventVersion: "1.11",
    userIdentity: identity,
    eventTime: `${new Date(record.startedMs).toISOString().slice(0, 19)}Z`,
    eventSource: source,
    eventName: name,
    awsRegion: place.region,
    sourceIPAddress: byService ? principal.arn : record.sourceIp || "127.0.0.1",
    userAgent: byService ? principal.arn : record.userAgent,
    ...(failed ? { errorCode: record.error!.code, errorMessage: record.error!.message } : {}),
    requestParameters: writeParameters(model, modelled?.input, record.input),
    // What only reads has no response elements, nor has what failed.
    responseElements: readOnly || failed || category === "Data" ? null : writeParameters(model, modelled?.output, record.output),
    requestID: record.requestId,
    eventID: id,
    readOnly,
    ...(resources.length === 0 || category === "Management" ? {} : { resources: resources.map(({ type, arn }) => ({ accountId: place.account, type, ...(arn === undefined ? {} : { ARN: arn }) })) }),
    eventType: "AwsApiCall",
    managementEvent: category === "Management",
    recipientAccountId: place.account,
    eventCategory: category,
  };
  return {
    id, timeMs: record.startedMs, name, source, category, readOnly, resources,
    username: userName(principal),
    userArn: principal.kind === "service" || principal.kind === "anonymous" ? "" : principal.arn,
    accessKeyId: principal.accessKeyId,
    json: JSON.stringify(event),
  };
}

/** Who called, as events tell it. */
export function userIdentity(principal: Principal): object {
  const { account, arn, id, accessKeyId } = principal;
  const key = accessKeyId === undefined ? {} : { accessKeyId };
  switch (principal.kind) {
    case "root":
      return { type: "Root", principalId: account, arn, accountId: account, ...key };
    case "user":
      return { type: "IAMUser", principalId: id, arn, accountId: account, ...key, userName: lastPart(arn) };
    case "role": {
      const issuer = principal.session?.issuer;
      const name = arn.split("/")[1] ?? "";
      return {
        type: "AssumedRole", principalId: id, arn, accountId: account, ...key,
        sessionContext: {
          sessionIssuer: {
            type: "Role", principalId: issuer?.id || id.split(":")[0], arn: issuer?.arn ?? `arn:aws:iam::${account}:role/${name}`, accountId: account, userName: issuer?.name ?? name,
          },
          attributes: {
            ...(principal.session === undefined ? {} : { creationDate: `${new Date(principal.session.issuedMs).toISOString().slice(0, 19)}Z` }),
            mfaAuthenticated: String(principal.session?.mfa ?? false),
          },
        },
      };
    }
    case "federated":
      return { type: "FederatedUser", principalId: id, arn, accountId: account, ...key };
    case "service":
      return { type: "AWSService", invokedBy: arn };
    case "anonymous":
      return { type: "AWSAccount", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" };
  }
}

function userName({ kind, arn }: Principal): string {
  if (kind === "root") return "root";
  if (kind === "service") return arn;
  return kind === "anonymous" ? "anonymous" : lastPart(arn);
}

function lastPart(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf("/"), arn.lastIndexOf(":")) + 1);
}
