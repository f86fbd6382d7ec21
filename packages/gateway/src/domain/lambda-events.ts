import { allValues, clfTime, decodePath, joinedValues, lastValues, lowerHeaders } from "./http-message.ts";
import type { GatewayRequest } from "./http-message.ts";

/** Facts of a call that a proxy event shows beside the request. */
export interface EventFacts {
  accountId: string;
  apiId: string;
  stage: string;
  /** UUID for REST APIs, the short form for HTTP and WebSocket APIs. */
  requestId: string;
  extendedRequestId: string;
  domainName: string;
  domainPrefix: string;
  stageVariables: { [name: string]: string } | null;
  pathParameters: { [name: string]: string } | null;
}

/** Who the caller is, where an authorizer or a signature told. */
export interface CallerIdentity {
  accessKey: string | null;
  accountId: string | null;
  caller: string | null;
  cognitoAuthenticationProvider: string | null;
  cognitoAuthenticationType: string | null;
  cognitoIdentityId: string | null;
  cognitoIdentityPoolId: string | null;
  principalOrgId: string | null;
  user: string | null;
  userArn: string | null;
}

export const anonymous: CallerIdentity = {
  accessKey: null,
  accountId: null,
  caller: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
};

const orNull = <T extends object>(value: T): T | null => (Object.keys(value).length === 0 ? null : value);

/** Bytes as an event carries them: text as it is, binary in base64. */
export function eventBody(body: Buffer, binary: boolean): { body: string | null; isBase64Encoded: boolean } {
  if (body.length === 0) return { body: null, isBase64Encoded: false };
  return binary ? { body: body.toString("base64"), isBase64Encoded: true } : { body: body.toString("utf8"), isBase64Encoded: false };
}

/** Media types that HTTP APIs pass to functions as text; everything else travels in base64. */
export function isTextType(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  return type === "" || type.startsWith("text/") || type === "application/json" || type === "application/javascript" || type === "application/xml" || type === "application/x-www-form-urlencoded" || type.endsWith("+json") || type.endsWith("+xml");
}

/** The event of an HTTP API with payload format 2.0. */
export function httpEventV2(request: GatewayRequest, facts: EventFacts, routeKey: string, authorizer: object | undefined, authentication?: object): Record<string, unknown> {
  const headers = lowerHeaders(request.headers);
  const cookie = headers["cookie"];
  const cookies = cookie === undefined ? undefined : cookie.split(/;\s*/).filter((c) => c !== "");
  delete headers["cookie"];
  const path = decodePath(request.fullPath);
  const query = joinedValues(request.query);
  const text = isTextType(headers["content-type"]);
  return {
    version: "2.0",
    routeKey,
    rawPath: path,
    rawQueryString: request.rawQuery,
    ...(cookies === undefined ? {} : { cookies }),
    headers,
    ...(request.query.length === 0 ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: facts.accountId,
      apiId: facts.apiId,
      ...(authentication === undefined ? {} : { authentication }),
      ...(authorizer === undefined ? {} : { authorizer }),
      domainName: facts.domainName,
      domainPrefix: facts.domainPrefix,
      http: { method: request.method, path, protocol: request.protocol, sourceIp: request.sourceIp, userAgent: headers["user-agent"] ?? "" },
      requestId: facts.requestId,
      routeKey,
      stage: facts.stage,
      time: clfTime(request.startedMs),
      timeEpoch: request.startedMs,
    },
    ...(facts.pathParameters === null ? {} : { pathParameters: facts.pathParameters }),
    ...(facts.stageVariables === null ? {} : { stageVariables: facts.stageVariables }),
    ...(request.body.length === 0 ? {} : { body: text ? request.body.toString("utf8") : request.body.toString("base64") }),
    isBase64Encoded: request.body.length > 0 && !text,
  };
}

/** The event of an HTTP API with payload format 1.0. */
export function httpEventV1(request: GatewayRequest, facts: EventFacts, resource: string, authorizer: object | undefined, identity: CallerIdentity): Record<string, unknown> {
  const headers = lowerHeaders(request.headers);
  const text = isTextType(headers["content-type"]);
  return {
    version: "1.0",
    resource,
    path: decodePath(request.fullPath),
    httpMethod: request.method,
    headers: lastValues(request.headers.map(([name, value]) => [name.toLowerCase(), value] as const)),
    multiValueHeaders: allValues(request.headers.map(([name, value]) => [name.toLowerCase(), value] as const)),
    queryStringParameters: orNull(lastValues(request.query)),
    multiValueQueryStringParameters: orNull(allValues(request.query)),
    requestContext: {
      accountId: facts.accountId,
      apiId: facts.apiId,
      ...(authorizer === undefined ? {} : { authorizer }),
      domainName: facts.domainName,
      domainPrefix: facts.domainPrefix,
      extendedRequestId: facts.extendedRequestId,
      httpMethod: request.method,
      identity: { ...identity, sourceIp: request.sourceIp, userAgent: headers["user-agent"] ?? "" },
      path: decodePath(request.fullPath),
      protocol: request.protocol,
      requestId: facts.requestId,
      requestTime: clfTime(request.startedMs),
      requestTimeEpoch: request.startedMs,
      resourceId: resource,
      resourcePath: resource,
      stage: facts.stage,
    },
    pathParameters: facts.pathParameters,
    stageVariables: facts.stageVariables,
    body: request.body.length === 0 ? null : text ? request.body.toString("utf8") : request.body.toString("base64"),
    isBase64Encoded: request.body.length > 0 && !text,
  };
}

/** What a REST API's proxy event says beside the facts. */
export interface RestEventFacts extends EventFacts {
  resourceId: string;
  resourcePath: string;
  deploymentId: string;
  /** `requestContext.identity`, API key included where the method asks for one. */
  identity: object;
  authorizer: object | undefined;
  operationName: string | undefined;
  binary: boolean;
}

/** The event of a REST API's Lambda proxy integration: as the recorded one, key by key. */
export function restEvent(request: GatewayRequest, facts: RestEventFacts): Record<string, unknown> {
  return {
    resource: facts.resourcePath,
    path: request.eventPath,
    httpMethod: request.method,
    headers: lastValues(request.headers),
    multiValueHeaders: allValues(request.headers),
    queryStringParameters: orNull(lastValues(request.query)),
    multiValueQueryStringParameters: orNull(allValues(request.query)),
    pathParameters: facts.pathParameters,
    stageVariables: facts.stageVariables,
    requestContext: {
      resourceId: facts.resourceId,
      ...(facts.authorizer === undefined ? {} : { authorizer: facts.authorizer }),
      resourcePath: facts.resourcePath,
      ...(facts.operationName === undefined ? {} : { operationName: facts.operationName }),
      httpMethod: request.method,
      extendedRequestId: facts.extendedRequestId,
      requestTime: clfTime(request.startedMs),
      path: request.fullPath,
      accountId: facts.accountId,
      protocol: request.protocol,
      stage: facts.stage,
      domainPrefix: facts.domainPrefix,
      requestTimeEpoch: request.startedMs,
      requestId: facts.requestId,
      identity: facts.identity,
      domainName: facts.domainName,
      deploymentId: facts.deploymentId,
      apiId: facts.apiId,
    },
    ...eventBody(request.body, facts.binary),
  };
}
