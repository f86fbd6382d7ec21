import { createHash } from "node:crypto";
import type {
  CreateServiceSpecificCredentialRequest, CreateServiceSpecificCredentialResponse, GetSSHPublicKeyRequest, GetSSHPublicKeyResponse, ListServiceSpecificCredentialsRequest, ListServiceSpecificCredentialsResponse,
  ListSSHPublicKeysRequest, ListSSHPublicKeysResponse, ResetServiceSpecificCredentialResponse, ServiceSpecificCredential, SSHPublicKey, UpdateServiceSpecificCredentialRequest, UpdateSSHPublicKeyRequest,
  UploadSSHPublicKeyRequest, UploadSSHPublicKeyResponse,
} from "@cumulet/protocol/models/iam.d.ts";
import { AwsError } from "@cumulet/protocol";
import { uniqueId } from "../../domain/ids.ts";
import type { UserCredential } from "../../store/credentials.ts";
import type { Entity } from "../../store/entities.ts";
import { checkQuota, need, needUser, noSuchEntity, pageOf, type Ctx } from "./common.ts";

const status = (active: boolean): "Active" | "Inactive" => (active ? "Active" : "Inactive");

// ---- SSH public keys

/** `ssh-rsa AAAA...`, or a PEM of the same. */
function fingerprint(body: string): string {
  const data = /^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-\S+)\s+([A-Za-z0-9+/=]{40,})/.exec(body.trim())?.[1] ?? /-----BEGIN[^-]*PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(body)?.[1];
  if (data === undefined) throw new AwsError("InvalidPublicKey", "The public key is invalid.");
  return createHash("md5").update(Buffer.from(data, "base64")).digest("hex").replace(/..(?!$)/g, "$&:");
}

const shownKey = (user: Entity<"user">, { id, active, createdMs, details }: UserCredential<"ssh-key">): SSHPublicKey => (
  { UserName: user.name, SSHPublicKeyId: id, Fingerprint: details.fingerprint, SSHPublicKeyBody: details.body, Status: status(active), UploadDate: createdMs });

export function uploadSshKey(ctx: Ctx, { UserName, SSHPublicKeyBody }: UploadSSHPublicKeyRequest): UploadSSHPublicKeyResponse {
  const user = need(ctx, "user", UserName);
  const print = fingerprint(SSHPublicKeyBody);
  const present = ctx.store.credentials.of("ssh-key", user.id);
  if (present.some(({ details }) => details.fingerprint === print)) throw new AwsError("DuplicateSSHPublicKey", "The SSH public key is already associated with the specified IAM user.");
  checkQuota(ctx, "SSHPublicKeysPerUser", 5, present.length);
  const key: UserCredential<"ssh-key"> = { kind: "ssh-key", id: uniqueId("APKA", ctx.account, ctx.ids), userId: user.id, active: true, createdMs: ctx.clock.now(), details: { body: SSHPublicKeyBody, fingerprint: print } };
  ctx.store.credentials.insert(key);
  return { SSHPublicKey: shownKey(user, key) };
}

function needSshKey(ctx: Ctx, userName: string, id: string): { user: Entity<"user">; key: UserCredential<"ssh-key"> } {
  const user = need(ctx, "user", userName);
  const key = ctx.store.credentials.find("ssh-key", id);
  if (key === undefined || key.userId !== user.id) throw noSuchEntity(`The Public Key with id ${id} cannot be found.`);
  return { user, key };
}

export function getSshKey(ctx: Ctx, { UserName, SSHPublicKeyId, Encoding }: GetSSHPublicKeyRequest): GetSSHPublicKeyResponse {
  const { user, key } = needSshKey(ctx, UserName, SSHPublicKeyId);
  const shown = shownKey(user, key);
  // In the form that it was given in where that is the one asked for; RSA keys only have both.
  if (Encoding !== "SSH" && Encoding !== "PEM") throw new AwsError("UnrecognizedPublicKeyEncoding", `The public key encoding ${Encoding} is not recognized.`);
  return { SSHPublicKey: shown };
}

export function listSshPublicKeys(ctx: Ctx, input: ListSSHPublicKeysRequest): ListSSHPublicKeysResponse {
  const user = needUser(ctx, input.UserName);
  const { items, ...rest } = pageOf(input, ctx.store.credentials.of("ssh-key", user.id), ({ id }) => id);
  return { SSHPublicKeys: items.map(({ id, active, createdMs }) => ({ UserName: user.name, SSHPublicKeyId: id, Status: status(active), UploadDate: createdMs })), ...rest };
}

