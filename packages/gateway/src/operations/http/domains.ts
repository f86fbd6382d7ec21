import type { Operations } from "@cumulet/core";
import type * as V2 from "@cumulet/protocol/models/apigatewayv2.d.ts";
import type { DomainItem, MappingItem, Store } from "../../store.ts";
import { createDomain, createMapping, deleteDomain, domainV2, findDomain } from "../domains.ts";
import { badRequest, conflict, decodeCursor, defined, encodeCursor, notFound, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";

const mappingView = (mapping: MappingItem): V2.ApiMapping => defined({ ApiId: mapping.apiId, ApiMappingId: mapping.mappingId, ApiMappingKey: mapping.basePath, Stage: mapping.stage });

function findMapping(ctx: Ctx, domain: DomainItem, id: string): MappingItem {
  const mapping = ctx.store.mappings.get(domain.domainName, id);
  if (mapping === undefined) throw notFound("The resource specified in the request was not found.");
  return mapping;
}

/** A mapping key is a path without slashes at its ends; HTTP and REST APIs may have several levels. */
function checkKey(key: string): string {
  if (!/^[a-zA-Z0-9$\-_.+!*'(),/]*$/.test(key)) throw badRequest("Mapping key should contain only alphanumeric characters and the symbols -_.+!*'()/$");
  if (key.startsWith("/") || key.endsWith("/")) throw badRequest("Mapping key should not start with a '/' or have consecutive '/'s.");
  if (key.includes("//")) throw badRequest("Mapping key should not start with a '/' or have consecutive '/'s.");
  return key;
}

export const domainOperations: Operations<"apigatewayv2", Store> = {
  CreateDomainName(ctx, input) {
    const [configuration] = input.DomainNameConfigurations ?? [];
    if (configuration === undefined) throw badRequest("DomainNameConfigurations is required");
    return domainV2(createDomain(ctx, {
      domainName: input.DomainName, type: configuration.EndpointType === "EDGE" ? "EDGE" : "REGIONAL", ipAddressType: configuration.IpAddressType, certificateArn: configuration.CertificateArn, certificateName: configuration.CertificateName,
      securityPolicy: configuration.SecurityPolicy, mutualTls: input.MutualTlsAuthentication === undefined ? undefined : { truststoreUri: input.MutualTlsAuthentication.TruststoreUri, truststoreVersion: input.MutualTlsAuthentication.TruststoreVersion },
      ownershipCertificateArn: configuration.OwnershipVerificationCertificateArn, tags: input.Tags, routingMode: input.RoutingMode, policy: undefined,
    }));
  },
  GetDomainName: (ctx, input) => domainV2(findDomain(ctx, input.DomainName)),
  GetDomainNames(ctx, input) {
    const { items, next } = ctx.store.domains.page("", pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items.map(domainV2), NextToken: encodeCursor(next) };
  },
  UpdateDomainName(ctx, input) {
    const before = findDomain(ctx, input.DomainName);
    const [configuration] = input.DomainNameConfigurations ?? [];
    const edge = before.endpointConfiguration?.types?.[0] === "EDGE";
    const domain: DomainItem = defined({
      ...before,
      ...defined(edge ? { certificateArn: configuration?.CertificateArn, certificateName: configuration?.CertificateName } : { regionalCertificateArn: configuration?.CertificateArn, regionalCertificateName: configuration?.CertificateName }),
      ...defined({ securityPolicy: configuration?.SecurityPolicy, ownershipVerificationCertificateArn: configuration?.OwnershipVerificationCertificateArn, routingMode: input.RoutingMode }),
      endpointConfiguration: { ...before.endpointConfiguration, ...defined({ ipAddressType: configuration?.IpAddressType }) },
    });
    const tls = input.MutualTlsAuthentication;
    if (tls !== undefined) {
      if (tls.TruststoreUri === undefined || tls.TruststoreUri === "") delete domain.mutualTlsAuthentication;
      else domain.mutualTlsAuthentication = defined({ truststoreUri: tls.TruststoreUri, truststoreVersion: tls.TruststoreVersion });
    }
    ctx.store.domains.put("", domain.domainName, domain);
    return domainV2(domain);
  },
  DeleteDomainName(ctx, input) {
    deleteDomain(ctx, input.DomainName);
    return {};
  },
  CreateApiMapping(ctx, input) {
    const domain = findDomain(ctx, input.DomainName);
    return mappingView(createMapping(ctx, domain.domainName, { apiId: input.ApiId, stage: input.Stage, basePath: checkKey(input.ApiMappingKey ?? "") }));
  },
  GetApiMapping: (ctx, input) => mappingView(findMapping(ctx, findDomain(ctx, input.DomainName), input.ApiMappingId)),
  GetApiMappings(ctx, input) {
    const domain = findDomain(ctx, input.DomainName);
    const { items, next } = ctx.store.mappings.page(domain.domainName, pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items.map(mappingView), NextToken: encodeCursor(next) };
  },
  UpdateApiMapping(ctx, input) {
    const domain = findDomain(ctx, input.DomainName);
    const before = findMapping(ctx, domain, input.ApiMappingId);
    const basePath = input.ApiMappingKey === undefined ? before.basePath : checkKey(input.ApiMappingKey);
    const mapping: MappingItem = defined({ ...before, apiId: input.ApiId, stage: input.Stage ?? before.stage, basePath });
    if (mapping.basePath !== before.basePath && ctx.store.mappings.all(domain.domainName).some((one) => one.basePath === mapping.basePath)) throw conflict("ApiMapping key already exists for this domain name");
    ctx.store.mappings.put(domain.domainName, mapping.mappingId, mapping);
    return mappingView(mapping);
  },
  DeleteApiMapping(ctx, input) {
    const domain = findDomain(ctx, input.DomainName);
    findMapping(ctx, domain, input.ApiMappingId);
    ctx.store.mappings.delete(domain.domainName, input.ApiMappingId);
    return {};
  },
};
