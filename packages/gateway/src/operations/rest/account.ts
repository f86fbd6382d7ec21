import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { selfSignedCertificate } from "../../domain/certificate.ts";
import type { Store } from "../../store.ts";
import { accountThrottle } from "../../data-plane/access/usage.ts";
import { badRequest, checkQuota, defined, newId, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { pageOf } from "./paging.ts";
import { applyPatch, text } from "./patch.ts";

/** Client certificates of API Gateway are valid for a year. */
const CERTIFICATE_MS = 365 * 86_400_000;

type Certificate = Rest.ClientCertificate & { privateKey: string };

function findCertificate(ctx: Ctx, id: string): Certificate {
  const certificate = ctx.store.clientCertificates.get("", id);
  if (certificate === undefined) throw notFound("Invalid Client Certificate identifier specified");
  return certificate;
}

const certificateView = ({ privateKey: _key, ...certificate }: Certificate): Rest.ClientCertificate => certificate;

const makeKeys = promisify(generateKeyPair);

async function generateCertificate(ctx: Ctx, input: Rest.GenerateClientCertificateRequest): Promise<Rest.ClientCertificate> {
  checkQuota(ctx, "clientCertificates", 60, ctx.store.clientCertificates.count(""), "client certificates");
  const now = ctx.clock.now();
  const keys = await makeKeys("rsa", { modulusLength: 2048 });
  const subject = [["CN", "ApiGateway"], ["L", "Seattle"], ["ST", "WA"], ["C", "US"]] as const;
  const item: Certificate = defined({
    clientCertificateId: newId(ctx, 6),
    description: input.description,
    pemEncodedCertificate: selfSignedCertificate(keys, { serial: ctx.ids.bytes(8), subject, fromMs: now, toMs: now + CERTIFICATE_MS }),
    createdDate: now,
    expirationDate: now + CERTIFICATE_MS,
    tags: input.tags,
    privateKey: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  });
  ctx.transaction(() => ctx.store.clientCertificates.put("", item.clientCertificateId!, item));
  return certificateView(item);
}

function findLink(ctx: Ctx, id: string): Rest.VpcLink & { id: string } {
  const link = ctx.store.restVpcLinks.get("", id);
  if (link === undefined) throw notFound("Invalid Vpc Link identifier specified");
  return link;
}

/** The account's settings, its client certificates and its VPC links: what belongs to no single API. */
export const accountOperations: Operations<"apigateway", Store> = {
  GetAccount(ctx) {
    const { rate, burst } = accountThrottle(ctx);
    return defined({ cloudwatchRoleArn: ctx.store.account.get("", "settings")?.cloudwatchRoleArn, throttleSettings: { burstLimit: burst, rateLimit: rate }, features: ["UsagePlans"], apiKeyVersion: "4" });
  },
  UpdateAccount(ctx, input) {
    const settings = applyPatch(ctx.store.account.get("", "settings") ?? {}, input.patchOperations, [
      {
        path: "/cloudwatchRoleArn",
        replace: (account: { cloudwatchRoleArn?: string }, value) => {
          if (value === undefined || value === "") delete account.cloudwatchRoleArn;
          else if (!/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(value)) throw badRequest("The role ARN does not have required permissions set to API Gateway");
          else account.cloudwatchRoleArn = value;
        },
      },
      { path: "/features", add: () => {}, remove: () => {} },
    ]);
    ctx.store.account.put("", "settings", settings);
    const { rate, burst } = accountThrottle(ctx);
    return defined({ cloudwatchRoleArn: settings.cloudwatchRoleArn, throttleSettings: { burstLimit: burst, rateLimit: rate }, features: ["UsagePlans"], apiKeyVersion: "4" });
  },
  GenerateClientCertificate: generateCertificate,
  GetClientCertificate: (ctx, input) => certificateView(findCertificate(ctx, input.clientCertificateId)),
  GetClientCertificates(ctx, input) {
    const { items, position } = pageOf(ctx.store.clientCertificates, "", input);
    return defined({ items: items.map(certificateView), position });
  },
  UpdateClientCertificate(ctx, input) {
    const certificate = applyPatch(findCertificate(ctx, input.clientCertificateId), input.patchOperations, [text("/description", "description")]);
    ctx.store.clientCertificates.put("", input.clientCertificateId, certificate);
    return certificateView(certificate);
  },
  DeleteClientCertificate(ctx, input) {
    findCertificate(ctx, input.clientCertificateId);
    const used = ctx.store.restApis.all("").some((api) => ctx.store.restStages.all(api.id).some((stage) => stage.clientCertificateId === input.clientCertificateId));
    if (used) throw badRequest("Client Certificate is in use by a stage");
    ctx.store.clientCertificates.delete("", input.clientCertificateId);
    return {};
  },
  CreateVpcLink(ctx, input) {
    // Recorded messages and order.
    if (input.name === "") throw badRequest("Name cannot be empty");
    for (const arn of input.targetArns) if (!/^arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:loadbalancer\/.+$/.test(arn)) throw badRequest(`Invalid ARN. ARN is not well formed ${arn}`);
    const link = defined({ id: newId(ctx, 6), name: input.name, description: input.description, targetArns: input.targetArns, status: "AVAILABLE" as const, statusMessage: "Your vpc link is ready for use", tags: input.tags });
    ctx.store.restVpcLinks.put("", link.id, link);
    return link;
  },
  GetVpcLink: (ctx, input) => findLink(ctx, input.vpcLinkId),
  GetVpcLinks: (ctx, input) => pageOf(ctx.store.restVpcLinks, "", input),
  UpdateVpcLink(ctx, input) {
    const link = applyPatch(findLink(ctx, input.vpcLinkId), input.patchOperations, [text("/name", "name"), text("/description", "description")]);
    ctx.store.restVpcLinks.put("", link.id, link);
    return link;
  },
  DeleteVpcLink(ctx, input) {
    findLink(ctx, input.vpcLinkId);
    ctx.store.restVpcLinks.delete("", input.vpcLinkId);
    return {};
  },
};
