import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { HTTPException } from "hono/http-exception";
import { isOwnHost, pageMayDrive } from "@cumulet/core/platform";
import type { FaultRule, Record as RequestRecord } from "@cumulet/core/platform";
import type { Platform } from "@cumulet/platform";
import { create, extract } from "tar";
import { iamRoutes } from "./admin-iam.ts";
import type { InitHooks } from "./hooks.ts";
import { welcomePage } from "./welcome.ts";

/** Administration: what the cloud is doing, its state, its clock. JSON throughout, but for metrics and the page. */
export function adminApp(platform: Platform, hooks?: InitHooks): Hono {
  const app = new Hono();
  const { runtime } = platform;

  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    if (error.name === "AdminError" || error.name === "SnapshotError") return c.json({ error: error.message }, 400);
    runtime.log.error("administration failed", { path: c.req.path, stack: error.stack });
    return c.json({ error: "Internal error; see the log." }, 500);
  });
  app.notFound((c) => c.json({ error: `Nothing at ${c.req.path}. See /_cumulet/ for what there is.` }, 404));
  app.use(async (c, next) => {
    const headers = Object.fromEntries(c.req.raw.headers);
    if (pageMayDrive(headers, runtime.origins) === false) {
      throw new HTTPException(403, { message: "Another site's page may not administer this cloud." });
    }
    await next();
    const { origin } = headers;
    if (origin !== undefined && isOwnHost(new URL(origin).hostname, runtime.config.domains)) {
      c.header("Access-Control-Allow-Origin", origin);
      c.header("Vary", "Origin");
    }
  });

  app.get("/_cumulet", (c) => c.redirect("/_cumulet/"));
  app.get("/_cumulet/", (c) => c.html(welcomePage(platform, new URL(c.req.url).origin)));

  for (const prefix of ["/_cumulet", "/_localstack"]) {
    app.get(`${prefix}/health`, (c) => c.json(platform.health()));
    app.get(`${prefix}/info`, (c) => c.json(platform.info()));
    app.post(`${prefix}/state/reset`, async (c) => {
      await platform.reset(selection(await jsonBody(c.req.raw)));
      return c.json({ reset: true });
    });
  }

  for (const path of ["/_cumulet/init", "/_localstack/init"]) {
    app.get(path, (c) => c.json({ completed: { BOOT: true, START: true, READY: true, SHUTDOWN: false }, scripts: (hooks?.results ?? []).map(({ stage, name, state }) => ({ stage: stage.toUpperCase(), name, state })) }));
  }

  app.get("/_cumulet/metrics", (c) => c.text(runtime.metrics.text(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }));

  app.get("/_cumulet/requests", (c) => {
    if (c.req.query("follow") === undefined) return c.json({ requests: runtime.recent.list(Math.min(Number(c.req.query("limit") ?? 100) || 100, 1000)).map(summary) });
    return streamSSE(c, async (stream) => {
      const following = runtime.recent.follow((record) => void stream.writeSSE({ data: JSON.stringify(summary(record)) }));
      await new Promise<void>((resolve) => stream.onAbort(resolve));
      following[Symbol.dispose]();
    });
  });
  app.get("/_cumulet/requests/:id", (c) => {
    const record = runtime.recent.find(c.req.param("id"));
    return record === undefined ? c.json({ error: "No such request among the last 1,000." }, 404) : c.json(plain(record));
  });

  app.get("/_cumulet/snapshots", (c) => c.json({ snapshots: platform.snapshots.list() }));
  app.post("/_cumulet/snapshots/:name", async (c) => c.json(await platform.snapshots.create(c.req.param("name"), selection(await jsonBody(c.req.raw)).account)));
  app.post("/_cumulet/snapshots/:name/restore", async (c) => c.json(await platform.snapshots.restore(c.req.param("name"))));
  app.get("/_cumulet/snapshots/:name/export", (c) => {
    const folder = platform.snapshots.folderOf(c.req.param("name"));
    const archive = create({ cwd: folder, gzip: true, portable: true }, ["."]);
    return c.body(Readable.toWeb(Readable.from(archive)) as ReadableStream, 200, { "content-type": "application/gzip", "content-disposition": `attachment; filename="${c.req.param("name")}.tar.gz"` });
  });
  app.put("/_cumulet/snapshots/:name/import", async (c) => {
    const { body } = c.req.raw;
    if (body === null) throw new HTTPException(400, { message: "Send the exported file as the body." });
    // Only plain files and folders: a link could lead out of the folder. Paths that would are refused by the library itself.
    const unpack = (folder: string): Promise<void> =>
      pipeline(Readable.fromWeb(body as never), extract({ cwd: folder, strict: true, filter: (_path, entry) => "type" in entry && (entry.type === "File" || entry.type === "Directory") })).catch((error: Error) => {
        throw new HTTPException(400, { message: `This is no exported snapshot: ${error.message}` });
      });
    return c.json(await platform.snapshots.adopt(c.req.param("name"), unpack));
  });
  app.delete("/_cumulet/snapshots/:name", async (c) => {
    await platform.snapshots.delete(c.req.param("name"));
    return c.json({ deleted: c.req.param("name") });
  });

  app.get("/_cumulet/clock", (c) => c.json(platform.clockState()));
  app.post("/_cumulet/clock", async (c) => c.json(await platform.moveClock(await jsonBody(c.req.raw))));

  app.get("/_cumulet/faults", (c) => c.json({ faults: runtime.faults }));
  app.put("/_cumulet/faults", async (c) => {
    const { faults } = (await jsonBody(c.req.raw)) as { faults?: FaultRule[] };
    if (!Array.isArray(faults) || faults.some((rule) => typeof rule?.service !== "string" || typeof rule.operation !== "string")) {
      throw new HTTPException(400, { message: 'Send {"faults": [{"service": "dynamodb", "operation": "PutItem", "error": "ThrottlingException", "probability": 0.5}]}.' });
    }
    runtime.faults.splice(0, runtime.faults.length, ...faults);
    return c.json({ faults: runtime.faults });
  });

  iamRoutes(app, platform, jsonBody);

  app.post("/_cumulet/idle", async (c) => {
    await platform.idle();
    return c.json({ idle: true });
  });

  return app;
}

async function jsonBody(request: Request): Promise<Record<string, unknown>> {
  const text = await request.text();
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // answered below
  }
  throw new HTTPException(400, { message: "The body must be a JSON object." });
}

function selection(body: Record<string, unknown>): { account?: string; region?: string; service?: string } {
  const chosen: { account?: string; region?: string; service?: string } = {};
  for (const name of ["account", "region", "service"] as const) {
    const value = body[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || !/^[a-z0-9.-]{1,64}$/.test(value)) throw new HTTPException(400, { message: `${name} must be a name.` });
    chosen[name] = value;
  }
  return chosen;
}

function summary(record: RequestRecord): object {
  const { requestId, traceId, service, operation, account, region, via, method, url, startedMs, durationMs, status, error } = record;
  return { requestId, traceId, service, operation, account, region, via, method, url, startedMs, durationMs, status, error };
}

/** Bytes and streams do not print. */
function plain(record: RequestRecord): unknown {
  return JSON.parse(JSON.stringify(record, (_key, value: unknown) => {
    if (value instanceof Uint8Array || (typeof value === "object" && value !== null && (value as { type?: unknown }).type === "Buffer")) return "<bytes>";
    return typeof value === "bigint" ? value.toString() : value;
  }));
}
