/**
 * Deploys the guestbook through the public AWS APIs only, as a script against AWS would. Running it again updates what
 * changed: `node examples/guestbook/deploy.ts http://localhost:4566`.
 */
import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { ApiGatewayV2Client, CreateApiCommand, CreateIntegrationCommand, CreateRouteCommand, CreateStageCommand, GetApisCommand } from "@aws-sdk/client-apigatewayv2";
import { CloudFrontClient, CreateDistributionCommand, CreateInvalidationCommand, ListDistributionsCommand } from "@aws-sdk/client-cloudfront";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient, UpdateFunctionCodeCommand, waitUntilFunctionActiveV2 } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import yazl from "yazl";

/** Where to deploy, and whom to tell of progress. */
export interface DeployOptions {
  endpoint: string;
  region: string;
  say(line: string): void;
}

/** What a person needs afterwards. */
export interface Deployed {
  distributionId: string;
  domainName: string;
  apiId: string;
  tableName: string;
  functionName: string;
  bucket: string;
}

const NAME = "guestbook";
const SITE = { "index.html": "text/html; charset=utf-8", "style.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8" };
// AWS's managed policies have the same ids everywhere.
const CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

/** Deploys or updates the guestbook. */
export async function deploy({ endpoint, region, say }: DeployOptions): Promise<Deployed> {
  const config = { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const account = "000000000000";
  const bucket = `${NAME}-site-${account}-${region}`;

  say("  table     guestbook");
  const dynamodb = new DynamoDBClient(config);
  await unlessThere("ResourceInUseException", () => dynamodb.send(new CreateTableCommand({
    TableName: NAME,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "book", AttributeType: "S" }, { AttributeName: "writtenAt", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "book", KeyType: "HASH" }, { AttributeName: "writtenAt", KeyType: "RANGE" }],
  })));
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: NAME });

  say("  role      guestbook-function");
  const iam = new IAMClient(config);
  const roleName = `${NAME}-function`;
  await unlessThere("EntityAlreadyExists", () => iam.send(new CreateRoleCommand({
    RoleName: roleName,
    AssumeRolePolicyDocument: policy({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }),
  })));
  await iam.send(new AttachRolePolicyCommand({ RoleName: roleName, PolicyArn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole" }));
  await iam.send(new PutRolePolicyCommand({
    RoleName: roleName,
    PolicyName: "table",
    PolicyDocument: policy({ Effect: "Allow", Action: ["dynamodb:PutItem", "dynamodb:Query"], Resource: `arn:aws:dynamodb:${region}:${account}:table/${NAME}` }),
  }));

  say("  function  guestbook");
  const lambda = new LambdaClient(config);
  const ZipFile = await zip({ "index.mjs": readFileSync(new URL("function/index.mjs", import.meta.url)) });
  const created = await unlessThere("ResourceConflictException", () => lambda.send(new CreateFunctionCommand({
    FunctionName: NAME,
    Runtime: "nodejs22.x",
    Role: `arn:aws:iam::${account}:role/${roleName}`,
    Handler: "index.handler",
    Code: { ZipFile },
    MemorySize: 256,
    Timeout: 10,
    Environment: { Variables: { TABLE_NAME: NAME } },
  })));
  if (!created) await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: NAME, ZipFile }));
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { FunctionName: NAME });

  say("  HTTP API  guestbook");
  const gateway = new ApiGatewayV2Client(config);
  const { Items: apis = [] } = await gateway.send(new GetApisCommand({}));
  let apiId = apis.find((api) => api.Name === NAME)?.ApiId;
  if (apiId === undefined) {
    ({ ApiId: apiId } = await gateway.send(new CreateApiCommand({ Name: NAME, ProtocolType: "HTTP" })));
    const { IntegrationId } = await gateway.send(new CreateIntegrationCommand({
      ApiId: apiId,
      IntegrationType: "AWS_PROXY",
      IntegrationUri: `arn:aws:lambda:${region}:${account}:function:${NAME}`,
      PayloadFormatVersion: "2.0",
    }));
    for (const RouteKey of ["GET /api/notes", "POST /api/notes"]) {
      await gateway.send(new CreateRouteCommand({ ApiId: apiId, RouteKey, Target: `integrations/${IntegrationId}` }));
    }
    await gateway.send(new CreateStageCommand({ ApiId: apiId, StageName: "$default", AutoDeploy: true }));
    await lambda.send(new AddPermissionCommand({
      FunctionName: NAME,
      StatementId: `api-${apiId}`,
      Action: "lambda:InvokeFunction",
      Principal: "apigateway.amazonaws.com",
      SourceArn: `arn:aws:execute-api:${region}:${account}:${apiId}/*`,
    }));
  }

  say(`  bucket    ${bucket}`);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  await unlessThere("BucketAlreadyOwnedByYou", () => s3.send(new CreateBucketCommand({
    Bucket: bucket,
    ...(region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" } }),
  })));
  for (const [Key, ContentType] of Object.entries(SITE)) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, ContentType, CacheControl: "max-age=60", Body: readFileSync(new URL(`site/${Key}`, import.meta.url)) }));
  }

  say("  CDN       guestbook");
  const cloudfront = new CloudFrontClient(config);
  const { DistributionList } = await cloudfront.send(new ListDistributionsCommand({}));
  const present = DistributionList?.Items?.find((distribution) => distribution.Comment === NAME);
  if (present !== undefined) {
    await cloudfront.send(new CreateInvalidationCommand({
      DistributionId: present.Id,
      InvalidationBatch: { CallerReference: `update-${Date.now()}`, Paths: { Quantity: 1, Items: ["/*"] } },
    }));
  }
  const distribution = present ?? (await cloudfront.send(new CreateDistributionCommand({
    DistributionConfig: {
      CallerReference: NAME,
      Comment: NAME,
      Enabled: true,
      DefaultRootObject: "index.html",
      Origins: {
        Quantity: 2,
        Items: [
          { Id: "site", DomainName: `${bucket}.s3.${region}.amazonaws.com`, S3OriginConfig: { OriginAccessIdentity: "" } },
          {
            Id: "api",
            DomainName: `${apiId}.execute-api.${region}.amazonaws.com`,
            CustomOriginConfig: { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: "https-only" },
          },
        ],
      },
      DefaultCacheBehavior: { TargetOriginId: "site", ViewerProtocolPolicy: "allow-all", Compress: true, CachePolicyId: CACHING_OPTIMIZED },
      CacheBehaviors: {
        Quantity: 1,
        Items: [{
          PathPattern: "/api/*",
          TargetOriginId: "api",
          ViewerProtocolPolicy: "allow-all",
          Compress: true,
          CachePolicyId: CACHING_DISABLED,
          OriginRequestPolicyId: ALL_VIEWER_EXCEPT_HOST,
          AllowedMethods: { Quantity: 7, Items: ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"], CachedMethods: { Quantity: 2, Items: ["GET", "HEAD"] } },
        }],
      },
    },
  }))).Distribution!;

  return { distributionId: distribution.Id!, domainName: distribution.DomainName!, apiId: apiId!, tableName: NAME, functionName: NAME, bucket };
}

/** True when `create` made it; false when it was there already. */
async function unlessThere(code: string, create: () => Promise<unknown>): Promise<boolean> {
  try {
    await create();
    return true;
  } catch (error) {
    if ((error as Error).name === code) return false;
    throw error;
  }
}

function policy(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

async function zip(files: { [name: string]: Buffer }): Promise<Buffer> {
  const archive = new yazl.ZipFile();
  for (const [name, bytes] of Object.entries(files)) archive.addBuffer(bytes, name, { mtime: new Date(0) });
  archive.end();
  return buffer(archive.outputStream);
}

if (import.meta.main) {
  const endpoint = process.argv[2] ?? process.env.AWS_ENDPOINT_URL ?? "http://localhost:4566";
  const deployed = await deploy({ endpoint, region: process.env.AWS_REGION ?? "us-east-1", say: (line) => console.log(line) });
  console.log(JSON.stringify(deployed));
}
