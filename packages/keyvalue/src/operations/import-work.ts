import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { parse } from "csv-parse";
import type { Calls, PlatformEvent } from "@cumulet/core";
import type { ImportTableDescription } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem, setAttribute } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import type { ImportRecord } from "../domain/jobs.ts";
import { encodeKey } from "../domain/keys.ts";
import type { Table } from "../domain/table.ts";
import { checkItemKeys, maxItemSize } from "../domain/validation.ts";
import type { Job } from "../store/jobs.ts";
import { load, writeContext } from "./items.ts";
import { s3Failure } from "./jobs.ts";
import { newRecord, transitionMs } from "./tables.ts";
import type { Ctx } from "./targets.ts";

/** Items that are written in one transaction. */
const itemsAtOnce = 500;

/** How far an import has come. */
interface Progress {
  table: Table;
  bytes: number;
  processed: number;
  imported: number;
  errors: number;
  /** Items that are checked and wait to be written. */
  batch: { item: Item; size: number }[];
}

/** Makes the table of an import and fills it from the objects it names. Runs anew from the start when the platform stopped meanwhile. */
export async function runImport(ctx: Ctx, event: PlatformEvent): Promise<void> {
  const { arn } = event.detail as { arn: string };
  const job = ctx.store.imports.get(arn);
  if (job === undefined || job.record.description.ImportStatus !== "IN_PROGRESS") return;
  const s3 = ctx.as({ principal: job.record.principal }).s3;
  const { S3Bucket, S3BucketOwner } = job.record.input.S3BucketSource;
  try {
    await s3.HeadBucket({ Bucket: S3Bucket, ...(S3BucketOwner === undefined ? {} : { ExpectedBucketOwner: S3BucketOwner }) });
  } catch (error) {
    finish(ctx, job, failure(ctx, error));
    return;
  }
  const table = createTable(ctx, job);
  if (table === undefined) {
    finish(ctx, job, { FailureCode: "TableAlreadyExists", FailureMessage: `Table already exists: ${job.record.input.TableCreationParameters.TableName}` });
    return;
  }
  const progress: Progress = { table, bytes: 0, processed: 0, imported: 0, errors: 0, batch: [] };
  let fault: Partial<ImportTableDescription> = {};
  try {
    for await (const key of objects(s3, job)) await importObject(ctx, s3, job, key, progress);
    flush(ctx, progress);
  } catch (error) {
    fault = failure(ctx, error);
  }
  if (progress.errors > 0) {
    fault = { FailureCode: "ItemValidationError", FailureMessage: "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details." };
  }
  ctx.transaction(() => {
    const current = ctx.store.tables.get(table.name);
    if (current?.record.tableId === table.record.tableId) ctx.store.tables.put({ ...current.record, readyMs: ctx.clock.now() + transitionMs(ctx) });
    finish(ctx, job, { ...fault, ProcessedSizeBytes: progress.bytes, ProcessedItemCount: progress.processed, ImportedItemCount: progress.imported, ErrorCount: progress.errors });
  });
}

/** `HEAD` of a bucket that is not there says no more than 404. */
function failure(ctx: Ctx, error: unknown): { FailureCode: string; FailureMessage: string } {
  const fault = s3Failure(ctx, error);
  if (!/NotFound|404/.test(fault.FailureMessage)) return fault;
  return { FailureCode: "S3NoSuchBucket", FailureMessage: `The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; Request ID: ${ctx.requestId}; S3 Extended Request ID: null; Proxy: null)` };
}

function finish(ctx: Ctx, job: Job<ImportRecord>, result: Partial<ImportTableDescription>): void {
  const description: ImportTableDescription = { ...job.record.description, ...result, ImportStatus: result.FailureCode === undefined ? "COMPLETED" : "FAILED", EndTime: ctx.clock.now() };
  ctx.transaction(() => ctx.store.imports.put({ ...job, record: { ...job.record, description } }));
}

/** The table that is imported, being created until all is in it; undefined when its name was taken meanwhile. */
function createTable(ctx: Ctx, { record: { input, description } }: Job<ImportRecord>): Table | undefined {
  const parameters = input.TableCreationParameters;
  const existing = ctx.store.tables.get(parameters.TableName);
  if (existing !== undefined) return existing.record.tableId === description.TableId ? existing : undefined;
  return ctx.transaction(() => ctx.store.tables.put({ ...newRecord(ctx, parameters.TableName, parameters), tableId: description.TableId!, readyMs: Number.MAX_SAFE_INTEGER }));
}

