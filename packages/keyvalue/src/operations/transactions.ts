import { AwsError } from "@cumulet/protocol";
import type { CancellationReason } from "@cumulet/protocol/models/dynamodb.d.ts";
import type { Item } from "../domain/attribute-values.ts";
import { validationError } from "../domain/errors.ts";
import { encodeKey, hasKey } from "../domain/keys.ts";
import type { Table } from "../domain/table.ts";

/** Why one action of a transaction did not go through. */
export class Cancellation extends Error {
  readonly reason: CancellationReason;

  constructor(code: string, message: string, item?: Item) {
    super(message);
    this.reason = item === undefined ? { Code: code, Message: message } : { Code: code, Message: message, Item: item };
  }
}

/** Faults that stop the whole request although they were found in one action (seen on AWS): keys that are empty. */
function stopsRequest(error: AwsError): boolean {
  return error.code !== "ValidationException" || error.message.includes("cannot contain an empty");
}

/**
 * Runs every action's check; when any fails, throws the TransactionCanceledException that names a reason for each action,
 * in order.
 */
export function runAll<T, R>(actions: readonly T[], run: (action: T) => R): R[] {
  const results: R[] = [];
  const reasons: CancellationReason[] = [];
  let cancelled = false;
  for (const action of actions) {
    try {
      results.push(run(action));
      reasons.push({ Code: "None" });
    } catch (error) {
      if (error instanceof Cancellation) reasons.push(error.reason);
      else if (error instanceof AwsError && !stopsRequest(error)) reasons.push({ Code: "ValidationError", Message: error.message });
      else throw error;
      cancelled = true;
    }
  }
  if (!cancelled) return results;
  throw new AwsError(
    "TransactionCanceledException",
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(", ")}]`,
    { fields: { CancellationReasons: reasons } },
  );
}

/** Refuses two actions on one item. Keys that do not fit their table are left to the check of their action. */
export function checkDistinct(actions: readonly { table: Table; key: Item }[]): void {
  const seen = new Set<string>();
  for (const { table, key } of actions) {
    if (!hasKey(key, table.schema)) continue;
    const identity = `${table.arn} ${encodeKey(key, table.schema).toString("latin1")}`;
    if (seen.has(identity)) throw validationError("Transaction request cannot include multiple operations on one item");
    seen.add(identity);
  }
}
