import { ask, print, type RemoteFlags } from "./remote.ts";

interface Info {
  version: string;
  endpoint: string;
  dataFolder: string | null;
  startedAt: string;
  services: { [id: string]: { implemented: number; modelled: number } };
}

/** `cumulet status` */
export async function status(flags: RemoteFlags): Promise<void> {
  const info = (await (await ask(flags, "/_cumulet/info")).json()) as Info;
  print(flags, info, (i) =>
    [
      `Cumulet ${i.version} runs at ${flags.url} since ${i.startedAt}.`,
      `State: ${i.dataFolder ?? "in memory only (--ephemeral)"}`,
      "",
      ...Object.entries(i.services).map(([id, { implemented, modelled }]) => `  ${id.padEnd(26)} ${String(implemented).padStart(4)} of ${modelled} operations`),
    ].join("\n"));
}
