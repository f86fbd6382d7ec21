import { createHash } from "node:crypto";
import { AwsError, expiredToken, hostAliases, invalidSignature, invalidToken, missingAuthentication, parseSignature, signatureStyle, unknownAccessKey, verifySignature, wrongRegion } from "@cumulet/protocol";
import type { RequestSignature, SignatureStyle, VerifiableRequest } from "@cumulet/protocol";
import { isRegionName } from "../storage/storage.ts";
import type { Call } from "./call.ts";
import { anonymousPrincipal, resolveCredential, type Credential } from "./credentials.ts";

/**
 * What the platform has learnt of the secrets of keys that nobody created here. A newcomer may use any secret with a
 * made-up key; a presigned URL of such a key can be checked only when the key is known to use the default secret.
 */
export class SecretKnowledge {
  readonly #usesDefault = new Map<string, boolean>();

  /** True: the default secret; false: another one, unknown to us; undefined: never seen. */
  usesDefault(accessKeyId: string): boolean | undefined {
    return this.#usesDefault.get(accessKeyId);
  }

  learn(accessKeyId: string, usesDefault: boolean): void {
    // Bounded: what falls out is learnt again from the key's next request.
    if (this.#usesDefault.size >= 10_000) this.#usesDefault.clear();
    this.#usesDefault.set(accessKeyId, usesDefault);
  }
}

/**
 * Stage: who is calling, from which account, to which region. Signatures are verified as the configuration says, with
 * one exception: presigned URLs are always verified, because their whole meaning is the signature.
 */
export function authenticate(call: Call): void {
  const { runtime, signature } = call;
  const { config } = runtime;
  const style = styleOf(call);
  if (signature === undefined) {
    call.region = regionOf(call, call.http!.host.region);
    call.account = config.defaultAccount;
    call.principal = anonymousPrincipal(config.defaultAccount);
    // S3 decides by policy what nobody may do; some operations need no signature anywhere (Cognito's sign-up).
    if (config.signatures === "enforce" && style !== "s3") call.unsignedRefusal = missingAuthentication(style);
    return;
  }
  call.region = regionOf(call, signature.region || call.http!.host.region);
  const credential = resolveCredential(signature.accessKeyId, runtime.storage.directory, config.defaultAccount);
  call.credential = credential;
  call.account = credential.account;
  call.principal = credential.principal;
  call.sourceArn = credential.sourceArn;
  // S3 signs the digest that the request states, so that a refusal needs no body; other services sign the body's own.
  if (style === "s3" || signature.source === "query") checkSignature(call, undefined);
}

/** Stage: the signatures that cover a body which had to be read first. */
export function verifyBody(call: Call): void {
  const { signature, wire } = call;
  if (signature === undefined || signature.source === "query" || styleOf(call) === "s3") return;
  checkSignature(call, wire!.body instanceof Uint8Array ? wire!.body : undefined);
}

function checkSignature(call: Call, body: Uint8Array | undefined): void {
  const { runtime } = call;
  const signature = call.signature!;
  const credential = call.credential!;
  const { signatures } = runtime.config;
  const presigned = signature.source === "query";
  const learnt = credential.registered ? true : runtime.secrets.usesDefault(signature.accessKeyId);
  if (signatures === "off" && !presigned && learnt !== undefined) return;
  if (!presigned && !credential.registered && learnt === undefined) {
    runtime.secrets.learn(signature.accessKeyId, holdsWithDefault(call, signature, credential, body));
    if (signatures === "off") return;
  }
  try {
    verify(call, signature, credential, body);
  } catch (refusal) {
    if (!(refusal instanceof AwsError)) throw refusal;
    if (presigned) {
      // The real secret of a made-up key is known to its owner only.
      if (refusal.code === "SignatureDoesNotMatch" && !credential.registered && runtime.secrets.usesDefault(signature.accessKeyId) === false) return;
    } else if (signatures === "warn") {
      runtime.log.warn("a signature does not hold", { requestId: call.requestId, accessKeyId: signature.accessKeyId, reason: refusal.message });
      return;
    }
    throw refusal;
  }
}

function verify(call: Call, signature: RequestSignature, credential: Credential, body: Uint8Array | undefined): void {
  const { runtime } = call;
  const style = styleOf(call);
  const nowMs = runtime.clock.now();
  // The strict reading of the form, in AWS's words.
  parseSignature(call.wireHead(), style);
  const madeUp = !credential.registered && runtime.secrets.usesDefault(signature.accessKeyId) === false;
  if (!credential.active || (madeUp && signature.source === "header")) throw unknownAccessKey(style, signature.accessKeyId);
  if (credential.sessionToken !== undefined) {
    if (signature.sessionToken !== credential.sessionToken) throw invalidToken(style, signature.sessionToken ?? "");
    if (credential.expiresMs !== undefined && nowMs >= credential.expiresMs) throw expiredToken(style, signature.sessionToken ?? "");
  }
  verifySignature(signature, verifiable(call, body), credential.secret, nowMs, style);
}

/** Whether a key that nobody created here signs with the default secret. When it signed is another question. */
function holdsWithDefault(call: Call, signature: RequestSignature, credential: Credential, body: Uint8Array | undefined): boolean {
  try {
    verifySignature(signature, verifiable(call, body), credential.secret, signature.timestampMs, styleOf(call));
    return true;
  } catch (refusal) {
    if (refusal instanceof AwsError) return false;
    throw refusal;
  }
}

function verifiable(call: Call, body: Uint8Array | undefined): VerifiableRequest {
  const { host, request } = call.http!;
  const { localPort } = request.socket;
  return {
    ...call.wireHead(),
    ...(body === undefined ? {} : { bodySha256: createHash("sha256").update(body).digest("hex") }),
    hostAliases: hostAliases(host, call.runtime.config.domains, localPort === undefined ? [] : [localPort]),
    bucketFromHost: call.bucketFromHost,
  };
}

/**
 * The region of a request, which also names a folder.
 * @throws AwsError for a name that cannot be a region's.
 */
function regionOf(call: Call, named: string | undefined): string {
  if (named === undefined || named === "") return call.runtime.config.defaultRegion;
  if (!isRegionName(named)) {
    const style = styleOf(call);
    throw style === "s3"
      ? wrongRegion({ source: call.signature?.source ?? "header", region: named }, call.runtime.config.defaultRegion)
      : invalidSignature(style, style === "query" ? `Credential should be scoped to a valid region, not '${named}'.` : "Credential should be scoped to a valid region.");
  }
  return named;
}

function styleOf(call: Call): SignatureStyle {
  return call.service === undefined ? "rest-json" : signatureStyle(call.service.compiled.model, call.protocol);
}
