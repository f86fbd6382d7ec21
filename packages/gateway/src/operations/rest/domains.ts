import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { DomainItem, MappingItem, Store } from "../../store.ts";
import { createDomain, createMapping, deleteDomain, findDomain } from "../domains.ts";
import { badRequest, conflict, defined, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { pageOf } from "./paging.ts";
import { applyPatch, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

/** How version 1 writes an absent base path or stage. */
const NONE = "(none)";
const fromNone = (value: string | undefined): string | undefined => (value === undefined || value === NONE || value === "" ? undefined : value);

function mappingView(mapping: MappingItem): Rest.BasePathMapping {
  return defined({ basePath: mapping.basePath === "" ? NONE : mapping.basePath, restApiId: mapping.apiId, stage: mapping.stage });
}

function findMapping(ctx: Ctx, domainName: string, basePath: string): MappingItem {
  const domain = findDomain(ctx, domainName);
  const mapping = ctx.store.mappings.all(domain.domainName).find((one) => one.basePath === (fromNone(basePath) ?? ""));
  if (mapping === undefined) throw notFound("Invalid base path mapping identifier specified");
  return mapping;
}

function checkBasePath(path: string): string {
  if (!/^[a-zA-Z0-9$\-_.+!*'(),]*$/.test(path)) throw badRequest("API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.");
  return path;
}

const DOMAIN_RULES: readonly PatchRule<DomainItem>[] = [
  text("/certificateArn", "certificateArn"),
  text("/certificateName", "certificateName"),
  text("/regionalCertificateArn", "regionalCertificateArn"),
  text("/regionalCertificateName", "regionalCertificateName"),
  text("/securityPolicy", "securityPolicy"),
  text("/ownershipVerificationCertificateArn", "ownershipVerificationCertificateArn"),
  text("/routingMode", "routingMode"),
  { path: "/policy", replace: (domain, value) => void (domain.policy = value ?? "") },
  { path: "/endpointConfiguration/ipAddressType", replace: (domain, value) => void (domain.endpointConfiguration = { ...domain.endpointConfiguration, ipAddressType: value ?? "ipv4" }) },
  {
    path: "/endpointConfiguration/types/{}",
    replace: (domain, value) => {
      if (value !== "EDGE" && value !== "REGIONAL") throw badRequest(`Invalid endpoint type specified: ${value}`);
      domain.endpointConfiguration = { ...domain.endpointConfiguration, types: [value] };
    },
    add: (domain, value) => void (domain.endpointConfiguration = { ...domain.endpointConfiguration, types: [...new Set([...(domain.endpointConfiguration?.types ?? []), value ?? ""])] }),
    remove: (domain, _value, name) => void (domain.endpointConfiguration = { ...domain.endpointConfiguration, types: (domain.endpointConfiguration?.types ?? []).filter((type) => type !== name) }),
  },
  mutualTls("/mutualTlsAuthentication/truststoreUri", "truststoreUri"),
  mutualTls("/mutualTlsAuthentication/truststoreVersion", "truststoreVersion"),
];

function mutualTls(path: string, key: "truststoreUri" | "truststoreVersion"): PatchRule<DomainItem> {
  return {
    path,
    replace: (domain, value) => {
      const settings = { ...domain.mutualTlsAuthentication };
      if (value === undefined || value === "") delete settings[key];
      else settings[key] = value;
      if (settings.truststoreUri === undefined) delete domain.mutualTlsAuthentication;
      else domain.mutualTlsAuthentication = settings;
    },
  };
}

export const domainOperations: Operations<"apigateway", Store> = {
  CreateDomainName(ctx, input) {
    const type = input.endpointConfiguration?.types?.[0] ?? "EDGE";
    const edge = type === "EDGE";
    return createDomain(ctx, {
      domainName: input.domainName, type: type as "EDGE", ipAddressType: input.endpointConfiguration?.ipAddressType,
      certificateArn: edge ? input.certificateArn : (input.regionalCertificateArn ?? input.certificateArn), certificateName: edge ? input.certificateName : input.regionalCertificateName,
      securityPolicy: input.securityPolicy, mutualTls: input.mutualTlsAuthentication, ownershipCertificateArn: input.ownershipVerificationCertificateArn, tags: input.tags, routingMode: input.routingMode, policy: input.policy,
    });
  },
  GetDomainName: (ctx, input) => findDomain(ctx, input.domainName),
  GetDomainNames: (ctx, input) => pageOf(ctx.store.domains, "", input),
  UpdateDomainName(ctx, input) {
    const domain = applyPatch(findDomain(ctx, input.domainName), input.patchOperations, DOMAIN_RULES);
    ctx.store.domains.put("", domain.domainName, domain);
    return domain;
  },
  DeleteDomainName(ctx, input) {
    deleteDomain(ctx, input.domainName);
    return {};
  },
  CreateBasePathMapping(ctx, input) {
    const domain = findDomain(ctx, input.domainName);
    return mappingView(createMapping(ctx, domain.domainName, { apiId: input.restApiId, stage: fromNone(input.stage), basePath: checkBasePath(fromNone(input.basePath) ?? "") }));
  },
  GetBasePathMapping: (ctx, input) => mappingView(findMapping(ctx, input.domainName, input.basePath)),
  GetBasePathMappings(ctx, input) {
    const domain = findDomain(ctx, input.domainName);
    const { items, position } = pageOf(ctx.store.mappings, domain.domainName, input);
    return defined({ items: items.map(mappingView), position });
  },
  UpdateBasePathMapping(ctx, input) {
    const before = findMapping(ctx, input.domainName, input.basePath);
    const domain = findDomain(ctx, input.domainName).domainName;
    const mapping = applyPatch(before, input.patchOperations, [
      { path: "/basePath", replace: (item, value) => void (item.basePath = checkBasePath(fromNone(value) ?? "")) },
      {
        path: "/stage",
        replace: (item, value) => {
          const stage = fromNone(value);
          if (stage === undefined) delete item.stage;
          else item.stage = stage;
        },
      },
      { path: "/restapiId", replace: (item, value) => void (item.apiId = value ?? "") },
      { path: "/restApiId", replace: (item, value) => void (item.apiId = value ?? "") },
    ]);
    if (mapping.basePath !== before.basePath && ctx.store.mappings.all(domain).some((one) => one.basePath === mapping.basePath)) throw conflict("Base path already exists for this domain name");
    ctx.store.mappings.put(domain, mapping.mappingId, mapping);
    return mappingView(mapping);
  },
  DeleteBasePathMapping(ctx, input) {
    const mapping = findMapping(ctx, input.domainName, input.basePath);
    ctx.store.mappings.delete(findDomain(ctx, input.domainName).domainName, mapping.mappingId);
    return {};
  },
};
