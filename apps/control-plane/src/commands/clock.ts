import { ask, CommandError, print, type RemoteFlags } from "./remote.ts";

interface ClockFlags extends RemoteFlags {
  advance?: string;
  freeze?: boolean;
  unfreeze?: boolean;
  speed?: string;
  reset?: boolean;
}

const UNITS: { [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `90s`, `1.5h`, `7d`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) throw new CommandError(`"${text}" is no duration: write it as 90s, 15m, 1.5h or 7d.`);
  return Number(match[1]) * UNITS[match[2]!]!;
}

/** `cumulet clock` */
export async function clock(flags: ClockFlags): Promise<void> {
  const changes: object[] = [];
  if (flags.reset) changes.push({ reset: true });
  if (flags.freeze) changes.push({ freeze: true });
  if (flags.unfreeze) changes.push({ freeze: false });
  if (flags.speed !== undefined) changes.push({ speed: Number(flags.speed) });
  if (flags.advance !== undefined) changes.push({ advanceMs: parseDuration(flags.advance) });
  if (changes.length > 1) throw new CommandError("One change at a time, please.");
  const response = changes.length === 0
    ? await ask(flags, "/_cumulet/clock")
    : await ask(flags, "/_cumulet/clock", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(changes[0]) });
  print(flags, (await response.json()) as { now: string; frozen: boolean; speed: number; offsetMs: number }, ({ now, frozen, speed, offsetMs }) =>
    `${now}${frozen ? ", frozen" : ""}${speed === 1 ? "" : `, ${speed} times as fast`}${Math.abs(offsetMs) < 1000 ? "" : `, ${(offsetMs / 1000).toFixed(0)} s from the machine's time`}`);
}
