/**
 * A request's body as its headers describe it: aws-chunked or plain, with digests to check it by. What was announced is
 * checked while the bytes pass, and the digests that the service wants are taken in the same pass.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Transform } from "node:stream";
import type { Readable, TransformCallback } from "node:stream";

import { AwsChunkedParser, awsChunkedOptions, payloadForm } from "./aws-chunked.ts";
import type { AwsChunkedOptions, ChunkVerifier, PayloadForm } from "./aws-chunked.ts";
import { checksumAlgorithm, checksumOfHeader, createChecksum, isChecksumValue, prepareChecksum } from "./checksums/algorithms.ts";
import type { Checksum, ChecksumAlgorithm } from "./checksums/algorithms.ts";
import { AwsError } from "./error.ts";
import type { OperationModel } from "./model.ts";

export interface PayloadOptions {
  /** Digests to take besides those that are checked: S3 wants an MD5 for the ETag and a CRC64NVME when no checksum is sent. */
  also?: readonly ChecksumAlgorithm[];
  /** Check the hex digest in `x-amz-content-sha256`, where it is one. On unless told otherwise. */
  checkSha256?: boolean;
  /** Checks chunk signatures (`chunkVerifier`). Absent: they are let pass. */
  verifier?: ChunkVerifier;
}

/** What to do with a body; made of headers by `planPayload`, good for one body. */
export interface PayloadPlan {
  form: PayloadForm;
  /** For aws-chunked. */
  chunked: AwsChunkedOptions | undefined;
  /** Hex digest to check. */
  sha256: string | undefined;
  /** Content-MD5 to check, base64. */
  md5: string | undefined;
  /** The flexible checksum to check; its value is `undefined` when it comes in a trailer. */
  checksum: { algorithm: ChecksumAlgorithm; value: string | undefined } | undefined;
  also: readonly ChecksumAlgorithm[];
}

export interface PayloadResult {
  /** Bytes of the decoded body. */
  length: number;
  /** The checked checksum that the request carried, header or trailer. */
  checksum: { algorithm: ChecksumAlgorithm; value: string } | undefined;
  /** Base64 digests of everything checked or asked for in `also`. */
  digests: ReadonlyMap<ChecksumAlgorithm, string>;
  /** Lower-case names. Empty unless aws-chunked. */
  trailers: ReadonlyMap<string, string>;
}

/** The operation's checksum traits: only where there are some does `x-amz-checksum-*` speak of the body (CompleteMultipartUpload's speaks of the object). */
export type ChecksumTraits = Pick<OperationModel, "httpChecksum" | "httpChecksumRequired">;

const fault = (message: string): AwsError => new AwsError("InvalidRequest", message, { status: 400 });

/**
 * Reads how a body is to be decoded and checked.
 * @param headers lower-case; with what a presigned URL carries in its query (`withHoistedHeaders`).
 * @throws AwsError in S3's words for headers that are malformed, contradict each other, or lack a required checksum.
 */
