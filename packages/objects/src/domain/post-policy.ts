import { AwsError } from "@cumulet/protocol";
import { accessDenied, entityTooLarge, entityTooSmall } from "./errors.ts";

/** The policy of a browser-based upload. Source: Amazon S3 API Reference, "Creating a POST policy", and recorded answers. */

const invalid = (message: string) => new AwsError("InvalidPolicyDocument", `Invalid Policy: ${message}`, { status: 400 });
const failed = (condition: unknown[]) => accessDenied(`Invalid according to Policy: Policy Condition failed: [${condition.map((one) => JSON.stringify(one)).join(", ")}]`);

/** Fields that a policy does not have to speak of. */
const FREE: ReadonlySet<string> = new Set(["x-amz-signature", "file", "policy", "awsaccesskeyid", "signature"]);

interface FieldCondition {
  operator: "eq" | "starts-with";
  field: string;
  value: string;
  /** As errors print it. */
  shown: unknown[];
}

export interface PostPolicy {
  expiresMs: number;
  fields: readonly FieldCondition[];
  length: { min: number; max: number } | undefined;
}

/** Reads a policy from its base64. Throws InvalidPolicyDocument. */
export function parsePostPolicy(base64: string): PostPolicy {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    throw invalid("Invalid JSON.");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) throw invalid("Invalid JSON.");
  const { expiration, conditions } = document as Record<string, unknown>;
  if (expiration === undefined) throw invalid("Policy missing expiration.");
  if (typeof expiration !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(expiration) || Number.isNaN(Date.parse(expiration))) {
    throw invalid(`Invalid 'expiration' value: '${String(expiration)}'`);
  }
  if (conditions === undefined) throw invalid("Policy missing conditions.");
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.");
  const fields: FieldCondition[] = [];
  let length: PostPolicy["length"];
  for (const condition of conditions as unknown[]) {
    const read = readCondition(condition);
    if ("min" in read) length = read;
    else fields.push(...read.fields);
  }
  return { expiresMs: Date.parse(expiration), fields, length };
}

function readCondition(condition: unknown): { fields: FieldCondition[] } | { min: number; max: number } {
  if (Array.isArray(condition)) {
    const [operator, name, value] = condition as unknown[];
    const kind = String(operator).toLowerCase();
    if (condition.length !== 3) throw invalid(`Invalid ${kind === "content-length-range" ? "content-length-range" : "condition"}: wrong number of arguments.`);
    if (kind === "content-length-range") {
      const [min, max] = [Number(name), Number(value)];
      // Something that is no number fails as a condition, a number that is none of a length as a policy (recorded from S3).
      if (Number.isNaN(min) || Number.isNaN(max)) throw failed(condition);
      if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < min) throw invalid("Invalid content-length-range: not a range of lengths.");
      return { min, max };
    }
    if ((kind !== "eq" && kind !== "starts-with") || typeof name !== "string" || !name.startsWith("$") || typeof value !== "string") throw invalid(`Invalid condition: unknown operation '${String(operator)}'.`);
    return { fields: [{ operator: kind, field: name.slice(1).toLowerCase(), value, shown: condition }] };
  }
  if (typeof condition !== "object" || condition === null) throw invalid("Invalid JSON.");
  const entries = Object.entries(condition);
  if (entries.length !== 1) throw invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  const [name, value] = entries[0] as [string, unknown];
  if (typeof value !== "string") throw invalid("Invalid Simple-Condition: value must be a string.");
  return { fields: [{ operator: "eq", field: name.toLowerCase(), value, shown: ["eq", `$${name}`, value] }] };
}

/** Whether a form is what its policy allows, its length apart. `fields` by lower-case name, the bucket among them. */
export function checkPostPolicy(policy: PostPolicy, fields: ReadonlyMap<string, string>, nowMs: number): void {
  if (policy.expiresMs <= nowMs) throw accessDenied("Invalid according to Policy: Policy expired.");
  for (const { operator, field, value, shown } of policy.fields) {
    const actual = fields.get(field);
    const holds = operator === "eq" ? actual === value : (actual ?? "").startsWith(value);
    if (!holds) throw failed(shown);
  }
  const spoken = new Set(policy.fields.map(({ field }) => field));
  const extra = [...fields.keys()].filter((name) => !spoken.has(name) && !FREE.has(name) && !name.startsWith("x-ignore-") && !name.startsWith("x-amz-checksum-"));
  if (extra.length > 0) throw accessDenied(`Invalid according to Policy: Extra input fields: ${extra.join(", ")}`);
}

/** Whether a file has a length that the policy allows. */
export function checkPostLength(policy: PostPolicy | undefined, size: number): void {
  const { length } = policy ?? {};
  if (length === undefined) return;
  if (size > length.max) throw entityTooLarge(size, length.max);
  if (size < length.min) throw entityTooSmall(size, length.min);
}
