import { describe, expect, test } from "vitest";
import { assemble } from "../../src/xray/domain/assemble.ts";
import { compileFilter, FilterError } from "../../src/xray/domain/filter.ts";
import { serviceGraph } from "../../src/xray/domain/graph.ts";
import { readDocument, SegmentError, traceIdOf, type Segment } from "../../src/xray/domain/segment.ts";
import { summarize, type Trace } from "../../src/xray/domain/summary.ts";

const TRACE = "1-5759e988-bd862e3fe1be46a994272793";
const document = (more: object): string => JSON.stringify({ id: "70de5b6f19ff9a0a", trace_id: TRACE, name: "web", start_time: 1, end_time: 2, ...more });

describe("documents", () => {
  test("are read", () => {
    expect(readDocument(document({}))).toMatchObject({ id: "70de5b6f19ff9a0a", trace_id: TRACE });
    expect(readDocument(document({ end_time: undefined, in_progress: true })).in_progress).toBe(true);
    expect(traceIdOf("5759e988bd862e3fe1be46a994272793")).toBe(TRACE);
  });
  test.each([
    ["{", "ParseError"], ["[]", "ParseError"], ["{}", "MissingId"], [document({ id: "x" }), "InvalidId"], [document({ trace_id: undefined }), "MissingTraceId"],
    [document({ trace_id: "1-2-3" }), "InvalidTraceId"], [document({ name: "" }), "MissingName"], [document({ start_time: "1" }), "MissingStartTime"], [document({ end_time: undefined }), "MissingEndTime"],
    [document({ type: "subsegment" }), "MissingParentId"], [document({ metadata: { a: "x".repeat(70_000) } }), "SegmentTooLarge"],
  ])("%.40s is refused", (text, code) => {
    try {
      readDocument(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SegmentError);
      expect((error as SegmentError).code).toBe(code);
    }
  });
});

/** web (fault) calls orders by a subsegment, which answers by a segment of its own, and a table, which does not. */
const segments: Segment[] = [
  {
    id: "aaaaaaaaaaaaaaaa", trace_id: TRACE, name: "web", origin: "AWS::ApiGateway::Stage", start_time: 100, end_time: 103, fault: true, user: "ann", annotations: { tenant: "blue", size: 3, vip: true },
    http: { request: { method: "GET", url: "http://web/orders?x=1", client_ip: "1.2.3.4", user_agent: "curl" }, response: { status: 500 } }, aws: { account_id: "000000000000" },
  },
  { id: "bbbbbbbbbbbbbbbb", trace_id: TRACE, parent_id: "aaaaaaaaaaaaaaaa", type: "subsegment", name: "orders", namespace: "remote", start_time: 100.5, end_time: 102, fault: true },
  { id: "cccccccccccccccc", trace_id: TRACE, parent_id: "bbbbbbbbbbbbbbbb", name: "orders", origin: "AWS::Lambda::Function", start_time: 100.6, end_time: 101.9, fault: true, cause: { exceptions: [{ id: "1", type: "TypeError", message: "no such order" }] }, resource_arn: "arn:aws:lambda:us-east-1:000000000000:function:orders" },
  { id: "dddddddddddddddd", trace_id: TRACE, parent_id: "cccccccccccccccc", type: "subsegment", name: "DynamoDB", namespace: "aws", start_time: 101, end_time: 101.5, throttle: true, error: true, aws: { operation: "GetItem", table_name: "orders-table" }, http: { response: { status: 400 } } },
];
const trace: Trace = { id: TRACE, revision: 4, segments: assemble(segments) };

