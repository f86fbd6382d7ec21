/** Structured log of the platform itself (not CloudWatch Logs). Fields are JSON. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** The same log with fields added to every line. */
  with(fields: object): Log;
}
