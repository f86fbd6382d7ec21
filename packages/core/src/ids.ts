/** The only randomness that a service knows. Tests have a sequential one. */
export interface Ids {
  /** A version 4 UUID. */
  uuid(): string;
  /** `length` characters from `alphabet` (lower-case letters and digits unless told). */
  token(length: number, alphabet?: string): string;
  /** `length` random bytes. */
  bytes(length: number): Buffer;
  /** A number in [0, 1). */
  random(): number;
}
