/** The control plane of HTTP and WebSocket APIs: made, read, listed, changed, deleted. */
import * as gw from "@aws-sdk/client-apigatewayv2";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../src/index.ts";

let cloud: TestPlatform;
let client: gw.ApiGatewayV2Client;
let ApiId: string;
beforeAll(async () => {
  cloud = await testPlatform(services);
  client = new gw.ApiGatewayV2Client(cloud.clientConfig());
  ({ ApiId } = await run(gw.CreateApiCommand, { Name: "http", ProtocolType: "HTTP", CorsConfiguration: { AllowOrigins: ["*"] } }));
});
afterAll(() => cloud.close());

const run = <T = any>(command: new (input: any) => any, input: object = {}): Promise<T> => client.send(new command(input)) as Promise<T>;
const missing = (call: Promise<unknown>): Promise<void> => expect(call).rejects.toMatchObject({ name: "NotFoundException", $metadata: { httpStatusCode: 404 } });
const URI = "arn:aws:lambda:us-east-1:000000000000:function:f";

test("integrations, routes and authorizers", async () => {
  const { IntegrationId } = await run(gw.CreateIntegrationCommand, { ApiId, IntegrationType: "AWS_PROXY", IntegrationUri: URI, PayloadFormatVersion: "2.0" });
  expect((await run(gw.UpdateIntegrationCommand, { ApiId, IntegrationId, TimeoutInMillis: 5000 })).TimeoutInMillis).toBe(5000);
  expect((await run(gw.GetIntegrationCommand, { ApiId, IntegrationId })).IntegrationUri).toBe(URI);
  expect((await run(gw.GetIntegrationsCommand, { ApiId })).Items).toHaveLength(1);

  const { AuthorizerId } = await run(gw.CreateAuthorizerCommand, { ApiId, Name: "jwt", AuthorizerType: "JWT", IdentitySource: ["$request.header.Authorization"], JwtConfiguration: { Audience: ["me"], Issuer: "https://issuer.example.com" } });
  expect((await run(gw.UpdateAuthorizerCommand, { ApiId, AuthorizerId, Name: "renamed" })).Name).toBe("renamed");
  expect((await run(gw.GetAuthorizerCommand, { ApiId, AuthorizerId })).Name).toBe("renamed");
  expect((await run(gw.GetAuthorizersCommand, { ApiId })).Items).toHaveLength(1);

  const { RouteId } = await run(gw.CreateRouteCommand, { ApiId, RouteKey: "GET /a", Target: `integrations/${IntegrationId}` });
  expect((await run(gw.UpdateRouteCommand, { ApiId, RouteId, RouteKey: "GET /b" })).RouteKey).toBe("GET /b");
  expect((await run(gw.GetRouteCommand, { ApiId, RouteId })).RouteKey).toBe("GET /b");
  expect((await run(gw.GetRoutesCommand, { ApiId })).Items).toHaveLength(1);
  await expect(run(gw.CreateRouteCommand, { ApiId, RouteKey: "GET /b" })).rejects.toMatchObject({ name: "ConflictException", $metadata: { httpStatusCode: 409 } });

  await run(gw.DeleteRouteCommand, { ApiId, RouteId });
  await missing(run(gw.GetRouteCommand, { ApiId, RouteId }));
  await run(gw.DeleteAuthorizerCommand, { ApiId, AuthorizerId });
  await run(gw.DeleteIntegrationCommand, { ApiId, IntegrationId });
  await missing(run(gw.GetIntegrationCommand, { ApiId, IntegrationId }));
});

test("stages, deployments, CORS and tags", async () => {
  const stage = { ApiId, StageName: "dev", RouteSettings: { "GET /x": { ThrottlingBurstLimit: 1 } }, AccessLogSettings: { DestinationArn: "arn:aws:logs:us-east-1:000000000000:log-group:a", Format: "$context.requestId" } };
  await expect(run(gw.CreateStageCommand, stage)).rejects.toMatchObject({ name: "NotFoundException", message: "Unable to find Route by key GET /x within the provided RouteSettings" });
  const route = await run(gw.CreateIntegrationCommand, { ApiId, IntegrationType: "AWS_PROXY", IntegrationUri: URI, PayloadFormatVersion: "2.0" });
  await run(gw.CreateRouteCommand, { ApiId, RouteKey: "GET /x", Target: `integrations/${route.IntegrationId}` });
  await run(gw.CreateStageCommand, stage);
  await run(gw.DeleteRouteSettingsCommand, { ApiId, StageName: "dev", RouteKey: "GET /x" });
  await run(gw.DeleteAccessLogSettingsCommand, { ApiId, StageName: "dev" });
  const { Items: stages } = await run(gw.GetStagesCommand, { ApiId });
  expect(stages).toEqual([expect.objectContaining({ StageName: "dev" })]);
  expect(stages[0].AccessLogSettings).toBeUndefined();
  const { DeploymentId } = await run(gw.CreateDeploymentCommand, { ApiId, StageName: "dev" });
  expect((await run(gw.UpdateDeploymentCommand, { ApiId, DeploymentId, Description: "one" })).Description).toBe("one");
  expect((await run(gw.GetDeploymentCommand, { ApiId, DeploymentId })).DeploymentStatus).toBe("DEPLOYED");
  await run(gw.DeleteStageCommand, { ApiId, StageName: "dev" });
  await run(gw.DeleteDeploymentCommand, { ApiId, DeploymentId });
  await run(gw.DeleteCorsConfigurationCommand, { ApiId });
  expect((await run(gw.GetApiCommand, { ApiId })).CorsConfiguration).toBeUndefined();
  const ResourceArn = `arn:aws:apigateway:us-east-1::/apis/${ApiId}`;
  await run(gw.TagResourceCommand, { ResourceArn, Tags: { a: "b", c: "d" } });
  await run(gw.UntagResourceCommand, { ResourceArn, TagKeys: ["a"] });
  expect((await run(gw.GetTagsCommand, { ResourceArn })).Tags).toEqual({ c: "d" });
});

