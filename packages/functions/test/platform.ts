import { LambdaClient, CreateFunctionCommand, type CreateFunctionCommandInput, type FunctionConfiguration } from "@aws-sdk/client-lambda";
import { testPlatform, type TestPlatform } from "@cumulet/core/testing";
import type { AnyService } from "@cumulet/core";
import type { PlatformOptions } from "@cumulet/core/platform";
import { services } from "../src/index.ts";
import { zipOf } from "./zips.ts";

export const ROLE = "arn:aws:iam::000000000000:role/lambda-role";

/** A platform with Lambda and a client for it. */
export interface TestLambda extends AsyncDisposable {
  platform: TestPlatform;
  client: LambdaClient;
  /** Creates a function and lets its creation settle. */
  create(name: string, files: Record<string, string>, more?: Partial<CreateFunctionCommandInput>): Promise<FunctionConfiguration>;
  /** Lets creations and updates settle. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export async function testLambda(options: Partial<PlatformOptions> & { services?: readonly AnyService[] } = {}): Promise<TestLambda> {
  const platform = await testPlatform([...services, ...(options.services ?? [])], options);
  const client = new LambdaClient(platform.clientConfig());
  const settle = (): Promise<void> => platform.clock.advance(1000);
  const close = async (): Promise<void> => {
    client.destroy();
    await platform.close();
  };
  return {
    platform, client, settle, close,
    create: async (name, files, more = {}) => {
      const created = await client.send(new CreateFunctionCommand({
        FunctionName: name, Runtime: "nodejs22.x", Handler: "index.handler", Role: ROLE, Code: { ZipFile: await zipOf(files) }, ...more,
      }));
      await settle();
      return created;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** The payload of an answer as an object. */
export function json(payload: Uint8Array | undefined): unknown {
  return payload === undefined || payload.length === 0 ? undefined : JSON.parse(Buffer.from(payload).toString("utf8"));
}

/** The error that a command is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<{ name: string; message: string; status: number | undefined } & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    const thrown = error as Error & { $metadata?: { httpStatusCode?: number } } & Record<string, unknown>;
    return { ...thrown, name: thrown.name, message: thrown.message, status: thrown.$metadata?.httpStatusCode };
  }
  throw new Error("The command was expected to fail");
}
