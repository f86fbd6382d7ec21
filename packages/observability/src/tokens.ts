/** Pagination tokens: opaque to clients, a JSON value to us. */
export function writeToken(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** The position in a token that `writeToken` made; undefined for anything else. */
export function readToken(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
