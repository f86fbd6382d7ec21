import type { IncomingMessage } from "node:http";
import WebSocket from "ws";

export interface ConnectOptions {
  host?: string;
  path?: string;
  headers?: Record<string, string>;
  protocols?: string[];
}

/** A WebSocket client whose messages are awaited one by one. */
export class Client {
  readonly socket: WebSocket;
  private readonly received: string[] = [];
  private readonly waiting: ((text: string) => void)[] = [];
  private readonly end: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      const text = String(data);
      const next = this.waiting.shift();
      if (next === undefined) this.received.push(text);
      else next(text);
    });
    this.end = new Promise((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })));
    socket.on("error", () => {});
  }

  send(text: string): void {
    this.socket.send(text);
  }

  next(): Promise<string> {
    const text = this.received.shift();
    if (text !== undefined) return Promise.resolve(text);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  ask(text: string): Promise<string> {
    this.send(text);
    return this.next();
  }

  closed(): Promise<{ code: number; reason: string }> {
    return this.end;
  }

  async close(code?: number, reason?: string): Promise<void> {
    this.socket.close(code, reason);
    await this.end;
  }
}

function open(port: number, path: string, { host, headers, protocols = [], path: fullPath }: ConnectOptions): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}${fullPath ?? path}`, protocols, { headers: { ...headers, ...(host === undefined ? {} : { Host: host }) } });
}

/** Connects, or fails with the status of the refusal. */
export function connect(port: number, path: string, options: ConnectOptions = {}): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = open(port, path, options);
    const client = new Client(socket);
    socket.on("open", () => resolve(client));
    socket.on("error", reject);
  });
}

/** The answer to a handshake that is refused. */
export function refusal(port: number, path: string, options: ConnectOptions = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = open(port, path, options);
    socket.on("open", () => {
      socket.terminate();
      reject(new Error("The connection was opened."));
    });
    socket.on("error", reject);
    socket.on("unexpected-response", (_request, response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() }));
    });
  });
}
