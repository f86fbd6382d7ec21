import type {
  GetAccountPasswordPolicyResponse, GetAccountSummaryResponse, ListAccountAliasesResponse, PasswordPolicy, UpdateAccountPasswordPolicyRequest,
} from "@cumulet/protocol/models/iam.d.ts";
import { AwsError } from "@cumulet/protocol";
import { alreadyExists, noSuchEntity, quota, type Ctx } from "./common.ts";

/** Aliases are unique in the partition: they are the host of a sign-in page. */
const ALIAS = "account-alias";

export function listAccountAliases(ctx: Ctx): ListAccountAliasesResponse {
  const alias = ctx.store.setting<string>("alias");
  return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false };
}

/** An account has one alias: a new one takes the old one's place. */
export function createAccountAlias(ctx: Ctx, { AccountAlias }: { AccountAlias: string }): void {
  const owner = ctx.names.find(ALIAS, AccountAlias);
  if (owner !== undefined) throw alreadyExists(`The account alias ${AccountAlias} already exists.`);
  const old = ctx.store.setting<string>("alias");
  if (old !== undefined) ctx.names.release(ALIAS, old);
  ctx.names.claim(ALIAS, AccountAlias, { account: ctx.account, region: ctx.region });
  ctx.store.setSetting("alias", AccountAlias);
}

export function deleteAccountAlias(ctx: Ctx, { AccountAlias }: { AccountAlias: string }): void {
  if (ctx.store.setting<string>("alias") !== AccountAlias) throw noSuchEntity(`The Account Alias ${AccountAlias} cannot be found.`);
  ctx.names.release(ALIAS, AccountAlias);
  ctx.store.deleteSetting("alias");
}

const PASSWORD_POLICY = "password-policy";

export function getPasswordPolicy(ctx: Ctx): GetAccountPasswordPolicyResponse {
  const policy = ctx.store.setting<PasswordPolicy>(PASSWORD_POLICY);
  if (policy === undefined) throw noSuchEntity(`The Password Policy with domain name ${ctx.account} cannot be found.`);
  return { PasswordPolicy: policy };
}

/** What a request leaves out goes back to its default: there is no partial update. */
export function updatePasswordPolicy(ctx: Ctx, input: UpdateAccountPasswordPolicyRequest): void {
  const { MaxPasswordAge, PasswordReusePrevention } = input;
  ctx.store.setSetting(PASSWORD_POLICY, {
    MinimumPasswordLength: input.MinimumPasswordLength ?? 6,
    RequireSymbols: input.RequireSymbols ?? false,
    RequireNumbers: input.RequireNumbers ?? false,
    RequireUppercaseCharacters: input.RequireUppercaseCharacters ?? false,
    RequireLowercaseCharacters: input.RequireLowercaseCharacters ?? false,
    AllowUsersToChangePassword: input.AllowUsersToChangePassword ?? false,
    ExpirePasswords: MaxPasswordAge !== undefined,
    ...(MaxPasswordAge === undefined ? {} : { MaxPasswordAge }),
    ...(PasswordReusePrevention === undefined ? {} : { PasswordReusePrevention }),
    ...(input.HardExpiry === undefined ? {} : { HardExpiry: input.HardExpiry }),
  } satisfies PasswordPolicy);
}

export function deletePasswordPolicy(ctx: Ctx): void {
  if (!ctx.store.deleteSetting(PASSWORD_POLICY)) throw noSuchEntity(`The account policy with name PasswordPolicy cannot be found.`);
}

