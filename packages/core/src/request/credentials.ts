import type { Principal } from "../context.ts";
import type { Names, NameOwner } from "../service.ts";

/** What `names` holds for an access key (`kind: "access-key"`): enough to authenticate without opening a store. */
export interface AccessKeyData {
  secret: string;
  principal: Principal;
  /** Only temporary credentials have one. */
  sessionToken?: string;
  /** Platform time after which temporary credentials are refused. */
  expiresMs?: number;
  /** False once somebody sets the key inactive. */
  active: boolean;
  /** Of a service's own key: the one resource for which it signs with it, `aws:SourceArn` in policies. */
  sourceArn?: string;
}

/** The kind under which access keys stand in the directory. */
export const ACCESS_KEY = "access-key";

/** The secret that the platform takes for keys that nobody created: 12-digit account keys, `test` and their like. */
export const DEFAULT_SECRET = "test";

/** A key resolved to its account, secret and owner. */
export interface Credential {
  accessKeyId: string;
  account: string;
  principal: Principal;
  secret: string;
  sessionToken: string | undefined;
  expiresMs: number | undefined;
  /** False for a key that nobody created here: its real secret is not known to the platform. */
  registered: boolean;
  active: boolean;
  sourceArn?: string | undefined;
}

const TWELVE_DIGITS = /^\d{12}$/;

/** The root of an account. */
export function rootPrincipal(account: string, accessKeyId?: string): Principal {
  return { kind: "root", account, arn: `arn:aws:iam::${account}:root`, id: account, ...(accessKeyId === undefined ? {} : { accessKeyId }) };
}

/** A service of the cloud acting in an account: `lambda.amazonaws.com`. */
export function servicePrincipal(service: string, account: string): Principal {
  const name = service.includes(".") && service.endsWith("amazonaws.com") ? service : `${service}.amazonaws.com`;
  return { kind: "service", account, arn: name, id: name };
}

/**
 * A session of a role that a service acts in without keys: Lambda that writes a function's log, or reads the stream of its
 * mapping. IAM finds the role by its ARN.
 */
export function roleSession(roleArn: string, sessionName: string, nowMs: number): Principal {
  const [, partition = "aws", , , account = "", resource = ""] = roleArn.split(":");
  const name = resource.slice(resource.lastIndexOf("/") + 1);
  return {
    kind: "role", account, arn: `arn:${partition}:sts::${account}:assumed-role/${name}/${sessionName}`, id: `${name}:${sessionName}`,
    session: { issuedMs: nowMs, issuer: { type: "Role", arn: roleArn, id: "", name }, mfa: false },
  };
}

/** Nobody. */
export function anonymousPrincipal(account: string): Principal {
  return { kind: "anonymous", account, arn: "anonymous", id: "anonymous" };
}

/**
 * Who an access key is: its owner when somebody created it here; else a 12-digit key is the root of that account, and
 * any other the root of the default account, so that a newcomer's made-up keys work.
 */
export function resolveCredential(accessKeyId: string, names: Pick<Names, "find">, defaultAccount: string): Credential {
  const owner: NameOwner | undefined = names.find(ACCESS_KEY, accessKeyId);
  if (owner !== undefined) {
    const { principal, secret, sessionToken, expiresMs, active, sourceArn } = owner.data as AccessKeyData;
    return { accessKeyId, account: owner.account, principal: { ...principal, accessKeyId }, secret, sessionToken, expiresMs, active, registered: true, sourceArn };
  }
  const account = TWELVE_DIGITS.test(accessKeyId) ? accessKeyId : defaultAccount;
  return {
    accessKeyId, account, principal: rootPrincipal(account, accessKeyId), secret: DEFAULT_SECRET,
    sessionToken: undefined, expiresMs: undefined, registered: false, active: true,
  };
}
