import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sdk from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { IMAGES, withoutDocker } from "./harness.ts";
import { json, refusal, ROLE, testLambda, type TestLambda } from "./platform.ts";
import { runtimeSuite } from "./runtime-suite.ts";

const missing = withoutDocker();

describe.skipIf(missing)(`functions in containers${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => runtimeSuite("docker"));

describe.skipIf(missing)(`what only containers have${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let lambda: TestLambda;
  beforeAll(async () => {
    lambda = await testLambda({ config: { settings: { "lambda.executor": "docker", "lambda.images": JSON.stringify(IMAGES) } } });
  });
  afterAll(() => lambda.close());
  const docker = (...args: string[]): string => spawnSync("docker", args, { encoding: "utf8" }).stdout.trim();

  test("code and the rest of the system are read-only, /tmp has its size, and the platform is in reach", async () => {
    await lambda.create("inside", { "index.js": `
      const fs = require("fs");
      const attempt = (run) => { try { run(); return "done"; } catch (error) { return error.code; } };
      exports.handler = async () => ({
        task: attempt(() => fs.writeFileSync("/var/task/x", "")), etc: attempt(() => fs.writeFileSync("/etc/x", "")), tmp: attempt(() => fs.writeFileSync("/tmp/x", "")),
        full: attempt(() => fs.writeFileSync("/tmp/big", Buffer.alloc(600 * 1048576))), root: __dirname,
        platform: (await fetch(process.env.AWS_ENDPOINT_URL + "/2015-03-31/functions/inside", { headers: { authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00" } })).status,
      });` }, { MemorySize: 1024, Timeout: 30 });
    const answer = await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "inside" }));
    expect(json(answer.Payload)).toEqual({ task: "EROFS", etc: "EROFS", tmp: "done", full: "ENOSPC", root: "/var/task", platform: 200 });
  });

  test("a function made from an image, its entry point, command and folder overridden", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cumulet-image-"));
    writeFileSync(join(folder, "Dockerfile"), `FROM ${IMAGES["nodejs22.x"]}\nCOPY app.js /var/task/\nCOPY other /other\nCMD ["app.handler"]\n`);
    writeFileSync(join(folder, "app.js"), "exports.handler = async () => ({ from: 'app', cwd: process.cwd() }); exports.second = async () => 'second';");
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "other", "note.txt"), "");
    expect(spawnSync("docker", ["build", "-q", "-t", "cumulet-lambda/of-my-own:1", folder], { env: { ...process.env, DOCKER_BUILDKIT: "0" } }).status).toBe(0);
    rmSync(folder, { recursive: true });
    const created = await lambda.client.send(new sdk.CreateFunctionCommand({ FunctionName: "image", PackageType: "Image", Role: ROLE, Code: { ImageUri: "cumulet-lambda/of-my-own:1" } }));
    expect(created).toMatchObject({ PackageType: "Image", CodeSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown });
    expect(created.Runtime).toBeUndefined();
    await lambda.settle();
    const invoke = async (): Promise<unknown> => json((await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "image" }))).Payload);
    expect(await invoke()).toEqual({ from: "app", cwd: "/var/task" });
    await lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "image", ImageConfig: { Command: ["app.second"] } }));
    await lambda.settle();
    expect(await invoke()).toBe("second");
    await lambda.client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: "image", ImageConfig: { EntryPoint: ["/bin/sh", "-c", "cd /var/task && exec /lambda-entrypoint.sh app.handler"], WorkingDirectory: "/other" } }));
    await lambda.settle();
    expect(await invoke()).toEqual({ from: "app", cwd: "/var/task" });
    const { Code } = await lambda.client.send(new sdk.GetFunctionCommand({ FunctionName: "image" }));
    expect(Code).toMatchObject({ RepositoryType: "ECR", ImageUri: "cumulet-lambda/of-my-own:1", ResolvedImageUri: `cumulet-lambda/of-my-own@sha256:${created.CodeSha256}` });
    expect(await refusal(lambda.client.send(new sdk.UpdateFunctionCodeCommand({ FunctionName: "image", ZipFile: Buffer.from("x") })))).toMatchObject({ message: "Please provide ImageUri when updating a function with packageType Image." });
    docker("rmi", "cumulet-lambda/of-my-own:1");
  });

  test("an image that cannot be had is said, by name", async () => {
    await lambda.client.send(new sdk.CreateFunctionCommand({ FunctionName: "no-image", PackageType: "Image", Role: ROLE, Code: { ImageUri: "registry.invalid/nobody/nothing:1" } }));
    await lambda.settle();
    const answer = await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "no-image" }));
    expect(json(answer.Payload)).toMatchObject({ errorType: "Runtime.InvalidImage", errorMessage: expect.stringContaining("registry.invalid/nobody/nothing:1") as unknown });
  });

  test("containers carry labels, and none is left", async () => {
    await lambda.create("labelled", { "index.js": "exports.handler = async () => 1;" });
    await lambda.client.send(new sdk.InvokeCommand({ FunctionName: "labelled" }));
    const label = "label=cumulet.function=arn:aws:lambda:us-east-1:000000000000:function:labelled";
    expect(docker("ps", "-q", "--filter", label)).not.toBe("");
    await lambda.client.send(new sdk.DeleteFunctionCommand({ FunctionName: "labelled" }));
    await vi.waitFor(() => expect(docker("ps", "-aq", "--filter", label)).toBe(""), { timeout: 10_000 });
  });
});
