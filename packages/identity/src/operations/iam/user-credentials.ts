import type {
  ListServiceSpecificCredentialsRequest, ListServiceSpecificCredentialsResponse, ListSigningCertificatesRequest, ListSigningCertificatesResponse, ListSSHPublicKeysRequest,
  ListSSHPublicKeysResponse,
} from "@cumulet/protocol/models/iam.d.ts";
import { needUser, pageOf, type Ctx } from "./common.ts";

export function listSigningCertificates(ctx: Ctx, input: ListSigningCertificatesRequest): ListSigningCertificatesResponse {
  const user = needUser(ctx, input.UserName);
  const { items, ...rest } = pageOf(input, ctx.store.credentials.of("signing-certificate", user.id), ({ id }) => id);
  return {
    Certificates: items.map(({ id, active, createdMs, details }) => ({ UserName: user.name, CertificateId: id, CertificateBody: details.body, Status: active ? "Active" : "Inactive", UploadDate: createdMs })),
    ...rest,
  };
}

export function listSshPublicKeys(ctx: Ctx, input: ListSSHPublicKeysRequest): ListSSHPublicKeysResponse {
  const user = needUser(ctx, input.UserName);
  const { items, ...rest } = pageOf(input, ctx.store.credentials.of("ssh-key", user.id), ({ id }) => id);
  return { SSHPublicKeys: items.map(({ id, active, createdMs }) => ({ UserName: user.name, SSHPublicKeyId: id, Status: active ? "Active" : "Inactive", UploadDate: createdMs })), ...rest };
}

export function listServiceSpecificCredentials(ctx: Ctx, input: ListServiceSpecificCredentialsRequest): ListServiceSpecificCredentialsResponse {
  const user = needUser(ctx, input.UserName);
  const all = ctx.store.credentials.of("service-specific", user.id).filter(({ details }) => input.ServiceName === undefined || details.service === input.ServiceName);
  return {
    ServiceSpecificCredentials: all.map(({ id, active, createdMs, details }) => ({
      UserName: user.name, Status: active ? "Active" : "Inactive", ServiceUserName: details.userName, CreateDate: createdMs, ServiceSpecificCredentialId: id, ServiceName: details.service,
    })),
  };
}
