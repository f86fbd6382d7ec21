import type { Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import { Busboy } from "@fastify/busboy";
import { AwsError } from "@cumulet/protocol";
import { invalidArgument } from "../domain/errors.ts";

/** A form upload, read up to its file. */
export interface Form {
  /** By lower-case name; what stands before the file. */
  fields: Map<string, string>;
  file: Readable;
  /** Name of the file on the sender's side; empty when it has none. */
  filename: string;
}

/** Everything before the file, in bytes. Amazon S3 API Reference, "POST Object". */
const FIELDS_BYTES_MAX = 20 * 1024;

const malformed = () => new AwsError("MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.", { status: 400 });
const tooLong = () => new AwsError("MaxPostPreDataLengthExceededError", "Your POST request fields preceding the upload file were too large.", { status: 400 });
const noFile = () => invalidArgument("POST requires exactly one file upload per request.", "file", "0");

/**
 * Reads the fields of a form; its file is left to stream. Whether a part is the file is told by its name alone: fields
 * may come with a file name, and the file without one.
 */
export function readForm(request: IncomingMessage): Promise<Form> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>();
    let bytes = 0;
    let settled = false;
    let parser: InstanceType<typeof Busboy>;
    const fail = (error: AwsError): void => {
      if (settled) return;
      settled = true;
      request.unpipe();
      reject(error);
    };
    try {
      parser = new Busboy({
        headers: request.headers as { "content-type": string },
        isPartAFile: (name) => name?.toLowerCase() === "file",
        preservePath: true,
        limits: { fieldNameSize: 1024, fieldSize: FIELDS_BYTES_MAX + 1, files: 1 },
      });
    } catch {
      reject(malformed());
      return;
    }
    parser.on("field", (name, value) => {
      if (settled) return;
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
      if (bytes > FIELDS_BYTES_MAX) fail(tooLong());
      else if (!fields.has(name.toLowerCase())) fields.set(name.toLowerCase(), value);
    });
    parser.on("file", (_name, file, filename) => {
      if (settled) {
        file.resume();
        return;
      }
      settled = true;
      // A connection that breaks off ends the file in an error, not in its middle.
      request.once("close", () => {
        if (!request.complete) file.destroy(malformed());
      });
      parser.on("error", () => file.destroy(malformed()));
      resolve({ fields, file, filename: filename ?? "" });
    });
    parser.on("error", () => fail(malformed()));
    parser.on("finish", () => fail(noFile()));
    request.on("error", () => fail(malformed()));
    request.pipe(parser);
  });
}
