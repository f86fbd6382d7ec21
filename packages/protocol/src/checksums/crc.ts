/**
 * CRCs that node does not have natively, at memory speed: reflected CRCs of up to 64 bits, sixteen bytes a step
 * ("slicing by 16"), in a WebAssembly function assembled here. One instance serves every stream: the only state is the
 * running value. Measured beside the npm packages that exist (2 GiB/s against 0.1 to 1.6) on the class of machine this is for.
 */

/** A CRC with all-ones as initial value and final mask, bit-reflected: the only kind that S3 uses. */
export interface CrcKind {
  /** Width in bits. */
  width: 32 | 64;
  /** The reflected polynomial. */
  polynomial: bigint;
}

export const crc32: CrcKind = { width: 32, polynomial: 0xedb88320n };
/** Castagnoli. */
export const crc32c: CrcKind = { width: 32, polynomial: 0x82f63b78n };
/** "CRC-64/NVME", NVM Express Base Specification. */
export const crc64nvme: CrcKind = { width: 64, polynomial: 0x9a6c9329ac4bc9b5n };

const slices = 16;
const tableBytes = slices * 256 * 8;
const bufferBytes = 64 * 1024;
const kinds = [crc32c, crc64nvme];
const tableBases = kinds.map((_, i) => i * tableBytes);
const bufferAt = kinds.length * tableBytes;

type Update = (crc: bigint, at: number, length: number) => bigint;

interface Engine {
  input: Uint8Array;
  updates: Map<CrcKind, Update>;
}

/** The little of the global that is used here: node's types leave it to the DOM's. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
};

let engine: Engine | undefined;

function start(): Engine {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((bufferAt + bufferBytes) / 65_536) });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()), { m: { m: memory } });
  const updates = new Map<CrcKind, Update>();
  kinds.forEach((kind, i) => {
    fillTables(new BigUint64Array(memory.buffer, tableBases[i]!, slices * 256), kind.polynomial);
    updates.set(kind, exports[`u${i}`] as Update);
  });
  return { updates, input: new Uint8Array(memory.buffer, bufferAt, bufferBytes) };
}

function fillTables(table: BigUint64Array, polynomial: bigint): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i++) {
    const previous = table[i - 256]!;
    table[i] = table[Number(previous & 255n)]! ^ (previous >> 8n);
  }
}

/**
 * Continues a CRC over more bytes.
 * @param kind `crc32c` or `crc64nvme` (`node:zlib` has CRC-32 itself).
 * @param value the CRC of what came before; `0n` at first.
 */
export function updateCrc(kind: CrcKind, value: bigint, data: Uint8Array): bigint {
  const { updates, input } = (engine ??= start());
  const update = updates.get(kind)!;
  const mask = kind.width === 64 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn;
  let crc = value ^ mask;
  for (let at = 0; at < data.length; at += bufferBytes) {
    const piece = at === 0 && data.length <= bufferBytes ? data : data.subarray(at, at + bufferBytes);
    input.set(piece);
    crc = update(crc, bufferAt, piece.length);
  }
  return BigInt.asUintN(kind.width, crc) ^ mask;
}

/** The CRC of two runs of bytes after each other, from the CRC of each and the length of the second. */
export function combineCrc(kind: CrcKind, first: bigint, second: bigint, secondLength: number): bigint {
  return multiply(kind, zeros(kind, secondLength), first) ^ second;
}

/** `x^(8n) mod P`: what a CRC is multiplied by when `n` zero bytes follow. The last one is kept: parts are mostly of one size. */
function zeros(kind: CrcKind, length: number): bigint {
  if (last?.kind === kind && last.length === length) return last.operator;
  let operator = 1n << BigInt(kind.width - 1); // x^0
  let power = 1n << BigInt(kind.width - 9); // x^8, one byte of zeros
  for (let n = BigInt(length); n > 0n; n >>= 1n) {
    if ((n & 1n) === 1n) operator = multiply(kind, power, operator);
    power = multiply(kind, power, power);
  }
  last = { kind, length, operator };
  return operator;
}

let last: { kind: CrcKind; length: number; operator: bigint } | undefined;

/** Multiplies two polynomials modulo the CRC's; the highest bit is `x^0`. */
function multiply(kind: CrcKind, a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let bit = 1n << BigInt(kind.width - 1); bit > 0n; bit >>= 1n) {
    if ((a & bit) !== 0n) product ^= b;
    b = (b & 1n) === 1n ? (b >> 1n) ^ kind.polynomial : b >> 1n;
  }
  return product;
}

// --- the WebAssembly module -------------------------------------------------------------------------------------------

