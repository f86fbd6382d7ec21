import type { Database, Statement } from "@cumulet/core";

/** An export or import, as its kind describes it in `Record`. */
export interface Job<Record> {
  arn: string;
  /** Time and chance: later jobs have greater ones. */
  id: string;
  tableArn: string;
  /** The client's token. */
  token: string;
  record: Record;
}

/** Jobs of one kind in one account and region. */
export class Jobs<Record> {
  readonly #kind: string;
  readonly #put: Statement<unknown, [string, string, string, string, string, string]>;
  readonly #get: Statement<Row, [string, string]>;
  readonly #byToken: Statement<Row, [string, string]>;
  readonly #list: Statement<Row, [string, string, number]>;

  constructor(db: Database, kind: "export" | "import") {
    this.#kind = kind;
    this.#put = db.prepare("INSERT INTO jobs (arn, kind, id, table_arn, token, record) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (arn) DO UPDATE SET record = excluded.record");
    const select = "SELECT arn, id, table_arn AS tableArn, token, record FROM jobs WHERE kind = ? AND";
    this.#get = db.prepare(`${select} arn = ?`);
    this.#byToken = db.prepare(`${select} token = ? ORDER BY id DESC LIMIT 1`);
    this.#list = db.prepare(`${select} id < ? ORDER BY id DESC LIMIT ?`);
  }

  /** Writes a job, new or as it has come to be. */
  put({ arn, id, tableArn, token, record }: Job<Record>): void {
    this.#put.run(arn, this.#kind, id, tableArn, token, JSON.stringify(record));
  }

  get(arn: string): Job<Record> | undefined {
    return parsed(this.#get.get(this.#kind, arn));
  }

  /** The latest job that was asked for with a token. */
  byToken(token: string): Job<Record> | undefined {
    return parsed(this.#byToken.get(this.#kind, token));
  }

  /** Jobs from the latest to the first, those before an id. */
  list(before: string, limit: number): Job<Record>[] {
    return this.#list.all(this.#kind, before, limit).map((row) => parsed<Record>(row)!);
  }
}

interface Row {
  arn: string;
  id: string;
  tableArn: string;
  token: string;
  record: string;
}

function parsed<Record>(row: Row | undefined): Job<Record> | undefined {
  return row === undefined ? undefined : { ...row, record: JSON.parse(row.record) as Record };
}
