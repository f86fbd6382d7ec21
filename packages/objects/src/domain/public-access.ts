import type { PolicyStatement } from "@cumulet/core";

/** What counts as public. Source: Amazon S3 User Guide, "Blocking public access: The meaning of public". */

export interface PublicAccessBlock {
  BlockPublicAcls?: boolean;
  IgnorePublicAcls?: boolean;
  BlockPublicPolicy?: boolean;
  RestrictPublicBuckets?: boolean;
}

/** The block that applies: one setting among those of the account, of the bucket and of an access point is enough. */
export function combineBlocks(...blocks: readonly (PublicAccessBlock | undefined)[]): Required<PublicAccessBlock> {
  const on = (name: keyof PublicAccessBlock) => blocks.some((block) => block?.[name] === true);
  return {
    BlockPublicAcls: on("BlockPublicAcls"),
    IgnorePublicAcls: on("IgnorePublicAcls"),
    BlockPublicPolicy: on("BlockPublicPolicy"),
    RestrictPublicBuckets: on("RestrictPublicBuckets"),
  };
}

/** Keys whose fixed values make a statement for everybody a statement for somebody. */
const NARROWING: ReadonlySet<string> = new Set([
  "aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:userid", "aws:principalorgid", "aws:principalorgpaths",
  "aws:principalaccount", "aws:principalarn", "s3:dataaccesspointarn", "s3:dataaccesspointaccount", "s3:x-amz-server-side-encryption-aws-kms-key-id",
]);
const FIXING = /^(ForAllValues:|ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)$/;

/** Whether a bucket policy gives anything to the world. */
export function isPublicPolicy(statements: readonly PolicyStatement[]): boolean {
  return statements.some((statement) => statement.Effect === "Allow" && namesEverybody(statement) && !isNarrowed(statement));
}

function namesEverybody({ Principal, NotPrincipal }: PolicyStatement): boolean {
  if (NotPrincipal !== undefined) return true;
  if (Principal === undefined) return false;
  if (Principal === "*") return true;
  return ["AWS", "CanonicalUser"].some((type) => [Principal[type] ?? []].flat().includes("*"));
}

function isNarrowed({ Condition }: PolicyStatement): boolean {
  return Object.entries(Condition ?? {}).some(([operator, keys]) =>
    FIXING.test(operator) && Object.entries(keys).some(([key, values]) =>
      NARROWING.has(key.toLowerCase()) && [values].flat().every((value) => isFixed(key.toLowerCase(), String(value)))));
}

/** No wildcard and no variable; of addresses no wide range (a /8 of IPv4 or a /32 of IPv6 at least). */
function isFixed(key: string, value: string): boolean {
  if (key === "aws:sourceip") {
    const [network = "", bits] = value.split("/");
    return bits === undefined || Number(bits) >= (network.includes(":") ? 32 : 8);
  }
  if (value.includes("${")) return false;
  // An ARN may leave its last part open as long as it names an account.
  if (key.endsWith("arn")) return /^arn:[^:*?]+:[^:*?]+:[^:]*:\d{12}:/.test(value) || !/[*?]/.test(value);
  return !/[*?]/.test(value);
}
