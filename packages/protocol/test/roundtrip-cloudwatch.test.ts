import { AwsJson1_0Protocol, AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";
import { roundtrip } from "./support/roundtrip.ts";

// CloudWatch answers three protocols side by side; the client speaks whichever it is told to.
roundtrip("cloudwatch", { protocol: "smithy-rpc-v2-cbor", options: { protocol: AwsSmithyRpcV2CborProtocol } });
roundtrip("cloudwatch", { protocol: "json", options: { protocol: AwsJson1_0Protocol } });
roundtrip("cloudwatch", { protocol: "query", options: { protocol: AwsQueryProtocol } });
