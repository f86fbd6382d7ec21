import { AwsError } from "@cumulet/protocol";
import type {
  CreateApiDestinationRequest, CreateApiDestinationResponse, CreateConnectionRequest, CreateConnectionResponse, DeauthorizeConnectionRequest, DeauthorizeConnectionResponse,
  DeleteApiDestinationRequest, DeleteApiDestinationResponse, DeleteConnectionRequest, DeleteConnectionResponse, DescribeApiDestinationRequest, DescribeApiDestinationResponse,
  DescribeConnectionRequest, DescribeConnectionResponse, ListApiDestinationsRequest, ListApiDestinationsResponse, ListConnectionsRequest, ListConnectionsResponse,
  UpdateApiDestinationRequest, UpdateApiDestinationResponse, UpdateConnectionRequest, UpdateConnectionResponse,
} from "@cumulet/protocol/models/events.d.ts";
import { exists, notFound, validation } from "../domain/errors.ts";
import type { Connection, Destination } from "../store.ts";
import { arnOf, paged } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const defaultRate = 300;

// --- connections ------------------------------------------------------------------------------------------------------

export async function createConnection(ctx: Ctx, input: CreateConnectionRequest): Promise<CreateConnectionResponse> {
  const { Name: name, AuthorizationType: type } = input;
  if (input.InvocationConnectivityParameters !== undefined || input.AuthParameters.ConnectivityParameters !== undefined) throw validation("Cumulet has no private connectivity: ConnectivityParameters are not supported.");
  const auth = input.AuthParameters as unknown as Connection["auth"];
  checkAuth(type, auth);
  if (ctx.store.find("connection", name) !== undefined) throw exists(`Connection ${name} already exists.`);
  const id = ctx.ids.uuid();
  const nowMs = ctx.clock.now();
  const oauth = type === "OAUTH_CLIENT_CREDENTIALS";
  const secretArn = await keepSecret(ctx, name, auth);
  const connection: Connection = {
    name, id, description: input.Description, authorizationType: type, auth, state: oauth ? "AUTHORIZING" : "AUTHORIZED", secretArn, createdMs: nowMs, modifiedMs: nowMs, authorizedMs: nowMs,
  };
  ctx.transaction(() => {
    ctx.store.put("connection", connection);
    if (oauth) ctx.emit({ type: "events.authorize", detail: { name, id } });
  });
  return { ConnectionArn: connectionArn(ctx, connection), ConnectionState: connection.state, CreationTime: nowMs, LastModifiedTime: nowMs };
}

const parametersOf: { [type: string]: string } = { BASIC: "BasicAuthParameters", API_KEY: "ApiKeyAuthParameters", OAUTH_CLIENT_CREDENTIALS: "OAuthParameters" };

function checkAuth(type: string, auth: Connection["auth"]): void {
  const wanted = parametersOf[type]!;
  if (auth[wanted] === undefined) throw validation(`Parameter(s) ${wanted} must be specified for authorization type ${type}.`);
}

/** As EventBridge does: the secrets lie in Secrets Manager, in a secret of the connection's own (recorded). */
async function keepSecret(ctx: Ctx, name: string, auth: Connection["auth"]): Promise<string> {
  const secretName = `events!connection/${name}/${ctx.ids.uuid()}`;
  try {
    const { ARN } = await ctx.call.secretsmanager.CreateSecret({ Name: secretName, SecretString: JSON.stringify(secretOf(auth)) });
    return ARN!;
  } catch (error) {
    // A cloud without Secrets Manager keeps it here alone.
    if (!(error instanceof AwsError) || error.code !== "ServiceUnavailable") throw error;
    return `arn:${ctx.partition}:secretsmanager:${ctx.region}:${ctx.account}:secret:${secretName}`;
  }
}

function secretOf(auth: Connection["auth"]): object {
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth, InvocationHttpParameters: added } = auth as {
    BasicAuthParameters?: { Username: string; Password: string };
    ApiKeyAuthParameters?: { ApiKeyName: string; ApiKeyValue: string };
    OAuthParameters?: { ClientParameters: { ClientID: string; ClientSecret: string }; AuthorizationEndpoint: string; HttpMethod: string };
    InvocationHttpParameters?: object;
  };
  return {
    ...(basic === undefined ? {} : { username: basic.Username, password: basic.Password }),
    ...(key === undefined ? {} : { api_key_name: key.ApiKeyName, api_key_value: key.ApiKeyValue }),
    ...(oauth === undefined ? {} : { client_id: oauth.ClientParameters.ClientID, client_secret: oauth.ClientParameters.ClientSecret, authorization_endpoint: oauth.AuthorizationEndpoint, http_method: oauth.HttpMethod }),
    ...(added === undefined ? {} : { invocation_http_parameters: added }),
  };
}

function connectionOf(ctx: Ctx, name: string, verb: string): Connection {
  const connection = ctx.store.find("connection", name);
  if (connection === undefined) throw notFound(`Failed to ${verb} the connection(s). Connection '${name}' does not exist.`);
  return connection;
}