test("what only WebSocket APIs have: models, integration and route responses", async () => {
  const api = (await run(gw.CreateApiCommand, { Name: "ws", ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.action" })).ApiId;
  const { ModelId } = await run(gw.CreateModelCommand, { ApiId: api, Name: "Message", ContentType: "application/json", Schema: '{"type":"object"}' });
  expect((await run(gw.UpdateModelCommand, { ApiId: api, ModelId, Description: "said" })).Description).toBe("said");
  expect((await run(gw.GetModelCommand, { ApiId: api, ModelId })).Name).toBe("Message");
  expect((await run(gw.GetModelTemplateCommand, { ApiId: api, ModelId })).Value).toContain("$inputRoot");
  expect((await run(gw.GetModelsCommand, { ApiId: api })).Items).toHaveLength(1);
  await run(gw.DeleteModelCommand, { ApiId: api, ModelId });

  const { IntegrationId } = await run(gw.CreateIntegrationCommand, { ApiId: api, IntegrationType: "MOCK" });
  const { IntegrationResponseId } = await run(gw.CreateIntegrationResponseCommand, { ApiId: api, IntegrationId, IntegrationResponseKey: "$default" });
  expect((await run(gw.UpdateIntegrationResponseCommand, { ApiId: api, IntegrationId, IntegrationResponseId, TemplateSelectionExpression: "200" })).TemplateSelectionExpression).toBe("200");
  expect((await run(gw.GetIntegrationResponseCommand, { ApiId: api, IntegrationId, IntegrationResponseId })).IntegrationResponseKey).toBe("$default");
  expect((await run(gw.GetIntegrationResponsesCommand, { ApiId: api, IntegrationId })).Items).toHaveLength(1);
  await run(gw.DeleteIntegrationResponseCommand, { ApiId: api, IntegrationId, IntegrationResponseId });

  const { RouteId } = await run(gw.CreateRouteCommand, { ApiId: api, RouteKey: "say", RequestParameters: { "route.request.querystring.a": { Required: false } } });
  const { RouteResponseId } = await run(gw.CreateRouteResponseCommand, { ApiId: api, RouteId, RouteResponseKey: "$default" });
  expect((await run(gw.UpdateRouteResponseCommand, { ApiId: api, RouteId, RouteResponseId, ModelSelectionExpression: "x" })).ModelSelectionExpression).toBe("x");
  expect((await run(gw.GetRouteResponseCommand, { ApiId: api, RouteId, RouteResponseId })).RouteResponseKey).toBe("$default");
  expect((await run(gw.GetRouteResponsesCommand, { ApiId: api, RouteId })).Items).toHaveLength(1);
  await run(gw.DeleteRouteResponseCommand, { ApiId: api, RouteId, RouteResponseId });
  await run(gw.DeleteRouteRequestParameterCommand, { ApiId: api, RouteId, RequestParameterKey: "route.request.querystring.a" });
  await run(gw.DeleteApiCommand, { ApiId: api });
  await missing(run(gw.GetApiCommand, { ApiId: api }));
});

test("domain names, mappings, links and the authorizers' cache", async () => {
  const DomainName = "http.example.com";
  const configuration = { CertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/a", EndpointType: "REGIONAL" };
  await run(gw.CreateDomainNameCommand, { DomainName, DomainNameConfigurations: [configuration] });
  await run(gw.UpdateDomainNameCommand, { DomainName, DomainNameConfigurations: [{ ...configuration, SecurityPolicy: "TLS_1_2" }] });
  expect((await run(gw.GetDomainNameCommand, { DomainName })).DomainNameConfigurations[0].SecurityPolicy).toBe("TLS_1_2");
  expect((await run(gw.GetDomainNamesCommand)).Items).toHaveLength(1);
  await run(gw.CreateStageCommand, { ApiId, StageName: "$default", AutoDeploy: true });
  const { ApiMappingId } = await run(gw.CreateApiMappingCommand, { DomainName, ApiId, Stage: "$default", ApiMappingKey: "v1" });
  await run(gw.UpdateApiMappingCommand, { DomainName, ApiMappingId, ApiId, ApiMappingKey: "v2" });
  expect((await run(gw.GetApiMappingCommand, { DomainName, ApiMappingId })).ApiMappingKey).toBe("v2");
  expect((await run(gw.GetApiMappingsCommand, { DomainName })).Items).toHaveLength(1);
  await run(gw.ResetAuthorizersCacheCommand, { ApiId, StageName: "$default" });
  await run(gw.DeleteApiMappingCommand, { DomainName, ApiMappingId });
  await run(gw.DeleteDomainNameCommand, { DomainName });
  await missing(run(gw.GetDomainNameCommand, { DomainName }));

  const { VpcLinkId } = await run(gw.CreateVpcLinkCommand, { Name: "link", SubnetIds: ["subnet-1"] });
  expect((await run(gw.UpdateVpcLinkCommand, { VpcLinkId, Name: "renamed" })).Name).toBe("renamed");
  expect((await run(gw.GetVpcLinkCommand, { VpcLinkId })).Name).toBe("renamed");
  expect((await run(gw.GetVpcLinksCommand)).Items).toHaveLength(1);
  await run(gw.DeleteVpcLinkCommand, { VpcLinkId });
});
