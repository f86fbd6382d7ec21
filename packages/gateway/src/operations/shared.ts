import { AwsError } from "@cumulet/protocol";
import type { Context } from "@cumulet/core";
import type { Store } from "../store.ts";

export type Ctx = Context<Store>;

const LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** An identifier as API Gateway makes them: lower-case letters and digits. */
export function newId(ctx: Ctx, length: number): string {
  return ctx.ids.token(length, LETTERS_AND_DIGITS);
}

export const badRequest = (message: string): AwsError => new AwsError("BadRequestException", message, { status: 400 });
export const notFound = (message: string): AwsError => new AwsError("NotFoundException", message, { status: 404 });
export const conflict = (message: string): AwsError => new AwsError("ConflictException", message, { status: 409 });

/** Tags that pin an identifier: LocalStack's, MiniStack's, Floci's. */
const ID_TAGS = ["_custom_id_", "ms-custom-id", "floci:override-id"];

/** The id of a new API: what a tag asks for, else a fresh one; claimed in the partition's directory. */
export function claimApiId(ctx: Ctx, tags: { [key: string]: string } | undefined, protocol: "REST" | "HTTP" | "WEBSOCKET"): string {
  const pinned = ID_TAGS.map((tag) => tags?.[tag]).find((value) => value !== undefined);
  const owner = { account: ctx.account, region: ctx.region, data: { protocol } };
  if (pinned !== undefined) {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(pinned)) throw badRequest(`Invalid API identifier specified ${pinned}`);
    if (!ctx.names.claim("api", pinned, owner)) throw conflict(`API identifier ${pinned} is already in use`);
    return pinned;
  }
  for (;;) {
    const id = newId(ctx, 10);
    if (ctx.names.claim("api", id, owner)) return id;
  }
}

/** Where an API answers, for `ApiEndpoint`: its host name where the caller's own name for us has subdomains, else by path. */
export function apiEndpoint(ctx: Ctx, apiId: string, scheme?: "ws"): string {
  const url = new URL(ctx.endpoint);
  const protocol = scheme === "ws" ? (url.protocol === "https:" ? "wss:" : "ws:") : url.protocol;
  const named = ctx.config.domains.includes(url.hostname);
  return named ? `${protocol}//${apiId}.execute-api.${ctx.region}.${url.host}` : `${protocol}//${url.host}/_aws/execute-api/${apiId}`;
}

/** `MaxResults` of version 2: a positive number as text. */
export function pageSize(text: string | undefined, otherwise = 100): number {
  if (text === undefined || text === "") return otherwise;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1) throw badRequest(`Invalid value for parameter maxResults: ${text}`);
  return Math.min(size, 500);
}

/** A page's cursor as clients see it, and back. */
export const encodeCursor = (next: number | undefined): string | undefined => (next === undefined ? undefined : Buffer.from(String(next)).toString("base64url"));
export function decodeCursor(token: string | undefined): number {
  if (token === undefined || token === "") return 0;
  const cursor = Number(Buffer.from(token, "base64url").toString());
  if (!Number.isSafeInteger(cursor) || cursor < 0) throw badRequest("Invalid position token");
  return cursor;
}

/** Drops members that are undefined, so that stored documents and comparisons hold only what was set. */
export function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** A quota, overridable by configuration as `apigateway.<name>`. */
export function quota(ctx: Ctx, name: string, otherwise: number): number {
  return ctx.config.quotas[`apigateway.${name}`] ?? otherwise;
}

/** Refuses an item past its quota. */
export function checkQuota(ctx: Ctx, name: string, otherwise: number, count: number, what: string): void {
  const limit = quota(ctx, name, otherwise);
  if (count >= limit) throw new AwsError("LimitExceededException", `Maximum number of ${what} for this account has been reached. Please contact AWS if you need additional ${what}.`, { status: 429 });
}
