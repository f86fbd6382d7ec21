import yazl from "yazl";

/** A zip of some files; a value may be bytes, or carry a mode. */
export async function zipOf(files: Record<string, string | Buffer | { content: string | Buffer; mode: number }>): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, value] of Object.entries(files)) {
    const { content, mode } = typeof value === "string" || Buffer.isBuffer(value) ? { content: value, mode: 0o100644 } : value;
    zip.addBuffer(Buffer.from(content), name, { mode });
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
