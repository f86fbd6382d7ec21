import { roundtrip } from "./support/roundtrip.ts";

roundtrip("lambda");
roundtrip("apigateway", {
  // The client always asks for JSON.
  added: /^accepts$/,
  skip: { GetSdkTypes: "the client drops the position of this page" },
});
roundtrip("apigatewayv2");
roundtrip("apigatewaymanagementapi");
roundtrip("xray");
roundtrip("scheduler");
roundtrip("cloudfront-keyvaluestore", { fixed: { KvsARN: "arn:aws:cloudfront::111122223333:key-value-store/3f1d7e6a-0000-4000-8000-000000000000" } });
