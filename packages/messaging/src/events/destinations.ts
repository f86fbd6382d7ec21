import { AwsError } from "@cumulet/protocol";
import type { HttpParameters } from "@cumulet/protocol/models/events.d.ts";
import type { PlatformEvent } from "@cumulet/core";
import { Permanent } from "../targets/failures.ts";
import { request } from "../targets/http.ts";
import { refuseStatus } from "../targets/invoke.ts";
import type { Connection } from "./store.ts";
import type { Ctx } from "./operations/targets.ts";

/** One of a connection's additional parameters. */
interface Parameter {
  Key: string;
  Value: string;
}

interface AdditionalParameters {
  HeaderParameters?: Parameter[];
  QueryStringParameters?: Parameter[];
  BodyParameters?: Parameter[];
}

/** A connection's authorization as it was given. */
interface Auth {
  BasicAuthParameters?: { Username: string; Password: string };
  ApiKeyAuthParameters?: { ApiKeyName: string; ApiKeyValue: string };
  OAuthParameters?: { ClientParameters: { ClientID: string; ClientSecret: string }; AuthorizationEndpoint: string; HttpMethod: string; OAuthHttpParameters?: AdditionalParameters };
  InvocationHttpParameters?: AdditionalParameters;
}

/** Calls of a destination in the current second, to keep to its rate. */
const calls = new WeakMap<object, Map<string, { second: number; count: number }>>();

/** Calls an API destination with its connection's authorization. Rejects when it should be tried again. */
export async function callDestination(ctx: Ctx, arn: string, input: string, http: HttpParameters): Promise<void> {
  const name = /api-destination\/([^/]+)\//.exec(arn)?.[1];
  const destination = name === undefined ? undefined : ctx.store.find("destination", name);
  if (destination === undefined) throw new Permanent(`There is no API destination ${arn}.`);
  const connection = ctx.store.find("connection", destination.connectionArn.split("/")[1] ?? "");
  if (connection === undefined) throw new Permanent(`There is no connection ${destination.connectionArn}.`);
  if (connection.state === "DEAUTHORIZED") throw new Permanent(`The connection ${connection.name} is not authorized.`);
  takeTurn(ctx, destination.name, destination.ratePerSecond);

  const auth = connection.auth as Auth;
  const values = [...(http.PathParameterValues ?? [])];
  const url = new URL(destination.endpoint.replaceAll("*", () => encodeURIComponent(values.shift() ?? "*")));
  const headers: { [name: string]: string } = { "Content-Type": "application/json; charset=utf-8", "User-Agent": "Amazon/EventBridge/ApiDestinations", ...http.HeaderParameters };
  for (const [key, value] of Object.entries(http.QueryStringParameters ?? {})) url.searchParams.set(key, value);
  // The connection's have the last word.
  let body = input;
  const added = auth.InvocationHttpParameters ?? {};
  for (const { Key, Value } of added.HeaderParameters ?? []) headers[Key] = Value;
  for (const { Key, Value } of added.QueryStringParameters ?? []) url.searchParams.set(Key, Value);
  if ((added.BodyParameters ?? []).length > 0) body = withMembers(body, added.BodyParameters!);
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key } = auth;
  if (basic !== undefined) headers.Authorization = `Basic ${Buffer.from(`${basic.Username}:${basic.Password}`).toString("base64")}`;
  if (key !== undefined) headers[key.ApiKeyName] = key.ApiKeyValue;
  if (auth.OAuthParameters !== undefined) headers.Authorization = `Bearer ${await accessToken(ctx, connection)}`;

  const { status } = await request(destination.method, url.href, body, headers, ctx.signal);
  if (status === 401 || status === 407) {
    // The token may have ended before its time: the next try asks for a new one.
    if (connection.token !== undefined) ctx.transaction(() => ctx.store.put("connection", { ...connection, token: undefined }));
    throw new Error(`${destination.endpoint} answered ${status}.`);
  }
  refuseStatus(destination.endpoint, status);
}

function takeTurn(ctx: Ctx, name: string, perSecond: number): void {
  const all = calls.get(ctx.clock) ?? new Map<string, { second: number; count: number }>();
  calls.set(ctx.clock, all);
  const key = `${ctx.account}/${ctx.region}/${name}`;
  const second = Math.floor(ctx.clock.now() / 1000);
  const turn = all.get(key);
  if (turn === undefined || turn.second !== second) all.set(key, { second, count: 1 });
  else if (++turn.count > perSecond) throw new Error(`The API destination ${name} is called more than ${perSecond} times a second.`);
}

function withMembers(body: string, parameters: readonly Parameter[]): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return JSON.stringify({ ...value, ...Object.fromEntries(parameters.map(({ Key, Value }) => [Key, Value])) });
  } catch {
    // A body that is no object gets no members.
  }
  return body;
}

async function accessToken(ctx: Ctx, connection: Connection): Promise<string> {
  const { token } = connection;
  if (token !== undefined && token.untilMs > ctx.clock.now()) return token.value;
  const { OAuthParameters: oauth } = connection.auth as Auth;
  const { ClientParameters: client, AuthorizationEndpoint: endpoint, HttpMethod: method, OAuthHttpParameters: added = {} } = oauth!;
  const url = new URL(endpoint);
  for (const { Key, Value } of added.QueryStringParameters ?? []) url.searchParams.set(Key, Value);
  const form = new URLSearchParams({ grant_type: "client_credentials", client_id: client.ClientID, client_secret: client.ClientSecret });
  for (const { Key, Value } of added.BodyParameters ?? []) form.set(Key, Value);
  if (method === "GET") for (const [key, value] of form) url.searchParams.set(key, value);
  const headers = { "Content-Type": "application/x-www-form-urlencoded", ...Object.fromEntries((added.HeaderParameters ?? []).map(({ Key, Value }) => [Key, Value])) };
  const answer = await request(method, url.href, form.toString(), headers, ctx.signal);
  let value: { access_token?: unknown; expires_in?: unknown } = {};
  try {
    value = JSON.parse(answer.body) as typeof value;
  } catch {
    // Told below.
  }
  if (answer.status >= 300 || typeof value.access_token !== "string") throw new Error(`${endpoint} answered ${answer.status} and gave no access token.`);
  const seconds = typeof value.expires_in === "number" ? value.expires_in : 300;
  const accessible = { value: value.access_token, untilMs: ctx.clock.now() + Math.max(0, seconds - 30) * 1000 };
  ctx.transaction(() => {
    const latest = ctx.store.find("connection", connection.name);
    if (latest?.id === connection.id) ctx.store.put("connection", { ...latest, token: accessible, state: "AUTHORIZED", stateReason: undefined, authorizedMs: ctx.clock.now() });
  });
  return accessible.value;
}

/** A connection with OAuth is authorized when its token has been had once. */
export async function authorizeConnection(ctx: Ctx, { detail }: PlatformEvent): Promise<void> {
  const { name, id } = detail as { name: string; id: string };
  const connection = ctx.store.find("connection", name);
  if (connection?.id !== id || connection.state !== "AUTHORIZING") return;
  try {
    await accessToken(ctx, connection);
  } catch (error) {
    const reason = error instanceof AwsError || error instanceof Error ? error.message : String(error);
    ctx.transaction(() => {
      const latest = ctx.store.find("connection", name);
      if (latest?.id === id) ctx.store.put("connection", { ...latest, state: "DEAUTHORIZED", stateReason: reason.slice(0, 512) });
    });
  }
}
