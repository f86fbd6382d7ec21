/**
 * A load generator over raw sockets: the same bytes again and again on keep-alive connections, answers counted by their
 * Content-Length. Runs in the bench's process while the server under test has a process of its own.
 */
import { connect, type Socket } from "node:net";

/** One request as bytes, and what a good answer's status line starts with. */
export interface Shot {
  bytes: Buffer;
  status: number;
}

/** What a run measured. */
export interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  requests: number;
}

/** Builds the bytes of a request. */
export function shot(method: string, port: number, path: string, headers: { [name: string]: string } = {}, body: string | Buffer = "", status = 200): Shot {
  const all = { Host: `127.0.0.1:${port}`, ...headers, ...(body.length > 0 || method !== "GET" ? { "Content-Length": String(Buffer.byteLength(body)) } : {}) };
  const head = `${method} ${path} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return { bytes: Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]), status };
}

const HEAD_END = Buffer.from("\r\n\r\n");

/** Fires shots for `seconds` over `connections`, after a warm-up of a fifth of that. `next` picks the shot of each request. */
export async function load(port: number, next: (n: number) => Shot, options: { connections?: number; seconds?: number } = {}): Promise<Measured> {
  const { connections = 16, seconds = 3 } = options;
  const warmUntil = performance.now() + seconds * 200;
  const until = warmUntil + seconds * 1000;
  const latencies: number[] = [];
  let fired = 0;

  await Promise.all(Array.from({ length: connections }, () => new Promise<void>((resolve, reject) => {
    const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let buffered: Buffer = Buffer.alloc(0);
    let started = 0;
    let expected = 200;
    const fire = (): void => {
      const { bytes, status } = next(fired++);
      expected = status;
      started = performance.now();
      socket.write(bytes);
    };
    socket.once("connect", fire);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("The server closed a connection under load.")));
    socket.on("data", (chunk: Buffer) => {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
      const headEnd = buffered.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = buffered.toString("latin1", 0, headEnd);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head);
      let total: number;
      if (length !== null) total = headEnd + 4 + Number(length[1]);
      else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
        if (!buffered.subarray(-5).equals(Buffer.from("0\r\n\r\n"))) return;
        total = buffered.length;
      } else total = headEnd + 4;
      if (buffered.length < total) return;
      if (Number(head.slice(9, 12)) !== expected) {
        socket.removeAllListeners("close");
        socket.destroy();
        reject(new Error(`Expected ${expected}, got:\n${buffered.toString("utf8").slice(0, 600)}`));
        return;
      }
      buffered = Buffer.alloc(0);
      const now = performance.now();
      if (now >= warmUntil) latencies.push(now - started);
      if (now < until) fire();
      else {
        socket.removeAllListeners("close");
        socket.end();
        resolve();
      }
    });
  })));

  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), requests: latencies.length };
}
