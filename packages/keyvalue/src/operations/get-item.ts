import { jsonText } from "@cumulet/protocol";
import type { ConsumedCapacity, GetItemInput, GetItemOutput } from "@cumulet/protocol/models/dynamodb.d.ts";
import { checkItem } from "../domain/attribute-values.ts";
import type { Item } from "../domain/attribute-values.ts";
import { Consumption, readUnits } from "../domain/capacity.ts";
import { encodeKey } from "../domain/keys.ts";
import { checkAttributesToGet } from "../domain/legacy.ts";
import { checkKey, checkKeyPaths } from "../domain/validation.ts";
import { attributesProjection, Expressions } from "./parameters.ts";
import { dataTable } from "./targets.ts";
import type { Ctx } from "./targets.ts";

export function getItem(ctx: Ctx, input: GetItemInput): GetItemOutput {
  checkItem(input.Key);
  const expressions = new Expressions(input, { ProjectionExpression: input.ProjectionExpression }, { AttributesToGet: input.AttributesToGet });
  if (input.AttributesToGet !== undefined) checkAttributesToGet(input.AttributesToGet);
  const projection = expressions.compile("ProjectionExpression", input.ProjectionExpression)
    ?? (input.AttributesToGet === undefined ? undefined : attributesProjection(input.AttributesToGet));
  expressions.finish();

  const { ctx: owner, table } = dataTable(ctx, input.TableName);
  checkKey(input.Key, table.schema);
  checkKeyPaths(expressions.paths, table);

  const row = owner.store.rows.get(table.space, encodeKey(input.Key, table.schema));
  let consumed: ConsumedCapacity | undefined;
  if (input.ReturnConsumedCapacity !== undefined) {
    const consumption = new Consumption(input.TableName, "read");
    consumption.addTable(readUnits(row?.size ?? 0, input.ConsistentRead === true));
    consumed = consumption.describe(input.ReturnConsumedCapacity);
  }
  if (row === undefined) return { ConsumedCapacity: consumed };
  if (projection !== undefined) return { Item: projection.of(JSON.parse(row.item) as Item), ConsumedCapacity: consumed };
  return new StoredItem(row.item, consumed);
}

/** An answer with an item as it lies on the disk: parsed only for callers in process. */
class StoredItem implements GetItemOutput {
  readonly #text: string;
  readonly ConsumedCapacity: ConsumedCapacity | undefined;

  constructor(text: string, consumed: ConsumedCapacity | undefined) {
    this.#text = text;
    this.ConsumedCapacity = consumed;
  }

  get Item(): Item {
    return JSON.parse(this.#text) as Item;
  }

  get [jsonText](): string {
    return this.ConsumedCapacity === undefined ? `{"Item":${this.#text}}` : `{"Item":${this.#text},"ConsumedCapacity":${JSON.stringify(this.ConsumedCapacity)}}`;
  }
}
