import { describe, expect, it } from "vitest";
import { Policy, PolicySyntaxError } from "../src/policy/policy.ts";
import type { PolicyPrincipal } from "../src/policy/policy.ts";
import { globMatches } from "../src/policy/glob.ts";

const ann: PolicyPrincipal = { kind: "user", account: "111111111111", arn: "arn:aws:iam::111111111111:user/ann" };
const anonymous: PolicyPrincipal = { kind: "anonymous", account: "", arn: "" };
const object = "arn:aws:s3:::box/home/ann/a.txt";

function decide(statement: object, values: Record<string, string | string[]> = {}, principal: PolicyPrincipal = ann, action = "s3:GetObject", resource = object) {
  return new Policy({ Version: "2012-10-17", Statement: statement }).decide({ action, resource, principal, values: (key) => values[key] });
}

const allow = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "*" };
const allowed = { effect: "allow", via: "principal", statement: 0 };

describe("wildcards", () => {
  it.each([
    ["*", "", true], ["a*c", "abbc", true], ["a*c", "abcd", false], ["a?c", "abc", true], ["a?c", "ac", false], ["*a*b*", "xxaxxbxx", true], ["", "", true], ["", "a", false], ["a**", "a", true],
  ])("%s on %s", (pattern, text, matches) => expect(globMatches(pattern, text)).toBe(matches));

  it("does not explode", () => {
    expect(globMatches("*a".repeat(50) + "b", "a".repeat(20_000))).toBe(false);
  });
});

describe("statements", () => {
  it("says nothing where nothing applies", () => {
    expect(decide(allow, {}, ann, "s3:PutObject")).toBeUndefined();
    expect(decide({ ...allow, Resource: "arn:aws:s3:::other/*" })).toBeUndefined();
  });

  it("compares actions without case and resources with it", () => {
    expect(decide({ ...allow, Action: "S3:get*" })).toEqual(allowed);
    expect(decide({ ...allow, Resource: "arn:aws:s3:::box/HOME/*" })).toBeUndefined();
  });

  it("lets a denial win in any order", () => {
    const deny = { ...allow, Effect: "Deny" };
    expect(decide([allow, deny])).toEqual({ effect: "deny", statement: 1 });
    expect(decide([deny, allow])).toEqual({ effect: "deny", statement: 0 });
  });

  it("turns NotAction, NotResource and NotPrincipal round", () => {
    expect(decide({ Effect: "Allow", Principal: "*", NotAction: "s3:PutObject", Resource: "*" })).toEqual(allowed);
    expect(decide({ Effect: "Allow", Principal: "*", Action: "*", NotResource: object })).toBeUndefined();
    expect(decide({ Effect: "Deny", NotPrincipal: { AWS: ann.arn }, Action: "*", Resource: "*" })).toBeUndefined();
    expect(decide({ Effect: "Deny", NotPrincipal: { AWS: ann.arn }, Action: "*", Resource: "*" }, {}, anonymous)).toEqual({ effect: "deny", statement: 0 });
  });

  it("fills variables in", () => {
    const home = { ...allow, Resource: "arn:aws:s3:::box/home/${aws:username}/*" };
    expect(decide(home, { "aws:username": "ann" })).toEqual(allowed);
    expect(decide(home, { "aws:username": "bob" })).toBeUndefined();
    expect(decide(home)).toBeUndefined();
    expect(decide({ ...allow, Resource: "arn:aws:s3:::box/home/${aws:username, 'ann'}/*" })).toEqual(allowed);
  });
});

describe("principals", () => {
  it.each([
    ["everybody", "*", anonymous, allowed],
    ["everybody as AWS", { AWS: "*" }, anonymous, allowed],
    ["the user", { AWS: ann.arn }, ann, allowed],
    ["the user's account", { AWS: "111111111111" }, ann, { effect: "allow", via: "account", statement: 0 }],
    ["the account's root", { AWS: ["arn:aws:iam::111111111111:root"] }, ann, { effect: "allow", via: "account", statement: 0 }],
    ["another account", { AWS: "222222222222" }, ann, undefined],
    ["an account, for nobody", { AWS: "111111111111" }, anonymous, undefined],
    ["a service", { Service: "cloudfront.amazonaws.com" }, { kind: "service", account: "1", arn: "cloudfront.amazonaws.com" }, allowed],
    ["a service, for a user", { Service: "cloudfront.amazonaws.com" }, ann, undefined],
    ["a canonical user", { CanonicalUser: "abc" }, { ...ann, kind: "root", canonicalId: "abc" }, allowed],
    ["a role, for its session", { AWS: "arn:aws:iam::1:role/r" }, { kind: "role", account: "1", arn: "arn:aws:sts::1:assumed-role/r/s", roleArn: "arn:aws:iam::1:role/r" }, { ...allowed, via: "role" }],
  ] as const)("%s", (_name, Principal, principal, decision) => {
    expect(decide({ ...allow, Principal }, {}, principal as PolicyPrincipal)).toEqual(decision);
  });
});

