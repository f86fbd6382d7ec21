import type { Readable } from "node:stream";
import { PayloadStream, chunkVerifier, planPayload, preparePayload, readPayload } from "@cumulet/protocol";
import type { PayloadPlan } from "@cumulet/protocol";
import type { Call } from "./call.ts";

/**
 * How the body of a call is decoded and checked, for S3, whose requests say it in their headers: aws-chunked, digests,
 * checksums. Chunk signatures are verified where signatures are enforced. Undefined for other services: theirs is plain.
 * @throws AwsError for headers that are malformed or contradict each other.
 */
export function payloadPlan(call: Call): PayloadPlan | undefined {
  if (call.service!.compiled.model.metadata.signingName !== "s3") return undefined;
  const { signature, credential, runtime } = call;
  const enforced = signature !== undefined && credential !== undefined && runtime.config.signatures === "enforce";
  return planPayload(call.wire!.headers, call.operation!.model, enforced ? { verifier: chunkVerifier(signature, credential.secret) } : {});
}

/** The plain bytes of a streamed body, checked while they are read. */
export function payloadStream(plan: PayloadPlan, source: Readable): Readable | Promise<Readable> {
  const wait = preparePayload(plan);
  return wait === undefined ? new PayloadStream(plan, source) : wait.then(() => new PayloadStream(plan, source));
}

/** The plain bytes of a body that was collected, checked. */
export function payloadBytes(plan: PayloadPlan, body: Buffer): Buffer | Promise<Buffer> {
  const wait = preparePayload(plan);
  return wait === undefined ? readPayload(body, plan).data : wait.then(() => readPayload(body, plan).data);
}
