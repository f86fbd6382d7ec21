/** Mobile platforms, endpoints and the SMS sandbox: recorded for inspection, nothing leaves the machine. */
import * as sns from "@aws-sdk/client-sns";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { services } from "../../src/index.ts";

let cloud: TestPlatform;
let client: sns.SNSClient;
beforeAll(async () => {
  cloud = await testPlatform(services);
  client = new sns.SNSClient(cloud.clientConfig());
});
afterAll(() => cloud.close());
const run = <T = any>(command: new (input: any) => any, input: object = {}): Promise<T> => client.send(new command(input)) as Promise<T>;

test("a platform application and its endpoints", async () => {
  const { PlatformApplicationArn } = await run(sns.CreatePlatformApplicationCommand, { Name: "app", Platform: "GCM", Attributes: { PlatformCredential: "secret" } });
  await run(sns.SetPlatformApplicationAttributesCommand, { PlatformApplicationArn, Attributes: { SuccessFeedbackSampleRate: "10" } });
  expect((await run(sns.GetPlatformApplicationAttributesCommand, { PlatformApplicationArn })).Attributes).toMatchObject({ Enabled: "true", SuccessFeedbackSampleRate: "10" });
  expect((await run(sns.ListPlatformApplicationsCommand)).PlatformApplications.map((application: sns.PlatformApplication) => application.PlatformApplicationArn)).toEqual([PlatformApplicationArn]);
  const { EndpointArn } = await run(sns.CreatePlatformEndpointCommand, { PlatformApplicationArn, Token: "device" });
  await run(sns.SetEndpointAttributesCommand, { EndpointArn, Attributes: { CustomUserData: "me" } });
  expect((await run(sns.GetEndpointAttributesCommand, { EndpointArn })).Attributes).toMatchObject({ Enabled: "true", Token: "device", CustomUserData: "me" });
  await run(sns.DeleteEndpointCommand, { EndpointArn });
  await expect(run(sns.GetEndpointAttributesCommand, { EndpointArn })).rejects.toMatchObject({ name: "NotFoundException" });
  await run(sns.DeletePlatformApplicationCommand, { PlatformApplicationArn });
  expect((await run(sns.ListPlatformApplicationsCommand)).PlatformApplications).toEqual([]);
});

test("the SMS sandbox, numbers and subscriptions", async () => {
  // Out of the sandbox, so that any number can be written to: nothing is really sent.
  expect((await run(sns.GetSMSSandboxAccountStatusCommand)).IsInSandbox).toBe(false);
  const PhoneNumber = "+15550100123";
  await run(sns.CreateSMSSandboxPhoneNumberCommand, { PhoneNumber });
  expect((await run(sns.ListSMSSandboxPhoneNumbersCommand)).PhoneNumbers).toEqual([{ PhoneNumber, Status: "Pending" }]);
  await expect(run(sns.VerifySMSSandboxPhoneNumberCommand, { PhoneNumber: "+15550100999", OneTimePassword: "123456" })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await run(sns.DeleteSMSSandboxPhoneNumberCommand, { PhoneNumber });
  expect((await run(sns.ListSMSSandboxPhoneNumbersCommand)).PhoneNumbers).toEqual([]);
  expect((await run(sns.ListOriginationNumbersCommand)).PhoneNumbers).toEqual([]);
  await run(sns.OptInPhoneNumberCommand, { phoneNumber: PhoneNumber });
  expect((await run(sns.ListPhoneNumbersOptedOutCommand)).phoneNumbers).toEqual([]);
  const { TopicArn } = await run(sns.CreateTopicCommand, { Name: "topic" });
  await run(sns.SubscribeCommand, { TopicArn, Protocol: "sms", Endpoint: PhoneNumber });
  expect((await run(sns.ListSubscriptionsCommand)).Subscriptions).toEqual([expect.objectContaining({ TopicArn, Protocol: "sms", Endpoint: PhoneNumber })]);
});
