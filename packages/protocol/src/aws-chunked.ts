/**
 * `aws-chunked`, the content coding in which SDKs send S3 bodies whose signature or checksum is only known at the end:
 *
 *     hex-size[;chunk-signature=<hex>]\r\n data \r\n ... 0[;chunk-signature=<hex>]\r\n
 *     [trailer-name:value\r\n ... [x-amz-trailer-signature:<hex>\r\n]] \r\n
 *
 * Decoded while it arrives: data leaves as views of the received buffers, and only a line cut by a packet's end is copied.
 * Sources: S3 API reference, "Signature calculations ... multiple chunks" and "... trailing headers".
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

import { AwsError } from "./error.ts";

/** What an `x-amz-content-sha256` value says of the body. */
export interface PayloadForm {
  /** `digest`: the hex SHA-256 of the plain body; `unsigned`: a plain body; `chunked`: aws-chunked. */
  kind: "digest" | "unsigned" | "chunked";
  /** The hex digest, for `digest`. */
  sha256?: string;
  /** Chunks carry signatures. */
  signed: boolean;
  /** The chunk signatures are SigV4A's. */
  asymmetric: boolean;
  /** Trailers follow the last chunk. */
  trailer: boolean;
}

const forms: ReadonlyMap<string, PayloadForm> = new Map([
  ["UNSIGNED-PAYLOAD", { kind: "unsigned", signed: false, asymmetric: false, trailer: false }],
  ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", { kind: "chunked", signed: false, asymmetric: false, trailer: true }],
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", { kind: "chunked", signed: true, asymmetric: false, trailer: false }],
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", { kind: "chunked", signed: true, asymmetric: false, trailer: true }],
  ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", { kind: "chunked", signed: true, asymmetric: true, trailer: false }],
  ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", { kind: "chunked", signed: true, asymmetric: true, trailer: true }],
]);

const hexDigest = /^[0-9a-f]{64}$/;

/**
 * Reads `x-amz-content-sha256`. Absent is a plain body (presigned, anonymous, other services).
 * @throws AwsError `InvalidArgument` for a value that is none of AWS's.
 */
export function payloadForm(contentSha256: string | undefined): PayloadForm {
  if (contentSha256 === undefined || contentSha256 === "") return forms.get("UNSIGNED-PAYLOAD")!;
  const form = forms.get(contentSha256);
  if (form !== undefined) return form;
  if (hexDigest.test(contentSha256)) return { kind: "digest", sha256: contentSha256, signed: false, asymmetric: false, trailer: false };
  throw new AwsError("InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.", {
    status: 400, fields: { ArgumentName: "x-amz-content-sha256", ArgumentValue: contentSha256 },
  });
}

/** Checks the signature chain of a body: `chunkVerifier` makes one from a verified request signature. */
export interface ChunkVerifier {
  /** @param sha256 hex digest of the chunk's data. @throws AwsError `SignatureDoesNotMatch` */
  chunk(sha256: string, signature: string): void;
  /** @param sha256 hex digest of the canonical trailers (`name:value\n` each). @throws AwsError `SignatureDoesNotMatch` */
  trailer(sha256: string, signature: string): void;
}

export interface AwsChunkedOptions {
  form: PayloadForm;
  /** `x-amz-decoded-content-length`; the data must come to exactly this. `undefined` leaves it unchecked. */
  decodedLength?: number;
  /** Names announced in `x-amz-trailer`, lower case: each must come, and no other. */
  trailerNames?: readonly string[];
  /** Absent: signatures are read and let pass. */
  verifier?: ChunkVerifier;
  /** Called with the trailers once they are all there, before the stream ends; what it throws fails the stream. */
  onTrailers?: (trailers: ReadonlyMap<string, string>) => void;
}

/**
 * The decoder's options from a request's headers.
 * @throws AwsError `MissingContentLength` without `x-amz-decoded-content-length`, `InvalidArgument` for a bad one.
 */