describe("conditions", () => {
  it.each([
    [{ StringEquals: { "aws:Key": "a" } }, "a", true],
    [{ StringEquals: { "aws:Key": ["b", "a"] } }, "a", true],
    [{ StringEquals: { "aws:Key": "a" } }, undefined, false],
    [{ StringEqualsIfExists: { "aws:Key": "a" } }, undefined, true],
    [{ StringNotEquals: { "aws:Key": ["a", "b"] } }, "a", false],
    [{ StringNotEquals: { "aws:Key": "a" } }, undefined, true],
    [{ StringEqualsIgnoreCase: { "aws:Key": "A" } }, "a", true],
    [{ StringLike: { "aws:Key": "public/*" } }, "public/x", true],
    [{ StringNotLike: { "aws:Key": "public/*" } }, "public/x", false],
    [{ NumericLessThanEquals: { "aws:Key": "10" } }, "10", true],
    [{ NumericGreaterThan: { "aws:Key": 10 } }, "10", false],
    [{ DateLessThan: { "aws:Key": "2024-01-01T00:00:00Z" } }, "2023-12-31T23:59:59Z", true],
    [{ DateGreaterThan: { "aws:Key": "1704067200" } }, "2024-01-01T00:00:01Z", true],
    [{ Bool: { "aws:Key": true } }, "true", true],
    [{ IpAddress: { "aws:Key": "10.0.0.0/8" } }, "10.1.2.3", true],
    [{ IpAddress: { "aws:Key": "10.0.0.0/8" } }, "::ffff:10.1.2.3", true],
    [{ NotIpAddress: { "aws:Key": "10.0.0.0/8" } }, "10.1.2.3", false],
    [{ IpAddress: { "aws:Key": "2001:db8::/32" } }, "2001:db8::1", true],
    [{ ArnLike: { "aws:Key": "arn:aws:sns:*:1:t*" } }, "arn:aws:sns:us-east-1:1:topic", true],
    [{ ArnLike: { "aws:Key": "arn:aws:sns:*" } }, "arn:aws:sns:us-east-1:1:topic", false],
    [{ Null: { "aws:Key": "true" } }, undefined, true],
    [{ Null: { "aws:Key": "false" } }, "a", true],
    [{ "ForAllValues:StringEquals": { "aws:Key": ["a", "b"] } }, ["a", "b"], true],
    [{ "ForAllValues:StringEquals": { "aws:Key": ["a", "b"] } }, ["a", "c"], false],
    [{ "ForAnyValue:StringEquals": { "aws:Key": ["a", "b"] } }, ["c", "a"], true],
    [{ "ForAnyValue:StringEquals": { "aws:Key": "a" } }, undefined, false],
  ] as const)("%j with %j", (Condition, value, holds) => {
    const decision = decide({ ...allow, Condition }, value === undefined ? {} : { "aws:key": value as string });
    expect(decision?.effect).toBe(holds ? "allow" : undefined);
  });

  it("writes operators in any case", () => {
    expect(decide({ ...allow, Condition: { stringequals: { "aws:Key": "a" } } }, { "aws:key": "a" })).toEqual(allowed);
    expect(decide({ ...allow, Condition: { "forallvalues:StringLike": { "aws:Key": "a*" } } }, { "aws:key": ["ab", "b"] })).toBeUndefined();
  });

  it("takes what a variable puts in for itself", () => {
    const like = { ...allow, Condition: { StringLike: { "s3:prefix": "${aws:username}/*" } } };
    expect(decide(like, { "aws:username": "*", "s3:prefix": "bob/a" })).toBeUndefined();
    expect(decide(like, { "aws:username": "*", "s3:prefix": "*/a" })).toEqual(allowed);
    expect(decide({ ...allow, Resource: "arn:aws:s3:::box/${*}/a" }, {}, ann, "s3:GetObject", "arn:aws:s3:::box/x/a")).toBeUndefined();
    expect(decide({ ...allow, Resource: "arn:aws:s3:::box/${*}/a" }, {}, ann, "s3:GetObject", "arn:aws:s3:::box/*/a")).toEqual(allowed);
  });

  it("knows no variables in documents of 2008", () => {
    const statement = { ...allow, Resource: "arn:aws:s3:::box/${aws:username}" };
    const ask = (resource: string) => new Policy({ Version: "2008-10-17", Statement: statement }).decide({ action: "s3:GetObject", resource, principal: ann, values: () => "ann" });
    expect(ask("arn:aws:s3:::box/ann")).toBeUndefined();
    expect(ask("arn:aws:s3:::box/${aws:username}")).toEqual(allowed);
  });

  it("needs every operator and key", () => {
    const Condition = { StringEquals: { "aws:A": "1" }, Bool: { "aws:B": "true" } };
    expect(decide({ ...allow, Condition }, { "aws:a": "1" })).toBeUndefined();
    expect(decide({ ...allow, Condition }, { "aws:a": "1", "aws:b": "true" })).toEqual(allowed);
  });
});

describe("what is no policy", () => {
  it.each([
    ["", "valid JSON"], ["[]", "valid JSON"], ["{}", "Missing required field Statement"],
    ['{"Statement":[{"Action":"*"}]}', "Missing required field Effect"],
    ['{"Statement":[{"Effect":"allow","Action":"*"}]}', "Invalid effect"],
    ['{"Statement":[{"Effect":"Allow"}]}', "Missing required field Action"],
    ['{"Statement":[{"Effect":"Allow","Action":"*","Colour":1}]}', "Unknown field Colour"],
    ['{"Statement":[{"Effect":"Allow","Action":"*","Condition":{"Foo":{}}}]}', "Invalid Condition type"],
    ['{"Version":"2020-01-01","Statement":[]}', "valid version"],
  ])("%s", (text, message) => {
    expect(() => new Policy(text)).toThrow(PolicySyntaxError);
    expect(() => new Policy(text)).toThrow(message);
  });
});
