import { createWriteStream } from "node:fs";
import { lstat, mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { buffer as readAll } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import yauzl from "yauzl";
import { invalidParameter } from "../domain/errors.ts";

/** Lambda's limit on a function's code and its layers, unzipped: 250 MB in bytes. */
export const UNZIPPED_LIMIT = 262_144_000;

const FILE_TYPE = 0o170000;
const SYMLINK = 0o120000;

/** Lambda's answer to anything that is not a zip file it can use: also path traversal and entries that lie about their size. */
export function unusableZip(): Error {
  return invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.");
}

/**
 * Reads the central directory of a zip file only: the size that the archive says it has unzipped.
 * Throws AWS's error for what is no zip file, for entries that leave the folder and for an archive above the limit.
 */
export async function measureZip(zip: string, limit: number = UNZIPPED_LIMIT): Promise<{ unzippedBytes: number; entries: number }> {
  let unzippedBytes = 0;
  let entries = 0;
  await eachEntry(zip, async (entry) => {
    entries += 1;
    unzippedBytes += entry.uncompressedSize;
    if (unzippedBytes >= limit) throw invalidParameter(`Unzipped size must be smaller than ${limit} bytes`);
  });
  if (entries === 0) throw invalidParameter("Uploaded file must be a non-empty zip");
  return { unzippedBytes, entries };
}

/**
 * Unzips a file into `folder`, which must exist and be empty. Files come out read-only, executable where the archive says so.
 *
 * Symbolic links are allowed, as in Lambda, but made only after every file is written and only in real directories, so
 * that no entry can be written through a link. An entry with more bytes than it declared fails.
 */
export async function extractZip(zip: string, folder: string, limit: number = UNZIPPED_LIMIT): Promise<void> {
  const links: { path: string; target: string }[] = [];
  const root = await realpath(folder);
  let written = 0;
  await eachEntry(zip, async (entry, open) => {
    const path = join(root, entry.fileName);
    if (!path.startsWith(root + sep)) throw unusableZip();
    if (entry.fileName.endsWith("/")) {
      await mkdir(path, { recursive: true });
      return;
    }
    written += entry.uncompressedSize;
    if (written >= limit) throw invalidParameter(`Unzipped size must be smaller than ${limit} bytes`);
    const mode = entry.externalFileAttributes >>> 16;
    if ((mode & FILE_TYPE) === SYMLINK) {
      if (entry.uncompressedSize > 4096) throw unusableZip();
      links.push({ path, target: (await readAll(await open())).toString("utf8") });
      return;
    }
    await mkdir(dirname(path), { recursive: true });
    // `wx`: two entries of one name are an error, never an overwrite of a file that is read-only already.
    await pipeline(await open(), createWriteStream(path, { flags: "wx", mode: (mode & 0o111) !== 0 ? 0o555 : 0o444 }));
  });
  for (const link of links) {
    await mkdir(dirname(link.path), { recursive: true });
    if ((await realpath(dirname(link.path))) !== dirname(link.path)) throw unusableZip();
    if (await lstat(link.path).then(() => true, () => false)) throw unusableZip();
    await symlink(link.target, link.path);
  }
}

type Visit = (entry: yauzl.Entry, open: () => Promise<NodeJS.ReadableStream>) => Promise<void>;

/** Calls `visit` for each entry in order; anything that the zip reader or the file system refuses becomes AWS's error. */
async function eachEntry(zip: string, visit: Visit): Promise<void> {
  try {
    // The reader refuses absolute names and `..` segments by itself, and checks each size against its declaration.
    const archive = await yauzl.openPromise(zip, { lazyEntries: true, validateEntrySizes: true });
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName.includes("\0")) throw unusableZip();
      await visit(entry, () => archive.openReadStreamPromise(entry));
    }
  } catch (error) {
    if (error instanceof Error && error.name === "InvalidParameterValueException") throw error;
    if (isHostFailure(error)) throw error;
    throw unusableZip();
  }
}

/** A full disk or missing rights are the host's trouble, not the archive's. */
function isHostFailure(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOSPC" || code === "EACCES" || code === "EPERM" || code === "EROFS" || code === "EMFILE";
}
