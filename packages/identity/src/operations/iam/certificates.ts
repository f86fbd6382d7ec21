import { createPrivateKey, X509Certificate } from "node:crypto";
import type {
  GetServerCertificateResponse, ListServerCertificatesRequest, ListServerCertificatesResponse, ListSigningCertificatesRequest, ListSigningCertificatesResponse, ServerCertificateMetadata, SigningCertificate,
  UpdateServerCertificateRequest, UpdateSigningCertificateRequest, UploadServerCertificateRequest, UploadServerCertificateResponse, UploadSigningCertificateRequest, UploadSigningCertificateResponse,
} from "@cumulet/protocol/models/iam.d.ts";
import { AwsError } from "@cumulet/protocol";
import { uniqueId } from "../../domain/ids.ts";
import type { UserCredential } from "../../store/credentials.ts";
import type { Entity } from "../../store/entities.ts";
import { alreadyExists, arnOf, checkQuota, need, needUser, noSuchEntity, page, pageOf, type Ctx } from "./common.ts";
import { checkedTags, listTags, shownTags, tag, untag } from "./tags.ts";

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new AwsError("MalformedCertificate", "Unable to parse certificate. Please ensure the certificate is in PEM format.");
  }
}

// ---- server certificates

function metadataOf(ctx: Ctx, certificate: Entity<"server-certificate">): ServerCertificateMetadata {
  const { name, path, id, createdMs, details } = certificate;
  return {
    Path: path, ServerCertificateName: name, ServerCertificateId: id, Arn: arnOf(ctx, certificate), UploadDate: createdMs,
    ...(details.expiresMs === undefined ? {} : { Expiration: details.expiresMs }),
  };
}

export function uploadServerCertificate(ctx: Ctx, input: UploadServerCertificateRequest): UploadServerCertificateResponse {
  const { ServerCertificateName, Path = "/", CertificateBody, PrivateKey, CertificateChain, Tags } = input;
  const tags = checkedTags(Tags);
  if (ctx.store.entities.taken("server-certificate", ServerCertificateName)) throw alreadyExists(`The Server Certificate with name ${ServerCertificateName} already exists.`);
  const parsed = certificateOf(CertificateBody);
  let matches: boolean;
  try {
    matches = parsed.checkPrivateKey(createPrivateKey(PrivateKey));
  } catch {
    throw new AwsError("MalformedCertificate", "Private Key is invalid.");
  }
  if (!matches) throw new AwsError("KeyPairMismatch", "Public Key Certificate and Private Key doesn't match.");
  if (CertificateChain !== undefined) certificateOf(CertificateChain);
  checkQuota(ctx, "ServerCertificatesPerAccount", 20, ctx.store.entities.count("server-certificate"));
  const certificate: Entity<"server-certificate"> = {
    kind: "server-certificate", name: ServerCertificateName, path: Path, id: uniqueId("ASCA", ctx.account, ctx.ids), createdMs: ctx.clock.now(), boundary: undefined, tags,
    details: { body: CertificateBody.trim(), privateKey: PrivateKey, expiresMs: Date.parse(parsed.validTo), ...(CertificateChain === undefined ? {} : { chain: CertificateChain.trim() }) },
  };
  ctx.store.entities.insert(certificate);
  return { ServerCertificateMetadata: metadataOf(ctx, certificate), ...shownTags(tags) };
}

export function getServerCertificate(ctx: Ctx, { ServerCertificateName }: { ServerCertificateName: string }): GetServerCertificateResponse {
  const certificate = need(ctx, "server-certificate", ServerCertificateName);
  const { body, chain } = certificate.details;
  return { ServerCertificate: { ServerCertificateMetadata: metadataOf(ctx, certificate), CertificateBody: body, ...(chain === undefined ? {} : { CertificateChain: chain }), ...shownTags(certificate.tags) } };
}

export function listServerCertificates(ctx: Ctx, input: ListServerCertificatesRequest): ListServerCertificatesResponse {
  const { items, ...rest } = page(input, (limit, after) => ctx.store.entities.list("server-certificate", limit, after, input.PathPrefix), ({ name }) => name);
  return { ServerCertificateMetadataList: items.map((one) => metadataOf(ctx, one)), ...rest };
}

