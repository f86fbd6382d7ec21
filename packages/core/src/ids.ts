/** The only randomness that a service knows. Tests have a sequential one. */
export interface Ids {
  /** A version 4 UUID. */
  uuid(): string;
  /** `length` characters from `alphabet` (lower-case letters and digits unless told; at most 256 different ones). */
  token(length: number, alphabet?: string): string;
  /** `length` random bytes. */
  bytes(length: number): Buffer;
  /** A number in [0, 1). */
  random(): number;
}

/** The alphabet of most of AWS's generated names. */
export const lowerCaseAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
