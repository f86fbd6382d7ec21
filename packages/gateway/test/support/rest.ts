import { CreateDeploymentCommand, CreateResourceCommand, CreateRestApiCommand, PutIntegrationCommand, PutIntegrationResponseCommand, PutMethodCommand, PutMethodResponseCommand } from "@aws-sdk/client-api-gateway";
import type { CreateRestApiCommandInput, PutIntegrationCommandInput, PutIntegrationResponseCommandInput, PutMethodCommandInput } from "@aws-sdk/client-api-gateway";
import type { Answer, CallOptions, GatewayUnderTest } from "./platform.ts";

export interface MethodOptions {
  method?: Partial<PutMethodCommandInput>;
  integration?: Partial<PutIntegrationCommandInput>;
  responses?: Partial<PutIntegrationResponseCommandInput>[];
}

/** Builds a REST API call by call, as a client does. */
export class RestApiBuilder {
  readonly g: GatewayUnderTest;
  readonly id: string;
  readonly resources: Map<string, string>;

  private constructor(g: GatewayUnderTest, id: string, root: string) {
    this.g = g;
    this.id = id;
    this.resources = new Map([["/", root]]);
  }

  static async create(g: GatewayUnderTest, input: Partial<CreateRestApiCommandInput> = {}): Promise<RestApiBuilder> {
    const api = await g.v1.send(new CreateRestApiCommand({ name: "api", ...input }));
    return new RestApiBuilder(g, api.id!, api.rootResourceId!);
  }

  async resource(path: string): Promise<string> {
    const known = this.resources.get(path);
    if (known !== undefined) return known;
    const at = path.lastIndexOf("/");
    const parentId = await this.resource(path.slice(0, at) || "/");
    const { id } = await this.g.v1.send(new CreateResourceCommand({ restApiId: this.id, parentId, pathPart: path.slice(at + 1) }));
    this.resources.set(path, id!);
    return id!;
  }

  /** A method; a mock that answers `{}` unless told. */
  async method(httpMethod: string, path: string, options: MethodOptions = {}): Promise<void> {
    const where = { restApiId: this.id, resourceId: await this.resource(path), httpMethod };
    await this.g.v1.send(new PutMethodCommand({ ...where, authorizationType: "NONE", ...options.method }));
    await this.g.v1.send(new PutIntegrationCommand({ ...where, type: "MOCK", requestTemplates: { "application/json": '{"statusCode":200}' }, ...options.integration }));
    const mock = options.integration?.type === undefined || options.integration.type === "MOCK";
    for (const response of options.responses ?? (mock ? [{ statusCode: "200", responseTemplates: { "application/json": "{}" } }] : [])) {
      const declared = Object.fromEntries(Object.keys(response.responseParameters ?? {}).map((name) => [name, false]));
      await this.g.v1.send(new PutMethodResponseCommand({ ...where, statusCode: response.statusCode!, responseParameters: declared }));
      await this.g.v1.send(new PutIntegrationResponseCommand({ ...where, statusCode: response.statusCode!, ...response }));
    }
  }

  async proxy(httpMethod: string, path: string, name: string, method: Partial<PutMethodCommandInput> = {}): Promise<void> {
    await this.method(httpMethod, path, { method, integration: { type: "AWS_PROXY", integrationHttpMethod: "POST", uri: this.g.uri(name), requestTemplates: {} } });
  }

  async deploy(stageName = "test", variables?: Record<string, string>): Promise<string> {
    const { id } = await this.g.v1.send(new CreateDeploymentCommand({ restApiId: this.id, stageName, variables }));
    return id!;
  }

  call(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.g.call(path, { host: `${this.id}.execute-api.us-east-1.localhost`, ...options });
  }
}
