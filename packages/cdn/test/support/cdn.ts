import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { buffer } from "node:stream/consumers";
import { CloudFrontClient, CreateDistributionCommand, type CacheBehavior, type DefaultCacheBehavior, type Distribution, type DistributionConfig } from "@aws-sdk/client-cloudfront";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { services } from "../../src/index.ts";
import { testOrigin, type TestOrigin } from "./origin.ts";

export const CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6";
export const CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
export const ORIGIN_CONTROLS = "4cc15a8a-d715-48a4-82b8-cc0b614638fe";
export const ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3";

/** What a viewer got. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A platform with an origin behind it, and a client for each side. */
export interface TestCdn extends AsyncDisposable {
  platform: TestPlatform;
  origin: TestOrigin;
  client: CloudFrontClient;
  /** Creates a distribution over the origin. */
  distribution(config?: Partial<DistributionConfig>, behavior?: Partial<DefaultCacheBehavior>, behaviors?: CacheBehavior[]): Promise<Distribution>;
  /** Asks as a viewer, by the distribution's host name. */
  get(distribution: Distribution | string, path: string, options?: { method?: string; headers?: { [name: string]: string }; body?: string }): Promise<Answer>;
}

/** Starts them. `settings` are the platform's, by `<service>.<name>`. */
export async function testCdn(settings: { [name: string]: string } = {}): Promise<TestCdn> {
  const platform = await testPlatform(services, { config: { settings } });
  const origin = await testOrigin();
  const client = new CloudFrontClient(platform.clientConfig());
  let references = 0;
  return {
    platform, origin, client,
    distribution: async (config = {}, behavior = {}, behaviors = []) => {
      const created = await client.send(new CreateDistributionCommand({ DistributionConfig: distributionConfig(origin.port, `r${++references}`, config, behavior, behaviors) }));
      return created.Distribution!;
    },
    get: (distribution, path, { method = "GET", headers = {}, body } = {}) => new Promise((resolve, reject) => {
      const host = typeof distribution === "string" ? distribution : distribution.DomainName!;
      const sent = httpRequest({ host: "127.0.0.1", port: platform.port, path, method, headers: { host, ...headers } }, (response) => {
        buffer(response).then((bytes) => resolve({ status: response.statusCode!, headers: response.headers, body: bytes.toString() }), reject);
      });
      sent.on("error", reject);
      sent.end(body);
    }),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await platform.close();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** A configuration with one custom origin on this machine. */
export function distributionConfig(port: number, reference: string, config: Partial<DistributionConfig> = {}, behavior: Partial<DefaultCacheBehavior> = {}, behaviors: CacheBehavior[] = []): DistributionConfig {
  return {
    CallerReference: reference,
    Comment: "",
    Enabled: true,
    Origins: { Quantity: 1, Items: [{ Id: "o", DomainName: "127.0.0.1", CustomOriginConfig: { HTTPPort: port, HTTPSPort: 443, OriginProtocolPolicy: "http-only" } }] },
    DefaultCacheBehavior: { TargetOriginId: "o", ViewerProtocolPolicy: "allow-all", CachePolicyId: CACHING_OPTIMIZED, ...behavior },
    ...(behaviors.length === 0 ? {} : { CacheBehaviors: { Quantity: behaviors.length, Items: behaviors } }),
    ...config,
  };
}
