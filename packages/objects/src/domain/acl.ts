import { AwsError } from "@cumulet/protocol";
import { invalidArgument, invalidRequest, malformedXml } from "./errors.ts";
import { ANONYMOUS_ID, EC2_ID, isCanonicalId } from "./owner.ts";

/** Access control lists: canned ones, grants in headers and in XML, and what they allow. Source: Amazon S3 User Guide, "Access control list (ACL) overview". */

export type Permission = "FULL_CONTROL" | "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP";

export interface Grantee {
  Type: "CanonicalUser" | "Group" | "AmazonCustomerByEmail";
  ID?: string;
  URI?: string;
}

export interface Grant {
  Grantee: Grantee;
  Permission: Permission;
}

/** A list as it is stored: the owner of the resource and who may do what. */
export interface Acl {
  owner: string;
  grants: Grant[];
}

export const ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers";
export const AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
export const LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery";
const GROUPS = new Set([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY]);
const PERMISSIONS: ReadonlySet<string> = new Set(["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"]);

const GRANTS_MAX = 100;

const user = (id: string, permission: Permission): Grant => ({ Grantee: { Type: "CanonicalUser", ID: id }, Permission: permission });
const group = (uri: string, permission: Permission): Grant => ({ Grantee: { Type: "Group", URI: uri }, Permission: permission });

const CANNED: Record<string, (owner: string, bucketOwner: string) => Grant[]> = {
  private: () => [],
  "public-read": () => [group(ALL_USERS, "READ")],
  "public-read-write": () => [group(ALL_USERS, "READ"), group(ALL_USERS, "WRITE")],
  "authenticated-read": () => [group(AUTHENTICATED_USERS, "READ")],
  "aws-exec-read": () => [user(EC2_ID, "READ")],
  "bucket-owner-read": (owner, bucketOwner) => (owner === bucketOwner ? [] : [user(bucketOwner, "READ")]),
  "bucket-owner-full-control": (owner, bucketOwner) => (owner === bucketOwner ? [] : [user(bucketOwner, "FULL_CONTROL")]),
  "log-delivery-write": () => [group(LOG_DELIVERY, "WRITE"), group(LOG_DELIVERY, "READ_ACP")],
};

/** The list that a resource gets when nothing is said. */
export function privateAcl(owner: string): Acl {
  return { owner, grants: [user(owner, "FULL_CONTROL")] };
}

/** The list behind a name such as `public-read`. Throws InvalidArgument for a name that S3 does not have. */
export function cannedAcl(name: string, owner: string, bucketOwner: string): Acl {
  const grants = Object.hasOwn(CANNED, name) ? CANNED[name] : undefined;
  if (grants === undefined) throw invalidArgument("", "x-amz-acl", name);
  return { owner, grants: [user(owner, "FULL_CONTROL"), ...grants(owner, bucketOwner)] };
}

/** The `x-amz-grant-*` members that many operations share. */
export interface GrantHeaders {
  ACL?: string;
  GrantFullControl?: string;
  GrantRead?: string;
  GrantReadACP?: string;
  GrantWrite?: string;
  GrantWriteACP?: string;
}

const HEADERS: readonly [keyof GrantHeaders, Permission, string][] = [
  ["GrantFullControl", "FULL_CONTROL", "x-amz-grant-full-control"],
  ["GrantRead", "READ", "x-amz-grant-read"],
  ["GrantWrite", "WRITE", "x-amz-grant-write"],
  ["GrantReadACP", "READ_ACP", "x-amz-grant-read-acp"],
  ["GrantWriteACP", "WRITE_ACP", "x-amz-grant-write-acp"],
];

/**
 * The list that a request's headers ask for; undefined when they say nothing.
 * Grants in headers replace the owner's own as well: the owner keeps only what the headers give.
 */
export function aclFromHeaders(input: GrantHeaders, owner: string, bucketOwner: string): Acl | undefined {
  const present = HEADERS.filter(([member]) => input[member] !== undefined);
  if (input.ACL !== undefined) {
    if (present.length > 0) throw invalidRequest("Specifying both Canned ACLs and Header Grants is not allowed");
    return cannedAcl(input.ACL, owner, bucketOwner);
  }
  if (present.length === 0) return undefined;
  const grants: Grant[] = [];
  for (const [member, permission, header] of present) {
    for (const item of (input[member] as string).split(",")) {
      grants.push({ Grantee: headerGrantee(item.trim(), header), Permission: permission });
    }
  }
  return { owner, grants };
}

