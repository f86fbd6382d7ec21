/** The REST control plane's resources: made, read, listed, patched, deleted. */
import * as gw from "@aws-sdk/client-api-gateway";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../src/index.ts";

let cloud: TestPlatform;
let client: gw.APIGatewayClient;
let restApiId: string;
let resourceId: string;
beforeAll(async () => {
  cloud = await testPlatform(services);
  client = new gw.APIGatewayClient(cloud.clientConfig());
  const api = await run(gw.CreateRestApiCommand, { name: "rest" });
  restApiId = api.id;
  ({ id: resourceId } = await run(gw.CreateResourceCommand, { restApiId, parentId: api.rootResourceId, pathPart: "things" }));
});
afterAll(() => cloud.close());

const run = <T = any>(command: new (input: any) => any, input: object = {}): Promise<T> => client.send(new command(input)) as Promise<T>;
const replace = (path: string, value: string): { patchOperations: gw.PatchOperation[] } => ({ patchOperations: [{ op: "replace", path, value }] });
const missing = (call: Promise<unknown>): Promise<void> => expect(call).rejects.toMatchObject({ name: "NotFoundException", $metadata: { httpStatusCode: 404 } });

test("the API, its resources, tags and account", async () => {
  expect((await run(gw.UpdateRestApiCommand, { restApiId, ...replace("/description", "patched") })).description).toBe("patched");
  expect(await run(gw.GetRestApiCommand, { restApiId })).toMatchObject({ name: "rest", description: "patched" });
  expect((await run(gw.GetRestApisCommand)).items).toHaveLength(1);
  expect((await run(gw.UpdateResourceCommand, { restApiId, resourceId, ...replace("/pathPart", "items") })).path).toBe("/items");
  expect((await run(gw.GetResourceCommand, { restApiId, resourceId })).path).toBe("/items");
  const resourceArn = `arn:aws:apigateway:us-east-1::/restapis/${restApiId}`;
  await run(gw.TagResourceCommand, { resourceArn, tags: { a: "b", c: "d" } });
  await run(gw.UntagResourceCommand, { resourceArn, tagKeys: ["a"] });
  expect((await run(gw.GetTagsCommand, { resourceArn })).tags).toEqual({ c: "d" });
  expect((await run(gw.GetAccountCommand)).throttleSettings).toEqual({ burstLimit: 5000, rateLimit: 10000 });
  expect((await run(gw.UpdateAccountCommand, replace("/cloudwatchRoleArn", "arn:aws:iam::000000000000:role/logs"))).cloudwatchRoleArn).toBe("arn:aws:iam::000000000000:role/logs");
});

test("methods, integrations and their responses", async () => {
  const of = { restApiId, resourceId, httpMethod: "GET" };
  await run(gw.PutMethodCommand, { ...of, authorizationType: "NONE" });
  expect((await run(gw.UpdateMethodCommand, { ...of, ...replace("/apiKeyRequired", "true") })).apiKeyRequired).toBe(true);
  await run(gw.PutMethodResponseCommand, { ...of, statusCode: "200" });
  expect((await run(gw.UpdateMethodResponseCommand, { ...of, statusCode: "200", patchOperations: [{ op: "add", path: "/responseParameters/method.response.header.x-a", value: "false" }] })).responseParameters).toEqual({ "method.response.header.x-a": false });
  expect((await run(gw.GetMethodResponseCommand, { ...of, statusCode: "200" })).statusCode).toBe("200");
  await run(gw.PutIntegrationCommand, { ...of, type: "MOCK", requestTemplates: { "application/json": '{"statusCode": 200}' } });
  expect((await run(gw.UpdateIntegrationCommand, { ...of, ...replace("/timeoutInMillis", "1000") })).timeoutInMillis).toBe(1000);
  await run(gw.PutIntegrationResponseCommand, { ...of, statusCode: "200", responseTemplates: { "application/json": "{}" } });
  expect((await run(gw.UpdateIntegrationResponseCommand, { ...of, statusCode: "200", ...replace("/selectionPattern", "2\\d\\d") })).selectionPattern).toBe("2\\d\\d");
  expect((await run(gw.GetIntegrationResponseCommand, { ...of, statusCode: "200" })).statusCode).toBe("200");
  expect((await run(gw.GetMethodCommand, of)).methodIntegration).toMatchObject({ type: "MOCK", timeoutInMillis: 1000 });
  await run(gw.DeleteIntegrationResponseCommand, { ...of, statusCode: "200" });
  await run(gw.DeleteIntegrationCommand, of);
  await missing(run(gw.GetIntegrationCommand, of));
  await run(gw.DeleteMethodResponseCommand, { ...of, statusCode: "200" });
  await run(gw.DeleteMethodCommand, of);
  await missing(run(gw.GetMethodCommand, of));
});

