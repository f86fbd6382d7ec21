import type { DistributionConfig } from "@cumulet/protocol/models/cloudfront.d.ts";

/** What is stored of a distribution. */
export interface DistributionBody {
  config: DistributionConfig;
  /** The first label of its domain name. */
  label: string;
  /** Platform time from which its latest change counts as deployed, milliseconds. */
  deployedMs: number;
}

/** The kind under which the directory keeps distributions' domain labels and ids, and that of alternate domain names. */
export const DOMAIN_NAMES = "cloudfront.domain";
export const ALIAS_NAMES = "cloudfront.alias";

/** What the directory says of a domain label, an id or an alternate name. */
export interface DomainOwner {
  id: string;
}
