import { AwsError } from "@cumulet/protocol";
import type { Calls, Context } from "@cumulet/core";
import type { Store } from "../../store.ts";

/** PutLogEvents takes 1 MB and 10,000 events at once. */
const BATCH_EVENTS = 2000;
const BATCH_BYTES = 900_000;
/** CloudWatch Logs' limit on one event, its own 26 bytes taken off. */
const EVENT_BYTES = 256 * 1024 - 26;
/** What may wait of one stream before the oldest is dropped. */
const PENDING_BYTES = 8 * 1024 * 1024;

/** Nobody who asked is left when logs are written: their going must not stop it. */
const NEVER = new AbortController().signal;

interface Stream {
  events: { timestamp: number; message: string }[];
  bytes: number;
  writing: boolean;
}

/**
 * Writes access and execution logs to CloudWatch Logs beside the requests that they tell of. What comes while a write is
 * under way goes with the next one: a busy stage makes few and large writes.
 */
export class LogWriter {
  private readonly streams = new Map<string, Stream>();

  /** Adds events to a stream; group and stream come into being with the first. */
  write(ctx: Context<Store>, group: string, name: string, messages: readonly string[]): void {
    const key = `${group}\n${name}`;
    let stream = this.streams.get(key);
    if (stream === undefined) this.streams.set(key, (stream = { events: [], bytes: 0, writing: false }));
    const timestamp = ctx.clock.now();
    for (const message of messages) {
      const text = message.length > EVENT_BYTES / 4 ? message.slice(0, EVENT_BYTES / 4) : message;
      if (text === "") continue;
      stream.events.push({ timestamp, message: text });
      stream.bytes += text.length + 26;
    }
    while (stream.bytes > PENDING_BYTES) stream.bytes -= stream.events.shift()!.message.length + 26;
    if (!stream.writing) void this.drain(ctx, stream, group, name, key);
  }

  private async drain(ctx: Context<Store>, stream: Stream, group: string, name: string, key: string): Promise<void> {
    stream.writing = true;
    // What the same turn adds goes along.
    await Promise.resolve();
    const { logs } = ctx.as({ signal: NEVER });
    try {
      while (stream.events.length > 0) {
        const batch = take(stream);
        await put(logs, group, name, batch);
      }
    } catch (error) {
      stream.events.length = 0;
      stream.bytes = 0;
      ctx.log.debug("A log of the gateway was not stored", { group, stream: name, error: String(error) });
    } finally {
      this.streams.delete(key);
    }
  }
}

function take(stream: Stream): Stream["events"] {
  let count = 0;
  let bytes = 0;
  while (count < stream.events.length && count < BATCH_EVENTS && bytes < BATCH_BYTES) bytes += stream.events[count++]!.message.length + 26;
  stream.bytes -= bytes;
  return stream.events.splice(0, count);
}

const isMissing = (error: unknown): boolean => error instanceof AwsError && error.code === "ResourceNotFoundException";

async function put(logs: Calls["logs"], group: string, name: string, logEvents: Stream["events"]): Promise<void> {
  const write = (): Promise<unknown> => logs.PutLogEvents({ logGroupName: group, logStreamName: name, logEvents });
  try {
    await write();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await create(logs, group, name);
    await write();
  }
}

async function create(logs: Calls["logs"], group: string, name: string): Promise<void> {
  const stream = (): Promise<unknown> => ignoringExists(logs.CreateLogStream({ logGroupName: group, logStreamName: name }));
  try {
    await stream();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await ignoringExists(logs.CreateLogGroup({ logGroupName: group }));
    await stream();
  }
}

async function ignoringExists(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ResourceAlreadyExistsException") throw error;
  }
}
