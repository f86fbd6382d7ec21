import { AwsError } from "@cumulet/protocol";
import type {
  CancelQueryRequest, CancelQueryResponse, DescribeQueryRequest, DescribeQueryResponse, GetQueryResultsRequest, GetQueryResultsResponse, ListQueriesRequest, ListQueriesResponse,
  StartQueryRequest, StartQueryResponse,
} from "@cumulet/protocol/models/cloudtrail.d.ts";
import { textOf, writeTime } from "../../sql/functions.ts";
import { parseSelect, SqlError, type Select } from "../../sql/parse.ts";
import { SelectRun, type Row } from "../../sql/run.ts";
import { readToken, writeToken } from "../../tokens.ts";
import { auditOf } from "../audit.ts";
import type { EventDataStoreRecord, QueryRecord } from "../domain/records.ts";
import { selects } from "../domain/selectors.ts";
import type { EventRow, Position } from "../store/events.ts";
import { eventDataStoreOf } from "./event-data-stores.ts";
import type { Ctx } from "./lookup-events.ts";

const STEP = 1000;
/** Events that one query may look at. */
const SCAN_MAX = 2_000_000;
const QUERY_MS = 7 * 86_400_000;
const DAY_MS = 86_400_000;

/** Columns of an event data store, in the order of `SELECT *`. */
const COLUMNS = [
  "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements",
  "additionalEventData", "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion", "managementEvent", "recipientAccountId", "sharedEventID", "annotation", "vpcEndpointId",
  "serviceEventDetails", "addendum", "edgeDeviceDetails", "insightDetails", "eventCategory", "tlsDetails", "sessionCredentialFromConsole", "eventJson", "eventJsonChecksum",
] as const;

function invalidStatement(error: SqlError): AwsError {
  return new AwsError("InvalidQueryStatementException", `line ${error.line}:${error.column}: ${error.message}`);
}

/** Runs a query; its rows wait for GetQueryResults. */
export async function startQuery(ctx: Ctx, input: StartQueryRequest): Promise<StartQueryResponse> {
  const { QueryStatement: statement, DeliveryS3Uri: delivery } = input;
  if (statement === undefined) throw new AwsError("InvalidParameterException", "QueryStatement must be specified: sample queries by alias are not supported by Cumulet.");
  if (delivery !== undefined) throw new AwsError("InvalidParameterException", "Delivering results to S3 is not supported by Cumulet.");
  let select: Select;
  try {
    select = parseSelect(statement);
  } catch (error) {
    throw error instanceof SqlError ? invalidStatement(error) : error;
  }
  const store = eventDataStoreOf(ctx, select.from);
  if (store.status === "PENDING_DELETION") throw new AwsError("InactiveEventDataStoreException", `The event data store ${store.arn} is pending deletion.`);
  auditOf(ctx).flush();
  const id = ctx.ids.uuid();
  const createdMs = ctx.clock.now();
  const empty: QueryRecord = {
    id, storeArn: store.arn, statement, status: "FINISHED", createdMs, durationMs: 0, columns: [], rows: [], matched: 0, scanned: 0, bytes: 0, error: undefined,
  };
  let record: QueryRecord;
  try {
    const run = new SelectRun(select, COLUMNS, createdMs);
    const { scanned, bytes } = await scan(ctx, store, (row) => run.add(row));
    const { columns, rows, matched } = run.result();
    record = { ...empty, columns, rows: rows.map((row) => row.map((value) => (value === null ? null : textOf(value)))), matched, scanned, bytes, durationMs: ctx.clock.now() - createdMs };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // What a planner finds is the statement's fault; what only a row shows fails the query.
    if (/resolved|registered|Aggregate|position|HAVING|Unknown type/.test(error.message)) throw invalidStatement(error);
    record = { ...empty, status: "FAILED", error: error.message };
  }
  ctx.transaction(() => ctx.store.queries.put(id, record));
  return { QueryId: id };
}

