import { defineService } from "@cumulet/core";
import * as keys from "./operations/iam/access-keys.ts";
import * as account from "./operations/iam/account.ts";
import * as certificates from "./operations/iam/certificates.ts";
import * as groups from "./operations/iam/groups.ts";
import * as profiles from "./operations/iam/instance-profiles.ts";
import * as lastAccessed from "./operations/iam/last-accessed.ts";
import * as login from "./operations/iam/login-profiles.ts";
import * as mfa from "./operations/iam/mfa.ts";
import * as policies from "./operations/iam/policies.ts";
import * as providers from "./operations/iam/providers.ts";
import * as reports from "./operations/iam/reports.ts";
import * as roles from "./operations/iam/roles.ts";
import * as linked from "./operations/iam/service-linked-roles.ts";
import * as simulation from "./operations/iam/simulate.ts";
import * as credentials from "./operations/iam/user-credentials.ts";
import * as users from "./operations/iam/users.ts";
import { iamResources } from "./resources.ts";
import { identityStore } from "./store.ts";
import { noteUsage } from "./usage.ts";

/** IAM: who there is, and what each may do. */
export const iam = defineService({
  model: "iam",
  store: identityStore,
  operations: {
    CreateRole: roles.createRole,
    GetRole: roles.getRole,
    ListRoles: roles.listRoles,
    UpdateRole: roles.updateRole,
    UpdateRoleDescription: roles.updateRoleDescription,
    UpdateAssumeRolePolicy: roles.updateAssumeRolePolicy,
    DeleteRole: roles.deleteRole,
    PutRolePermissionsBoundary: roles.putRoleBoundary,
    DeleteRolePermissionsBoundary: roles.deleteRoleBoundary,
    TagRole: roles.tagRole,
    UntagRole: roles.untagRole,
    ListRoleTags: roles.listRoleTags,
    AttachRolePolicy: (ctx, input) => policies.attachPolicy(ctx, "role", input.RoleName, input.PolicyArn),
    DetachRolePolicy: (ctx, input) => policies.detachPolicy(ctx, "role", input.RoleName, input.PolicyArn),
    ListAttachedRolePolicies: (ctx, input) => policies.listAttached(ctx, "role", input.RoleName, input),
    PutRolePolicy: (ctx, input) => policies.putInline(ctx, "role", input.RoleName, input.PolicyName, input.PolicyDocument),
    GetRolePolicy: (ctx, input) => ({ RoleName: input.RoleName, ...policies.getInline(ctx, "role", input.RoleName, input.PolicyName) }),
    DeleteRolePolicy: (ctx, input) => policies.deleteInline(ctx, "role", input.RoleName, input.PolicyName),
    ListRolePolicies: (ctx, input) => policies.listInline(ctx, "role", input.RoleName, input),

    CreateUser: users.createUser,
    GetUser: users.getUser,
    ListUsers: users.listUsers,
    UpdateUser: users.updateUser,
    DeleteUser: users.deleteUser,
    PutUserPermissionsBoundary: users.putUserBoundary,
    DeleteUserPermissionsBoundary: users.deleteUserBoundary,
    TagUser: users.tagUser,
    UntagUser: users.untagUser,
    ListUserTags: users.listUserTags,
    AttachUserPolicy: (ctx, input) => policies.attachPolicy(ctx, "user", input.UserName, input.PolicyArn),
    DetachUserPolicy: (ctx, input) => policies.detachPolicy(ctx, "user", input.UserName, input.PolicyArn),
    ListAttachedUserPolicies: (ctx, input) => policies.listAttached(ctx, "user", input.UserName, input),
    PutUserPolicy: (ctx, input) => policies.putInline(ctx, "user", input.UserName, input.PolicyName, input.PolicyDocument),
    GetUserPolicy: (ctx, input) => ({ UserName: input.UserName, ...policies.getInline(ctx, "user", input.UserName, input.PolicyName) }),
    DeleteUserPolicy: (ctx, input) => policies.deleteInline(ctx, "user", input.UserName, input.PolicyName),
    ListUserPolicies: (ctx, input) => policies.listInline(ctx, "user", input.UserName, input),

    CreateGroup: groups.createGroup,
    GetGroup: groups.getGroup,
    ListGroups: groups.listGroups,
    ListGroupsForUser: groups.listGroupsForUser,
    UpdateGroup: groups.updateGroup,
    DeleteGroup: groups.deleteGroup,
    AddUserToGroup: groups.addUserToGroup,
    RemoveUserFromGroup: groups.removeUserFromGroup,
    AttachGroupPolicy: (ctx, input) => policies.attachPolicy(ctx, "group", input.GroupName, input.PolicyArn),
    DetachGroupPolicy: (ctx, input) => policies.detachPolicy(ctx, "group", input.GroupName, input.PolicyArn),
    ListAttachedGroupPolicies: (ctx, input) => policies.listAttached(ctx, "group", input.GroupName, input),
    PutGroupPolicy: (ctx, input) => policies.putInline(ctx, "group", input.GroupName, input.PolicyName, input.PolicyDocument),
    GetGroupPolicy: (ctx, input) => ({ GroupName: input.GroupName, ...policies.getInline(ctx, "group", input.GroupName, input.PolicyName) }),
    DeleteGroupPolicy: (ctx, input) => policies.deleteInline(ctx, "group", input.GroupName, input.PolicyName),
    ListGroupPolicies: (ctx, input) => policies.listInline(ctx, "group", input.GroupName, input),

    CreatePolicy: policies.createPolicy,
    GetPolicy: policies.getPolicy,
    ListPolicies: policies.listPolicies,
    DeletePolicy: policies.deletePolicy,
    CreatePolicyVersion: policies.createPolicyVersion,
    GetPolicyVersion: policies.getPolicyVersion,
    ListPolicyVersions: policies.listPolicyVersions,
    DeletePolicyVersion: policies.deletePolicyVersion,
    SetDefaultPolicyVersion: policies.setDefaultPolicyVersion,
    ListEntitiesForPolicy: policies.listEntitiesForPolicy,
    TagPolicy: policies.tagPolicy,
    UntagPolicy: policies.untagPolicy,
    ListPolicyTags: policies.listPolicyTags,

    CreateInstanceProfile: profiles.createInstanceProfile,
    GetInstanceProfile: profiles.getInstanceProfile,
    ListInstanceProfiles: profiles.listInstanceProfiles,
    ListInstanceProfilesForRole: profiles.listInstanceProfilesForRole,
    DeleteInstanceProfile: profiles.deleteInstanceProfile,
    AddRoleToInstanceProfile: profiles.addRole,
    RemoveRoleFromInstanceProfile: profiles.removeRole,
    TagInstanceProfile: profiles.tagInstanceProfile,
    UntagInstanceProfile: profiles.untagInstanceProfile,
    ListInstanceProfileTags: profiles.listInstanceProfileTags,

    CreateAccessKey: keys.createAccessKey,
    ListAccessKeys: keys.listAccessKeys,
    UpdateAccessKey: keys.updateAccessKey,
    DeleteAccessKey: keys.deleteAccessKey,
    GetAccessKeyLastUsed: keys.getAccessKeyLastUsed,

    CreateLoginProfile: login.createLoginProfile,
    GetLoginProfile: login.getLoginProfile,
    UpdateLoginProfile: login.updateLoginProfile,
    DeleteLoginProfile: login.deleteLoginProfile,

    ChangePassword: login.changePassword,

    UploadSigningCertificate: certificates.uploadSigningCertificate,
    ListSigningCertificates: certificates.listSigningCertificates,
    UpdateSigningCertificate: certificates.updateSigningCertificate,
    DeleteSigningCertificate: certificates.deleteSigningCertificate,
    UploadServerCertificate: certificates.uploadServerCertificate,
    GetServerCertificate: certificates.getServerCertificate,
    ListServerCertificates: certificates.listServerCertificates,
    UpdateServerCertificate: certificates.updateServerCertificate,
    DeleteServerCertificate: certificates.deleteServerCertificate,
    TagServerCertificate: certificates.tagServerCertificate,
    UntagServerCertificate: certificates.untagServerCertificate,
    ListServerCertificateTags: certificates.listServerCertificateTags,

    UploadSSHPublicKey: credentials.uploadSshKey,
    GetSSHPublicKey: credentials.getSshKey,
    ListSSHPublicKeys: credentials.listSshPublicKeys,
    UpdateSSHPublicKey: credentials.updateSshKey,
    DeleteSSHPublicKey: credentials.deleteSshKey,
    CreateServiceSpecificCredential: credentials.createServiceCredential,
    ListServiceSpecificCredentials: credentials.listServiceSpecificCredentials,
    UpdateServiceSpecificCredential: credentials.updateServiceCredential,
    ResetServiceSpecificCredential: credentials.resetServiceCredential,
    DeleteServiceSpecificCredential: credentials.deleteServiceCredential,

    CreateVirtualMFADevice: mfa.createVirtualMfaDevice,
    EnableMFADevice: mfa.enableMfaDevice,
    DeactivateMFADevice: mfa.deactivateMfaDevice,
    ResyncMFADevice: mfa.resyncMfaDevice,
    DeleteVirtualMFADevice: mfa.deleteVirtualMfaDevice,
    GetMFADevice: mfa.getMfaDevice,
    ListMFADevices: mfa.listMfaDevices,
    ListVirtualMFADevices: mfa.listVirtualMfaDevices,
    TagMFADevice: mfa.tagMfaDevice,
    UntagMFADevice: mfa.untagMfaDevice,
    ListMFADeviceTags: mfa.listMfaDeviceTags,

    CreateOpenIDConnectProvider: providers.createOidc,
    GetOpenIDConnectProvider: providers.getOidc,
    ListOpenIDConnectProviders: providers.listOidc,
    DeleteOpenIDConnectProvider: providers.deleteOidc,
    AddClientIDToOpenIDConnectProvider: providers.addClientId,
    RemoveClientIDFromOpenIDConnectProvider: providers.removeClientId,
    UpdateOpenIDConnectProviderThumbprint: providers.updateThumbprints,
    TagOpenIDConnectProvider: providers.tagOidc,
    UntagOpenIDConnectProvider: providers.untagOidc,
    ListOpenIDConnectProviderTags: providers.listOidcTags,
    CreateSAMLProvider: providers.createSaml,
    GetSAMLProvider: providers.getSaml,
    ListSAMLProviders: providers.listSaml,
    UpdateSAMLProvider: providers.updateSaml,
    DeleteSAMLProvider: providers.deleteSaml,
    TagSAMLProvider: providers.tagSaml,
    UntagSAMLProvider: providers.untagSaml,
    ListSAMLProviderTags: providers.listSamlTags,

    CreateServiceLinkedRole: linked.createLinkedRole,
    DeleteServiceLinkedRole: linked.deleteLinkedRole,
    GetServiceLinkedRoleDeletionStatus: linked.deletionStatus,

    ListAccountAliases: account.listAccountAliases,
    CreateAccountAlias: account.createAccountAlias,
    DeleteAccountAlias: account.deleteAccountAlias,
    GetAccountPasswordPolicy: account.getPasswordPolicy,
    UpdateAccountPasswordPolicy: account.updatePasswordPolicy,
    DeleteAccountPasswordPolicy: account.deletePasswordPolicy,
    GetAccountSummary: account.getAccountSummary,
    SetSecurityTokenServicePreferences: account.setTokenPreference,
    GetAccountAuthorizationDetails: reports.authorizationDetails,
    GenerateCredentialReport: reports.generateCredentialReport,
    GetCredentialReport: reports.getCredentialReport,

    GenerateServiceLastAccessedDetails: lastAccessed.generateLastAccessed,
    GetServiceLastAccessedDetails: lastAccessed.getLastAccessed,
    GetServiceLastAccessedDetailsWithEntities: lastAccessed.getLastAccessedEntities,
    ListPoliciesGrantingServiceAccess: lastAccessed.policiesGranting,

    SimulateCustomPolicy: simulation.simulateCustomPolicy,
    SimulatePrincipalPolicy: simulation.simulatePrincipalPolicy,
    GetContextKeysForCustomPolicy: simulation.contextKeysForCustom,
    GetContextKeysForPrincipalPolicy: simulation.contextKeysForPrincipal,
  },
  resources: iamResources,
  observes: noteUsage,
});
