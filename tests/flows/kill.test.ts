import { createHash } from "node:crypto";
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { startCloud, temporaryFolder, type Cloud } from "../support/cloud.ts";

const clients = (cloud: Cloud): { dynamodb: DynamoDBClient; s3: S3Client } => {
  const config = { endpoint: cloud.endpoint, region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: "test" }, maxAttempts: 1 };
  return { dynamodb: new DynamoDBClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
};

/** Contents that say which object they belong to: small ones live in their row, large ones in a file. */
const contents = (n: number): Buffer => {
  const seed = createHash("sha256").update(String(n)).digest();
  return Buffer.alloc(n % 3 === 0 ? 200_000 : 500, seed);
};

test("kill -9 in the middle of writes loses nothing that was acknowledged", async () => {
  using folder = temporaryFolder();
  const first = await startCloud(["--data", folder.path, "--no-example", "--log-level", "error"]);
  const { dynamodb, s3 } = clients(first);
  await dynamodb.send(new CreateTableCommand({ TableName: "kept-items", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions: [{ AttributeName: "id", AttributeType: "N" }], KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] }));
  await s3.send(new CreateBucketCommand({ Bucket: "kept" }));

  const acknowledged: number[] = [];
  let n = 0;
  const enough = Promise.withResolvers<void>();
  const writer = async (): Promise<void> => {
    for (;;) {
      const id = n++;
      await Promise.all([
        dynamodb.send(new PutItemCommand({ TableName: "kept-items", Item: { id: { N: String(id) }, text: { S: `item ${id}` } } })),
        s3.send(new PutObjectCommand({ Bucket: "kept", Key: `o/${id}`, Body: contents(id) })),
      ]);
      acknowledged.push(id);
      if (acknowledged.length === 300) enough.resolve();
    }
  };
  // The writers end when their connections break.
  const writers = Array.from({ length: 8 }, () => writer().catch(() => undefined));
  await enough.promise;
  await first.kill();
  await Promise.all(writers);

  const second = await startCloud(["--data", folder.path, "--no-example", "--log-level", "error"]);
  const after = clients(second);
  try {
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    for (const id of acknowledged) {
      const { Item } = await after.dynamodb.send(new GetItemCommand({ TableName: "kept-items", Key: { id: { N: String(id) } } }));
      expect(Item?.text).toEqual({ S: `item ${id}` });
      const object = await after.s3.send(new GetObjectCommand({ Bucket: "kept", Key: `o/${id}` }));
      expect(Buffer.from(await object.Body!.transformToByteArray()).equals(contents(id)), `object ${id}`).toBe(true);
    }
  } finally {
    await second.kill();
  }
});
