import { ask, CommandError, print, type RemoteFlags } from "./remote.ts";

interface LogFlags extends RemoteFlags {
  follow?: boolean;
  limit: string;
}

interface Entry {
  requestId: string;
  service: string;
  operation: string;
  account: string;
  region: string;
  startedMs: number;
  durationMs: number;
  status: number;
  error?: { code: string; message: string };
}

/** `cumulet logs` */
export async function logs(flags: LogFlags): Promise<void> {
  const limit = Number(flags.limit);
  if (!Number.isInteger(limit) || limit < 1) throw new CommandError(`--limit must be a whole number above 0, not "${flags.limit}".`);
  const { requests } = (await (await ask(flags, `/_cumulet/requests?limit=${limit}`)).json()) as { requests: Entry[] };
  const oldestFirst = requests.reverse();
  if (!flags.follow) {
    print(flags, oldestFirst, (entries) => entries.map(line).join("\n") || "No requests yet.");
    return;
  }
  for (const entry of oldestFirst) show(flags, entry);
  const response = await ask(flags, "/_cumulet/requests?follow", { headers: { accept: "text/event-stream" } });
  let buffered = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    buffered += chunk;
    const events = buffered.split("\n\n");
    buffered = events.pop()!;
    for (const event of events) if (event.startsWith("data: ")) show(flags, JSON.parse(event.slice(6)) as Entry);
  }
}

/** JSON lines while following: an array would never end. */
function show(flags: LogFlags, entry: Entry): void {
  process.stdout.write(`${flags.json ? JSON.stringify(entry) : line(entry)}\n`);
}

function line(entry: Entry): string {
  const time = new Date(entry.startedMs).toISOString().slice(11, 23);
  const error = entry.error === undefined ? "" : `  ${entry.error.code}: ${entry.error.message}`;
  return `${time} ${entry.status} ${`${entry.service}.${entry.operation}`.padEnd(32)} ${entry.durationMs.toFixed(1).padStart(8)} ms  ${entry.account} ${entry.region}  ${entry.requestId}${error}`;
}
