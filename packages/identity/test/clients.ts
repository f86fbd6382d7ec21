import { IAMClient } from "@aws-sdk/client-iam";
import { STSClient } from "@aws-sdk/client-sts";
import { TestClock, testPlatform, type TestPlatform } from "@cumulet/core/testing";
import type { PlatformOptions } from "@cumulet/core/platform";
import { createAuthorizer, services } from "../src/index.ts";

export const ACCOUNT = "000000000000";

/** A policy document of these statements. */
export const policy = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
export const allow = (Action: string | string[], Resource: string | string[] = "*", more: object = {}): object => ({ Effect: "Allow", Action, Resource, ...more });
/** A trust policy. */
export const trust = (Principal: object, more: object = {}): string => policy({ Effect: "Allow", Principal, Action: "sts:AssumeRole", ...more });

interface Keys { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined }

/** IAM and STS with clients of the root and of anybody else. */
export interface Identity extends AsyncDisposable {
  cloud: TestPlatform;
  iam: IAMClient;
  sts: STSClient;
  config(keys: Keys): object;
  as(keys: Keys): { iam: IAMClient; sts: STSClient };
}

export async function identity(mode: "off" | "strict" = "off", options: Partial<PlatformOptions> = {}): Promise<Identity> {
  // Clients sign with their own time.
  const cloud = await testPlatform(services, { clock: new TestClock(Date.now()), authorizer: createAuthorizer(), config: { authorization: mode, signatures: mode === "strict" ? "enforce" : "off" }, ...options });
  const config = ({ AccessKeyId = "", SecretAccessKey = "", SessionToken }: Keys) => ({
    ...cloud.clientConfig(), credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }) },
  });
  return {
    cloud, config, iam: new IAMClient(cloud.clientConfig()), sts: new STSClient(cloud.clientConfig()),
    as: (keys) => ({ iam: new IAMClient(config(keys)), sts: new STSClient(config(keys)) }),
    [Symbol.asyncDispose]: () => cloud.close(),
  };
}