export function planPayload(headers: IncomingHttpHeaders, traits: ChecksumTraits = {}, options: PayloadOptions = {}): PayloadPlan {
  const form = payloadForm(single(headers["x-amz-content-sha256"]));
  const chunked = form.kind === "chunked" ? awsChunkedOptions(headers, form) : undefined;
  if (chunked !== undefined && options.verifier !== undefined) chunked.verifier = options.verifier;
  const flexible = traits.httpChecksum?.requestAlgorithmMember !== undefined;
  const checksum = flexible ? requestChecksum(headers, chunked) : undefined;
  const md5 = contentMd5(single(headers["content-md5"]));
  const required = traits.httpChecksumRequired === true || traits.httpChecksum?.requestChecksumRequired === true;
  if (required && checksum === undefined && md5 === undefined) {
    throw fault("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  return { form, chunked, sha256: options.checkSha256 === false ? undefined : form.sha256, md5, checksum, also: options.also ?? [] };
}

/** Waits for what a plan's algorithms need; `undefined` when nothing, which is almost always. */
export function preparePayload(plan: PayloadPlan): Promise<unknown> | undefined {
  const waits = [plan.checksum?.algorithm, ...plan.also].map((algorithm) => algorithm && prepareChecksum(algorithm)).filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Promise.all(waits);
}

/** The checksum that headers or `x-amz-trailer` announce. The messages are S3's. */
function requestChecksum(headers: IncomingHttpHeaders, chunked: AwsChunkedOptions | undefined): PayloadPlan["checksum"] {
  let found: PayloadPlan["checksum"];
  for (const name in headers) {
    if (!name.startsWith("x-amz-checksum-")) continue;
    const algorithm = checksumOfHeader(name);
    if (algorithm === undefined) {
      if (name === "x-amz-checksum-type" || name === "x-amz-checksum-mode" || name === "x-amz-checksum-algorithm") continue;
      throw fault("The algorithm type you specified in x-amz-checksum- header is invalid.");
    }
    if (found !== undefined) throw fault("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    const value = String(headers[name]);
    if (!isChecksumValue(algorithm, value)) throw fault(`Value for ${name} header is invalid.`);
    found = { algorithm, value };
  }
  for (const name of chunked?.trailerNames ?? []) {
    const algorithm = checksumOfHeader(name);
    if (algorithm === undefined) throw fault("The value specified in the x-amz-trailer header is not supported");
    if (found !== undefined) throw fault("Expecting a single x-amz-checksum- header");
    found = { algorithm, value: undefined };
  }
  const named = single(headers["x-amz-sdk-checksum-algorithm"]);
  if (named !== undefined) {
    if (found === undefined) throw fault("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.");
    if (checksumAlgorithm(named) !== found.algorithm) throw fault("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  }
  return found;
}

function contentMd5(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (isChecksumValue("MD5", text)) return text;
  throw new AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", { status: 400, fields: { "Content-MD5": value } });
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** The work on one body, free of streams: `write` received bytes, then `end`. */
export class PayloadReader {
  readonly #plan: PayloadPlan;
  readonly #sink: (data: Buffer) => void;
  readonly #parser: AwsChunkedParser | undefined;
  readonly #sums = new Map<ChecksumAlgorithm, Checksum>();
  readonly #sha256: Hash | undefined;
  #length = 0;

  /** @param sink takes the decoded bytes, which are views of the received ones. */
  constructor(plan: PayloadPlan, sink: (data: Buffer) => void) {
    this.#plan = plan;
    this.#sink = sink;
    const algorithms = new Set(plan.also);
    if (plan.checksum !== undefined) algorithms.add(plan.checksum.algorithm);
    if (plan.md5 !== undefined) algorithms.add("MD5");
    // A digest that is taken anyway serves for x-amz-content-sha256 too.
    if (plan.sha256 !== undefined && !algorithms.has("SHA256")) this.#sha256 = createHash("sha256");
    for (const algorithm of algorithms) this.#sums.set(algorithm, createChecksum(algorithm));
    if (plan.chunked !== undefined) this.#parser = new AwsChunkedParser(plan.chunked, (data) => this.#take(data));
  }

  /** @throws AwsError for malformed framing or a wrong chunk signature. */
  write(bytes: Buffer): void {
    if (this.#parser === undefined) this.#take(bytes);
    else this.#parser.write(bytes);
  }

  /** @throws AwsError `BadDigest`, `XAmzContentSHA256Mismatch`, `IncompleteBody`, `MalformedTrailerError`, ... */
  end(): PayloadResult {
    this.#parser?.end();
    const digests = new Map<ChecksumAlgorithm, string>();
    for (const [algorithm, sum] of this.#sums) digests.set(algorithm, sum.digest().toString("base64"));
    const trailers = this.#parser?.trailers ?? noTrailers;
    this.#checkSha256(digests);
    this.#checkMd5(digests);
    return { length: this.#length, checksum: this.#checkChecksum(digests, trailers), digests, trailers };
  }

  #take(data: Buffer): void {
    this.#length += data.length;
    this.#sha256?.update(data);
    for (const sum of this.#sums.values()) sum.update(data);
    this.#sink(data);
  }

  #checkSha256(digests: ReadonlyMap<ChecksumAlgorithm, string>): void {
    const { sha256 } = this.#plan;
    if (sha256 === undefined) return;
    const computed = this.#sha256?.digest("hex") ?? Buffer.from(digests.get("SHA256")!, "base64").toString("hex");
    if (computed === sha256) return;
    throw new AwsError("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.", {
      status: 400, fields: { ClientComputedContentSHA256: sha256, S3ComputedContentSHA256: computed },
    });
  }

  #checkMd5(digests: ReadonlyMap<ChecksumAlgorithm, string>): void {
    const { md5 } = this.#plan;
    if (md5 === undefined || digests.get("MD5") === md5) return;
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", {
      status: 400, fields: { ExpectedDigest: md5, CalculatedDigest: digests.get("MD5") },
    });
  }

  #checkChecksum(digests: ReadonlyMap<ChecksumAlgorithm, string>, trailers: ReadonlyMap<string, string>): PayloadResult["checksum"] {
    const { checksum } = this.#plan;
    if (checksum === undefined) return undefined;
    const { algorithm } = checksum;
    const trailer = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const value = checksum.value ?? trailers.get(trailer) ?? "";
    if (checksum.value === undefined && !isChecksumValue(algorithm, value)) throw fault(`Value for ${trailer} trailing header is invalid.`);
    if (digests.get(algorithm) !== value) {
      throw new AwsError("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`, { status: 400 });
    }
    return { algorithm, value };
  }
}

const noTrailers: ReadonlyMap<string, string> = new Map();

/**
 * A body as a stream of its decoded, checked bytes. It fails with an `AwsError`, possibly at its very end: what it let
 * through before must then be thrown away. Nothing is taken from its source before somebody reads it.
 */
export class PayloadStream extends Transform {
  readonly #plan: PayloadPlan;
  #source: Readable | undefined;
  #reader: PayloadReader | undefined;
  #result: PayloadResult | undefined;

  /** @param source read from the first read on; without one, bytes are written in (`pipeline`). */
  constructor(plan: PayloadPlan, source?: Readable) {
    super({ readableHighWaterMark: 256 * 1024 });
    this.#plan = { ...plan };
    this.#source = source;
    source?.on("error", (error) => this.destroy(error));
  }

  /** There once the stream has ended well. */
  get result(): PayloadResult | undefined {
    return this.#result;
  }

  /**
   * Has more digests taken in the same pass: S3's handlers know only late which ones they need. Before the first read;
   * an XXHASH one must be ready (`prepareChecksum`).
   */
  want(...algorithms: ChecksumAlgorithm[]): void {
    if (this.#reader !== undefined) throw new Error("the body is being read already");
    this.#plan.also = [...this.#plan.also, ...algorithms];
  }

  override _read(size: number): void {
    const source = this.#source;
    if (source !== undefined) {
      this.#source = undefined;
      source.pipe(this);
    }
    super._read(size);
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#open().write(bytes);
    } catch (error) {
      return done(error as Error);
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#result = this.#open().end();
    } catch (error) {
      return done(error as Error);
    }
    done();
  }

  #open(): PayloadReader {
    return (this.#reader ??= new PayloadReader(this.#plan, (data) => this.push(data)));
  }
}

/** Decodes and checks a body that is in memory. @throws AwsError as the stream does. */
export function readPayload(body: Uint8Array, plan: PayloadPlan): PayloadResult & { data: Buffer } {
  const pieces: Buffer[] = [];
  const reader = new PayloadReader(plan, (data) => pieces.push(data));
  reader.write(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  const result = reader.end();
  return { ...result, data: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces) };
}
