import type { Resources } from "@cumulet/core";
import type { KeyValueStore } from "./store/index.ts";

/** Attribute values as requests have them: `{"S": "x"}`. */
type Value = { [type: string]: unknown };
type Item = { [name: string]: Value };
interface Request {
  [member: string]: unknown;
  ExpressionAttributeNames?: { [placeholder: string]: string };
  ExpressionAttributeValues?: Item;
}

const TABLE = /^arn:[^:]+:dynamodb:[^:]*:\d*:table\/([^/]+)(?:\/(?:index|stream)\/.+)?$/;

/** Tables, indexes and streams as authorization sees them: their policy and tags, and which keys a request leads with. */
export const resources: Resources<KeyValueStore> = {
  describe({ store }, arn, { input }) {
    const name = TABLE.exec(arn)?.[1];
    const table = name === undefined ? undefined : store.tables.get(name);
    if (table === undefined) return undefined;
    const own = arn.includes("/stream/") ? arn : table.arn;
    const { schema } = table;
    return {
      policy: store.attachments.policy(own)?.policy,
      tags: () => Object.fromEntries(store.attachments.tags(table.arn).map(({ Key, Value: value }) => [Key, value])),
      values: (key) => {
        if (key === "dynamodb:leadingkeys") return leadingKeys((input ?? {}) as Request, table.name, schemaOfIndex(arn, table) ?? schema.hash[0]!.name);
        return key === "dynamodb:attributes" ? attributes((input ?? {}) as Request) : undefined;
      },
    };
  },
};

function schemaOfIndex(arn: string, table: { index(name: string): { schema: { hash: readonly { name: string }[] } } | undefined }): string | undefined {
  const index = /\/index\/(.+)$/.exec(arn)?.[1];
  return index === undefined ? undefined : table.index(index)?.schema.hash[0]?.name;
}

/** Partition key values that a request names; undefined for one that names none, such as a scan. */
function leadingKeys(input: Request, table: string, hash: string): string[] | undefined {
  const items: Item[] = [];
  const take = (item: unknown): void => {
    if (typeof item === "object" && item !== null) items.push(item as Item);
  };
  take(input["Key"]);
  take(input["Item"]);
  const batch = input["RequestItems"] as { [table: string]: { Keys?: Item[] } | { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[] } | undefined;
  for (const [name, requests] of Object.entries(batch ?? {})) {
    if (!isTable(name, table)) continue;
    if (!Array.isArray(requests)) requests.Keys?.forEach(take);
    else for (const request of requests) take(request.PutRequest?.Item ?? request.DeleteRequest?.Key);
  }
  for (const part of (input["TransactItems"] ?? []) as { [kind: string]: { TableName?: string; Key?: Item; Item?: Item } }[]) {
    for (const { TableName, Key, Item: item } of Object.values(part)) if (TableName !== undefined && isTable(TableName, table)) take(Key ?? item);
  }
  const values = items.flatMap((item) => textOf(item[hash]) ?? []);
  values.push(...queried(input, hash));
  return values.length === 0 ? undefined : values;
}

const isTable = (nameOrArn: string, table: string): boolean => nameOrArn === table || nameOrArn.endsWith(`:table/${table}`);

/** The partition key that a query asks for, by expression or by the older conditions. */
function queried(input: Request, hash: string): string[] {
  const conditions = input["KeyConditions"] as { [name: string]: { AttributeValueList?: Value[] } } | undefined;
  const old = conditions?.[hash]?.AttributeValueList?.[0];
  const values = [textOf(old)];
  const expression = input["KeyConditionExpression"];
  if (typeof expression === "string") {
    for (const [, left = "", right = ""] of expression.matchAll(/([#\w.-]+)\s*=\s*(:[\w-]+)/g)) {
      const name = left.startsWith("#") ? input.ExpressionAttributeNames?.[left] : left;
      if (name === hash) values.push(textOf(input.ExpressionAttributeValues?.[right]));
    }
  }
  return values.flatMap((value) => value ?? []);
}

function textOf(value: Value | undefined): string | undefined {
  const text = value?.["S"] ?? value?.["N"] ?? value?.["B"];
  return typeof text === "string" ? text : undefined;
}

/** Top-level attributes that a request names. */
function attributes(input: Request): string[] | undefined {
  const names = new Set<string>([...Object.keys((input["Key"] ?? {}) as object), ...Object.keys((input["Item"] ?? {}) as object), ...((input["AttributesToGet"] ?? []) as string[])]);
  for (const member of ["ProjectionExpression", "KeyConditionExpression", "FilterExpression", "ConditionExpression", "UpdateExpression"]) {
    const expression = input[member];
    if (typeof expression !== "string") continue;
    for (const [word] of expression.matchAll(/(?<![:.\w#])#?[A-Za-z_]\w*/g)) {
      const name = word.startsWith("#") ? input.ExpressionAttributeNames?.[word] : WORDS.has(word.toUpperCase()) ? undefined : word;
      if (name !== undefined) names.add(name);
    }
  }
  return names.size === 0 ? undefined : [...names];
}

/** What expressions are written with. */
const WORDS: ReadonlySet<string> = new Set(["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE", "ATTRIBUTE_EXISTS", "ATTRIBUTE_NOT_EXISTS", "ATTRIBUTE_TYPE", "BEGINS_WITH", "CONTAINS", "SIZE", "IF_NOT_EXISTS", "LIST_APPEND"]);
