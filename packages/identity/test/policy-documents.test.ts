import { describe, expect, it } from "vitest";
import { checkIdentityPolicy, checkTrustPolicy, encodeDocument } from "../src/domain/policy-document.ts";

const VERSION = "2012-10-17";
const OK = { Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::example_bucket" };
const SYNTAX = "Syntax errors in policy.";
const VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const LEGACY = "The policy failed legacy parsing";

const problem = (check: () => void): string | undefined => {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};
const text = (document: unknown): string => (typeof document === "string" ? document : JSON.stringify(document));
const one = (statement: unknown): unknown => ({ Version: VERSION, Statement: statement });

describe("identity policies are refused", () => {
  it.each<[string, unknown, string]>([
    ["no JSON", "This is not a json document", SYNTAX],
    ["no version", { Statement: OK }, "Policy document must be version 2012-10-17 or greater."],
    ["the first version", { Version: "2008-10-17", Statement: OK }, "Policy document must be version 2012-10-17 or greater."],
    ["a version of the future", { Version: "2030-01-01", Statement: OK }, SYNTAX],
    ["no statement", { Version: VERSION }, SYNTAX],
    ["an empty list", one([]), SYNTAX],
    ["a statement that is text", one(["x"]), SYNTAX],
    ["a member that nobody knows", { Version: VERSION, Statement: OK, Extra: 1 }, SYNTAX],
    ["a statement's member that nobody knows", one({ ...OK, Extra: 1 }), SYNTAX],
    ["an id that is no text", { Version: VERSION, Id: {}, Statement: OK }, SYNTAX],
    ["no effect", one({ Action: "s3:ListBucket", Resource: "*" }), SYNTAX],
    ["an effect that is none", one({ ...OK, Effect: "invalid" }), SYNTAX],
    ["an effect in another case", one({ ...OK, Effect: "denY" }), LEGACY],
    ["actions both ways", one({ ...OK, NotAction: "iam:x" }), SYNTAX],
    ["resources both ways", one({ ...OK, NotResource: "*" }), SYNTAX],
    ["an action that is a number", one({ ...OK, Action: 1 }), SYNTAX],
    ["an action in a list in a list", one({ ...OK, Action: [[]] }), SYNTAX],
    ["a condition that is text", one({ ...OK, Condition: "a" }), SYNTAX],
    ["a condition that is a list", one({ ...OK, Condition: [] }), SYNTAX],
    ["an operator without keys", one({ ...OK, Condition: { StringEquals: "b" } }), SYNTAX],
    ["an operator that nobody knows", one({ ...OK, Condition: { x: { a: "1" } } }), SYNTAX],
    ["two colons after a quantifier", one({ ...OK, Condition: { "ForAnyValue::StringEqualsIfExists": { a: "b" } } }), SYNTAX],
    ["a value that is an object", one({ ...OK, Condition: { DateGreaterThan: { a: {} } } }), SYNTAX],
    ["a date that is none", one({ ...OK, Condition: { DateGreaterThan: { a: "sdfdsf" } } }), LEGACY],
    ["a principal", one({ ...OK, Principal: "*" }), "Policy document should not specify a principal."],
    ["a statement id twice", one([{ ...OK, Sid: "x" }, { Sid: "x", Effect: "Allow" }]), "Statement IDs (SID) in a single policy must be unique."],
    ["no action", one({ Effect: "Allow", Resource: OK.Resource }), "Policy statement must contain actions."],
    ["no actions", one({ ...OK, Action: [] }), "Policy statement must contain actions."],
    ["neither action nor resource", one({ Effect: "Allow" }), "Policy statement must contain actions."],
    ["no resource", one({ Effect: "Allow", Action: "s3:ListBucket" }), "Policy statement must contain resources."],
    ["no resource, and a wrong action", one({ Effect: "Allow", Action: "invalid" }), "Policy statement must contain resources."],
    ["an action without a service", one({ ...OK, Action: "invalid" }), VENDOR],
    ["an empty action", one({ ...OK, Action: "" }), VENDOR],
    ["an action with two colons", one({ ...OK, Action: "s3:List:Bucket" }), "Actions/Condition can contain only one colon."],
    ["a service with a space", one({ ...OK, Action: "a a:ListBucket" }), "Vendor a a is not valid"],
    ["an empty service", one({ ...OK, Action: ":GetObject" }), "Vendor  is not valid"],
    ["a resource that is no ARN", one({ ...OK, Resource: "invalid resource" }), 'Resource invalid resource must be in ARN format or "*".'],
    ["an empty resource", one({ ...OK, Resource: "" }), 'Resource  must be in ARN format or "*".'],
    ["a resource that is no ARN, and a wrong action", one({ ...OK, Action: "s3:s:3", Resource: "sdf" }), 'Resource sdf must be in ARN format or "*".'],
    ["a partition that is none", one({ ...OK, Resource: "arn:error:s3:::b" }), 'Partition "error" is not valid for resource "arn:error:s3:::b".'],
    ["a resource without its arn", one({ ...OK, Resource: "aws:s3:::b" }), 'Partition "s3" is not valid for resource "arn:s3:::b:*".'],
    ["a resource of two parts", one({ ...OK, Resource: "a:bsd" }), 'Partition "bsd" is not valid for resource "arn:bsd:*:*:*:*".'],
    ["a resource of eight parts", one({ ...OK, Resource: "a:b:c:d:e:f:g:h" }), 'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".'],
    ["an ARN that is too short", one({ ...OK, Resource: "arn:aws:s3::example_bucket" }), LEGACY],
    ["an ARN that is too short, and no action", one({ Effect: "Allow", Resource: "arn:aws:s3::example_bucket" }), LEGACY],
    ["an ARN without a service", one({ ...OK, Resource: "arn:aws" }), "Resource vendor must be fully qualified and cannot contain regexes."],
    ["a bucket with a region", one({ ...OK, Resource: "arn:aws:s3:us-east-1::b" }), "Resource arn:aws:s3:us-east-1::b can not contain region information."],
    ["IAM with a region", one({ ...OK, Resource: "arn:aws:iam:us-east-1::x" }), "IAM resource arn:aws:iam:us-east-1::x cannot contain region information."],
    ["IAM with a path that is none", one({ ...OK, Resource: "arn:aws:iam:::x" }), 'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.'],
  ])("for %s", (_name, document, message) => {
    expect(problem(() => checkIdentityPolicy(text(document)))).toBe(message);
  });

  it.each<[string, unknown]>([
    ["one statement", one(OK)],
    ["several", one([OK, { ...OK, Effect: "Deny", Sid: "b" }])],
    ["everything", one({ Effect: "Allow", Action: "*", Resource: "*" })],
    ["empty statement ids", one([{ ...OK, Sid: "" }, { ...OK, Sid: "" }])],
    ["an id", { Version: VERSION, Id: "x", Statement: OK }],
    ["conditions", one({ ...OK, Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] }, Bool: { "aws:SecureTransport": true }, NumericLessThan: { "s3:max-keys": 10 }, Null: { a: "true" } } })],
    ["dates", one({ ...OK, Condition: { DateGreaterThan: { "aws:CurrentTime": "2013-06-30T00:00:00Z" }, DateLessThan: { "aws:EpochTime": "1893456000" } } })],
    ["variables", one({ ...OK, Resource: "arn:aws:s3:::b/${aws:username}/*" })],
    ["services and partitions with wildcards", one({ ...OK, Action: "s3-*:Get?", Resource: "arn:*:s3:::b" })],
    ["a role anywhere", one({ Effect: "Allow", Action: "iam:PassRole", Resource: "arn:aws:iam::*:role/x" })],
  ])("but not for %s", (_name, document) => {
    expect(problem(() => checkIdentityPolicy(text(document)))).toBeUndefined();
  });
});

