"use strict";
/** The response stream of a streaming handler, and what Lambda puts into the global `awslambda`. */
const { Writable } = require("node:stream");
const { InvalidStreamingOperation } = require("./errors.cjs");

const HANDLER_STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HANDLER_HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response";
/** Bytes between the JSON prelude (status, headers, cookies) and the body. */
const DELIMITER = 8;

/** Writes the body of an answer as it comes. The request opens with the first byte, so the content type can still be set until then. */
class ResponseStream extends Writable {
  #client;
  #id;
  #contentType = "application/octet-stream";
  #begun = false;
  #fault;
  #received;
  /** Called with a `write` before the first bytes of the handler's own (HttpResponseStream's prelude). */
  _onBeforeFirstWrite;
  /** Resolves when the platform has all of the answer. */
  received;

  constructor(client, id, highWaterMark) {
    super(highWaterMark === undefined ? {} : { highWaterMark });
    this.#client = client;
    this.#id = id;
    this.received = new Promise((resolve) => {
      this.#received = resolve;
    });
  }

  setContentType(contentType) {
    if (this.#begun) throw new InvalidStreamingOperation("Cannot set content-type, too late.");
    this.#contentType = contentType;
  }

  /** Objects go out as JSON. */
  write(chunk, encoding, callback) {
    if (typeof chunk !== "string" && !ArrayBuffer.isView(chunk)) chunk = JSON.stringify(chunk);
    return super.write(chunk, encoding, callback);
  }

  /** Ends the answer with an error in its trailers. */
  fail(payload) {
    if (this.writableEnded) return;
    this.#fault = payload;
    this.end();
  }

  _write(chunk, _encoding, callback) {
    this.#begin();
    this.#client.writeChunk(chunk, callback);
  }

  _final(callback) {
    this.#begin();
    this.#client.endStream(this.#fault);
    callback();
  }

  #begin() {
    if (this.#begun) return;
    this.#begun = true;
    this.#client.beginStream(this.#id, this.#contentType, this.#received);
    this._onBeforeFirstWrite?.((bytes) => this.#client.writeChunk(Buffer.from(bytes), () => {}));
  }
}

const awslambda = {
  /** Marks a handler `(event, responseStream, context)` as streaming. */
  streamifyResponse(handler, options) {
    handler[HANDLER_STREAMING] = "response";
    if (typeof options?.highWaterMark === "number") handler[HANDLER_HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
    return handler;
  },
  /** Puts status, headers and cookies of an HTTP answer in front of a stream. */
  HttpResponseStream: class HttpResponseStream {
    static from(stream, prelude) {
      stream.setContentType(HTTP_INTEGRATION);
      stream._onBeforeFirstWrite = (write) => {
        write(JSON.stringify(prelude));
        write(new Uint8Array(DELIMITER));
      };
      return stream;
    }
  },
};

module.exports = { ResponseStream, awslambda, HANDLER_STREAMING, HANDLER_HIGH_WATER_MARK };
