/** A protobuf message that cannot be read. */
export class ProtobufError extends Error {
  override name = "ProtobufError";
}

/** A field as it travels: a number, or bytes (texts and messages). */
export type Field = { number: number; varint: bigint } | { number: number; bytes: Uint8Array };

/**
 * The fields of a message, in order: enough of protobuf's wire format to read one kind of message without its schema
 * compiler.
 *
 * @throws ProtobufError
 */
export function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at];
      if (byte === undefined) break;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ProtobufError("a number is cut off");
  };
  const take = (length: number): Uint8Array => {
    if (at + length > message.length) throw new ProtobufError("a field is cut off");
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    const key = varint();
    const number = Number(key >> 3n);
    const type = Number(key & 7n);
    if (type === 0) yield { number, varint: varint() };
    else if (type === 1) yield { number, varint: Buffer.from(take(8)).readBigUInt64LE() };
    else if (type === 5) yield { number, varint: BigInt(Buffer.from(take(4)).readUInt32LE()) };
    else if (type === 2) yield { number, bytes: take(Number(varint())) };
    else throw new ProtobufError(`a field of type ${type}`);
  }
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The double in a field of 64 bits. */
export function double(bits: bigint): number {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(bits);
  return buffer.readDoubleLE();
}
