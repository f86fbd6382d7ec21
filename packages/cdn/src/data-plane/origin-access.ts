import { ACCESS_KEY, rootPrincipal, servicePrincipal, type AccessKeyData, type Context, type Names } from "@cumulet/core";
import { signRequest } from "@cumulet/protocol";
import type { ParsedHost, SigningCredentials } from "@cumulet/protocol";
import { identityAccount, identityArn } from "../domain/origin-access.ts";
import type { CdnStore } from "../store.ts";

/** Length of an access key's id. */
const KEY_LENGTH = 20;
/** The kind under which S3 keeps its buckets in the directory. */
const BUCKETS = "bucket";

/** The id of the key that a distribution, or an origin access identity, signs with. */
function keyId(prefix: "AKIACF" | "AKIAOI", id: string): string {
  return `${prefix}${id}`.padEnd(KEY_LENGTH, "0").slice(0, KEY_LENGTH);
}

/**
 * Gives a distribution a key to sign requests to its origins with, as CloudFront's own service and on this distribution's
 * behalf, which is what bucket policies name (`Service: cloudfront.amazonaws.com`, `AWS:SourceArn`).
 */
export function claimDistributionKey(ctx: Context<CdnStore>, distribution: string): void {
  const data: AccessKeyData = {
    secret: ctx.ids.token(40),
    principal: servicePrincipal("cloudfront", ctx.account),
    active: true,
    sourceArn: `arn:${ctx.partition}:cloudfront::${ctx.account}:distribution/${distribution}`,
  };
  if (ctx.names.find(ACCESS_KEY, keyId("AKIACF", distribution)) === undefined) ctx.names.claim(ACCESS_KEY, keyId("AKIACF", distribution), { account: ctx.account, region: ctx.region, data });
}

/** The same for an origin access identity: a stranger to every account but for what buckets say of it. */
export function claimIdentityKey(ctx: Context<CdnStore>, identity: string): void {
  const principal = { ...rootPrincipal(identityAccount(identity)), arn: identityArn(ctx.partition, identity), id: identity };
  const data: AccessKeyData = { secret: ctx.ids.token(40), principal, active: true };
  ctx.names.claim(ACCESS_KEY, keyId("AKIAOI", identity), { account: ctx.account, region: ctx.region, data });
}

export function releaseDistributionKey({ names }: Context<CdnStore>, distribution: string): void {
  names.release(ACCESS_KEY, keyId("AKIACF", distribution));
}

export function releaseIdentityKey({ names }: Context<CdnStore>, identity: string): void {
  names.release(ACCESS_KEY, keyId("AKIAOI", identity));
}

/** A request to sign. */
export interface Signable {
  names: Names;
  nowMs: number;
  method: string;
  /** Path and query. */
  target: string;
  host: string;
  parsed: ParsedHost;
  signer: { distribution: string } | { identity: string };
}

/** Headers of a signature for an origin of this cloud, flat; none when there is no key to sign with. */
export function signatureHeaders({ names, nowMs, method, target, host, parsed, signer }: Signable): string[] {
  const accessKeyId = "distribution" in signer ? keyId("AKIACF", signer.distribution) : keyId("AKIAOI", signer.identity);
  const key = names.find(ACCESS_KEY, accessKeyId);
  if (key === undefined) return [];
  const credentials: SigningCredentials = { accessKeyId, secretAccessKey: (key.data as AccessKeyData).secret };
  const service = parsed.service === "lambda-url" ? "lambda" : "s3";
  const mark = target.indexOf("?");
  const signed = signRequest(
    { method, path: mark < 0 ? target : target.slice(0, mark), ...(mark < 0 ? {} : { query: target.slice(mark + 1) }), headers: { host }, payloadHash: "UNSIGNED-PAYLOAD" },
    { credentials, region: parsed.region ?? regionOf(names, parsed) ?? "us-east-1", service, nowMs },
  );
  return Object.entries(signed).flatMap(([name, value]) => (name === "host" ? [] : [name, value]));
}

/** Older names of buckets have no region in them. */
function regionOf(names: Names, { resource }: ParsedHost): string | undefined {
  return names.find(BUCKETS, resource)?.region;
}
