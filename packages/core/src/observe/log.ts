/** Structured log of the platform itself (not CloudWatch Logs). Fields are JSON. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** Whether a line of this level goes anywhere: spares building its fields. */
  shows(level: "debug" | "info" | "warn" | "error"): boolean;
  /** The same log with fields added to every line. */
  with(fields: object): Log;
}
