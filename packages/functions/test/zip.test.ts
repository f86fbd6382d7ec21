import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SequentialIds } from "@cumulet/core/platform";
import { CodeFolders } from "../src/code/folders.ts";
import { extractZip, measureZip } from "../src/code/zip.ts";
import { zipOf } from "./zips.ts";

const UNUSABLE = "Could not unzip uploaded file. Please check your file, then try to upload again.";
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cumulet-zip-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(bytes: Buffer): string {
  const path = join(root, `${readdirSync(root).length}.zip`);
  writeFileSync(path, bytes);
  return path;
}

function target(): string {
  const folder = join(root, `out-${readdirSync(root).length}`);
  mkdirSync(folder);
  return folder;
}

/** Renames an entry in a finished zip: no honest tool writes such names. */
function renamed(zip: Buffer, from: string, to: string): Buffer {
  expect(to.length).toBe(from.length);
  return Buffer.from(zip.toString("latin1").replaceAll(from, to), "latin1");
}

test("files come out read-only, in their folders, executable where the archive says so", async () => {
  const out = target();
  await extractZip(file(await zipOf({ "index.js": "1", "lib/deep/x.txt": "2", bootstrap: { content: "#!", mode: 0o100755 } })), out);
  expect(readFileSync(join(out, "lib/deep/x.txt"), "utf8")).toBe("2");
  expect(statSync(join(out, "index.js")).mode & 0o777).toBe(0o444);
  expect(statSync(join(out, "bootstrap")).mode & 0o777).toBe(0o555);
});

test.each(["../../evil.js", "/etc/evil.js1", "a/../../b.jsx"])("an entry that leaves the folder is refused: %s", async (name) => {
  const zip = file(renamed(await zipOf({ "xxxxxxxxxx.js": "boom" }), "xxxxxxxxxx.js", name));
  await expect(extractZip(zip, target())).rejects.toThrow(UNUSABLE);
  expect(existsSync(join(root, "evil.js"))).toBe(false);
});

test("nothing is written through a symbolic link", async () => {
  const outside = join(root, "outside");
  mkdirSync(outside);
  const out = target();
  const link = { content: outside, mode: 0o120777 };
  await expect(extractZip(file(await zipOf({ "a": link, "a/b": { content: "x", mode: 0o120777 } })), out)).rejects.toThrow(UNUSABLE);
  await expect(extractZip(file(await zipOf({ "a": link, "a/c": "x" })), target())).rejects.toThrow(UNUSABLE);
  expect(readdirSync(outside)).toEqual([]);
});

test("a link to a file of the archive is kept", async () => {
  const out = target();
  await extractZip(file(await zipOf({ "lib.so.1": "so", "lib.so": { content: "lib.so.1", mode: 0o120777 } })), out);
  expect(readFileSync(join(out, "lib.so"), "utf8")).toBe("so");
});

test("an archive that unzips to more than the limit is refused before anything is written", async () => {
  const bomb = file(await zipOf({ "zeros.bin": Buffer.alloc(2_000_000) }));
  await expect(measureZip(bomb, 1_000_000)).rejects.toThrow("Unzipped size must be smaller than 1000000 bytes");
  await expect(measureZip(bomb)).resolves.toEqual({ unzippedBytes: 2_000_000, entries: 1 });
});

test("an entry with more bytes than it declares is refused", async () => {
  const zip = await zipOf({ "zeros.bin": Buffer.alloc(100_000) });
  const size = Buffer.alloc(4);
  size.writeUInt32LE(100_000);
  for (let at = zip.indexOf(size); at >= 0; at = zip.indexOf(size, at + 4)) zip.writeUInt32LE(10, at);
  await expect(extractZip(file(zip), target())).rejects.toThrow(UNUSABLE);
});

test("what is no zip file, or an empty one, is refused", async () => {
  await expect(measureZip(file(Buffer.from("not a zip")))).rejects.toThrow(UNUSABLE);
  await expect(measureZip(file(Buffer.alloc(0)))).rejects.toThrow(UNUSABLE);
  await expect(measureZip(file(await zipOf({})))).rejects.toThrow("Uploaded file must be a non-empty zip");
  await expect(measureZip(file((await zipOf({ "a": "b" })).subarray(0, 40)))).rejects.toThrow(UNUSABLE);
});

test("layers are laid over one another in order, links replaced and not followed", async () => {
  const folders = new CodeFolders(join(root, "code"), new SequentialIds());
  const outside = join(root, "outside");
  mkdirSync(outside);
  const one = file(await zipOf({ "a.txt": "one", "lib/x.txt": "one", "dir": { content: outside, mode: 0o120777 } }));
  const two = file(await zipOf({ "lib/x.txt": "two", "lib/y.txt": "two", "dir/z.txt": "two" }));
  const opt = (await folders.opt([{ sha256: "1", zip: one }, { sha256: "2", zip: two }]))!;
  expect(readFileSync(join(opt, "a.txt"), "utf8")).toBe("one");
  expect(readFileSync(join(opt, "lib/x.txt"), "utf8")).toBe("two");
  expect(readFileSync(join(opt, "lib/y.txt"), "utf8")).toBe("two");
  expect(readFileSync(join(opt, "dir/z.txt"), "utf8")).toBe("two");
  expect(readdirSync(outside)).toEqual([]);
});

test("a folder of code is made once, and what is half done is never seen", async () => {
  const folders = new CodeFolders(join(root, "code"), new SequentialIds());
  const zip = file(await zipOf({ "index.js": "1" }));
  const [a, b] = await Promise.all([folders.code("aa", zip), folders.code("aa", zip)]);
  expect(a).toBe(b);
  await expect(folders.code("bb", file(Buffer.from("no zip")))).rejects.toThrow(UNUSABLE);
  expect(readdirSync(join(root, "code"))).toEqual(["code-aa"]);
});
