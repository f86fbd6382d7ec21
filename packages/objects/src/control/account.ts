import { AwsError } from "@cumulet/protocol";
import type { Context, Operations } from "@cumulet/core";
import { accessDenied } from "../domain/errors.ts";
import { combineBlocks } from "../domain/public-access.ts";
import { ACCOUNT_BLOCKS, accountPublicAccessBlock } from "../requests/account.ts";
import type { Store } from "../store.ts";

/** S3 Control acts in the account that a request names, which must be the caller's. Throws AccessDenied. */
export function checkAccount(ctx: Context<Store>, { AccountId }: { AccountId: string }): void {
  if (AccountId !== ctx.account) throw accessDenied();
}

/** What keeps all buckets of an account from the public. */
export const accountOperations = {
  PutPublicAccessBlock(ctx, input) {
    checkAccount(ctx, input);
    const owner = { account: ctx.account, region: ctx.region, data: combineBlocks(input.PublicAccessBlockConfiguration) };
    if (!ctx.names.claim(ACCOUNT_BLOCKS, ctx.account, owner)) ctx.names.update(ACCOUNT_BLOCKS, ctx.account, owner);
    return {};
  },

  GetPublicAccessBlock(ctx, input) {
    checkAccount(ctx, input);
    const block = accountPublicAccessBlock(ctx);
    if (block === undefined) {
      throw new AwsError("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", { status: 404, fields: { AccountId: ctx.account } });
    }
    return { PublicAccessBlockConfiguration: block };
  },

  DeletePublicAccessBlock(ctx, input) {
    checkAccount(ctx, input);
    ctx.names.release(ACCOUNT_BLOCKS, ctx.account);
    return {};
  },
} satisfies Operations<"s3control", Store>;
