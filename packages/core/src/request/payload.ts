import type { Readable } from "node:stream";
import { AwsChunkedDecoder, awsChunkedOptions, chunkVerifier, payloadForm } from "@cumulet/protocol";
import type { Call } from "./call.ts";

/** The plain bytes of a body: `aws-chunked` undone, its chunk signatures verified where signatures are enforced. */
export function decodedBody(call: Call, source: Readable): Readable {
  const { headers } = call.http!.request;
  const form = payloadForm(headers["x-amz-content-sha256"] as string | undefined);
  if (form.kind !== "chunked") return source;
  const options = awsChunkedOptions(headers, form);
  const { signature, credential, runtime } = call;
  if (form.signed && signature !== undefined && credential !== undefined && runtime.config.signatures === "enforce") {
    options.verifier = chunkVerifier(signature, credential.secret);
  }
  const decoder = new AwsChunkedDecoder(options);
  source.once("error", (error) => decoder.destroy(error));
  return source.pipe(decoder);
}
