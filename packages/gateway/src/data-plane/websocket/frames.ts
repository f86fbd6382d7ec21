/** AWS's limits on what a client sends: a message in frames of at most 32 KB, 128 KB in all. */
export const MAX_FRAME = 32 * 1024;
export const MAX_MESSAGE = 128 * 1024;

/**
 * Watches the bytes of a WebSocket for the headers of its frames: the library that reads them bounds messages only. Keeps
 * 14 bytes of state, whatever arrives in whatever pieces.
 */
export class FrameScanner {
  private readonly head = Buffer.alloc(14);
  private have = 0;
  private skip = 0;

  /** Feeds bytes; true when a frame is larger than the limit. */
  scan(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, chunk.length - at);
        this.skip -= step;
        at += step;
        continue;
      }
      this.head[this.have++] = chunk[at++]!;
      const size = this.headerSize();
      if (size === undefined || this.have < size) continue;
      const length = this.payloadLength();
      this.have = 0;
      if (length > MAX_FRAME) return true;
      this.skip = length;
    }
    return false;
  }

  /** Bytes of the header, as soon as its second byte tells. */
  private headerSize(): number | undefined {
    if (this.have < 2) return undefined;
    const second = this.head[1]!;
    const short = second & 0x7f;
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4);
  }

  private payloadLength(): number {
    const short = this.head[1]! & 0x7f;
    if (short === 126) return this.head.readUInt16BE(2);
    if (short === 127) return Number(this.head.readBigUInt64BE(2));
    return short;
  }
}
