import { documentsMigration } from "../../store/documents.ts";

/** Append-only. A data point is what is known of one metric, unit and second or minute (later five minutes, then an hour). */
export const migrations: readonly string[] = [
  `
  CREATE TABLE metric (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    last_ms INTEGER NOT NULL,
    UNIQUE (namespace, name, dimensions)
  );

  CREATE TABLE datapoint (
    metric_id INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    unit TEXT NOT NULL,
    seconds INTEGER NOT NULL,
    count REAL NOT NULL,
    sum REAL NOT NULL,
    min REAL NOT NULL,
    max REAL NOT NULL,
    sample_values TEXT,
    PRIMARY KEY (metric_id, start_ms, unit, seconds)
  ) WITHOUT ROWID;
  CREATE INDEX datapoint_age ON datapoint (seconds, start_ms);

  CREATE TABLE alarm_history (
    seq INTEGER PRIMARY KEY,
    alarm TEXT NOT NULL,
    alarm_type TEXT NOT NULL,
    item_type TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    summary TEXT NOT NULL,
    data TEXT NOT NULL
  );
  CREATE INDEX alarm_history_by_alarm ON alarm_history (alarm, timestamp, seq);
  CREATE INDEX alarm_history_by_time ON alarm_history (timestamp, seq);
  ${documentsMigration}
  `,
];
