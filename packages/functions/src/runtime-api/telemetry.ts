import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Clock } from "@cumulet/core";
import type { Extensions } from "./extensions.ts";
import { readBody, refuse } from "./http.ts";

/** A message of the Telemetry API: `platform.start`, `platform.report`, `function`, `extension`, ... */
export interface TelemetryEvent {
  /** ISO 8601 with milliseconds. */
  time: string;
  type: string;
  record: unknown;
}

type Category = "platform" | "function" | "extension";

interface Subscription {
  name: string;
  types: ReadonlySet<Category>;
  target: { protocol: "HTTP"; port: number; path: string } | { protocol: "TCP"; port: number };
  maxItems: number;
  maxBytes: number;
  timeoutMs: number;
  buffer: string[];
  bytes: number;
  timer: Disposable | undefined;
  dropped: { records: number; bytes: number };
}

/** A subscriber that does not keep up loses messages beyond this many buffers, and is told with `platform.logsDropped`. */
const BUFFERS_PENDING_MAX = 4;

/**
 * The Telemetry API (2022-07-01) and its predecessor, the Logs API (2020-08-15), of one sandbox: extensions subscribe,
 * and messages are pushed to a listener of theirs inside the sandbox, in batches.
 */
export class Telemetry {
  /** Where `sandbox.localdomain` is for us: the sandbox's own address. */
  address = "127.0.0.1";
  readonly #clock: Clock;
  readonly #subscriptions = new Map<string, Subscription>();
  #pending = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get subscribed(): boolean {
    return this.#subscriptions.size > 0;
  }

  handle(url: string, request: IncomingMessage, response: ServerResponse, extensions: Extensions): void {
    if (request.method !== "PUT") {
      request.resume();
      return refuse(response, 405, "MethodNotAllowed", "Method not allowed");
    }
    const id = request.headers["lambda-extension-identifier"]?.toString();
    if (!extensions.known(id)) {
      request.resume();
      return refuse(response, 403, "Extension.UnknownExtensionIdentifier", "Unknown extension");
    }
    readBody(request, 65_536, (body) => {
      const parsed = parseSubscription(body, url.startsWith("/2020-08-15"));
      if (typeof parsed === "string") return refuse(response, 400, "ValidationError", parsed);
      this.#subscriptions.set(id!, { ...parsed, name: extensions.nameOf(id!) ?? id!, buffer: [], bytes: 0, timer: undefined, dropped: { records: 0, bytes: 0 } });
      response.writeHead(200, ["Content-Type", "text/plain", "Content-Length", "4"]);
      response.end('"OK"');
      this.publish({
        time: new Date(this.#clock.now()).toISOString(),
        type: "platform.telemetrySubscription",
        record: { name: extensions.nameOf(id!), state: "Subscribed", types: [...parsed.types] },
      });
    });
  }

  publish(event: TelemetryEvent): void {
    if (this.#subscriptions.size === 0) return;
    const category = event.type.startsWith("platform.") ? "platform" : (event.type as Category);
    const text = JSON.stringify(event);
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.types.has(category)) continue;
      if (this.#pending >= BUFFERS_PENDING_MAX) {
        subscription.dropped.records += 1;
        subscription.dropped.bytes += text.length;
        continue;
      }
      subscription.buffer.push(text);
      subscription.bytes += text.length;
      if (subscription.buffer.length >= subscription.maxItems || subscription.bytes >= subscription.maxBytes) this.#flush(subscription);
      else subscription.timer ??= this.#clock.schedule(subscription.timeoutMs, () => this.#flush(subscription));
    }
  }

  /** Sends what is buffered, at the end of the sandbox. */
  flush(): void {
    for (const subscription of this.#subscriptions.values()) this.#flush(subscription);
  }

  close(): void {
    for (const subscription of this.#subscriptions.values()) subscription.timer?.[Symbol.dispose]();
    this.#subscriptions.clear();
  }

  #flush(subscription: Subscription): void {
    subscription.timer?.[Symbol.dispose]();
    subscription.timer = undefined;
    if (subscription.dropped.records > 0) {
      const { records, bytes } = subscription.dropped;
      subscription.dropped = { records: 0, bytes: 0 };
      const record = { reason: "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.", droppedRecords: records, droppedBytes: bytes };
      subscription.buffer.push(JSON.stringify({ time: new Date(this.#clock.now()).toISOString(), type: "platform.logsDropped", record }));
    }
    if (subscription.buffer.length === 0) return;
    const batch = subscription.buffer;
    subscription.buffer = [];
    subscription.bytes = 0;
    this.#pending += 1;
    this.#send(subscription, batch, () => {
      this.#pending -= 1;
    });
  }

  #send(subscription: Subscription, batch: string[], done: () => void): void {
    const { target } = subscription;
    if (target.protocol === "TCP") {
      const socket = connect({ host: this.address, port: target.port }, () => socket.end(batch.join("\n") + "\n"));
      socket.on("error", () => socket.destroy());
      socket.once("close", done);
      return;
    }
    const body = Buffer.from(`[${batch.join(",")}]`);
    const request = httpRequest({
      host: this.address, port: target.port, path: target.path, method: "POST",
      headers: { "content-type": "application/json", "content-length": body.length },
    }, (response) => response.resume());
    // A listener that is not up yet loses the batch, as it does in Lambda once retries are used up.
    request.on("error", () => request.destroy());
    request.once("close", done);
    request.end(body);
  }
}

/** Checks a subscription; a string is what is wrong with it. */
function parseSubscription(body: Buffer | undefined, logsApi: boolean): Pick<Subscription, "types" | "target" | "maxItems" | "maxBytes" | "timeoutMs"> | string {
  let input: { schemaVersion?: unknown; destination?: { protocol?: unknown; URI?: unknown; port?: unknown }; types?: unknown; buffering?: { maxItems?: unknown; maxBytes?: unknown; timeoutMs?: unknown } };
  try {
    input = JSON.parse(body?.toString("utf8") ?? "") as typeof input;
  } catch {
    return "Request body is not valid JSON";
  }
  if (input === null || typeof input !== "object") return "Request body is not a JSON object";
  const versions = logsApi ? ["2020-08-15", "2021-03-18"] : ["2022-07-01", "2022-12-13", "2025-01-29"];
  if (input.schemaVersion !== undefined && !versions.includes(String(input.schemaVersion))) return `Unsupported schemaVersion: ${String(input.schemaVersion)}`;
  const types = Array.isArray(input.types) ? input.types : [];
  if (types.length === 0 || types.some((type) => type !== "platform" && type !== "function" && type !== "extension")) return `Invalid types: ${JSON.stringify(input.types)}`;
  const destination = input.destination ?? {};
  let target: Subscription["target"];
  if (destination.protocol === "TCP") {
    const port = Number(destination.port);
    if (!validPort(port)) return "Invalid destination port";
    target = { protocol: "TCP", port };
  } else if (destination.protocol === "HTTP") {
    let url: URL;
    try {
      url = new URL(String(destination.URI));
    } catch {
      return "Invalid destination URI";
    }
    // Anything else would let code in a sandbox send requests from our own network position.
    if (url.protocol !== "http:" || (url.hostname !== "sandbox.localdomain" && url.hostname !== "sandbox")) return "The destination host must be sandbox.localdomain";
    const port = Number(url.port || 80);
    if (!validPort(port)) return "Invalid destination port";
    target = { protocol: "HTTP", port, path: url.pathname + url.search };
  } else {
    return "destination.protocol must be HTTP or TCP";
  }
  const buffering = input.buffering ?? {};
  const maxItems = within(buffering.maxItems, 1000, 1000, 10_000);
  const maxBytes = within(buffering.maxBytes, 262_144, 262_144, 1_048_576);
  const timeoutMs = within(buffering.timeoutMs, 1000, 25, 30_000);
  if (maxItems === undefined || maxBytes === undefined || timeoutMs === undefined) return "Invalid buffering configuration";
  return { types: new Set(types as Category[]), target, maxItems, maxBytes, timeoutMs };
}

function within(value: unknown, fallback: number, min: number, max: number): number | undefined {
  if (value === undefined || value === null) return fallback;
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

function validPort(port: number): boolean {
  // Lambda keeps 9001 for its Runtime API.
  return Number.isInteger(port) && port > 0 && port < 65_536 && port !== 9001;
}
