import type { Operations } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { decodeCursor, defined, encodeCursor, newId, notFound, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";

function find(ctx: Ctx, id: string) {
  const link = ctx.store.vpcLinks.get("", id);
  if (link === undefined) throw notFound(`Invalid Vpc Link identifier specified ${id}`);
  return link;
}

export const vpcLinkOperations: Operations<"apigatewayv2", Store> = {
  CreateVpcLink(ctx, input) {
    const id = newId(ctx, 6);
    const link = defined({
      CreatedDate: ctx.clock.now(),
      Name: input.Name,
      SecurityGroupIds: input.SecurityGroupIds ?? [],
      SubnetIds: input.SubnetIds,
      Tags: input.Tags ?? {},
      VpcLinkId: id,
      VpcLinkStatus: "AVAILABLE" as const,
      VpcLinkStatusMessage: "VPC link is ready to route traffic",
      VpcLinkVersion: "V2" as const,
    });
    ctx.store.vpcLinks.put("", id, link);
    return link;
  },
  GetVpcLink: (ctx, input) => find(ctx, input.VpcLinkId),
  GetVpcLinks(ctx, input) {
    const { items, next } = ctx.store.vpcLinks.page("", pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items, NextToken: encodeCursor(next) };
  },
  UpdateVpcLink(ctx, input) {
    const updated = { ...find(ctx, input.VpcLinkId), ...defined({ Name: input.Name }) };
    ctx.store.vpcLinks.put("", input.VpcLinkId, updated);
    return updated;
  },
  DeleteVpcLink(ctx, input) {
    find(ctx, input.VpcLinkId);
    ctx.store.vpcLinks.delete("", input.VpcLinkId);
    return {};
  },
};
