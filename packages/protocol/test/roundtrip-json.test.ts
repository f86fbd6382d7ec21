import { roundtrip } from "./support/roundtrip.ts";

roundtrip("dynamodb");
roundtrip("streams.dynamodb");
roundtrip("logs");
roundtrip("cloudtrail");
roundtrip("sqs");
// An endpoint id selects another host and signature.
roundtrip("events", { members: ["EndpointId"] });
roundtrip("ssm");
roundtrip("secretsmanager");
roundtrip("kms");
roundtrip("cognito-idp");
roundtrip("resourcegroupstaggingapi");
