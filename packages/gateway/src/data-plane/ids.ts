import type { Ids } from "@cumulet/core";

/** The short request id of API Gateway's edge (`x-amz-apigw-id`, `apigw-requestid`): 11 bytes in URL-safe base64. */
export function extendedRequestId(ids: Ids): string {
  return `${ids.bytes(11).toString("base64url")}=`;
}
