import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Calls, PlatformEvent } from "@cumulet/core";
import type { Item } from "../domain/attribute-values.ts";
import type { ExportRecord } from "../domain/jobs.ts";
import { after } from "../domain/keys.ts";
import { pick } from "../domain/table.ts";
import type { Table } from "../domain/table.ts";
import type { Job } from "../store/jobs.ts";
import { s3Failure } from "./jobs.ts";
import { wholeSpace } from "./pages.ts";
import { stateAt } from "./restore.ts";
import type { Ctx } from "./targets.ts";

const zip = promisify(gzip);

/** Keys that are looked at before others get their turn. */
const keysAtOnce = 1000;
/** Characters of text in one data file, about. */
const fileLength = 16 * 1024 * 1024;

/** Where an export writes, and what it has written. */
interface Output {
  s3: Calls["s3"];
  job: Job<ExportRecord>;
  /** What every key begins with. */
  prefix: string;
  /** Lines of the manifest of files. */
  files: object[];
  items: number;
}

/** Writes the files of an export, as the developer guide lays them out. What fails at S3 fails the export. */
export async function runExport(ctx: Ctx, event: PlatformEvent): Promise<void> {
  const { arn } = event.detail as { arn: string };
  const job = ctx.store.exports.get(arn);
  if (job === undefined || job.record.description.ExportStatus !== "IN_PROGRESS") return;
  const { input, description } = job.record;
  const s3 = ctx.as({ principal: job.record.principal }).s3;
  const prefix = `${input.S3Prefix === undefined || input.S3Prefix === "" ? "" : `${input.S3Prefix.replace(/\/$/, "")}/`}AWSDynamoDB/`;
  const output: Output = { s3, job, prefix, files: [], items: 0 };
  let result;
  try {
    await put(output, `${job.id}/_started`, Buffer.alloc(0));
    if (description.IncrementalExportSpecification === undefined) await writeFull(ctx, output);
    else await writeIncremental(ctx, output);
    result = await writeManifests(ctx, output);
  } catch (error) {
    result = { ExportStatus: "FAILED", EndTime: ctx.clock.now(), ...s3Failure(ctx, error) };
  }
  const finished: ExportRecord = { ...job.record, description: { ...description, ...result } };
  ctx.transaction(() => ctx.store.exports.put({ ...job, record: finished }));
}

async function put({ s3, job, prefix }: Output, key: string, body: Buffer): Promise<string> {
  const { S3Bucket, S3BucketOwner, S3SseKmsKeyId, S3SseAlgorithm } = job.record.input;
  const { ETag } = await s3.PutObject({
    Bucket: S3Bucket, Key: `${prefix}${key}`, Body: Readable.from(body.length === 0 ? [] : [body]), ContentLength: body.length,
    ServerSideEncryption: S3SseAlgorithm === "KMS" ? "aws:kms" : "AES256",
    ...(S3SseKmsKeyId === undefined ? {} : { SSEKMSKeyId: S3SseKmsKeyId }),
    ...(S3BucketOwner === undefined ? {} : { ExpectedBucketOwner: S3BucketOwner }),
  });
  return (ETag ?? "").replaceAll('"', "");
}

async function writeFile(ctx: Ctx, output: Output, folder: string, lines: readonly string[]): Promise<void> {
  const key = `${folder}/${ctx.ids.bytes(13).toString("hex")}.json.gz`;
  const body = await zip(lines.length === 0 ? "" : `${lines.join("\n")}\n`);
  const etag = await put(output, key, body);
  output.files.push({ itemCount: lines.length, md5Checksum: createHash("md5").update(body).digest("base64"), etag, dataFileS3Key: `${output.prefix}${key}` });
  output.items += lines.length;
}

/** Writes pages of lines until there are none, in files of bounded size; one empty file when there are no lines at all. */
async function writeLines(ctx: Ctx, output: Output, folder: string, pages: Iterable<string[]>): Promise<void> {
  let lines: string[] = [];
  let length = 0;
  for (const page of pages) {
    lines.push(...page);
    length += page.reduce((sum, line) => sum + line.length, 0);
    if (length < fileLength) continue;
    await writeFile(ctx, output, folder, lines);
    lines = [];
    length = 0;
  }
  if (lines.length > 0 || output.files.length === 0) await writeFile(ctx, output, folder, lines);
}

