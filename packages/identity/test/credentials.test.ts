import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateServiceSpecificCredentialCommand, CreateUserCommand, CreateVirtualMFADeviceCommand, DeactivateMFADeviceCommand, DeleteServerCertificateCommand, DeleteServiceSpecificCredentialCommand, DeleteSigningCertificateCommand,
  DeleteSSHPublicKeyCommand, DeleteUserCommand, DeleteVirtualMFADeviceCommand, EnableMFADeviceCommand, GetMFADeviceCommand, GetServerCertificateCommand, GetSSHPublicKeyCommand, type IAMClient, ListMFADevicesCommand,
  ListMFADeviceTagsCommand, ListServerCertificatesCommand, ListServerCertificateTagsCommand, ListServiceSpecificCredentialsCommand, ListSigningCertificatesCommand, ListSSHPublicKeysCommand, ListVirtualMFADevicesCommand,
  ResetServiceSpecificCredentialCommand, ResyncMFADeviceCommand, TagMFADeviceCommand, TagServerCertificateCommand, UntagMFADeviceCommand, UntagServerCertificateCommand, UpdateServerCertificateCommand,
  UpdateServiceSpecificCredentialCommand, UpdateSigningCertificateCommand, UpdateSSHPublicKeyCommand, UploadServerCertificateCommand, UploadSigningCertificateCommand, UploadSSHPublicKeyCommand, CreateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { totp } from "../src/domain/totp.ts";
import { ACCOUNT, identity, type Identity } from "./clients.ts";

let id: Identity;
let iam: IAMClient;
const UserName = "ann";
beforeAll(async () => {
  id = await identity();
  iam = id.iam;
  await iam.send(new CreateUserCommand({ UserName }));
});
afterAll(() => id[Symbol.asyncDispose]());

/** A certificate of its own making, with its key. */
function certificate(): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "cumulet-certificate-"));
  try {
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", join(folder, "key"), "-out", join(folder, "certificate"), "-days", "30", "-subj", "/CN=example.com"], { stdio: "ignore" });
    return { certificate: readFileSync(join(folder, "certificate"), "utf8"), key: readFileSync(join(folder, "key"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("second factors", () => {
  it("are virtual devices whose codes are verified", async () => {
    const { VirtualMFADevice } = await iam.send(new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: "phone", Tags: [{ Key: "a", Value: "b" }] }));
    const SerialNumber = VirtualMFADevice!.SerialNumber!;
    expect(SerialNumber).toBe(`arn:aws:iam::${ACCOUNT}:mfa/phone`);
    const seed = Buffer.from(VirtualMFADevice!.Base32StringSeed!).toString();
    const now = id.cloud.clock.now();
    const codes = { AuthenticationCode1: totp(seed, now), AuthenticationCode2: totp(seed, now, 1) };
    await expect(iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, AuthenticationCode1: codes.AuthenticationCode2, AuthenticationCode2: codes.AuthenticationCode1 }))).rejects.toMatchObject({ name: "InvalidAuthenticationCodeException" });
    await iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, ...codes }));
    await iam.send(new ResyncMFADeviceCommand({ UserName, SerialNumber, ...codes }));
    expect((await iam.send(new ListMFADevicesCommand({ UserName }))).MFADevices).toMatchObject([{ SerialNumber, UserName }]);
    expect((await iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus: "Assigned" }))).VirtualMFADevices).toMatchObject([{ SerialNumber, User: { UserName } }]);
    expect(await iam.send(new GetMFADeviceCommand({ SerialNumber }))).toMatchObject({ UserName, SerialNumber });
    await iam.send(new TagMFADeviceCommand({ SerialNumber, Tags: [{ Key: "c", Value: "d" }] }));
    await iam.send(new UntagMFADeviceCommand({ SerialNumber, TagKeys: ["a"] }));
    expect((await iam.send(new ListMFADeviceTagsCommand({ SerialNumber }))).Tags).toEqual([{ Key: "c", Value: "d" }]);

    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const { sts } = id.as(AccessKey!);
    await expect(sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode: "000000" }))).rejects.toMatchObject({ name: "AccessDenied", message: "MultiFactorAuthentication failed with invalid MFA one time pass code. " });
    await sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode: codes.AuthenticationCode1 }));

    await expect(iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }))).rejects.toMatchObject({ name: "DeleteConflictException" });
    await iam.send(new DeactivateMFADeviceCommand({ UserName, SerialNumber }));
    await iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
    expect((await iam.send(new ListVirtualMFADevicesCommand({}))).VirtualMFADevices).toEqual([]);
  });

  it("show the codes of RFC 6238", () => {
    // Appendix B, the key "12345678901234567890", shortened to six digits.
    const seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    expect([59, 1111111109, 1234567890, 20000000000].map((seconds) => totp(seed, seconds * 1000))).toEqual(["287082", "081804", "005924", "353130"]);
  });
});

