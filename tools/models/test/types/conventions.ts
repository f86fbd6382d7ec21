/** The conventions of the generated types, as code that compiles or must not. Checked by generated.test.ts, never run. */
import type { Readable } from "node:stream";
import type { AttributeValue, DynamoDB } from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Lambda, Runtime } from "@cumulet/protocol/models/lambda.d.ts";
import type { S3 } from "@cumulet/protocol/models/s3.d.ts";
import type { ServiceId, ServiceTypes } from "@cumulet/protocol";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_same: Same<A, B>): void => undefined;

same<ServiceTypes["streams.dynamodb"]["ListStreams"]["input"]["Limit"], number | undefined>(true);
export const ids: ServiceId[] = ["apigateway", "cognito-idp", "s3"];
// @ts-expect-error: not a service
ids.push("ec2");

// Required where AWS requires it in an input; optional in what only an answer holds.
same<DynamoDB["GetItem"]["input"]["TableName"], string>(true);
same<DynamoDB["GetItem"]["input"]["ConsistentRead"], boolean | undefined>(true);
same<DynamoDB["GetItem"]["output"]["Item"], { [key: string]: AttributeValue } | undefined>(true);

// Timestamps are milliseconds, blobs bytes, streams streams.
same<S3["GetObject"]["output"]["LastModified"], number | undefined>(true);
same<S3["GetObject"]["output"]["Body"], Readable | Uint8Array | undefined>(true);
same<S3["PutObject"]["input"]["Body"], Readable | undefined>(true);
same<Lambda["Invoke"]["input"]["Payload"], Uint8Array | undefined>(true);
same<Lambda["InvokeWithResponseStream"]["output"]["EventStream"] extends AsyncIterable<{ PayloadChunk?: { Payload?: Uint8Array } }> | undefined ? true : false, true>(true);

// Attribute values are wire JSON: binary is base64 text.
same<AttributeValue["B"], string | undefined>(true);

// Enumerations are open: AWS adds values, and a service must be able to answer what it was sent.
export const runtime: Runtime = "nodejs24.x";
export const tomorrow: Runtime = "nodejs99.x";
