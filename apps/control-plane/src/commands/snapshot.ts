import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { ask, CommandError, print, type RemoteFlags } from "./remote.ts";

interface Snapshot {
  name: string;
  createdMs: number;
  account: string | null;
  stores: unknown[];
  blobs: number;
  bytes: number;
}

const path = (name: string, rest = ""): string => `/_cumulet/snapshots/${encodeURIComponent(name)}${rest}`;
const line = ({ name, createdMs, account, bytes }: Snapshot): string =>
  `${name.padEnd(24)} ${new Date(createdMs).toISOString()}  ${account ?? "all accounts"}  ${(bytes / 1048576).toFixed(1)} MiB`;

/** `cumulet snapshot save <name>` */
export async function save(name: string, flags: RemoteFlags & { account?: string }): Promise<void> {
  const response = await ask(flags, path(name), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ account: flags.account }) });
  print(flags, (await response.json()) as Snapshot, (snapshot) => `Saved ${line(snapshot)}`);
}

/** `cumulet snapshot list` */
export async function list(flags: RemoteFlags): Promise<void> {
  const { snapshots } = (await (await ask(flags, "/_cumulet/snapshots")).json()) as { snapshots: Snapshot[] };
  print(flags, snapshots, (all) => all.map(line).join("\n") || "No snapshots yet: cumulet snapshot save <name>");
}

/** `cumulet snapshot load <name>` */
export async function load(name: string, flags: RemoteFlags): Promise<void> {
  const response = await ask(flags, path(name, "/restore"), { method: "POST" });
  print(flags, (await response.json()) as Snapshot, (snapshot) => `The state is now that of ${line(snapshot)}`);
}

/** `cumulet snapshot delete <name>` */
export async function remove(name: string, flags: RemoteFlags): Promise<void> {
  await ask(flags, path(name), { method: "DELETE" });
  print(flags, { deleted: name }, () => `Deleted ${name}.`);
}

/** `cumulet snapshot export <name> <file>`: one file, which another machine can import. */
export async function exportTo(name: string, file: string, flags: RemoteFlags): Promise<void> {
  const response = await ask(flags, path(name, "/export"));
  try {
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(file));
  } catch (error) {
    await rm(file, { force: true });
    throw new CommandError(`${file} could not be written: ${(error as Error).message}`);
  }
  print(flags, { exported: name, file }, () => `Exported ${name} to ${file}.`);
}

/** `cumulet snapshot import <name> <file>` */
export async function importFrom(name: string, file: string, flags: RemoteFlags): Promise<void> {
  const source = createReadStream(file);
  await new Promise<void>((resolve, reject) => {
    source.once("open", () => resolve());
    source.once("error", (error) => reject(new CommandError(`${file} cannot be read: ${error.message}`)));
  });
  const response = await ask(flags, path(name, "/import"), { method: "PUT", body: Readable.toWeb(source) as unknown as ReadableStream<Uint8Array> as never, duplex: "half" } as RequestInit);
  print(flags, (await response.json()) as Snapshot, (snapshot) => `Imported ${line(snapshot)}. Load it with: cumulet snapshot load ${name}`);
}