describe("trust policies are refused", () => {
  const TRUST = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
  const check = (document: unknown): string | undefined => problem(() => checkTrustPolicy(text(document), ({ value }) => value !== "none"));
  it.each<[string, unknown, string]>([
    ["no JSON", "{", "This policy contains invalid Json"],
    ["a version that is none", { Version: "1", Statement: TRUST }, "The policy must contain a valid version string"],
    ["no statement", { Version: VERSION, Statement: [] }, "Could not parse the policy: Statement is empty!"],
    ["no effect", one({ ...TRUST, Effect: undefined }), "Missing required field Effect"],
    ["an effect that is none", one({ ...TRUST, Effect: "allow" }), "Invalid effect: allow"],
    ["no principal", one({ ...TRUST, Principal: undefined }), "Missing required field Principal"],
    ["an empty principal", one({ ...TRUST, Principal: {} }), "Missing required field Principal cannot be empty!"],
    ["a principal that is text", one({ ...TRUST, Principal: "ann" }), "Principal must be a JSON object."],
    ["a principal that does not exist", one({ ...TRUST, Principal: { AWS: "none" } }), 'Invalid principal in policy: "AWS":"none"'],
    ["a service that does not exist", one({ ...TRUST, Principal: { Service: "none" } }), 'Invalid principal in policy: "SERVICE":"none"'],
    ["a kind of principal that nobody knows", one({ ...TRUST, Principal: { Alien: "x" } }), 'Invalid principal in policy: "Alien"'],
    ["an allow for everybody but", one({ ...TRUST, Principal: undefined, NotPrincipal: { AWS: "1" } }), "Allow with NotPrincipal is not allowed."],
    ["no action", one({ ...TRUST, Action: undefined }), "Missing required field Action"],
    ["another action", one({ ...TRUST, Action: "s3:GetObject" }), "AssumeRole policy may only specify STS AssumeRole actions."],
    ["every action", one({ ...TRUST, Action: "*" }), "AssumeRole policy may only specify STS AssumeRole actions."],
    ["a resource", one({ ...TRUST, Resource: "*" }), "Has prohibited field Resource"],
    ["everything but a resource", one({ ...TRUST, NotResource: "*" }), "AssumeRole policy must not contain resources."],
    ["a statement id twice", one([{ ...TRUST, Sid: "a" }, { ...TRUST, Sid: "a" }]), "The Statement Ids in the policy are not unique"],
  ])("for %s", (_name, document, message) => expect(check(document)).toBe(message));

  it("but not for what is right", () => {
    expect(check(one([TRUST, { ...TRUST, Principal: "*" }, { ...TRUST, Principal: { AWS: ["1", "2"], Federated: "x" }, Action: ["sts:AssumeRole", "sts:TagSession"] }]))).toBeUndefined();
    expect(check({ Statement: TRUST })).toBeUndefined();
  });
});

it("documents are answered percent-encoded by RFC 3986", () => {
  expect(encodeDocument('{"Action":"s3:*","Resource":"a(b)!~_-.%"}')).toBe("%7B%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22a%28b%29%21~_-.%25%22%7D");
});