function connectionArn(ctx: Ctx, { name, id }: Connection): string {
  return arnOf(ctx, `connection/${name}/${id}`);
}

export function describeConnection(ctx: Ctx, input: DescribeConnectionRequest): DescribeConnectionResponse {
  const connection = connectionOf(ctx, input.Name, "describe");
  return {
    ...listed(ctx, connection),
    ...(connection.description === undefined ? {} : { Description: connection.description }),
    ...(connection.secretArn === undefined ? {} : { SecretArn: connection.secretArn }),
    AuthParameters: withoutSecrets(connection.auth) as DescribeConnectionResponse["AuthParameters"],
  };
}

/** Passwords, key values and client secrets are never shown, nor values that are marked as secret. */
function withoutSecrets(auth: unknown): unknown {
  if (Array.isArray(auth)) return auth.map(withoutSecrets);
  if (typeof auth !== "object" || auth === null) return auth;
  const members = auth as { [member: string]: unknown };
  return Object.fromEntries(Object.entries(members)
    .filter(([name]) => !["Password", "ApiKeyValue", "ClientSecret"].includes(name) && !(name === "Value" && members.IsValueSecret === true))
    .map(([name, value]) => [name, withoutSecrets(value)]));
}

function listed(ctx: Ctx, connection: Connection): DescribeConnectionResponse {
  return {
    ConnectionArn: connectionArn(ctx, connection),
    Name: connection.name,
    ConnectionState: connection.state,
    ...(connection.stateReason === undefined ? {} : { StateReason: connection.stateReason }),
    AuthorizationType: connection.authorizationType,
    CreationTime: connection.createdMs,
    LastModifiedTime: connection.modifiedMs,
    ...(connection.authorizedMs === undefined ? {} : { LastAuthorizedTime: connection.authorizedMs }),
  };
}

export function listConnections(ctx: Ctx, input: ListConnectionsRequest): ListConnectionsResponse {
  const { rows, next } = paged(input, (after, limit) => ctx.store.list("connection", input.NamePrefix ?? "", after, limit), ({ name }) => name);
  return { Connections: rows.filter(({ state }) => input.ConnectionState === undefined || state === input.ConnectionState).map((connection) => listed(ctx, connection)), ...next };
}

export async function updateConnection(ctx: Ctx, input: UpdateConnectionRequest): Promise<UpdateConnectionResponse> {
  const old = connectionOf(ctx, input.Name, "update");
  const authorizationType = input.AuthorizationType ?? old.authorizationType;
  // Members that are left out of the kind of authorization stay as they are.
  const auth = input.AuthParameters === undefined ? old.auth : mergedAuth(old.auth, input.AuthParameters as unknown as Connection["auth"]);
  checkAuth(authorizationType, auth);
  const oauth = authorizationType === "OAUTH_CLIENT_CREDENTIALS";
  const nowMs = ctx.clock.now();
  const connection: Connection = { ...old, description: input.Description ?? old.description, authorizationType, auth, state: oauth ? "AUTHORIZING" : "AUTHORIZED", stateReason: undefined, modifiedMs: nowMs, authorizedMs: nowMs, token: undefined };
  if (connection.secretArn !== undefined) await updateSecret(ctx, connection.secretArn, auth);
  ctx.transaction(() => {
    ctx.store.put("connection", connection);
    if (oauth) ctx.emit({ type: "events.authorize", detail: { name: connection.name, id: connection.id } });
  });
  return { ConnectionArn: connectionArn(ctx, connection), ConnectionState: connection.state, CreationTime: connection.createdMs, LastModifiedTime: nowMs, LastAuthorizedTime: nowMs };
}

async function updateSecret(ctx: Ctx, arn: string, auth: Connection["auth"]): Promise<void> {
  try {
    await ctx.call.secretsmanager.PutSecretValue({ SecretId: arn, SecretString: JSON.stringify(secretOf(auth)) });
  } catch (error) {
    if (!(error instanceof AwsError) || !["ServiceUnavailable", "ResourceNotFoundException"].includes(error.code)) throw error;
  }
}

function mergedAuth(old: Connection["auth"], given: Connection["auth"]): Connection["auth"] {
  const merged = { ...old };
  for (const [name, value] of Object.entries(given)) {
    const before = old[name];
    merged[name] = typeof before === "object" && before !== null && typeof value === "object" && value !== null ? { ...before, ...value } : value;
  }
  return merged;
}

export async function deleteConnection(ctx: Ctx, input: DeleteConnectionRequest): Promise<DeleteConnectionResponse> {
  const connection = connectionOf(ctx, input.Name, "delete");
  ctx.transaction(() => ctx.store.delete("connection", connection.name));
  if (connection.secretArn !== undefined) {
    try {
      await ctx.call.secretsmanager.DeleteSecret({ SecretId: connection.secretArn, ForceDeleteWithoutRecovery: true });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
    }
  }
  return { ConnectionArn: connectionArn(ctx, connection), ConnectionState: "DELETING", CreationTime: connection.createdMs, LastModifiedTime: connection.modifiedMs };
}