describe("certificates", () => {
  it("of servers match their key", async () => {
    const { certificate: CertificateBody, key: PrivateKey } = certificate();
    const ServerCertificateName = "web";
    await expect(iam.send(new UploadServerCertificateCommand({ ServerCertificateName, CertificateBody, PrivateKey: certificate().key }))).rejects.toMatchObject({ name: "KeyPairMismatchException" });
    await expect(iam.send(new UploadServerCertificateCommand({ ServerCertificateName, CertificateBody: "nonsense", PrivateKey }))).rejects.toMatchObject({ name: "MalformedCertificateException" });
    await iam.send(new UploadServerCertificateCommand({ ServerCertificateName, CertificateBody, PrivateKey, Path: "/cloudfront/" }));
    const { ServerCertificate } = await iam.send(new GetServerCertificateCommand({ ServerCertificateName }));
    expect(ServerCertificate).toMatchObject({ CertificateBody: CertificateBody.trim(), ServerCertificateMetadata: { Path: "/cloudfront/", ServerCertificateName, Expiration: expect.any(Date) } });
    await iam.send(new TagServerCertificateCommand({ ServerCertificateName, Tags: [{ Key: "a", Value: "b" }, { Key: "c", Value: "d" }] }));
    await iam.send(new UntagServerCertificateCommand({ ServerCertificateName, TagKeys: ["a"] }));
    expect((await iam.send(new ListServerCertificateTagsCommand({ ServerCertificateName }))).Tags).toEqual([{ Key: "c", Value: "d" }]);
    await iam.send(new UpdateServerCertificateCommand({ ServerCertificateName, NewServerCertificateName: "site" }));
    expect((await iam.send(new ListServerCertificatesCommand({ PathPrefix: "/cloudfront/" }))).ServerCertificateMetadataList).toMatchObject([{ ServerCertificateName: "site" }]);
    await iam.send(new DeleteServerCertificateCommand({ ServerCertificateName: "site" }));
    await expect(iam.send(new GetServerCertificateCommand({ ServerCertificateName: "site" }))).rejects.toMatchObject({ message: "The Server Certificate with name site cannot be found." });
  });

  it("for signing are a user's", async () => {
    const { certificate: CertificateBody } = certificate();
    const { Certificate } = await iam.send(new UploadSigningCertificateCommand({ UserName, CertificateBody }));
    const CertificateId = Certificate!.CertificateId!;
    await iam.send(new UpdateSigningCertificateCommand({ UserName, CertificateId, Status: "Inactive" }));
    expect((await iam.send(new ListSigningCertificatesCommand({ UserName }))).Certificates).toMatchObject([{ CertificateId, Status: "Inactive" }]);
    await iam.send(new DeleteSigningCertificateCommand({ UserName, CertificateId }));
  });
});

describe("keys of other services", () => {
  it("are SSH public keys", async () => {
    const SSHPublicKeyBody = `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.alloc(36, 7)]).toString("base64")} ann@home`;
    const { SSHPublicKey } = await iam.send(new UploadSSHPublicKeyCommand({ UserName, SSHPublicKeyBody }));
    const SSHPublicKeyId = SSHPublicKey!.SSHPublicKeyId!;
    expect(SSHPublicKeyId).toMatch(/^APKA/);
    await expect(iam.send(new UploadSSHPublicKeyCommand({ UserName, SSHPublicKeyBody }))).rejects.toMatchObject({ name: "DuplicateSSHPublicKeyException" });
    await expect(iam.send(new UploadSSHPublicKeyCommand({ UserName, SSHPublicKeyBody: "x" }))).rejects.toMatchObject({ name: "InvalidPublicKeyException" });
    await iam.send(new UpdateSSHPublicKeyCommand({ UserName, SSHPublicKeyId, Status: "Inactive" }));
    expect((await iam.send(new GetSSHPublicKeyCommand({ UserName, SSHPublicKeyId, Encoding: "SSH" }))).SSHPublicKey).toMatchObject({ SSHPublicKeyBody, Status: "Inactive", Fingerprint: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/) });
    expect((await iam.send(new ListSSHPublicKeysCommand({ UserName }))).SSHPublicKeys).toHaveLength(1);
    await iam.send(new DeleteSSHPublicKeyCommand({ UserName, SSHPublicKeyId }));
  });

  it("are service-specific credentials, in the words of AWS", async () => {
    const ServiceName = "codecommit.amazonaws.com";
    const { ServiceSpecificCredential: made } = await iam.send(new CreateServiceSpecificCredentialCommand({ UserName, ServiceName }));
    const ServiceSpecificCredentialId = made!.ServiceSpecificCredentialId!;
    expect(made).toMatchObject({ ServiceUserName: `ann-at-${ACCOUNT}`, Status: "Active", ServicePassword: expect.any(String) });
    await iam.send(new UpdateServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId, Status: "Inactive" }));
    const { ServiceSpecificCredential: again } = await iam.send(new ResetServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId }));
    expect(again!.ServicePassword).not.toBe(made!.ServicePassword);
    expect((await iam.send(new ListServiceSpecificCredentialsCommand({ UserName }))).ServiceSpecificCredentials).toMatchObject([{ ServiceSpecificCredentialId, Status: "Inactive" }]);
    await expect(iam.send(new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: "lambda.amazonaws.com" }))).rejects.toMatchObject({ message: "No such service lambda.amazonaws.com is supported for Service Specific Credentials" });
    await expect(iam.send(new ListServiceSpecificCredentialsCommand({ UserName, ServiceName: "none" }))).rejects.toMatchObject({ message: "No such service none is supported for Service Specific Credentials" });
    await expect(iam.send(new DeleteServiceSpecificCredentialCommand({ UserName: "wrong-user-name", ServiceSpecificCredentialId }))).rejects.toMatchObject({ message: "The user with name wrong-user-name cannot be found." });
    await expect(iam.send(new DeleteUserCommand({ UserName }))).rejects.toMatchObject({ name: "DeleteConflictException" });
    await iam.send(new DeleteServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId }));
  });
});