describe("a trace", () => {
  test("is assembled, with what sent nothing itself inferred", () => {
    expect(trace.segments.map(({ name, origin, inferred }) => [name, origin, inferred ?? false])).toEqual([
      ["web", "AWS::ApiGateway::Stage", false], ["orders", "AWS::Lambda::Function", false], ["orders-table", "AWS::DynamoDB::Table", true],
    ]);
    expect(trace.segments[0]!.subsegments).toMatchObject([{ id: "bbbbbbbbbbbbbbbb", name: "orders" }]);
    // The same again, whatever the order of arrival.
    expect(assemble([...segments].reverse()).map(({ id }) => id)).toEqual(trace.segments.map(({ id }) => id));
    // One whose parent is missing stands by itself.
    expect(assemble([segments[3]!]).map(({ name }) => name)).toContain("DynamoDB");
  });

  test("is summed up", () => {
    expect(summarize(trace, 7)).toMatchObject({
      Id: TRACE, StartTime: 100_000, Duration: 3, ResponseTime: 3, HasFault: true, HasError: true, HasThrottle: true, IsPartial: false, Revision: 4,
      Http: { HttpURL: "http://web/orders?x=1", HttpStatus: 500, HttpMethod: "GET", UserAgent: "curl", ClientIp: "1.2.3.4" },
      EntryPoint: { Name: "web", Type: "AWS::ApiGateway::Stage", AccountId: "000000000000" }, Users: [{ UserName: "ann" }],
      Annotations: { tenant: [{ AnnotationValue: { StringValue: "blue" } }], size: [{ AnnotationValue: { NumberValue: 3 } }], vip: [{ AnnotationValue: { BooleanValue: true } }] },
      ResourceARNs: [{ ARN: "arn:aws:lambda:us-east-1:000000000000:function:orders" }],
      FaultRootCauses: [{ Services: [{ Name: "web" }, { Name: "orders", EntityPath: [{ Exceptions: [{ Name: "TypeError", Message: "no such order" }] }] }], ClientImpacting: true }],
    });
  });

  test("draws who calls whom", () => {
    const services = serviceGraph([trace, { ...trace, id: "other" }]);
    const byType = (type: string) => services.find(({ Type }) => Type === type)!;
    const web = byType("AWS::ApiGateway::Stage");
    expect(web).toMatchObject({ Name: "web", Root: true, State: "active", SummaryStatistics: { OkCount: 0, FaultStatistics: { TotalCount: 2 }, TotalCount: 2, TotalResponseTime: 6 } });
    expect(byType("client").Edges).toMatchObject([{ ReferenceId: web.ReferenceId }]);
    expect(web.Edges).toMatchObject([{ ReferenceId: byType("AWS::Lambda::Function").ReferenceId }]);
    expect(byType("AWS::Lambda::Function").Edges).toMatchObject([{ ReferenceId: byType("AWS::DynamoDB::Table").ReferenceId, SummaryStatistics: { ErrorStatistics: { ThrottleCount: 2 } } }]);
  });
});

describe("filter expressions", () => {
  test.each([
    ["", true], ["fault", true], ["!fault", false], ["ok", false], ["error = true", true], ["throttle AND fault", true], ["fault = false", false],
    ["responsetime > 2.5", true], ["duration < 1", false], ["http.status = 500", true], ["http.status != 200", true], ["http.status >= 400 AND http.status < 500", true],
    ['http.url CONTAINS "/orders"', true], ['http.url BEGINSWITH "http://api"', false], ['http.method = "GET"', true], ['user = "ann"', true],
    ['annotation.tenant = "blue"', true], ['annotation[tenant] = "red"', false], ["annotation.size >= 3", true], ["annotation.vip = true", true], ["annotation.nothing", false], ["annotation.tenant", true],
    ['service("orders")', true], ['service("nobody")', false], ['service("orders") { fault }', true], ['service("web") { throttle }', false], ['service(id(name: "orders", type: "AWS::Lambda::Function")) { responsetime > 1 }', true],
    ['service(id(type: "AWS::DynamoDB::Table")) { throttle }', true], ['edge("web", "orders")', true], ['edge("orders", "web")', false], ['edge("web", "orders") { fault }', true],
    ["(fault OR ok) AND NOT partial", true], ["root", true], ['message CONTAINS "no such"', true], ['resource.arn ENDSWITH ":orders"', true],
  ])("%s", (expression, expected) => expect(compileFilter(expression)(trace)).toBe(expected));

  test.each(["nonsense", "responsetime >", "responsetime > x", "(fault", "fault fault", "service(", 'service("a") {', "annotation[", "http.status = ", `${"(".repeat(500)}fault`, "$"])("%s is refused", (expression) => {
    expect(() => compileFilter(expression)).toThrow(FilterError);
  });
});