export function deauthorizeConnection(ctx: Ctx, input: DeauthorizeConnectionRequest): DeauthorizeConnectionResponse {
  const connection = connectionOf(ctx, input.Name, "deauthorize");
  const nowMs = ctx.clock.now();
  ctx.store.put("connection", { ...connection, state: "DEAUTHORIZED", auth: withoutSecrets(connection.auth) as Connection["auth"], token: undefined, modifiedMs: nowMs });
  return { ConnectionArn: connectionArn(ctx, connection), ConnectionState: "DEAUTHORIZING", CreationTime: connection.createdMs, LastModifiedTime: nowMs };
}

// --- API destinations -------------------------------------------------------------------------------------------------

export function createApiDestination(ctx: Ctx, input: CreateApiDestinationRequest): CreateApiDestinationResponse {
  checkConnection(ctx, input.ConnectionArn);
  checkEndpoint(input.InvocationEndpoint);
  if (ctx.store.find("destination", input.Name) !== undefined) throw exists(`An api-destination '${input.Name}' already exists.`);
  const nowMs = ctx.clock.now();
  const destination: Destination = {
    name: input.Name, id: ctx.ids.uuid(), description: input.Description, connectionArn: input.ConnectionArn, endpoint: input.InvocationEndpoint, method: input.HttpMethod,
    ratePerSecond: input.InvocationRateLimitPerSecond ?? defaultRate, createdMs: nowMs, modifiedMs: nowMs,
  };
  ctx.store.put("destination", destination);
  return { ApiDestinationArn: destinationArn(ctx, destination), ApiDestinationState: "ACTIVE", CreationTime: nowMs, LastModifiedTime: nowMs };
}

function checkConnection(ctx: Ctx, arn: string): void {
  const name = arn.split("/")[1] ?? "";
  if (ctx.store.find("connection", name) === undefined) throw notFound(`Connection '${name}' does not exist.`);
}

/** HTTP is taken besides HTTPS: what stands on the same machine has seldom a certificate. */
function checkEndpoint(endpoint: string): void {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint.replaceAll("*", "x"))) throw validation("Parameter InvocationEndpoint is not valid.");
}

function destinationOf(ctx: Ctx, name: string, verb: string): Destination {
  const destination = ctx.store.find("destination", name);
  if (destination === undefined) throw notFound(`Failed to ${verb} the api-destination(s). An api-destination '${name}' does not exist.`);
  return destination;
}

function destinationArn(ctx: Ctx, { name, id }: Destination): string {
  return arnOf(ctx, `api-destination/${name}/${id}`);
}

function shown(ctx: Ctx, destination: Destination): DescribeApiDestinationResponse {
  return {
    ApiDestinationArn: destinationArn(ctx, destination),
    Name: destination.name,
    ApiDestinationState: "ACTIVE",
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.endpoint,
    HttpMethod: destination.method,
    InvocationRateLimitPerSecond: destination.ratePerSecond,
    CreationTime: destination.createdMs,
    LastModifiedTime: destination.modifiedMs,
  };
}

export function describeApiDestination(ctx: Ctx, input: DescribeApiDestinationRequest): DescribeApiDestinationResponse {
  const destination = destinationOf(ctx, input.Name, "describe");
  return { ...shown(ctx, destination), ...(destination.description === undefined ? {} : { Description: destination.description }) };
}

export function listApiDestinations(ctx: Ctx, input: ListApiDestinationsRequest): ListApiDestinationsResponse {
  const { rows, next } = paged(input, (after, limit) => ctx.store.list("destination", input.NamePrefix ?? "", after, limit), ({ name }) => name);
  return { ApiDestinations: rows.filter(({ connectionArn: arn }) => input.ConnectionArn === undefined || arn === input.ConnectionArn).map((destination) => shown(ctx, destination)), ...next };
}

export function updateApiDestination(ctx: Ctx, input: UpdateApiDestinationRequest): UpdateApiDestinationResponse {
  const old = destinationOf(ctx, input.Name, "update");
  if (input.ConnectionArn !== undefined) checkConnection(ctx, input.ConnectionArn);
  if (input.InvocationEndpoint !== undefined) checkEndpoint(input.InvocationEndpoint);
  const destination: Destination = {
    ...old, description: input.Description ?? old.description, connectionArn: input.ConnectionArn ?? old.connectionArn, endpoint: input.InvocationEndpoint ?? old.endpoint,
    method: input.HttpMethod ?? old.method, ratePerSecond: input.InvocationRateLimitPerSecond ?? old.ratePerSecond, modifiedMs: ctx.clock.now(),
  };
  ctx.store.put("destination", destination);
  return { ApiDestinationArn: destinationArn(ctx, destination), ApiDestinationState: "ACTIVE", CreationTime: destination.createdMs, LastModifiedTime: destination.modifiedMs };
}

export function deleteApiDestination(ctx: Ctx, input: DeleteApiDestinationRequest): DeleteApiDestinationResponse {
  destinationOf(ctx, input.Name, "delete");
  ctx.store.delete("destination", input.Name);
  return {};
}
