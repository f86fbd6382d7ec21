import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { DomainItem, MappingItem } from "../store.ts";
import { badRequest, checkQuota, conflict, defined, newId, notFound } from "./shared.ts";
import type { Ctx } from "./shared.ts";


/** Route 53 zones of API Gateway's regional endpoints; `us-east-1` has this one. */
const REGIONAL_ZONE = "Z1UJRXOUMOOFQ8";
/** The zone of CloudFront, in front of edge-optimized domains. */
const EDGE_ZONE = "Z2FDTNDATAQYW2";

/** What a new domain is made of, whichever version of the control plane makes it. */
export interface NewDomain {
  domainName: string;
  type: "EDGE" | "REGIONAL" | "PRIVATE";
  ipAddressType: string | undefined;
  certificateArn: string | undefined;
  certificateName: string | undefined;
  securityPolicy: string | undefined;
  mutualTls: Rest.MutualTlsAuthenticationInput | undefined;
  ownershipCertificateArn: string | undefined;
  tags: { [key: string]: string } | undefined;
  routingMode: string | undefined;
  policy: string | undefined;
}

const DOMAIN = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/;

/** Takes a domain name for an account and region; requests with that host are the APIs' from then on. */
export function createDomain(ctx: Ctx, input: NewDomain): DomainItem {
  const name = input.domainName.toLowerCase();
  if (!DOMAIN.test(name)) throw badRequest("The provided domain name is not valid");
  if (ctx.store.domains.get("", name) !== undefined) throw conflict("The domain name you provided already exists.");
  checkQuota(ctx, "domainNames", 120, ctx.store.domains.count(""), "domain names");
  if (!ctx.names.claim("api-domain", name, { account: ctx.account, region: ctx.region })) throw conflict("The domain name you provided already exists.");
  const id = newId(ctx, 10);
  const edge = input.type === "EDGE";
  const now = ctx.clock.now();
  const domain: DomainItem = defined({
    domainName: name,
    domainNameArn: `arn:${ctx.partition}:apigateway:${ctx.region}::/domainnames/${name}`,
    certificateArn: edge ? input.certificateArn : undefined,
    certificateName: edge ? input.certificateName : undefined,
    regionalCertificateArn: edge ? undefined : input.certificateArn,
    regionalCertificateName: edge ? undefined : input.certificateName,
    certificateUploadDate: now,
    distributionDomainName: edge ? `d${id}abc.cloudfront.net` : undefined,
    distributionHostedZoneId: edge ? EDGE_ZONE : undefined,
    regionalDomainName: edge ? undefined : `d-${id}.execute-api.${ctx.region}.amazonaws.com`,
    regionalHostedZoneId: edge ? undefined : REGIONAL_ZONE,
    endpointConfiguration: { types: [input.type], ipAddressType: input.ipAddressType ?? "ipv4" },
    domainNameStatus: "AVAILABLE",
    securityPolicy: input.securityPolicy ?? "TLS_1_2",
    tags: input.tags ?? {},
    mutualTlsAuthentication: input.mutualTls === undefined ? undefined : defined({ truststoreUri: input.mutualTls.truststoreUri, truststoreVersion: input.mutualTls.truststoreVersion }),
    ownershipVerificationCertificateArn: input.ownershipCertificateArn,
    routingMode: input.routingMode ?? "API_MAPPING_ONLY",
    policy: input.policy,
  });
  ctx.store.domains.put("", name, domain);
  return domain;
}

export function findDomain(ctx: Ctx, name: string): DomainItem {
  const domain = ctx.store.domains.get("", name.toLowerCase());
  if (domain === undefined) throw notFound("Invalid domain name identifier specified");
  return domain;
}

export function deleteDomain(ctx: Ctx, name: string): void {
  const domain = findDomain(ctx, name);
  ctx.store.mappings.clear(domain.domainName);
  ctx.store.domains.delete("", domain.domainName);
  ctx.names.release("api-domain", domain.domainName);
}

/** The same domain as version 2 shows it. */
export function domainV2(domain: DomainItem): V2.DomainName {
  const edge = domain.endpointConfiguration?.types?.[0] === "EDGE";
  return defined({
    ApiMappingSelectionExpression: "$request.basepath",
    DomainName: domain.domainName,
    DomainNameArn: domain.domainNameArn,
    DomainNameConfigurations: [defined({
      ApiGatewayDomainName: edge ? domain.distributionDomainName : domain.regionalDomainName,
      CertificateArn: edge ? domain.certificateArn : domain.regionalCertificateArn,
      CertificateName: edge ? domain.certificateName : domain.regionalCertificateName,
      CertificateUploadDate: domain.certificateUploadDate,
      DomainNameStatus: domain.domainNameStatus,
      EndpointType: edge ? "EDGE" : "REGIONAL",
      HostedZoneId: edge ? domain.distributionHostedZoneId : domain.regionalHostedZoneId,
      IpAddressType: domain.endpointConfiguration?.ipAddressType,
      SecurityPolicy: domain.securityPolicy,
      OwnershipVerificationCertificateArn: domain.ownershipVerificationCertificateArn,
    })],
    MutualTlsAuthentication: domain.mutualTlsAuthentication === undefined ? undefined : defined({ TruststoreUri: domain.mutualTlsAuthentication.truststoreUri, TruststoreVersion: domain.mutualTlsAuthentication.truststoreVersion }),
    RoutingMode: domain.routingMode,
    Tags: domain.tags ?? {},
  });
}

/** Adds a mapping; base paths of a domain are unique. */
export function createMapping(ctx: Ctx, domainName: string, input: { apiId: string; stage: string | undefined; basePath: string }): MappingItem {
  const { store } = ctx;
  const rest = store.restApis.get("", input.apiId) !== undefined;
  if (!rest && store.apis.get("", input.apiId) === undefined) throw badRequest(`Invalid REST API identifier specified`);
  if (input.stage !== undefined && (rest ? store.restStages.get(input.apiId, input.stage) : store.stages.get(input.apiId, input.stage)) === undefined) throw badRequest("Invalid stage identifier specified");
  if (store.mappings.all(domainName).some((mapping) => mapping.basePath === input.basePath)) throw conflict("Base path already exists for this domain name");
  checkQuota(ctx, "apiMappings", 200, store.mappings.count(domainName), "API mappings");
  const mapping: MappingItem = defined({ mappingId: newId(ctx, 6), apiId: input.apiId, stage: input.stage, basePath: input.basePath });
  store.mappings.put(domainName, mapping.mappingId, mapping);
  return mapping;
}
