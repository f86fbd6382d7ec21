import { defineDataPlane } from "@cumulet/core";
import { certificatePath } from "./operations/signing.ts";
import type { SnsStore } from "./store.ts";

type Match = { kind: "certificate"; path: string } | { kind: "deliveries"; what: string; recipient: string | undefined };

const certificate = /^\/_aws\/sns\/(\d{12})\/([a-z0-9-]+)\/SimpleNotificationService-[0-9a-f]{32}\.pem$/;

/** Lists of what would have left, by the last part of their path: kind of delivery, name of the member that holds them, how one is addressed. */
const lists: { [path: string]: { kind: string; member: string; recipient: string } } = {
  "sms-messages": { kind: "sms", member: "sms_messages", recipient: "phoneNumber" },
  "platform-endpoint-messages": { kind: "application", member: "platform_endpoint_messages", recipient: "endpointArn" },
  "email-messages": { kind: "email", member: "email_messages", recipient: "address" },
};

/**
 * What subscribers and tests fetch without an API call: the certificate of notifications, and what would have left for
 * phones, apps and mailboxes (`/_aws/sns/sms-messages`, `platform-endpoint-messages`, `email-messages`; with `accountId`
 * and `region`; DELETE empties).
 */
export const snsPlane = defineDataPlane<SnsStore, Match>({
  name: "sns-messages",
  claim: ({ path, query }) => {
    if (!path.startsWith("/_aws/sns/")) return undefined;
    const pem = certificate.exec(path);
    if (pem !== null) return { account: pem[1]!, region: pem[2]!, match: { kind: "certificate", path } };
    const what = path.slice("/_aws/sns/".length);
    const list = Object.hasOwn(lists, what) ? lists[what] : undefined;
    if (list === undefined) return undefined;
    const parameters = new URLSearchParams(query);
    const account = parameters.get("accountId") ?? "000000000000";
    const region = parameters.get("region") ?? "us-east-1";
    if (!/^\d{12}$/.test(account) || !/^[a-z0-9-]{1,32}$/.test(region)) return undefined;
    return { account, region, match: { kind: "deliveries", what, recipient: parameters.get(list.recipient) ?? undefined } };
  },
  handle: (ctx, { request, response }, match) => {
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, ["Content-Type", type, "Content-Length", String(Buffer.byteLength(body))]);
      response.end(body);
    };
    if (match.kind === "certificate") {
      const pem = ctx.store.setting("signing.certificate");
      if (pem === undefined || certificatePath(ctx.account, ctx.region, pem) !== match.path) return answer(404, "text/plain", "There is no such certificate.\n");
      return answer(200, "application/x-pem-file", pem);
    }
    const { kind, member } = lists[match.what]!;
    if (request.method === "DELETE") {
      ctx.transaction(() => ctx.store.clearDeliveries(kind, match.recipient));
      return answer(204, "text/plain", "");
    }
    const grouped: { [recipient: string]: object[] } = {};
    for (const { recipient, document } of ctx.store.deliveries(kind)) {
      if (match.recipient !== undefined && match.recipient !== recipient) continue;
      (grouped[recipient] ??= []).push(document);
    }
    return answer(200, "application/json", JSON.stringify({ [member]: grouped, region: ctx.region }));
  },
});