export function awsChunkedOptions(headers: IncomingHttpHeaders, form: PayloadForm): AwsChunkedOptions {
  const options: AwsChunkedOptions = { form };
  const length = headers["x-amz-decoded-content-length"];
  if (length === undefined || Array.isArray(length)) {
    throw new AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", { status: 411 });
  }
  if (!/^\d{1,15}$/.test(length)) {
    throw new AwsError("InvalidArgument", "Invalid x-amz-decoded-content-length.", { status: 400, fields: { ArgumentName: "x-amz-decoded-content-length", ArgumentValue: length } });
  }
  options.decodedLength = Number(length);
  const announced = headers["x-amz-trailer"];
  if (announced !== undefined) {
    options.trailerNames = String(announced).toLowerCase().split(",").map((name) => name.trim()).filter((name) => name !== "");
  }
  return options;
}

/** `aws-chunked` taken out of a Content-Encoding, the rest kept: `aws-chunked,gzip` is stored as `gzip`; `undefined` when nothing is left. */
export function withoutAwsChunked(contentEncoding: string | undefined): string | undefined {
  if (contentEncoding === undefined || !contentEncoding.includes("aws-chunked")) return contentEncoding;
  const rest = contentEncoding.split(",").map((token) => token.trim()).filter((token) => token !== "" && token !== "aws-chunked");
  return rest.length === 0 ? undefined : rest.join(",");
}

const CR = 13;
const LF = 10;
/** A size line is 16 hex digits and a signature of at most 144; trailers are checksums and one signature. */
const maxLineBytes = 4096;
const maxTrailerBytes = 16_384;
/** S3's rule: every chunk but the last has at least this many bytes. */
const minChunkBytes = 8192;

type State = "size" | "data" | "data end" | "trailer" | "done";

/** The decoder, free of streams: `write` received bytes, `end` when there are no more. `PayloadStream` is the pipeline stage. */
export class AwsChunkedParser {
  readonly #options: AwsChunkedOptions;
  readonly #sink: (data: Buffer) => void;
  readonly #hash: boolean;
  #state: State = "size";
  /** The beginning of a line whose end has not come yet. */
  #line: Buffer | undefined;
  #left = 0;
  #chunkSize = 0;
  #chunks = 0;
  #total = 0;
  #chunkHash: Hash | undefined;
  #signature = "";
  #trailerBytes = 0;
  #trailerSignature = "";
  #canonicalTrailers = "";
  readonly #trailers = new Map<string, string>();

  constructor(options: AwsChunkedOptions, sink: (data: Buffer) => void) {
    this.#options = options;
    this.#sink = sink;
    this.#hash = options.form.signed && options.verifier !== undefined;
  }

  /** The trailers received so far, names in lower case. */
  get trailers(): ReadonlyMap<string, string> {
    return this.#trailers;
  }