/** Keys of the objects of an import: all that begin with the prefix. */
async function* objects(s3: Calls["s3"], { record: { input: { S3BucketSource: source } } }: Job<ImportRecord>): AsyncGenerator<string> {
  let token: string | undefined;
  do {
    const page = await s3.ListObjectsV2({
      Bucket: source.S3Bucket, ...(source.S3KeyPrefix === undefined ? {} : { Prefix: source.S3KeyPrefix }), ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    for (const { Key } of page.Contents ?? []) yield Key!;
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

async function importObject(ctx: Ctx, s3: Calls["s3"], { record: { input } }: Job<ImportRecord>, key: string, progress: Progress): Promise<void> {
  const { Body: body = Buffer.alloc(0), ContentLength: length } = await s3.GetObject({ Bucket: input.S3BucketSource.S3Bucket, Key: key });
  progress.bytes += length ?? 0;
  const raw = body instanceof Readable ? body : Readable.from([body]);
  const text = decompressed(raw, input.InputCompressionType);
  try {
    const items = input.InputFormat === "CSV" ? csvItems(text, input, progress.table) : jsonItems(text);
    for await (const item of items) {
      take(ctx, item, progress);
    }
  } catch {
    // What cannot be read ends the object: the lines before it count.
    progress.processed++;
    progress.errors++;
  } finally {
    raw.destroy();
    text.destroy();
  }
}

function decompressed(raw: Readable, compression: string | undefined): Readable {
  if (compression !== "GZIP" && compression !== "ZSTD") return raw;
  const plain = compression === "GZIP" ? createGunzip() : createZstdDecompress();
  raw.on("error", (error) => plain.destroy(error));
  return raw.pipe(plain);
}

/** Lines of DynamoDB JSON: `{"Item": {...}}`. */
async function* jsonItems(text: Readable): AsyncGenerator<unknown> {
  const lines = createInterface({ input: text, crlfDelay: Infinity });
  // readline does not pass on what goes wrong with its input.
  let failed: unknown;
  text.on("error", (error) => {
    failed = error;
    lines.close();
  });
  for await (const line of lines) {
    if (line.trim() !== "") yield (JSON.parse(line) as { Item?: unknown }).Item;
  }
  if (failed !== undefined) throw failed;
}

/** Records of CSV: keys have the types they are defined with, everything else is text. */
async function* csvItems(text: Readable, { InputFormatOptions: options }: ImportRecord["input"], table: Table): AsyncGenerator<Item> {
  const { Delimiter: delimiter = ",", HeaderList: given } = options?.Csv ?? {};
  const records = text.pipe(parse({ delimiter, bom: true, skip_empty_lines: true, relax_column_count: false }));
  text.on("error", (error) => records.destroy(error));
  let header = given;
  for await (const record of records as AsyncIterable<string[]>) {
    if (header === undefined) {
      header = record;
      continue;
    }
    const item: Item = {};
    header.forEach((name, i) => {
      const value = record[i];
      if (value !== undefined) setAttribute(item, name, { [table.types.get(name) ?? "S"]: value });
    });
    yield item;
  }
}

function take(ctx: Ctx, candidate: unknown, progress: Progress): void {
  progress.processed++;
  try {
    if (typeof candidate !== "object" || candidate === null || Array.isArray(candidate)) throw new TypeError("No item");
    const item = candidate as Item;
    const size = checkItem(item);
    if (size > maxItemSize) throw new RangeError("Item too large");
    checkItemKeys(item, progress.table);
    progress.batch.push({ item, size });
  } catch {
    progress.errors++;
    return;
  }
  if (progress.batch.length >= itemsAtOnce) flush(ctx, progress);
}

function flush(ctx: Ctx, progress: Progress): void {
  const { table, batch } = progress;
  ctx.transaction(() => {
    const write = writeContext(ctx);
    for (const { item, size } of batch) {
      const key = encodeKey(item, table.schema);
      ctx.store.writer.write(table, key, load(ctx, table, key), { item, size }, write);
    }
  });
  progress.imported += batch.length;
  batch.length = 0;
}
