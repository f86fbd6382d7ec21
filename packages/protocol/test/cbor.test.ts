import { describe, expect, test } from "vitest";
import { AwsError, compileService, loadModel } from "../src/index.ts";
import { CborTimestamp, decodeCbor, encodeCbor } from "../src/shapes/cbor.ts";
import { read, thrown } from "./support/exchange.ts";

// Appendix A of RFC 8949.
const EXAMPLES: [hex: string, value: unknown][] = [
  ["00", 0], ["17", 23], ["1818", 24], ["1903e8", 1000], ["1a000f4240", 1_000_000], ["1b000000e8d4a51000", 1_000_000_000_000], ["20", -1], ["3863", -100], ["3903e7", -1000],
  ["fb3ff199999999999a", 1.1], ["fbc010666666666666", -4.1], ["f4", false], ["f5", true], ["f6", null], ["40", Buffer.alloc(0)], ["4401020304", Buffer.from([1, 2, 3, 4])],
  ["60", ""], ["6449455446", "IETF"], ["62c3bc", "ü"], ["80", []], ["8301820203820405", [1, [2, 3], [4, 5]]], ["a0", {}], ["a26161016162820203", { a: 1, b: [2, 3] }], ["c1fb41d452d9e0800000", new CborTimestamp(1_363_896_194_000)],
];

describe("RFC 8949", () => {
  test.each(EXAMPLES)("%s", (hex, value) => {
    expect(decodeCbor(Buffer.from(hex, "hex"))).toEqual(value);
    expect(encodeCbor(value).toString("hex")).toBe(hex);
  });

  test.each<[string, unknown]>([
    ["f90000", 0], ["f93c00", 1], ["f97bff", 65504], ["f90001", 5.960464477539063e-8], ["f97c00", Infinity], ["f97e00", NaN], ["fa47c35000", 100_000], ["f7", null],
    ["5f42010243030405ff", Buffer.from([1, 2, 3, 4, 5])], ["7f657374726561646d696e67ff", "streaming"], ["9f01820203ff", [1, [2, 3]]], ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }], ["c11a514b67b0", new CborTimestamp(1_363_896_240_000)],
  ])("%s is only read", (hex, value) => {
    expect(decodeCbor(Buffer.from(hex, "hex"))).toEqual(value);
  });

  test.each(["", "18", "1c", "61", "5b7fffffffffffffff", "9b7fffffffffffffff", "81", "a1", "a101", "a10102", "ff", "9f", "5f6161ff", "c1", "c16161", "0000", "f818", "3f"])("%s is malformed", (hex) => {
    expect(() => decodeCbor(Buffer.from(hex, "hex"))).toThrow(AwsError);
  });

  test("keys that JavaScript gives a meaning are keys", () => {
    expect(Object.keys(decodeCbor(encodeCbor(Object.fromEntries([["__proto__", 1]]))) as object)).toEqual(["__proto__"]);
  });
});

describe("CloudWatch", () => {
  const call = (operation: string, input: unknown) => ({ path: `/service/GraniteServiceVersion20100801/operation/${operation}`, headers: { "smithy-protocol": "rpc-v2-cbor" }, body: encodeCbor(input) });

  test("a request", () => {
    expect(read("cloudwatch", call("PutMetricData", { Namespace: "n", MetricData: [{ MetricName: "m", Value: 1, Timestamp: new CborTimestamp(1500), StorageResolution: null }], Other: 1 }))).toEqual({
      operation: "PutMetricData", protocol: "smithy-rpc-v2-cbor", input: { Namespace: "n", MetricData: [{ MetricName: "m", Value: 1, Timestamp: 1500 }] },
    });
  });

  test("values of other types are refused", () => {
    for (const input of [{ Namespace: 1 }, { MetricData: {} }, { MetricData: [1] }, { MetricData: [{ Value: "1" }] }, { MetricData: [{ Timestamp: true }] }, [], "x"]) {
      expect(thrown(() => read("cloudwatch", call("PutMetricData", input))).code).toBe("SerializationException");
    }
  });

  test("an error and an unknown operation", () => {
    const service = compileService(loadModel("cloudwatch"));
    const response = service.encodeError(new AwsError("ResourceNotFound", "no"), "smithy-rpc-v2-cbor", "R");
    expect(response.status).toBe(404);
    expect(response.headers).toEqual(expect.arrayContaining(["smithy-protocol", "rpc-v2-cbor", "application/cbor", "x-amzn-query-error", "ResourceNotFound;Sender"]));
    expect(decodeCbor(response.body as Uint8Array)).toEqual({ __type: "com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound", message: "no" });
    expect(thrown(() => read("cloudwatch", call("Nope", {})))).toMatchObject({ code: "UnknownOperationException", status: 404 });
  });
});
