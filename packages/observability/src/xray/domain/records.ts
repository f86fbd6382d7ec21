/** A sampling rule as stored. */
export interface SamplingRuleRecord {
  name: string;
  resourceArn: string;
  priority: number;
  fixedRate: number;
  reservoirSize: number;
  serviceName: string;
  serviceType: string;
  host: string;
  method: string;
  urlPath: string;
  attributes: { [key: string]: string };
  createdMs: number;
  modifiedMs: number;
}

/** What clients told of a rule: the latest of each. */
export interface SamplingStatisticsRecord {
  rule: string;
  timestampMs: number;
  requests: number;
  borrowed: number;
  sampled: number;
}

export interface GroupRecord {
  name: string;
  filter: string | undefined;
  insights: boolean;
  notifications: boolean;
}

export interface PolicyRecord {
  name: string;
  document: string;
  revision: string;
  updatedMs: number;
}

export interface SettingsRecord {
  keyId: string | undefined;
}
