import { gunzipSync } from "node:zlib";
import { defineDataPlane } from "@cumulet/core";
import { AwsError } from "@cumulet/protocol";
import type { XRayStore } from "../store/index.ts";
import { putSegment } from "../tracer.ts";
import { ProtobufError } from "./protobuf.ts";
import { readJsonSpans, readProtobufSpans, segmentOfSpan, type OtlpSpan } from "./spans.ts";

const BODY_MAX = 16 * 1024 * 1024;
const ACCOUNT = /^\d{12}$/;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/**
 * OTLP over HTTP: `POST /v1/traces`, protobuf or JSON, as OpenTelemetry's exporters in functions send it. Spans are stored as
 * segments; `cloud.account.id` and `cloud.region` of their resource say where.
 */
export const otlpPlane = defineDataPlane<XRayStore, "protobuf" | "json">({
  name: "otlp",
  claim: ({ method, path, labels, service, headers }) => {
    if (path !== "/v1/traces" || method !== "POST" || (labels !== undefined && labels.length > 0 && service !== "xray")) return undefined;
    const type = headers["content-type"]?.split(";")[0]?.trim();
    if (type !== "application/x-protobuf" && type !== "application/json") return undefined;
    return { account: "000000000000", region: "us-east-1", match: type === "application/json" ? "json" : "protobuf" };
  },
  async handle(ctx, { request, response }, format) {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > BODY_MAX) throw new AwsError("RequestEntityTooLarge", "The request is too large.", { status: 413 });
      chunks.push(chunk);
    }
    let spans: OtlpSpan[];
    try {
      const received = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(received, { maxOutputLength: BODY_MAX }) : received;
      spans = format === "json" ? readJsonSpans(body.toString("utf8")) : readProtobufSpans(body);
    } catch (error) {
      if (error instanceof ProtobufError || error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError || (error as { code?: string }).code?.startsWith("Z_") || (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
        throw new AwsError("BadRequest", "The request is not an ExportTraceServiceRequest.", { status: 400 });
      }
      throw error;
    }
    let rejected = 0;
    const { defaultAccount, defaultRegion } = ctx.config;
    for (const span of spans) {
      const segment = segmentOfSpan(span);
      if (segment === undefined) {
        rejected += 1;
        continue;
      }
      const account = String(span.resource["cloud.account.id"] ?? "");
      const region = String(span.resource["cloud.region"] ?? "");
      const scope = ctx.at(ACCOUNT.test(account) ? account : defaultAccount, REGION.test(region) ? region : defaultRegion);
      scope.transaction(() => putSegment(scope, segment));
    }
    const json = rejected === 0 ? "{}" : JSON.stringify({ partialSuccess: { rejectedSpans: String(rejected), errorMessage: "spans without valid ids" } });
    await ctx.committed();
    response.writeHead(200, ["Content-Type", format === "json" ? "application/json" : "application/x-protobuf", "Content-Length", String(format === "json" ? Buffer.byteLength(json) : 0)]);
    // An empty message is a complete success in protobuf.
    response.end(format === "json" ? json : undefined);
  },
});
