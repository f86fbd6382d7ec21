import { CreateCodeSigningConfigCommand, InvokeAsyncCommand, ListCodeSigningConfigsCommand, UpdateCodeSigningConfigCommand } from "@aws-sdk/client-lambda";
import { expect, test } from "vitest";
import { testLambda } from "./platform.ts";

test("code signing configurations are kept, changed and listed", async () => {
  await using lambda = await testLambda();
  const AllowedPublishers = { SigningProfileVersionArns: ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/mine/abcdefghij"] };
  const { CodeSigningConfig } = await lambda.client.send(new CreateCodeSigningConfigCommand({ AllowedPublishers }));
  const CodeSigningConfigArn = CodeSigningConfig!.CodeSigningConfigArn!;
  const updated = await lambda.client.send(new UpdateCodeSigningConfigCommand({ CodeSigningConfigArn, Description: "ours", CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" } }));
  expect(updated.CodeSigningConfig).toMatchObject({ Description: "ours", CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" }, AllowedPublishers });
  const { CodeSigningConfigs } = await lambda.client.send(new ListCodeSigningConfigsCommand({}));
  expect(CodeSigningConfigs?.map((config) => config.CodeSigningConfigArn)).toEqual([CodeSigningConfigArn]);
});

test("InvokeAsync, the retired way of an event, is still accepted", async () => {
  await using lambda = await testLambda();
  await lambda.create("late", { "index.js": "exports.handler = async (event) => event;" });
  const answer = await lambda.client.send(new InvokeAsyncCommand({ FunctionName: "late", InvokeArgs: Buffer.from('{"a":1}') }));
  expect(answer.Status).toBe(202);
  await lambda.platform.platform.idle();
});
