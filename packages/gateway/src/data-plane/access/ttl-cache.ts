/** Values that are good until a time of the platform's clock; bounded, the longest unused go first. */
export class TtlCache<T> {
  private readonly entries = new Map<string, { value: T; expiresMs: number }>();
  private readonly max: number;

  constructor(max = 10_000) {
    this.max = max;
  }

  get(key: string, nowMs: number): T | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (entry.expiresMs <= nowMs) return undefined;
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, expiresMs: number): void {
    this.entries.delete(key);
    if (this.entries.size >= this.max) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(key, { value, expiresMs });
  }

  delete(key: string): boolean {
    return this.entries.delete(key);
  }

  /** Removes everything whose key starts with a prefix. */
  flush(prefix: string): void {
    for (const key of [...this.entries.keys()]) if (key.startsWith(prefix)) this.entries.delete(key);
  }

  get size(): number {
    return this.entries.size;
  }
}