test("models, validators, authorizers and gateway responses", async () => {
  await run(gw.CreateModelCommand, { restApiId, name: "Thing", contentType: "application/json", schema: '{"type":"object","properties":{"n":{"type":"integer"}}}' });
  expect((await run(gw.UpdateModelCommand, { restApiId, modelName: "Thing", ...replace("/description", "a thing") })).description).toBe("a thing");
  expect((await run(gw.GetModelCommand, { restApiId, modelName: "Thing" })).name).toBe("Thing");
  expect((await run(gw.GetModelTemplateCommand, { restApiId, modelName: "Thing" })).value).toContain("$inputRoot");
  expect((await run(gw.GetModelsCommand, { restApiId })).items.map((model: gw.Model) => model.name).sort()).toEqual(["Empty", "Error", "Thing"]);
  await run(gw.DeleteModelCommand, { restApiId, modelName: "Thing" });
  await missing(run(gw.GetModelCommand, { restApiId, modelName: "Thing" }));

  const { id: requestValidatorId } = await run(gw.CreateRequestValidatorCommand, { restApiId, name: "body", validateRequestBody: true });
  expect((await run(gw.UpdateRequestValidatorCommand, { restApiId, requestValidatorId, ...replace("/validateRequestParameters", "true") })).validateRequestParameters).toBe(true);
  expect((await run(gw.GetRequestValidatorCommand, { restApiId, requestValidatorId })).name).toBe("body");
  expect((await run(gw.GetRequestValidatorsCommand, { restApiId })).items).toHaveLength(1);
  await run(gw.DeleteRequestValidatorCommand, { restApiId, requestValidatorId });

  const { id: authorizerId } = await run(gw.CreateAuthorizerCommand, { restApiId, name: "guard", type: "TOKEN", authorizerUri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:guard/invocations", identitySource: "method.request.header.Authorization" });
  expect((await run(gw.UpdateAuthorizerCommand, { restApiId, authorizerId, ...replace("/authorizerResultTtlInSeconds", "5") })).authorizerResultTtlInSeconds).toBe(5);
  expect((await run(gw.GetAuthorizerCommand, { restApiId, authorizerId })).name).toBe("guard");
  expect((await run(gw.GetAuthorizersCommand, { restApiId })).items).toHaveLength(1);
  await run(gw.DeleteAuthorizerCommand, { restApiId, authorizerId });

  await run(gw.PutGatewayResponseCommand, { restApiId, responseType: "DEFAULT_4XX", statusCode: "418" });
  expect((await run(gw.UpdateGatewayResponseCommand, { restApiId, responseType: "DEFAULT_4XX", ...replace("/statusCode", "499") })).statusCode).toBe("499");
  expect((await run(gw.GetGatewayResponseCommand, { restApiId, responseType: "DEFAULT_4XX" })).statusCode).toBe("499");
  expect((await run(gw.GetGatewayResponsesCommand, { restApiId, limit: 500 })).items.length).toBeGreaterThan(15);
  await run(gw.DeleteGatewayResponseCommand, { restApiId, responseType: "DEFAULT_4XX" });
  expect((await run(gw.GetGatewayResponseCommand, { restApiId, responseType: "DEFAULT_4XX" })).defaultResponse).toBe(true);
});

test("documentation parts and versions", async () => {
  const { id: documentationPartId } = await run(gw.CreateDocumentationPartCommand, { restApiId, location: { type: "API" }, properties: '{"description":"things"}' });
  await run(gw.UpdateDocumentationPartCommand, { restApiId, documentationPartId, ...replace("/properties", '{"description":"better"}') });
  expect((await run(gw.GetDocumentationPartCommand, { restApiId, documentationPartId })).properties).toBe('{"description":"better"}');
  expect((await run(gw.GetDocumentationPartsCommand, { restApiId })).items).toHaveLength(1);
  const imported = { openapi: "3.0.1", "x-amazon-apigateway-documentation": { documentationParts: [{ location: { type: "RESOURCE", path: "/items" }, properties: { description: "items" } }] } };
  expect((await run(gw.ImportDocumentationPartsCommand, { restApiId, mode: "merge", body: Buffer.from(JSON.stringify(imported)) })).ids).toHaveLength(1);
  await run(gw.CreateDocumentationVersionCommand, { restApiId, documentationVersion: "1" });
  expect((await run(gw.UpdateDocumentationVersionCommand, { restApiId, documentationVersion: "1", ...replace("/description", "first") })).description).toBe("first");
  expect((await run(gw.GetDocumentationVersionCommand, { restApiId, documentationVersion: "1" })).version).toBe("1");
  expect((await run(gw.GetDocumentationVersionsCommand, { restApiId })).items).toHaveLength(1);
  await run(gw.DeleteDocumentationVersionCommand, { restApiId, documentationVersion: "1" });
  await run(gw.DeleteDocumentationPartCommand, { restApiId, documentationPartId });
  await missing(run(gw.GetDocumentationPartCommand, { restApiId, documentationPartId }));
});

test("deployments, stages, keys, plans and exports", async () => {
  await run(gw.PutMethodCommand, { restApiId, resourceId, httpMethod: "GET", authorizationType: "NONE" });
  await run(gw.PutIntegrationCommand, { restApiId, resourceId, httpMethod: "GET", type: "MOCK" });
  const { id: deploymentId } = await run(gw.CreateDeploymentCommand, { restApiId, stageName: "dev" });
  expect((await run(gw.UpdateDeploymentCommand, { restApiId, deploymentId, ...replace("/description", "first") })).description).toBe("first");
  expect((await run(gw.GetDeploymentCommand, { restApiId, deploymentId })).id).toBe(deploymentId);
  expect((await run(gw.GetStagesCommand, { restApiId })).item.map((stage: gw.Stage) => stage.stageName)).toEqual(["dev"]);
  const exported = await run(gw.GetExportCommand, { restApiId, stageName: "dev", exportType: "oas30", parameters: { extensions: "integrations" } });
  const definition = JSON.parse(Buffer.from(exported.body).toString());
  expect(definition.paths["/items"].get["x-amazon-apigateway-integration"].type).toBe("mock");
  const imported = await run(gw.ImportRestApiCommand, { body: Buffer.from(JSON.stringify(definition)) });
  await run(gw.PutRestApiCommand, { restApiId: imported.id, mode: "overwrite", body: Buffer.from(JSON.stringify(definition)) });
  expect((await run(gw.GetResourcesCommand, { restApiId: imported.id })).items.map((resource: gw.Resource) => resource.path).sort()).toEqual(["/", "/items"]);
  await run(gw.DeleteRestApiCommand, { restApiId: imported.id });
  await missing(run(gw.GetRestApiCommand, { restApiId: imported.id }));

  const { id: apiKey } = await run(gw.CreateApiKeyCommand, { name: "key", enabled: true });
  expect((await run(gw.UpdateApiKeyCommand, { apiKey, ...replace("/enabled", "false") })).enabled).toBe(false);
  expect((await run(gw.GetApiKeyCommand, { apiKey, includeValue: true })).value).toMatch(/^\w{20,}$/);
  const csv = "Name,key,description,Enabled,usageplanIds\nimported,abcdef1234567890abcd,an imported key,TRUE,\n";
  expect((await run(gw.ImportApiKeysCommand, { body: Buffer.from(csv), format: "csv" })).ids).toHaveLength(1);
  expect((await run(gw.GetApiKeysCommand)).items).toHaveLength(2);
  const { id: usagePlanId } = await run(gw.CreateUsagePlanCommand, { name: "plan", apiStages: [{ apiId: restApiId, stage: "dev" }] });
  await run(gw.CreateUsagePlanKeyCommand, { usagePlanId, keyId: apiKey, keyType: "API_KEY" });
  expect((await run(gw.GetUsagePlanKeyCommand, { usagePlanId, keyId: apiKey })).id).toBe(apiKey);
  expect((await run(gw.GetUsagePlanKeysCommand, { usagePlanId })).items).toHaveLength(1);
  expect((await run(gw.GetUsagePlansCommand)).items).toHaveLength(1);
  await run(gw.DeleteUsagePlanKeyCommand, { usagePlanId, keyId: apiKey });
  expect((await run(gw.GetUsagePlanCommand, { usagePlanId })).name).toBe("plan");
  await expect(run(gw.DeleteUsagePlanCommand, { usagePlanId })).rejects.toMatchObject({ name: "BadRequestException" });
  await run(gw.UpdateUsagePlanCommand, { usagePlanId, patchOperations: [{ op: "remove", path: "/apiStages", value: `${restApiId}:dev` }] });
  await run(gw.DeleteUsagePlanCommand, { usagePlanId });
  await run(gw.DeleteApiKeyCommand, { apiKey });

  await expect(run(gw.DeleteDeploymentCommand, { restApiId, deploymentId })).rejects.toMatchObject({ name: "BadRequestException" });
  await run(gw.DeleteStageCommand, { restApiId, stageName: "dev" });
  await run(gw.DeleteDeploymentCommand, { restApiId, deploymentId });
  await run(gw.DeleteResourceCommand, { restApiId, resourceId });
  await missing(run(gw.GetResourceCommand, { restApiId, resourceId }));
});

test("domain names, mappings, links and client certificates", async () => {
  const domainName = "api.example.com";
  await run(gw.CreateDomainNameCommand, { domainName, regionalCertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/a", endpointConfiguration: { types: ["REGIONAL"] } });
  await run(gw.UpdateDomainNameCommand, { domainName, ...replace("/securityPolicy", "TLS_1_2") });
  expect((await run(gw.GetDomainNameCommand, { domainName })).securityPolicy).toBe("TLS_1_2");
  expect((await run(gw.GetDomainNamesCommand)).items).toHaveLength(1);
  await run(gw.CreateBasePathMappingCommand, { domainName, basePath: "v1", restApiId });
  await run(gw.UpdateBasePathMappingCommand, { domainName, basePath: "v1", ...replace("/basePath", "v2") });
  expect((await run(gw.GetBasePathMappingCommand, { domainName, basePath: "v2" })).restApiId).toBe(restApiId);
  expect((await run(gw.GetBasePathMappingsCommand, { domainName })).items).toHaveLength(1);
  await run(gw.DeleteBasePathMappingCommand, { domainName, basePath: "v2" });
  await run(gw.DeleteDomainNameCommand, { domainName });
  await missing(run(gw.GetDomainNameCommand, { domainName }));

  const { id: vpcLinkId } = await run(gw.CreateVpcLinkCommand, { name: "link", targetArns: ["arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/a/b"] });
  await run(gw.UpdateVpcLinkCommand, { vpcLinkId, ...replace("/name", "renamed") });
  expect((await run(gw.GetVpcLinkCommand, { vpcLinkId })).name).toBe("renamed");
  expect((await run(gw.GetVpcLinksCommand)).items).toHaveLength(1);
  await run(gw.DeleteVpcLinkCommand, { vpcLinkId });

  const { clientCertificateId } = await run(gw.GenerateClientCertificateCommand, { description: "one" });
  await run(gw.UpdateClientCertificateCommand, { clientCertificateId, ...replace("/description", "two") });
  expect((await run(gw.GetClientCertificateCommand, { clientCertificateId })).pemEncodedCertificate).toContain("BEGIN CERTIFICATE");
  expect((await run(gw.GetClientCertificatesCommand)).items).toHaveLength(1);
  await run(gw.DeleteClientCertificateCommand, { clientCertificateId });
});
