"use strict";
/**
 * The Runtime API over one raw socket that stays open. An answer and the request for the next event leave in one
 * write: at thousands of invocations a second the HTTP client of Node.js costs more than the function.
 * It speaks only what our own Runtime API answers: HTTP/1.1 with Content-Length.
 */
const net = require("node:net");

const PREFIX = "/2018-06-01/runtime/";

class RuntimeClient {
  #socket;
  #host;
  /** What the answers to come are for, in order. */
  #expected = [];
  #chunks = [];
  #size = 0;

  constructor(api) {
    this.#host = api;
    const end = api.lastIndexOf(":");
    this.#socket = net.connect({ host: api.slice(0, end), port: Number(api.slice(end + 1)), noDelay: true });
    this.#socket.on("data", (chunk) => this.#receive(chunk));
    // Without a platform there is nobody to work for.
    this.#socket.on("error", () => process.exit(1));
    this.#socket.on("close", () => process.exit(1));
  }

  /** The socket keeps the process alive only while it waits for an event. */
  working() {
    this.#socket.unref();
  }

  waiting() {
    this.#socket.ref();
  }

  /** Asks for the next event; `deliver(headers, body)`. */
  next(deliver) {
    this.waiting();
    this.#socket.write(this.#nextRequest(deliver));
  }

  /** Answers an invocation and asks for the next event, in one write. */
  respondAndNext(id, body, deliver) {
    this.waiting();
    this.#expected.push(undefined);
    const bytes = Buffer.byteLength(body);
    const head = `POST ${PREFIX}invocation/${id}/response HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
    this.#socket.write(head + body + this.#nextRequest(deliver));
  }

  /** Reports an error of an invocation; with `deliver` it also asks for the next event, else `done` runs once it is received. */
  fail(id, payload, cause, deliver, done) {
    this.waiting();
    const body = JSON.stringify(payload);
    const causeHeader = cause === undefined ? "" : `Lambda-Runtime-Function-XRay-Error-Cause: ${cause}\r\n`;
    this.#expected.push(deliver === undefined ? () => done() : undefined);
    this.#socket.write(this.#errorRequest(`invocation/${id}/error`, payload.errorType, causeHeader, body) + (deliver === undefined ? "" : this.#nextRequest(deliver)));
  }

  initError(payload, done) {
    this.waiting();
    this.#expected.push(() => done());
    this.#socket.write(this.#errorRequest("init/error", payload.errorType, "", JSON.stringify(payload)));
  }

  /** Begins a streamed answer; see `streaming.cjs`. `done` runs once the platform has all of it. */
  beginStream(id, contentType, done) {
    this.waiting();
    this.#expected.push(() => done());
    this.#socket.write(
      `POST ${PREFIX}invocation/${id}/response HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: ${contentType}\r\n` +
      "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n" +
      "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n");
  }

  /** One HTTP chunk; `sent` as in a Writable, so that a slow reader slows the handler down. */
  writeChunk(bytes, sent) {
    if (bytes.length === 0) return sent();
    this.#socket.cork();
    this.#socket.write(`${bytes.length.toString(16)}\r\n`);
    this.#socket.write(bytes);
    this.#socket.write("\r\n", (error) => sent(error));
    this.#socket.uncork();
  }

  endStream(fault) {
    const trailers = fault === undefined ? "" :
      `Lambda-Runtime-Function-Error-Type: ${headerText(fault.errorType)}\r\nLambda-Runtime-Function-Error-Body: ${Buffer.from(JSON.stringify(fault)).toString("base64")}\r\n`;
    this.#socket.write(`0\r\n${trailers}\r\n`);
  }

  #nextRequest(deliver) {
    this.#expected.push(deliver);
    return `GET ${PREFIX}invocation/next HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`;
  }

  #errorRequest(path, errorType, headers, body) {
    return `POST ${PREFIX}${path} HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: application/json\r\n` +
      `Lambda-Runtime-Function-Error-Type: ${headerText(errorType)}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  }

  #receive(chunk) {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      let bytes = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
      if (this.#needed !== undefined && this.#size < this.#needed) return;
      if (bytes === undefined) {
        bytes = Buffer.concat(this.#chunks, this.#size);
        this.#chunks = [bytes];
      }
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = bytes.latin1Slice(0, end);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head);
      const total = end + 4 + (length === null ? 0 : Number(length[1]));
      if (bytes.length < total) {
        this.#needed = total;
        return;
      }
      this.#needed = undefined;
      const rest = bytes.subarray(total);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#size = rest.length;
      const receiver = this.#expected.shift();
      if (receiver !== undefined) receiver(head, bytes.subarray(end + 4, total));
      if (this.#size === 0) return;
    }
  }

  /** Bytes that the answer being received has in all, once its head is known. */
  #needed;
}

/** Header values cannot hold line breaks or what is not latin1. */
function headerText(text) {
  return String(text).replace(/[^\x20-\x7e]/g, "?");
}

/** Headers of an answer's head by lower-case name. */
function parseHeaders(head) {
  const headers = {};
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

module.exports = { RuntimeClient, parseHeaders };
