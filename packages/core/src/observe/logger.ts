import type { Log } from "./log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/** How and where the platform's own log goes. */
export interface LoggerOptions {
  level: LogLevel;
  /** `human`: one aligned line with colours on a terminal; `json`: one object a line. */
  format: "human" | "json";
  write(line: string): void;
  now(): number;
  colors?: boolean;
}

const PAINT = { debug: "\x1b[2m", info: "", warn: "\x1b[33m", error: "\x1b[31m", silent: "" } as const;

/** The platform's log. A control character in a field never reaches the terminal raw. */
export function createLogger(options: LoggerOptions, fields: object = {}): Log {
  const threshold = ORDER.indexOf(options.level);
  const line = (level: LogLevel, message: string, extra: object = {}): void => {
    if (ORDER.indexOf(level) < threshold) return;
    const time = new Date(options.now()).toISOString();
    if (options.format === "json") {
      options.write(JSON.stringify({ time, level, message, ...fields, ...extra }) + "\n");
      return;
    }
    let text = `${time.slice(11, 23)} ${message}`;
    for (const [name, value] of Object.entries({ ...fields, ...extra })) {
      if (value === undefined) continue;
      text += ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
    }
    // The stack of an error is the one thing whose line breaks help.
    text = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
    options.write(options.colors && PAINT[level] ? `${PAINT[level]}${text}\x1b[0m\n` : `${text}\n`);
  };
  return {
    debug: (message, extra) => line("debug", message, extra),
    info: (message, extra) => line("info", message, extra),
    warn: (message, extra) => line("warn", message, extra),
    error: (message, extra) => line("error", message, extra),
    shows: (level) => ORDER.indexOf(level) >= threshold,
    with: (extra) => createLogger(options, { ...fields, ...extra }),
  };
}
