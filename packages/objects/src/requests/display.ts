import type { Context } from "@cumulet/core";
import { accountOf } from "../domain/owner.ts";

/**
 * An owner or grantee as answers show it. S3 gives no display names any more (since November 2025); with the old bucket
 * defaults it does, and an account is called by its number.
 */
export function ownerOf(ctx: Pick<Context, "config">, id: string): { ID: string; DisplayName?: string } {
  const account = ctx.config.settings["s3.bucket_defaults"] === "legacy" ? accountOf(id) : undefined;
  return account === undefined ? { ID: id } : { ID: id, DisplayName: account };
}