function headerGrantee(text: string, header: string): Grantee {
  const match = /^([A-Za-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^"']*))$/.exec(text);
  if (match === null) throw invalidArgument("Argument format not recognized", header, text);
  const kind = (match[1] as string).toLowerCase();
  const value = match[2] ?? match[3] ?? match[4] ?? "";
  if (kind === "uri") {
    if (!GROUPS.has(value)) throw invalidArgument("Invalid group uri", "uri", value);
    return { Type: "Group", URI: value };
  }
  if (kind === "id") {
    if (!isCanonicalId(value)) throw invalidArgument("Invalid id", "id", value);
    return { Type: "CanonicalUser", ID: value };
  }
  if (kind === "emailaddress") throw emailGrantee();
  throw invalidArgument("Argument format not recognized", header, text);
}

/** An `AccessControlPolicy` document as the wire has it. */
export interface AccessControlPolicy {
  Owner?: { ID?: string; DisplayName?: string };
  Grants?: { Grantee?: { Type?: string; ID?: string; URI?: string; EmailAddress?: string; DisplayName?: string }; Permission?: string }[];
}

/** Checks a list that came as XML. `owner` is who owns the resource: a list can never give it to another. */
export function aclFromDocument(document: AccessControlPolicy, owner: string): Acl {
  if (document.Owner?.ID === undefined || document.Grants === undefined) throw malformedAcl();
  const grants = document.Grants.map((grant): Grant => {
    const { Grantee: grantee, Permission: permission } = grant;
    if (grantee === undefined || permission === undefined || !PERMISSIONS.has(permission)) throw malformedAcl();
    return { Grantee: documentGrantee(grantee), Permission: permission as Permission };
  });
  if (grants.length > GRANTS_MAX) throw malformedAcl();
  // Seen on S3: a document that names another owner is refused, not applied without it.
  if (document.Owner.ID !== owner) throw new AwsError("AccessDenied", "Access Denied", { status: 403 });
  return { owner, grants };
}

function documentGrantee(grantee: { Type?: string; ID?: string; URI?: string; EmailAddress?: string }): Grantee {
  switch (grantee.Type) {
    case "Group":
      if (grantee.URI === undefined) throw malformedAcl();
      if (!GROUPS.has(grantee.URI)) throw invalidArgument("Invalid group uri", "Group/URI", grantee.URI);
      return { Type: "Group", URI: grantee.URI };
    case "CanonicalUser":
      if (grantee.ID === undefined) throw malformedAcl();
      if (!isCanonicalId(grantee.ID)) throw invalidArgument("Invalid id", "CanonicalUser/ID", grantee.ID);
      return { Type: "CanonicalUser", ID: grantee.ID };
    case "AmazonCustomerByEmail":
      throw emailGrantee();
    case undefined:
      throw malformedXml();
    default:
      throw malformedAcl();
  }
}

/** Since October 2025 S3 makes no new grants by e-mail address (Amazon S3 API Reference, `Grantee`). */
function emailGrantee(): AwsError {
  return new AwsError("MethodNotAllowed", "Email grantees are no longer supported: grant to the canonical user ID of the account.", { status: 405 });
}

function malformedAcl(): AwsError {
  return new AwsError("MalformedACLError", "The XML you provided was not well-formed or did not validate against our published schema", { status: 400 });
}

/** Whether a list gives `permission` to a caller: a canonical id, or nobody in particular. `ignorePublic` is a public access block at work. */
export function aclAllows(acl: Acl, caller: string, permission: Permission, ignorePublic: boolean): boolean {
  return acl.grants.some((grant) => {
    if (grant.Permission !== permission && grant.Permission !== "FULL_CONTROL") return false;
    const { Type, ID, URI } = grant.Grantee;
    if (Type === "CanonicalUser") return ID === caller;
    if (ignorePublic) return false;
    return URI === ALL_USERS || (URI === AUTHENTICATED_USERS && caller !== ANONYMOUS_ID);
  });
}

/** Whether a list gives anything to everybody, or to every AWS account, which S3 calls public too. */
export function isPublicAcl(acl: Acl): boolean {
  return acl.grants.some(({ Grantee }) => Grantee.URI === ALL_USERS || Grantee.URI === AUTHENTICATED_USERS);
}

/** Whether a list says no more than that the bucket's owner has full control: all that a bucket with disabled ACLs takes. */
export function isOwnerOnly(acl: Acl, bucketOwner: string): boolean {
  return acl.grants.every(({ Grantee, Permission }) => Grantee.ID === bucketOwner && Permission === "FULL_CONTROL");
}

export const aclNotSupported = () => new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", { status: 400 });
