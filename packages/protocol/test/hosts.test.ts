import { describe, expect, test } from "vitest";
import { createHostParser, endpointLabels, hostAliases, isRegionName } from "../src/index.ts";

const parse = createHostParser({ bases: ["cloud.example.test", "f00dcafe1234"], serviceLabels: endpointLabels() });

describe("Host", () => {
  test.each<[string, string | undefined, string | undefined, string | undefined, string]>([
    // header, base, service, region, resource
    ["localhost:4566", "localhost", undefined, undefined, ""],
    ["LOCALHOST", "localhost", undefined, undefined, ""],
    ["localhost.", "localhost", undefined, undefined, ""],
    ["bucket.localhost:4566", "localhost", undefined, undefined, ""],
    ["bucket.s3.us-east-1.localhost", "localhost", "s3", "us-east-1", "bucket"],
    ["a.b.c.s3.localhost", "localhost", "s3", undefined, "a.b.c"],
    ["bucket.s3.localhost.localstack.cloud:4566", "localhost.localstack.cloud", "s3", undefined, "bucket"],
    ["s3.localhost.floci.io", "localhost.floci.io", "s3", undefined, ""],
    ["id.execute-api.us-east-1.localhost", "localhost", "execute-api", "us-east-1", "id"],
    ["id.execute-api.localhost", "localhost", "execute-api", undefined, "id"],
    ["id.cloudfront.localhost", "localhost", "cloudfront", undefined, "id"],
    ["d111111abcdef8.cloudfront.net", "cloudfront.net", "cloudfront", undefined, "d111111abcdef8"],
    ["id.lambda-url.us-east-1.localhost", "localhost", "lambda-url", "us-east-1", "id"],
    ["id.lambda-url.us-east-1.on.aws", "on.aws", "lambda-url", "us-east-1", "id"],
    ["bucket.s3-website.us-east-1.localhost", "localhost", "s3-website", "us-east-1", "bucket"],
    ["www.shop.test.s3-website.localhost", "localhost", "s3-website", undefined, "www.shop.test"],
    ["bucket.s3-website-us-east-1.amazonaws.com", "amazonaws.com", "s3-website", "us-east-1", "bucket"],
    ["dynamodb.us-east-1.localhost", "localhost", "dynamodb", "us-east-1", ""],
    ["streams.dynamodb.eu-west-1.amazonaws.com", "amazonaws.com", "streams.dynamodb", "eu-west-1", ""],
    ["123456789012.ddb.us-east-1.amazonaws.com", "amazonaws.com", "ddb", "us-east-1", "123456789012"],
    ["bucket.s3.dualstack.eu-west-1.amazonaws.com", "amazonaws.com", "s3", "eu-west-1", "bucket"],
    ["bucket.s3-accelerate.amazonaws.com", "amazonaws.com", "s3", undefined, "bucket"],
    ["bucket.s3-accelerate.dualstack.amazonaws.com", "amazonaws.com", "s3", undefined, "bucket"],
    ["bucket.s3-fips.us-gov-west-1.amazonaws.com", "amazonaws.com", "s3", "us-gov-west-1", "bucket"],
    ["bucket.s3-fips.dualstack.us-east-1.amazonaws.com", "amazonaws.com", "s3", "us-east-1", "bucket"],
    ["bucket.s3-eu-central-1.amazonaws.com", "amazonaws.com", "s3", "eu-central-1", "bucket"],
    ["bucket.s3.cn-north-1.amazonaws.com.cn", "amazonaws.com.cn", "s3", "cn-north-1", "bucket"],
    ["s3.amazonaws.com", "amazonaws.com", "s3", undefined, ""],
    ["123456789012.s3-control.us-east-1.localhost", "localhost", "s3-control", "us-east-1", "123456789012"],
    ["ap-123456789012.s3-accesspoint.us-east-1.amazonaws.com", "amazonaws.com", "s3-accesspoint", "us-east-1", "ap-123456789012"],
    ["bucket--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "amazonaws.com", "s3", "us-east-1", "bucket--use1-az4--x-s3"],
    ["sqs.us-east-1.localhost.localstack.cloud:4566", "localhost.localstack.cloud", "sqs", "us-east-1", ""],
    ["us-east-1.queue.amazonaws.com", "amazonaws.com", "sqs", "us-east-1", ""],
    ["lambda-fips.us-east-1.amazonaws.com", "amazonaws.com", "lambda", "us-east-1", ""],
    ["email.eu-west-1.amazonaws.com", "amazonaws.com", "email", "eu-west-1", ""],
    ["my-bucket-1.localhost", "localhost", undefined, undefined, ""],
    ["127.0.0.1:4566", "127.0.0.1", undefined, undefined, ""],
    ["bucket.127.0.0.1:4566", "127.0.0.1", undefined, undefined, ""],
    ["bucket.s3.127.0.0.1:4566", "127.0.0.1", "s3", undefined, "bucket"],
    ["[::1]:4566", "::1", undefined, undefined, ""],
    ["host.docker.internal:4566", "host.docker.internal", undefined, undefined, ""],
    ["bucket.s3.host.docker.internal", "host.docker.internal", "s3", undefined, "bucket"],
    ["f00dcafe1234:4566", "f00dcafe1234", undefined, undefined, ""],
    ["bucket.f00dcafe1234:4566", "f00dcafe1234", undefined, undefined, ""],
    ["cumulet:4566", "cumulet", undefined, undefined, ""],
    ["bucket.s3.cloud.example.test", "cloud.example.test", "s3", undefined, "bucket"],
    ["www.shop.test", undefined, undefined, undefined, ""],
    ["", undefined, undefined, undefined, ""],
  ])("%s", (header, base, service, region, resource) => {
    expect(parse(header)).toMatchObject({ base, service, region, resource });
  });

  test("labels and port", () => {
    expect(parse("a.b.s3.eu-west-1.localhost:4566")).toMatchObject({ host: "a.b.s3.eu-west-1.localhost", port: 4566, labels: ["a", "b", "s3", "eu-west-1"] });
    expect(parse("www.shop.test:443")).toMatchObject({ host: "www.shop.test", port: 443, labels: ["www", "shop", "test"] });
    expect(parse("localhost:99999").port).toBeUndefined();
    expect(parse(undefined)).toMatchObject({ host: "", labels: [] });
  });

  test("the same header is parsed once", () => {
    expect(parse("x.s3.localhost")).toBe(parse("x.s3.localhost"));
  });
});

test.each([["us-east-1", true], ["ap-southeast-7", true], ["us-gov-west-1", true], ["us-iso-east-1", true], ["eusc-de-east-1", true], ["s3", false], ["bucket", false], ["us-east", false]])("region name %s: %s", (name, yes) => {
  expect(isRegionName(name)).toBe(yes);
});

test("aliases keep what stands before the base, with and without a port, the received name first", () => {
  const aliases = [...hostAliases(parse("bucket.s3.us-east-1.localhost:4566"), ["cloud.example.test"], [4567])];
  expect(aliases.slice(0, 6)).toEqual([
    "bucket.s3.us-east-1.localhost:4566", "bucket.s3.us-east-1.localhost:4567", "bucket.s3.us-east-1.localhost",
    "bucket.s3.us-east-1.cloud.example.test:4566", "bucket.s3.us-east-1.cloud.example.test:4567", "bucket.s3.us-east-1.cloud.example.test",
  ]);
  expect(aliases).toContain("bucket.s3.us-east-1.host.docker.internal:4566");
  expect(new Set(aliases).size).toBe(aliases.length);
  expect([...hostAliases(parse("localhost:4566"))]).toEqual(expect.arrayContaining(["127.0.0.1:4566", "[::1]:4566", "localstack:4566"]));
  expect([...hostAliases(parse("[::1]:4566"))].slice(0, 2)).toEqual(["[::1]:4566", "[::1]"]);
  expect([...hostAliases(parse("www.shop.test"), ["localhost"])]).toEqual(["www.shop.test"]);
});
