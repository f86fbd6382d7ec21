import { tooManyRequests } from "../domain/errors.ts";

/** Concurrency of an account in a region, as AWS gives it at first. */
export const ACCOUNT_CONCURRENCY = 1000;
/** What must stay for functions without reserved concurrency. */
export const UNRESERVED_MINIMUM = 100;

interface Counts {
  /** Running invocations of functions without reserved concurrency. */
  unreserved: number;
  /** Running invocations by function. */
  byFunction: Map<string, number>;
}

/** What limits a function's invocations. */
export interface ConcurrencyLimits {
  /** Of the account in this region. */
  account: number;
  /** Set aside for single functions, all together. */
  reservedTotal: number;
  /** Of this function alone; 0 stops it. */
  reserved: number | undefined;
}

/** Counts running invocations for each account and region, and refuses those above a limit with AWS's reason. */
export class Concurrency {
  readonly #counts = new Map<string, Counts>();

  /** Takes a place; the result gives it back. Throws `TooManyRequestsException`. */
  enter(place: string, functionName: string, limits: ConcurrencyLimits): () => void {
    let counts = this.#counts.get(place);
    if (counts === undefined) this.#counts.set(place, (counts = { unreserved: 0, byFunction: new Map() }));
    const running = counts.byFunction.get(functionName) ?? 0;
    const isReserved = limits.reserved !== undefined;
    if (limits.reserved !== undefined) {
      if (running >= limits.reserved) throw tooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded");
    } else {
      if (counts.unreserved >= limits.account - limits.reservedTotal) throw tooManyRequests("ConcurrentInvocationLimitExceeded");
      counts.unreserved += 1;
    }
    counts.byFunction.set(functionName, running + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (!isReserved) counts.unreserved -= 1;
      const now = (counts.byFunction.get(functionName) ?? 1) - 1;
      if (now === 0) counts.byFunction.delete(functionName);
      else counts.byFunction.set(functionName, now);
    };
  }

  /** Invocations of a function that run now. */
  running(place: string, functionName: string): number {
    return this.#counts.get(place)?.byFunction.get(functionName) ?? 0;
  }
}
