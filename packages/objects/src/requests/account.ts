import type { Context } from "@cumulet/core";
import { combineBlocks } from "../domain/public-access.ts";
import type { PublicAccessBlock } from "../domain/public-access.ts";
import type { Bucket } from "./bucket.ts";

/** How the names directory knows accounts whose buckets are kept from the public: one setting for all regions, asked by every request. */
export const ACCOUNT_BLOCKS = "s3-public-access-block";

/** The public access block of a whole account, over those of its buckets. */
export function accountPublicAccessBlock({ names, account }: Pick<Context, "names" | "account">): PublicAccessBlock | undefined {
  return names.find(ACCOUNT_BLOCKS, account)?.data as PublicAccessBlock | undefined;
}

/** The block that a request to a bucket meets: the account's, the bucket's, and that of the access point it came through. */
export function publicAccessBlock(bucket: Bucket): Required<PublicAccessBlock> {
  return combineBlocks(accountPublicAccessBlock(bucket.ctx), bucket.configs.publicAccessBlock, bucket.accessPoint?.publicAccessBlock);
}