  /** @throws AwsError for malformed framing, a wrong length or a wrong signature. */
  write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "data") {
        at = this.#data(bytes, at);
      } else if (this.#state === "done") {
        throw incompleteBody();
      } else {
        const feed = bytes.indexOf(LF, at);
        const stop = feed < 0 ? bytes.length : feed + 1;
        const piece = bytes.subarray(at, stop);
        at = stop;
        const line = this.#line === undefined ? piece : Buffer.concat([this.#line, piece]);
        if (line.length > maxLineBytes) throw incompleteBody();
        if (feed < 0) {
          // A copy, so that one waiting line does not keep a whole packet alive.
          this.#line = this.#line === undefined ? Buffer.from(line) : line;
        } else {
          this.#line = undefined;
          this.#endOfLine(line);
        }
      }
    }
  }

  /** @throws AwsError `IncompleteBody` when the body stopped short. */
  end(): void {
    // Old encoders leave out the empty line after the last chunk: the chunk itself was complete.
    if (this.#state === "trailer" && this.#line === undefined && this.#trailers.size === 0 && !this.#options.form.trailer) this.#finish();
    if (this.#state !== "done") throw incompleteBody();
  }

  #data(bytes: Buffer, at: number): number {
    const stop = Math.min(bytes.length, at + this.#left);
    const data = at === 0 && stop === bytes.length ? bytes : bytes.subarray(at, stop);
    this.#left -= data.length;
    if (this.#hash) (this.#chunkHash ??= createHash("sha256")).update(data);
    if (this.#left === 0) this.#state = "data end";
    this.#sink(data);
    return stop;
  }

  #endOfLine(line: Buffer): void {
    if (line.length < 2 || line[line.length - 2] !== CR) throw incompleteBody();
    if (this.#state === "size") this.#size(line.toString("latin1", 0, line.length - 2));
    else if (this.#state === "trailer") this.#trailer(line.toString("latin1", 0, line.length - 2));
    else {
      if (line.length !== 2) throw incompleteBody();
      this.#checkChunk();
      this.#state = "size";
    }
  }

  #size(line: string): void {
    const semicolon = line.indexOf(";");
    const digits = semicolon < 0 ? line : line.slice(0, semicolon);
    const size = hexNumber(digits.trim());
    if (size === undefined) throw incompleteBody();
    if (this.#chunks > 0 && size > 0 && this.#chunkSize < minChunkBytes) {
      throw new AwsError("InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes", {
        status: 403, fields: { Chunk: this.#chunks + 1, BadChunkSize: this.#chunkSize },
      });
    }
    this.#signature = chunkSignature(semicolon < 0 ? "" : line.slice(semicolon + 1));
    if (this.#options.form.signed && this.#signature === "") throw incompleteBody();
    this.#chunks++;
    this.#chunkSize = size;
    this.#left = size;
    this.#total += size;
    const { decodedLength } = this.#options;
    if (decodedLength !== undefined && this.#total > decodedLength) throw wrongLength(decodedLength, this.#total);
    if (size > 0) {
      this.#state = "data";
      return;
    }
    this.#checkChunk();
    if (decodedLength !== undefined && this.#total !== decodedLength) throw wrongLength(decodedLength, this.#total);
    this.#state = "trailer";
  }

  #checkChunk(): void {
    if (!this.#hash) return;
    const sha256 = this.#chunkHash === undefined ? emptySha256 : this.#chunkHash.digest("hex");
    this.#chunkHash = undefined;
    this.#options.verifier!.chunk(sha256, this.#signature);
  }

  #trailer(line: string): void {
    if (line === "") return this.#finish();
    this.#trailerBytes += line.length;
    const colon = line.indexOf(":");
    if (colon <= 0 || this.#trailerBytes > maxTrailerBytes) throw malformedTrailer();
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "x-amz-trailer-signature") {
      this.#trailerSignature = value;
      return;
    }
    if (!this.#options.form.trailer) throw malformedTrailer();
    this.#trailers.set(name, value);
    this.#canonicalTrailers += `${name}:${value}\n`;
  }

  #finish(): void {
    this.#state = "done";
    const { trailerNames = [], onTrailers, form } = this.#options;
    if (form.trailer) {
      for (const name of trailerNames) if (!this.#trailers.has(name)) throw malformedTrailer();
      for (const name of this.#trailers.keys()) if (!trailerNames.includes(name)) throw malformedTrailer();
      if (this.#hash && this.#trailers.size > 0) {
        this.#options.verifier!.trailer(createHash("sha256").update(this.#canonicalTrailers, "latin1").digest("hex"), this.#trailerSignature);
      }
    }
    onTrailers?.(this.#trailers);
  }
}

const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function hexNumber(text: string): number | undefined {
  if (text.length === 0 || text.length > 12) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) | 32;
    const digit = code >= 97 && code <= 102 ? code - 87 : code >= 48 && code <= 57 ? code - 48 : -1;
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

function chunkSignature(extensions: string): string {
  for (const extension of extensions.split(";")) {
    const equals = extension.indexOf("=");
    if (equals > 0 && extension.slice(0, equals).trim() === "chunk-signature") return extension.slice(equals + 1).trim();
  }
  return "";
}

function incompleteBody(): AwsError {
  return new AwsError("IncompleteBody", "The request body terminated unexpectedly", { status: 400 });
}

function wrongLength(expected: number, provided: number): AwsError {
  return new AwsError("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header", {
    status: 400, fields: { NumberBytesExpected: expected, NumberBytesProvided: provided },
  });
}

function malformedTrailer(): AwsError {
  return new AwsError("MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.", { status: 400 });
}