export function updateSshKey(ctx: Ctx, { UserName, SSHPublicKeyId, Status }: UpdateSSHPublicKeyRequest): void {
  ctx.store.credentials.update({ ...needSshKey(ctx, UserName, SSHPublicKeyId).key, active: Status === "Active" });
}

export function deleteSshKey(ctx: Ctx, { UserName, SSHPublicKeyId }: { UserName: string; SSHPublicKeyId: string }): void {
  ctx.store.credentials.delete("ssh-key", needSshKey(ctx, UserName, SSHPublicKeyId).key.id);
}

// ---- service-specific credentials

const SERVICES: ReadonlySet<string> = new Set(["codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com"]);

function checkService(service: string | undefined): void {
  if (service !== undefined && !SERVICES.has(service)) throw noSuchEntity(`No such service ${service} is supported for Service Specific Credentials`);
}

/** The password is told once, when it is made. */
const password = (ctx: Ctx): string => `${ctx.ids.bytes(32).toString("base64").replace(/=+$/, "")}=`;

const shownCredential = (user: Entity<"user">, { id, active, createdMs, details }: UserCredential<"service-specific">): ServiceSpecificCredential => ({
  CreateDate: createdMs, ServiceName: details.service, ServiceUserName: details.userName, ServiceSpecificCredentialId: id, UserName: user.name, Status: status(active),
  ...(details.expiresMs === undefined ? {} : { ExpirationDate: details.expiresMs }),
});

export function createServiceCredential(ctx: Ctx, { UserName, ServiceName, CredentialAgeDays }: CreateServiceSpecificCredentialRequest): CreateServiceSpecificCredentialResponse {
  const user = need(ctx, "user", UserName);
  checkService(ServiceName);
  const present = ctx.store.credentials.of("service-specific", user.id).filter(({ details }) => details.service === ServiceName);
  checkQuota(ctx, "ServiceSpecificCredentialsPerUser", 2, present.length);
  const createdMs = ctx.clock.now();
  const credential: UserCredential<"service-specific"> = {
    kind: "service-specific", id: uniqueId("ACCA", ctx.account, ctx.ids), userId: user.id, active: true, createdMs,
    details: {
      service: ServiceName, userName: `${user.name}${present.length === 0 ? "" : `+${present.length}`}-at-${ctx.account}`,
      ...(CredentialAgeDays === undefined ? {} : { expiresMs: createdMs + CredentialAgeDays * 86_400_000 }),
    },
  };
  ctx.store.credentials.insert(credential);
  return { ServiceSpecificCredential: { ...shownCredential(user, credential), ServicePassword: password(ctx) } };
}

function needServiceCredential(ctx: Ctx, userName: string | undefined, id: string): { user: Entity<"user">; credential: UserCredential<"service-specific"> } {
  const user = needUser(ctx, userName);
  const credential = ctx.store.credentials.find("service-specific", id);
  if (credential === undefined || credential.userId !== user.id) throw noSuchEntity(`No such credential ${id} exists`);
  return { user, credential };
}

export function listServiceSpecificCredentials(ctx: Ctx, input: ListServiceSpecificCredentialsRequest): ListServiceSpecificCredentialsResponse {
  const user = needUser(ctx, input.UserName);
  checkService(input.ServiceName);
  const all = ctx.store.credentials.of("service-specific", user.id).filter(({ details }) => input.ServiceName === undefined || details.service === input.ServiceName);
  return { ServiceSpecificCredentials: all.map((one) => shownCredential(user, one)) };
}

export function updateServiceCredential(ctx: Ctx, { UserName, ServiceSpecificCredentialId, Status }: UpdateServiceSpecificCredentialRequest): void {
  ctx.store.credentials.update({ ...needServiceCredential(ctx, UserName, ServiceSpecificCredentialId).credential, active: Status === "Active" });
}

export function resetServiceCredential(ctx: Ctx, { UserName, ServiceSpecificCredentialId }: { UserName?: string; ServiceSpecificCredentialId: string }): ResetServiceSpecificCredentialResponse {
  const { user, credential } = needServiceCredential(ctx, UserName, ServiceSpecificCredentialId);
  return { ServiceSpecificCredential: { ...shownCredential(user, credential), ServicePassword: password(ctx) } };
}

export function deleteServiceCredential(ctx: Ctx, { UserName, ServiceSpecificCredentialId }: { UserName?: string; ServiceSpecificCredentialId: string }): void {
  ctx.store.credentials.delete("service-specific", needServiceCredential(ctx, UserName, ServiceSpecificCredentialId).credential.id);
}
