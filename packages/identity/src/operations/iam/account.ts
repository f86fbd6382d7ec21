import type { ListAccountAliasesResponse } from "@cumulet/protocol/models/iam.d.ts";
import type { Ctx } from "./common.ts";

export function listAccountAliases(ctx: Ctx): ListAccountAliasesResponse {
  const alias = ctx.store.setting<string>("alias");
  return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false };
}