/** Symbols that a password may be asked to have. */
const SYMBOL = /[!@#$%^&*()_+\-=[\]{}|']/;

/** @throws AwsError PasswordPolicyViolation, naming everything that is wrong. */
export function checkPassword(ctx: Ctx, password: string): void {
  const policy = ctx.store.setting<PasswordPolicy>(PASSWORD_POLICY);
  const minimum = policy?.MinimumPasswordLength ?? 8;
  const problems = [
    ...(password.length < minimum ? [`Password should have a minimum length of ${minimum}`] : []),
    ...(policy?.RequireLowercaseCharacters === true && !/[a-z]/.test(password) ? ["Password should have at least one lowercase letter"] : []),
    ...(policy?.RequireUppercaseCharacters === true && !/[A-Z]/.test(password) ? ["Password should have at least one uppercase letter"] : []),
    ...(policy?.RequireNumbers === true && !/\d/.test(password) ? ["Password should have at least one number"] : []),
    ...(policy?.RequireSymbols === true && !SYMBOL.test(password) ? ["Password should have at least one of the following symbols: ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '"] : []),
  ];
  // Without a policy of the account's own, three of the four kinds of characters are asked for.
  if (policy === undefined && [/[a-z]/, /[A-Z]/, /\d/, SYMBOL].filter((kind) => kind.test(password)).length < 3) problems.push("Password must include a minimum of three of the following mix of character types: uppercase, lowercase, numbers, and non-alphanumeric characters");
  if (problems.length > 0) throw new AwsError("PasswordPolicyViolation", problems.join("; "));
}

export function getAccountSummary(ctx: Ctx): GetAccountSummaryResponse {
  const { entities, credentials } = ctx.store;
  const devices = entities.list("mfa", 10_000);
  return {
    SummaryMap: {
      Users: entities.count("user"), UsersQuota: quota(ctx, "UsersPerAccount", 5000),
      Groups: entities.count("group"), GroupsQuota: quota(ctx, "GroupsPerAccount", 300),
      Roles: entities.count("role"), RolesQuota: quota(ctx, "RolesPerAccount", 1000),
      Policies: entities.count("policy"), PoliciesQuota: quota(ctx, "PoliciesPerAccount", 1500),
      PolicyVersionsInUse: entities.list("policy", 10_000).reduce((sum, { id }) => sum + ctx.store.policies.versions(id).length, 0), PolicyVersionsInUseQuota: 10_000,
      InstanceProfiles: entities.count("instance-profile"), InstanceProfilesQuota: quota(ctx, "InstanceProfilesPerAccount", 1000),
      ServerCertificates: entities.count("server-certificate"), ServerCertificatesQuota: quota(ctx, "ServerCertificatesPerAccount", 20),
      Providers: entities.count("oidc-provider") + entities.count("saml-provider"),
      MFADevices: devices.length, MFADevicesInUse: devices.filter(({ details }) => details.userId !== undefined).length, AccountMFAEnabled: 0,
      AccountAccessKeysPresent: credentials.of("access-key", ctx.account).length > 0 ? 1 : 0, AccountPasswordPresent: 1, AccountSigningCertificatesPresent: 0,
      AccessKeysPerUserQuota: quota(ctx, "AccessKeysPerUser", 2), SigningCertificatesPerUserQuota: 2, GroupsPerUserQuota: quota(ctx, "GroupsPerUser", 10), VersionsPerPolicyQuota: quota(ctx, "VersionsPerPolicy", 5),
      AttachedPoliciesPerUserQuota: quota(ctx, "PoliciesPerUser", 10), AttachedPoliciesPerGroupQuota: quota(ctx, "PoliciesPerGroup", 10), AttachedPoliciesPerRoleQuota: quota(ctx, "PoliciesPerRole", 10),
      PolicySizeQuota: quota(ctx, "PolicySize", 6144), UserPolicySizeQuota: 2048, GroupPolicySizeQuota: 5120, RolePolicySizeQuota: 10_240, AssumeRolePolicySizeQuota: quota(ctx, "ACLSizePerRole", 2048),
      GlobalEndpointTokenVersion: ctx.store.setting<string>("token-version") === "v2Token" ? 2 : 1,
    },
  };
}

export function setTokenPreference(ctx: Ctx, { GlobalEndpointTokenVersion }: { GlobalEndpointTokenVersion: string }): void {
  ctx.store.setSetting("token-version", GlobalEndpointTokenVersion);
}
