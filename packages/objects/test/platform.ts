import { S3Client } from "@aws-sdk/client-s3";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { testPlatform } from "@cumulet/core/testing";
import type { TestPlatform } from "@cumulet/core/testing";
import type { PlatformOptions } from "@cumulet/core/platform";
import { Agent } from "node:http";
import { afterAll, expect } from "vitest";
import { services } from "../src/index.ts";

/** A platform with S3 alone, and clients of it, for a test file. */
export async function s3Platform(options: Partial<PlatformOptions> = {}): Promise<TestPlatform & { client(account?: string, region?: string, config?: S3ClientConfig): S3Client }> {
  const platform = await testPlatform([...services], options);
  const clients: S3Client[] = [];
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await platform.close();
  });
  return Object.assign(platform, {
    client: (account?: string, region?: string, config: S3ClientConfig = {}) => {
      const client = new S3Client({ ...platform.clientConfig(account, region), forcePathStyle: true, ...config });
      clients.push(client);
      return client;
    },
  });
}

/** The failure of a call, which must be one of S3's. */
export async function failure(call: Promise<unknown>): Promise<{ name: string; message: string; status: number | undefined; fields: Record<string, unknown> }> {
  const error = await call.then(() => undefined, (reason: unknown) => reason as Record<string, unknown>);
  expect(error).toBeDefined();
  const { name, message, $metadata, $response: _response, $fault: _fault, ...fields } = error as { name: string; message: string; $metadata?: { httpStatusCode?: number }; [field: string]: unknown };
  return { name, message, status: $metadata?.httpStatusCode, fields };
}

/** An agent for which every host is this machine: clients put names in front of `localhost`, which not every resolver knows. */
export function localAgent(): Agent {
  return new Agent({
    lookup: (_host, options, found) => {
      if (options.all === true) (found as (error: null, addresses: { address: string; family: number }[]) => void)(null, [{ address: "127.0.0.1", family: 4 }]);
      else found(null, "127.0.0.1", 4);
    },
  });
}
