import type { Position } from "../store/events.ts";

/**
 * Event ids and the tokens of GetLogEvents as AWS writes them: 56 decimal digits whose upper part is the time in
 * milliseconds times 2^144, so that they sort by time. The lower part is the number of arrival.
 */
const SHIFT = 144n;
const LOW = (1n << 64n) - 1n;

export function writeEventId({ timestamp, seq }: Position): string {
  return ((BigInt(Math.max(0, timestamp)) << SHIFT) | BigInt(Math.max(0, seq))).toString().padStart(56, "0");
}

/** Undefined when it is no such id. */
export function readEventId(id: string): Position | undefined {
  if (!/^[0-9]{1,60}$/.test(id)) return undefined;
  const value = BigInt(id);
  return { timestamp: Number(value >> SHIFT), seq: Number(value & LOW) };
}

/** `f/<id>/s` (forward from there) or `b/<id>/s` (backward). */
export function writePageToken(direction: "f" | "b", position: Position): string {
  return `${direction}/${writeEventId(position)}/s`;
}

/** Undefined when it is no such token. */
export function readPageToken(token: string): { direction: "f" | "b"; position: Position } | undefined {
  const match = /^([fb])\/([0-9]{1,60})(?:\/s)?$/.exec(token);
  const position = match === null ? undefined : readEventId(match[2]!);
  return position === undefined ? undefined : { direction: match![1] as "f" | "b", position };
}
