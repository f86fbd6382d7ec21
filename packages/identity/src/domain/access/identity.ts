import type { Derive, Rule, Scope, ServiceAccess } from "./rules.ts";

type Kind = Parameters<NonNullable<Scope["pathOf"]>>[0];
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const each = (rule: Rule, ...operations: string[]): Record<string, Rule> => Object.fromEntries(operations.map((operation) => [operation, rule]));

/** The ARN of an entity: with the path that it has, or will have. */
const entity = (kind: Kind, member: string): Derive => (input, scope, action) => {
  const name = text(input[member]);
  const path = name === undefined ? "/" : (text(input["Path"]) ?? scope.pathOf?.(kind, name) ?? "/");
  const policy = text(input["PolicyArn"]);
  return [{
    action,
    resource: name === undefined && kind === "user" && scope.caller !== undefined ? scope.caller : `arn:${scope.partition}:iam::${scope.account}:${kind}${path}${name ?? "*"}`,
    values: {
      "iam:policyarn": policy,
      "iam:permissionsboundary": text(input["PermissionsBoundary"]),
      "iam:awsservicename": text(input["AWSServiceName"]),
    },
  }];
};

const user = entity("user", "UserName");
const linked: Derive = ({ AWSServiceName, CustomSuffix }, scope, action) => [{
  action, resource: `arn:${scope.partition}:iam::${scope.account}:role/aws-service-role/${AWSServiceName}/*${text(CustomSuffix) ?? ""}`, values: { "iam:awsservicename": text(AWSServiceName) },
}];
const listing = (kind: string): Derive => ({ PathPrefix }, scope, action) => [{ action, resource: `arn:${scope.partition}:iam::${scope.account}:${kind}${text(PathPrefix) ?? "/"}` }];

const iam: ServiceAccess = {
  prefix: "iam",
  resources: [["PolicyArn", "{PolicyArn}"], ["OpenIDConnectProviderArn", "{OpenIDConnectProviderArn}"], ["SAMLProviderArn", "{SAMLProviderArn}"], ["PolicySourceArn", "{PolicySourceArn}"], ["Arn", "{Arn}"]],
  rule: ({ model }, { shapes }) => {
    const members = Object.keys(shapes[model.input?.shape ?? ""]?.members ?? {});
    const has = (name: string): boolean => members.includes(name);
    if (/^Create(OpenIDConnect|SAML)Provider|^List.*Providers$|^Simulate|^GetContextKeys/.test(model.name)) return "*";
    if (has("InstanceProfileName")) return entity("instance-profile", "InstanceProfileName");
    if (has("RoleName")) return entity("role", "RoleName");
    if (has("GroupName")) return entity("group", "GroupName");
    if (has("ServerCertificateName")) return entity("server-certificate", "ServerCertificateName");
    if (has("VirtualMFADeviceName")) return entity("mfa", "VirtualMFADeviceName");
    if (has("UserName")) return user;
    if (model.name === "CreatePolicy") return entity("policy", "PolicyName");
    const arn = members.find((member) => /Arn$/.test(member));
    return arn === undefined ? "*" : `{${arn}}`;
  },
  operations: {
    ...each(linked, "CreateServiceLinkedRole"),
    ...each(listing("user"), "ListUsers"), ...each(listing("role"), "ListRoles"), ...each(listing("group"), "ListGroups"), ...each(listing("instance-profile"), "ListInstanceProfiles"), ...each(listing("policy"), "ListPolicies"),
    GetAccessKeyLastUsed: "*", GetUser: user, ChangePassword: user, SimulatePrincipalPolicy: "{PolicySourceArn}", GetContextKeysForPrincipalPolicy: "{PolicySourceArn}",
    AddRoleToInstanceProfile: { all: [entity("instance-profile", "InstanceProfileName"), ({ RoleName }, scope) => [{
      action: "iam:PassRole", resource: `arn:${scope.partition}:iam::${scope.account}:role${scope.pathOf?.("role", String(RoleName)) ?? "/"}${RoleName}`, values: { "iam:passedtoservice": "ec2.amazonaws.com" },
    }]] },
  },
};

/** Assuming a role takes a permission each for the role, the tags and the source identity of the session. */
const assume: Derive = (input, _scope, action) => {
  const resource = String(input["RoleArn"]);
  const values = {
    "sts:rolesessionname": text(input["RoleSessionName"]),
    "sts:externalid": text(input["ExternalId"]),
    "sts:sourceidentity": text(input["SourceIdentity"]),
    "sts:transitivetagkeys": (input["TransitiveTagKeys"] as string[] | undefined)?.length ? (input["TransitiveTagKeys"] as string[]) : undefined,
    "sts:durationseconds": typeof input["DurationSeconds"] === "number" ? String(input["DurationSeconds"]) : undefined,
  };
  const needs = [{ action, resource, values }];
  if ((input["Tags"] as unknown[] | undefined)?.length) needs.push({ action: "sts:TagSession", resource, values });
  if (input["SourceIdentity"] !== undefined) needs.push({ action: "sts:SetSourceIdentity", resource, values });
  return needs;
};

const sts: ServiceAccess = {
  prefix: "sts",
  operations: { AssumeRole: assume, GetFederationToken: ({ Name }, scope, action) => [{ action, resource: `arn:${scope.partition}:sts::${scope.account}:federated-user/${Name}` }] },
  // Who one is, one may always ask; and those who come with a foreign proof have no permissions yet.
  free: ["GetCallerIdentity", "GetSessionToken", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"],
  gated: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
  needsPolicy: "role/",
};

export const identityAccess: Readonly<Record<string, ServiceAccess>> = { iam, sts };
