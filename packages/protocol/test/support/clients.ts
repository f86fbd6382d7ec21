/** The real SDK clients, wired to a function in this process instead of a socket. */
import { Readable } from "node:stream";
import type { ServiceId, WireRequest, WireResponse } from "../../src/index.ts";

export interface SdkRequest {
  method: string;
  path: string;
  query: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: string | Uint8Array | Readable;
}

type Handler = (request: SdkRequest) => Promise<WireResponse>;

interface SdkClient {
  send(command: object): Promise<Record<string, unknown>>;
}
type Constructor<T> = new (argument: object) => T;

/** Which package of the SDK speaks for a service, and the options that keep it to plain wire format. */
const PACKAGES: Record<ServiceId, { load: () => Promise<object>; options?: object }> = {
  apigateway: { load: () => import("@aws-sdk/client-api-gateway") },
  apigatewaymanagementapi: { load: () => import("@aws-sdk/client-apigatewaymanagementapi") },
  apigatewayv2: { load: () => import("@aws-sdk/client-apigatewayv2") },
  cloudformation: { load: () => import("@aws-sdk/client-cloudformation") },
  cloudfront: { load: () => import("@aws-sdk/client-cloudfront") },
  "cloudfront-keyvaluestore": { load: () => import("@aws-sdk/client-cloudfront-keyvaluestore") },
  cloudtrail: { load: () => import("@aws-sdk/client-cloudtrail") },
  cloudwatch: { load: () => import("@aws-sdk/client-cloudwatch"), options: { disableRequestCompression: true } },
  "cognito-idp": { load: () => import("@aws-sdk/client-cognito-identity-provider") },
  dynamodb: { load: () => import("@aws-sdk/client-dynamodb") },
  events: { load: () => import("@aws-sdk/client-eventbridge") },
  iam: { load: () => import("@aws-sdk/client-iam") },
  kms: { load: () => import("@aws-sdk/client-kms") },
  lambda: { load: () => import("@aws-sdk/client-lambda") },
  logs: { load: () => import("@aws-sdk/client-cloudwatch-logs") },
  resourcegroupstaggingapi: { load: () => import("@aws-sdk/client-resource-groups-tagging-api") },
  s3: { load: () => import("@aws-sdk/client-s3"), options: { forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED", followRegionRedirects: false } },
  s3control: { load: () => import("@aws-sdk/client-s3-control") },
  scheduler: { load: () => import("@aws-sdk/client-scheduler") },
  secretsmanager: { load: () => import("@aws-sdk/client-secrets-manager") },
  sns: { load: () => import("@aws-sdk/client-sns") },
  sqs: { load: () => import("@aws-sdk/client-sqs"), options: { md5: false, useQueueUrlAsEndpoint: false } },
  ssm: { load: () => import("@aws-sdk/client-ssm") },
  "streams.dynamodb": { load: () => import("@aws-sdk/client-dynamodb-streams") },
  sts: { load: () => import("@aws-sdk/client-sts") },
  xray: { load: () => import("@aws-sdk/client-xray") },
};

/** A client of one service whose every request goes to `handler`. */
export class Sdk {
  readonly #client: SdkClient;
  readonly #module: Record<string, unknown>;
  #handler: Handler = () => Promise.reject(new Error("no handler"));

  private constructor(module: Record<string, unknown>, options: object) {
    this.#module = module;
    const name = Object.keys(module).find((key) => /Client$/.test(key) && key !== "__Client")!;
    this.#client = new (module[name] as Constructor<SdkClient>)({
      region: "us-east-1",
      endpoint: "http://localhost:4566",
      credentials: { accessKeyId: "111111111111", secretAccessKey: "secret" },
      // Signatures are another test's subject.
      signer: { sign: (request: unknown) => Promise.resolve(request) },
      maxAttempts: 1,
      disableHostPrefix: true,
      requestHandler: { handle: async (request: SdkRequest) => ({ response: toSdk(await this.#handler(request)) }), metadata: { handlerProtocol: "http/1.1" }, destroy() {} },
      ...options,
    });
  }

  static async load(service: ServiceId, more: object = {}): Promise<Sdk> {
    const { load, options } = PACKAGES[service];
    return new Sdk((await load()) as Record<string, unknown>, { ...options, ...more });
  }

  /** Whether this version of the SDK knows the operation. */
  has(operation: string): boolean {
    return `${operation}Command` in this.#module;
  }

  async call(operation: string, input: unknown, handler: Handler): Promise<Record<string, unknown>> {
    this.#handler = handler;
    return this.#client.send(new (this.#module[`${operation}Command`] as Constructor<object>)(input as object));
  }
}

function toSdk(response: WireResponse): object {
  const headers: Record<string, string> = {};
  for (let index = 0; index < response.headers.length; index += 2) headers[response.headers[index]!.toLowerCase()] = response.headers[index + 1]!;
  const { body } = response;
  const stream = body === undefined ? Readable.from([]) : typeof body === "string" ? Readable.from([Buffer.from(body)])
    : body instanceof Uint8Array ? Readable.from([body]) : body instanceof Readable ? body : Readable.from(body);
  return { statusCode: response.status, headers, body: stream };
}

/** What the server would have received for a request of the SDK. */
export async function toWire(request: SdkRequest, streaming: boolean): Promise<WireRequest> {
  const query: string[] = [];
  for (const [name, value] of Object.entries(request.query ?? {})) {
    const key = encodeURIComponent(name);
    if (value === null) query.push(key);
    else for (const item of Array.isArray(value) ? value : [value]) query.push(`${key}=${encodeURIComponent(item)}`);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  const body = await bodyOf(request.body);
  return { method: request.method, path: request.path, query: query.join("&"), headers, body: streaming ? Readable.from(body.length === 0 ? [] : [body]) : body };
}

async function bodyOf(body: SdkRequest["body"]): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
