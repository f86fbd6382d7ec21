import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** An HTTP request as the protocol layer sees it: the target split once, header names in lower case, the body read or not yet. */
export interface WireRequest {
  method: string;
  /** Path as received, percent-encoding intact, without the query. A virtual-host bucket has been moved into it. */
  path: string;
  /** Query as received, without the `?`; empty when there is none. */
  query: string;
  headers: IncomingHttpHeaders;
  /** All bytes for an operation without a streaming input; else the (decoded) stream. */
  body: Uint8Array | Readable;
}

/** An HTTP answer, ready for one `writeHead` and one `end`. */
export interface WireResponse {
  status: number;
  /** Flat: name, value, name, value. Never holds Content-Length for a stream of unknown length. */
  headers: string[];
  body: string | Uint8Array | Readable | AsyncIterable<Uint8Array> | undefined;
}