function* pagesOf(next: (from: Buffer) => { keys: Buffer[]; lines: string[] }): Iterable<string[]> {
  for (let from: Buffer = wholeSpace().from; ;) {
    const { keys, lines } = next(from);
    yield lines;
    if (keys.length < keysAtOnce) return;
    from = after(keys.at(-1)!);
  }
}

function writeFull(ctx: Ctx, output: Output): Promise<void> {
  const { record: { space, description }, id } = output.job;
  const moment = { ms: description.ExportTime! };
  return writeLines(ctx, output, `${id}/data`, pagesOf((from) => {
    const { keys, items } = stateAt(ctx, space, moment, from, keysAtOnce);
    return { keys, lines: items.map(({ item }) => `{"Item":${item}}`) };
  }));
}

function writeIncremental(ctx: Ctx, output: Output): Promise<void> {
  const { space, description } = output.job.record;
  const { ExportFromTime: from = 0, ExportToTime: to = 0, ExportViewType: view } = description.IncrementalExportSpecification!;
  const { history, rows, tables } = ctx.store;
  const name = output.job.tableArn.slice(output.job.tableArn.indexOf("/") + 1);
  const table = tables.get(name);
  return writeLines(ctx, output, "data", pagesOf((start) => {
    const keys = history.keys(space, start, keysAtOnce);
    const lines: string[] = [];
    for (const key of keys) {
      const changedMs = history.lastChange(space, key, from, to);
      if (changedMs === undefined || table === undefined) continue;
      const old = history.at(space, key, { ms: from })?.item ?? null;
      const now = (history.at(space, key, { ms: to }) ?? rows.get(space, key))?.item ?? null;
      if (old === null && now === null) continue;
      lines.push(changeLine(table, changedMs, view === "NEW_IMAGE" ? null : old, now, old));
    }
    return { keys, lines };
  }));
}

function changeLine(table: Table, changedMs: number, oldImage: string | null, newImage: string | null, old: string | null): string {
  const keys = pick(JSON.parse((newImage ?? old)!) as Item, table.keys);
  const parts = [`"Metadata":{"WriteTimestampMicros":{"N":"${changedMs * 1000}"}}`, `"Keys":${JSON.stringify(keys)}`];
  if (oldImage !== null) parts.push(`"OldImage":${oldImage}`);
  if (newImage !== null) parts.push(`"NewImage":${newImage}`);
  return `{${parts.join(",")}}`;
}

async function writeManifests(ctx: Ctx, output: Output): Promise<Partial<ExportRecord["description"]>> {
  const { job: { id, record: { input, description } }, prefix, files, items } = output;
  const iso = (ms: number | undefined): string => new Date(ms ?? 0).toISOString();
  const endMs = ctx.clock.now();
  const bytes = ctx.store.totals.of(output.job.record.space).bytes;
  const window = description.IncrementalExportSpecification;
  const summary = {
    version: "2020-06-30", exportArn: description.ExportArn, startTime: iso(description.StartTime), endTime: iso(endMs), tableArn: description.TableArn,
    tableId: description.TableId,
    ...(window === undefined
      ? { exportTime: iso(description.ExportTime) }
      : { exportFromTime: iso(window.ExportFromTime), exportToTime: iso(window.ExportToTime) }),
    s3Bucket: input.S3Bucket, s3Prefix: input.S3Prefix ?? null, s3SseAlgorithm: description.S3SseAlgorithm, s3SseKmsKeyId: input.S3SseKmsKeyId ?? null,
    manifestFilesS3Key: `${prefix}${id}/manifest-files.json`, billedSizeBytes: bytes, itemCount: items, outputFormat: "DYNAMODB_JSON",
    ...(window === undefined ? {} : { outputView: window.ExportViewType }),
    exportType: window === undefined ? "FULL_EXPORT" : "INCREMENTAL_EXPORT",
  };
  const manifests = { "manifest-files": files.map((file) => `${JSON.stringify(file)}\n`).join(""), "manifest-summary": JSON.stringify(summary) };
  for (const [name, text] of Object.entries(manifests)) {
    await put(output, `${id}/${name}.json`, Buffer.from(text));
    await put(output, `${id}/${name}.checksum`, Buffer.from(createHash("md5").update(text).digest("base64")));
  }
  return { ExportStatus: "COMPLETED", EndTime: endMs, ExportManifest: `${prefix}${id}/manifest-summary.json`, ItemCount: items, BilledSizeBytes: bytes };
}