export function updateServerCertificate(ctx: Ctx, { ServerCertificateName, NewServerCertificateName, NewPath }: UpdateServerCertificateRequest): void {
  const certificate = need(ctx, "server-certificate", ServerCertificateName);
  const name = NewServerCertificateName ?? certificate.name;
  if (name.toLowerCase() !== certificate.name.toLowerCase() && ctx.store.entities.taken("server-certificate", name)) throw alreadyExists(`The Server Certificate with name ${name} already exists.`);
  ctx.store.entities.update({ ...certificate, name, path: NewPath ?? certificate.path });
}

export function deleteServerCertificate(ctx: Ctx, { ServerCertificateName }: { ServerCertificateName: string }): void {
  ctx.store.entities.delete(need(ctx, "server-certificate", ServerCertificateName).id);
}

export const tagServerCertificate = (ctx: Ctx, input: { ServerCertificateName: string; Tags: { Key: string; Value: string }[] }): void => tag(ctx, need(ctx, "server-certificate", input.ServerCertificateName), input.Tags);
export const untagServerCertificate = (ctx: Ctx, input: { ServerCertificateName: string; TagKeys: string[] }): void => untag(ctx, need(ctx, "server-certificate", input.ServerCertificateName), input.TagKeys);
export const listServerCertificateTags = (ctx: Ctx, input: { ServerCertificateName: string; MaxItems?: number; Marker?: string }) => listTags(need(ctx, "server-certificate", input.ServerCertificateName), input);

// ---- signing certificates

const shown = (user: Entity<"user">, { id, active, createdMs, details }: UserCredential<"signing-certificate">): SigningCertificate => (
  { UserName: user.name, CertificateId: id, CertificateBody: details.body, Status: active ? "Active" : "Inactive", UploadDate: createdMs });

export function uploadSigningCertificate(ctx: Ctx, { UserName, CertificateBody }: UploadSigningCertificateRequest): UploadSigningCertificateResponse {
  const user = needUser(ctx, UserName);
  certificateOf(CertificateBody);
  const present = ctx.store.credentials.of("signing-certificate", user.id);
  if (present.some(({ details }) => details.body === CertificateBody.trim())) throw new AwsError("DuplicateCertificate", "The certificate is already in use.", { status: 409 });
  checkQuota(ctx, "CertificatesPerUser", 2, present.length);
  const certificate: UserCredential<"signing-certificate"> = {
    kind: "signing-certificate", id: ctx.ids.token(32, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), userId: user.id, active: true, createdMs: ctx.clock.now(), details: { body: CertificateBody.trim() },
  };
  ctx.store.credentials.insert(certificate);
  return { Certificate: shown(user, certificate) };
}

function needSigning(ctx: Ctx, userName: string | undefined, id: string): UserCredential<"signing-certificate"> {
  const user = needUser(ctx, userName);
  const found = ctx.store.credentials.find("signing-certificate", id);
  if (found === undefined || found.userId !== user.id) throw noSuchEntity(`The Certificate with id ${id} cannot be found.`);
  return found;
}

export function updateSigningCertificate(ctx: Ctx, { UserName, CertificateId, Status }: UpdateSigningCertificateRequest): void {
  ctx.store.credentials.update({ ...needSigning(ctx, UserName, CertificateId), active: Status === "Active" });
}

export function deleteSigningCertificate(ctx: Ctx, { UserName, CertificateId }: { UserName?: string; CertificateId: string }): void {
  ctx.store.credentials.delete("signing-certificate", needSigning(ctx, UserName, CertificateId).id);
}

export function listSigningCertificates(ctx: Ctx, input: ListSigningCertificatesRequest): ListSigningCertificatesResponse {
  const user = needUser(ctx, input.UserName);
  const { items, ...rest } = pageOf(input, ctx.store.credentials.of("signing-certificate", user.id), ({ id }) => id);
  return { Certificates: items.map((one) => shown(user, one)), ...rest };
}