/**
 * A function `(crc, at, length) -> crc` a kind, over memory imported as `m.m`:
 *
 *     while (length >= 16) {
 *       low = crc ^ load64(at); high = load64(at + 8);
 *       crc = T15[low & 255] ^ T14[low >> 8 & 255] ^ ... ^ T8[low >> 56] ^ T7[high & 255] ^ ... ^ T0[high >> 56];
 *     }
 *     while (length > 0) crc = T0[(crc ^ load8(at)) & 255] ^ (crc >> 8);
 */
function assemble(): Uint8Array<ArrayBuffer> {
  const [crc, at, length, low, high] = [0, 1, 2, 3, 4];
  const I32 = 0x7f, I64 = 0x7e, EMPTY = 0x40;
  const get = (local: number): number[] => [0x20, local];
  const set = (local: number): number[] => [0x21, local];
  const i32 = (value: number): number[] => [0x41, ...signed(value)];
  const i64 = (value: number): number[] => [0x42, ...signed(value)];
  const I32_ADD = 0x6a, I32_SUB = 0x6b, I32_AND = 0x71, I32_SHL = 0x74, I32_SHR_U = 0x76, I32_GE_U = 0x4f;
  const I64_XOR = 0x85, I64_SHR_U = 0x88, WRAP = 0xa7;
  const load64 = (offset: number): number[] => [0x29, 0, ...unsigned(offset)];
  const load8 = [0x31, 0, 0]; // i64.load8_u
  const whileLoop = (condition: number[], body: number[]): number[] =>
    [0x02, EMPTY, 0x03, EMPTY, ...condition, 0x45, 0x0d, 1, ...body, 0x0c, 0, 0x0b, 0x0b]; // block loop eqz br_if 1 ... br 0

  const lookup = (base: number, word: number, byte: number, slice: number): number[] => {
    // The byte times 8 is the offset of its entry: shift by three less, mask with 255 << 3.
    const shift = byte * 8 - 3;
    const half = byte < 4 ? [...get(word), WRAP] : [...get(word), ...i64(32), I64_SHR_U, WRAP];
    const inHalf = byte < 4 ? shift : shift - 32;
    const shifted = inHalf < 0 ? [...i32(-inHalf), I32_SHL] : [...i32(inHalf), I32_SHR_U];
    return [...half, ...shifted, ...i32(2040), I32_AND, ...load64(base + slice * 2048)];
  };
  // The words' lookups as balanced trees, the word that waits for the last step's result at the end.
  const tree = (terms: number[][]): number[] =>
    terms.length === 1 ? terms[0]! : [...tree(terms.slice(0, terms.length / 2)), ...tree(terms.slice(terms.length / 2)), I64_XOR];
  const lookups = (base: number, word: number, slice: number): number[] => tree([...Array(8).keys()].map((byte) => lookup(base, word, byte, slice - byte)));
  const forward = (bytes: number): number[] => [
    ...get(at!), ...i32(bytes), I32_ADD, ...set(at!), ...get(length!), ...i32(bytes), I32_SUB, ...set(length!),
  ];
  const code = (base: number): number[] => [
    ...whileLoop([...get(length!), ...i32(16), I32_GE_U], [
      ...get(at!), ...load64(0), ...get(crc!), I64_XOR, ...set(low!),
      ...get(at!), ...load64(8), ...set(high!),
      ...lookups(base, high!, 7), ...lookups(base, low!, 15), I64_XOR, ...set(crc!), ...forward(16),
    ]),
    ...whileLoop(get(length!), [
      ...get(crc!), ...get(at!), ...load8, I64_XOR, WRAP, ...i32(255), I32_AND, ...i32(3), I32_SHL, ...load64(base),
      ...get(crc!), ...i64(8), I64_SHR_U, I64_XOR, ...set(crc!), ...forward(1),
    ]),
    ...get(crc!), 0x0b,
  ];
  const bodies = tableBases.map((base) => [1, 2, I64, ...code(base)]); // one group of locals: low, high
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, 3, I64, I32, I32, 1, I64]),
    ...section(2, [1, ...name("m"), ...name("m"), 2, 0, 1]),
    ...section(3, [bodies.length, ...bodies.map(() => 0)]),
    ...section(7, [bodies.length, ...bodies.flatMap((_, i) => [...name(`u${i}`), 0, i])]),
    ...section(10, [bodies.length, ...bodies.flatMap((body) => [...unsigned(body.length), ...body])]),
  ]);
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}

/** LEB128 of a number that is not negative, where the highest bit of the last byte is a sign. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  while (value > 63) {
    bytes.push((value & 127) | 128);
    value >>>= 7;
  }
  return [...bytes, value];
}
