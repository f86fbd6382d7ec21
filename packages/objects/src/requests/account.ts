import type { Context } from "@cumulet/core";
import type { PublicAccessBlock } from "../domain/public-access.ts";

/** The public access block of a bucket's whole account, over those of its buckets. */
export function accountPublicAccessBlock(_owner: Pick<Context, "account">): PublicAccessBlock | undefined {
  return undefined;
}