/** Gives the events of a store to `add`, a bounded number a turn, until it says no. */
async function scan(ctx: Ctx, store: EventDataStoreRecord, add: (row: Row) => boolean): Promise<{ scanned: number; bytes: number }> {
  let scanned = 0;
  let bytes = 0;
  const fromMs = ctx.clock.now() - store.retentionDays * DAY_MS;
  const regions = store.multiRegion ? auditOf(ctx).regionsOf(ctx.account) : [store.homeRegion];
  for (const region of regions) {
    const { events } = ctx.at(ctx.account, region).store;
    let beyond: Position | undefined;
    for (;;) {
      const page = events.oldest(fromMs, Number.MAX_SAFE_INTEGER, beyond, STEP);
      for (const event of page) {
        beyond = { timeMs: event.timeMs, seq: event.seq };
        if (!store.ingestion.some((span) => event.timeMs >= span.fromMs && (span.toMs === undefined || event.timeMs < span.toMs))) continue;
        if (!selects({ advancedEventSelectors: store.selectors }, event)) continue;
        scanned += 1;
        bytes += event.json.length;
        if (scanned > SCAN_MAX) throw new SqlError(`The event data store has more than ${SCAN_MAX} events`);
        if (!add(rowOf(event))) return { scanned, bytes };
      }
      if (page.length < STEP) break;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
  return { scanned, bytes };
}

function rowOf(event: EventRow): Row {
  return { ...JSON.parse(event.json) as Row, eventTime: writeTime(event.timeMs), eventJson: event.json };
}

function queryOf(ctx: Ctx, id: string): QueryRecord {
  const query = ctx.store.queries.get(id);
  if (query === undefined || ctx.clock.now() >= query.createdMs + QUERY_MS) throw new AwsError("QueryIdNotFoundException", `The query ${id} was not found.`);
  return query;
}

export function getQueryResults(ctx: Ctx, input: GetQueryResultsRequest): GetQueryResultsResponse {
  const query = queryOf(ctx, input.QueryId);
  const start = input.NextToken === undefined ? 0 : readToken(input.NextToken);
  if (typeof start !== "number") throw new AwsError("InvalidNextTokenException", "The token is not valid.");
  const page = query.rows.slice(start, start + (input.MaxQueryResults ?? 1000));
  const next = start + page.length;
  return {
    QueryStatus: query.status,
    QueryStatistics: { ResultsCount: page.length, TotalResultsCount: query.rows.length, BytesScanned: query.bytes },
    QueryResultRows: page.map((row) => row.map((value, i) => ({ [query.columns[i]!]: value ?? "" }))),
    ...(query.error === undefined ? {} : { ErrorMessage: query.error }),
    ...(next < query.rows.length ? { NextToken: writeToken(next) } : {}),
  };
}

export function describeQuery(ctx: Ctx, input: DescribeQueryRequest): DescribeQueryResponse {
  if (input.QueryId === undefined) throw new AwsError("InvalidParameterException", "QueryId must be specified.");
  const query = queryOf(ctx, input.QueryId);
  return {
    QueryId: query.id,
    QueryString: query.statement,
    QueryStatus: query.status,
    QueryStatistics: { EventsMatched: query.matched, EventsScanned: query.scanned, BytesScanned: query.bytes, ExecutionTimeInMillis: query.durationMs, CreationTime: query.createdMs },
    ...(query.error === undefined ? {} : { ErrorMessage: query.error }),
  };
}

export function listQueries(ctx: Ctx, input: ListQueriesRequest): ListQueriesResponse {
  const store = eventDataStoreOf(ctx, input.EventDataStore);
  const { StartTime: from = 0, EndTime: to = Number.MAX_SAFE_INTEGER, QueryStatus: status, MaxResults: limit = 1000 } = input;
  const start = input.NextToken === undefined ? 0 : readToken(input.NextToken);
  if (typeof start !== "number") throw new AwsError("InvalidNextTokenException", "The token is not valid.");
  const found = ctx.store.queries.all()
    .filter((query) => query.storeArn === store.arn && query.createdMs >= from && query.createdMs <= to && (status === undefined || query.status === status) && ctx.clock.now() < query.createdMs + QUERY_MS)
    .sort((a, b) => b.createdMs - a.createdMs);
  const page = found.slice(start, start + limit);
  return {
    Queries: page.map((query) => ({ QueryId: query.id, QueryStatus: query.status, CreationTime: query.createdMs })),
    ...(start + page.length < found.length ? { NextToken: writeToken(start + page.length) } : {}),
  };
}

/** Queries are done when StartQuery answers, so there is nothing left to cancel. */
export function cancelQuery(ctx: Ctx, input: CancelQueryRequest): CancelQueryResponse {
  const query = queryOf(ctx, input.QueryId);
  throw new AwsError("InactiveQueryException", `The query ${query.id} cannot be canceled because it is in the ${query.status} state.`);
}
