import { expect, test } from "vitest";
import { loadModel, serviceIndex } from "@cumulet/protocol";
import type { ServiceId } from "@cumulet/protocol";
import { translatePattern } from "../src/patterns.ts";

/** As a value is matched: whole, with the `u` flag. */
const matches = (pattern: string, value: string) => new RegExp(`^(?:${pattern})$`, "u").test(value);

test.each([
  { why: "a POSIX class is ASCII", java: "\\p{Print}+", yes: ["a ~"], no: ["é", "\n"] },
  { why: "a POSIX class inside a class", java: "[\\p{Alnum}_]+", yes: ["aZ9_"], no: ["-", "ä"] },
  { why: "its complement", java: "\\P{Digit}", yes: ["x"], no: ["7"] },
  { why: "Unicode categories mean the same", java: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", yes: ["Größe 1+2"], no: ["#"] },
  { why: "needless escapes", java: "[a-z\\_\\-\\:]+\\_\\:", yes: ["a-_:_:"], no: ["a\\"] },
  { why: "an escaped dash outside a class", java: "\\d\\-\\d", yes: ["1-2"], no: ["12"] },
  { why: "white space is ASCII", java: "\\s\\S", yes: ["\tx", " \u00a0"], no: ["\u00a0x"] },
  { why: "white space within a class", java: "[\\s*]*[\\Sa]", yes: [" *x"], no: ["\u00a0 "] },
  { why: "a dash beside a class", java: "[\\w-_.]+", yes: ["a-_."], no: ["a b"] },
  { why: "ignore case", java: "(?i)all|[0-9]{3}", yes: ["ALL", "all", "123"], no: ["1a"] },
  { why: "dot matches line ends", java: "(?s).*", yes: ["a\nb"], no: [] },
  { why: "lone braces", java: "\\{##}|}x{", yes: ["{##}", "}x{"], no: ["##"] },
  { why: "a surrogate pair in a range", java: "[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF]+", yes: ["a😀"], no: ["\u0001"] },
  { why: "code points by number", java: "[\\x{1F600}]", yes: ["😀"], no: ["x"] },
])("$why: $java", ({ java, yes, no }) => {
  const pattern = translatePattern(java);
  for (const value of yes) expect(matches(pattern, value), JSON.stringify(value)).toBe(true);
  for (const value of no) expect(matches(pattern, value), JSON.stringify(value)).toBe(false);
});

test.each(["a++", "a{2}+", "[a-z&&[^b]]", "[a[b]]", "\\Qa\\E"])("what JavaScript cannot say is refused: %s", (java) => {
  expect(() => translatePattern(java)).toThrow();
});

/** Values that real calls send, for shapes whose pattern had to be translated, and near misses. */
const SAMPLES: { id: ServiceId; shape: string; yes: string[]; no: string[] }[] = [
  { id: "dynamodb", shape: "ContributorInsightsRule", yes: ["DynamoDBContributorInsights-PKC-t_1.x"], no: ["-x", "a b"] },
  { id: "dynamodb", shape: "AutoScalingPolicyName", yes: ["scale (target)"], no: ["größe"] },
  { id: "s3control", shape: "ConfigId", yes: ["default-account_dashboard.1"], no: ["a/b"] },
  { id: "sts", shape: "federatedIdType", yes: ["user:name@example.com"], no: ["a b"] },
  { id: "cloudtrail", shape: "QueryStatement", yes: ["SELECT 1\nFROM x"], no: [] },
  { id: "ssm", shape: "AccountId", yes: ["ALL", "123456789012"], no: ["some"] },
  { id: "cognito-idp", shape: "EmailVerificationMessageType", yes: ["Your code\nis {####}."], no: ["no code"] },
  { id: "cloudwatch", shape: "TemplateName", yes: ["a-1_b.c"], no: ["-a"] },
  { id: "secretsmanager", shape: "FilterValueStringType", yes: ["!prod/db @x"], no: ["a#b"] },
  { id: "events", shape: "InputTransformerPathKey", yes: ["detail_type-1"], no: ["a.b"] },
];

test.each(SAMPLES)("$id $shape", ({ id, shape, yes, no }) => {
  const { pattern, patternSource } = loadModel(id).shapes[shape] ?? {};
  expect(patternSource).toBeTypeOf("string");
  for (const value of yes) expect(matches(pattern as string, value), value).toBe(true);
  for (const value of no) expect(matches(pattern as string, value), value).toBe(false);
});

test.each(Object.keys(serviceIndex) as ServiceId[])("every pattern of %s compiles", (id) => {
  for (const [name, { pattern }] of Object.entries(loadModel(id).shapes)) {
    if (pattern !== undefined) expect(() => new RegExp(`^(?:${pattern})$`, "u"), `${name}: ${pattern}`).not.toThrow();
  }
});
