import { createHash } from "node:crypto";

/**
 * The account that stands for an origin access identity: AWS keeps identities in an account of CloudFront's, so that nothing
 * but a bucket's own policy or lists lets them in. Follows from the identity's id.
 */
export function identityAccount(id: string): string {
  const number = createHash("sha256").update(`origin-access-identity:${id}`).digest().readUIntBE(0, 6) % 100_000_000_000;
  return `9${String(number).padStart(11, "0")}`;
}

/** The user that bucket policies name for an origin access identity. */
export function identityArn(partition: string, id: string): string {
  return `arn:${partition}:iam::cloudfront:user/CloudFront Origin Access Identity ${id}`;
}
