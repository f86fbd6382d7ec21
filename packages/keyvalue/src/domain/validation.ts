import { attribute, typeOf } from "./attribute-values.ts";
import type { AttributeValue, Item } from "./attribute-values.ts";
import { equalValues } from "./compare.ts";
import { invalidParameters, validationError } from "./errors.ts";
import type { Path } from "./expressions/paths.ts";
import { keyValueSize, maxHashKeySize, maxRangeKeySize } from "./keys.ts";
import type { KeyAttribute, KeySchema } from "./keys.ts";
import type { Table } from "./table.ts";

/** Largest item, in bytes. */
export const maxItemSize = 400 * 1024;

const schemaMismatch = "The provided key element does not match the schema";

/** Checks a key given by a client against a schema: exactly its attributes, of its types, not empty, within the size limits. */
export function checkKey(key: Item, schema: KeySchema): void {
  if (Object.keys(key).length !== schema.hash.length + schema.range.length) throw validationError(schemaMismatch);
  for (const part of schema.hash) checkKeyPart(key, part);
  for (const part of schema.range) checkKeyPart(key, part);
  checkKeySizes(key, schema);
}

function checkKeyPart(key: Item, { name, type }: KeyAttribute): void {
  const value = attribute(key, name);
  if (value === undefined || typeOf(value) !== type) throw validationError(schemaMismatch);
  checkNotEmpty(value, name, "One or more parameter values are not valid. ");
}

function checkNotEmpty(value: AttributeValue, name: string, start: string): void {
  if (value.S === "") throw validationError(`${start}The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`);
  if (value.B === "") throw validationError(`${start}The AttributeValue for a key attribute cannot contain an empty binary value. Key: ${name}`);
}

function checkKeySizes(item: Item, schema: KeySchema): void {
  for (const { name, type } of schema.hash) {
    if (keyValueSize(attribute(item, name)!, type) > maxHashKeySize) {
      // The missing space is AWS's.
      throw invalidParameters(`Size of hashkey has exceeded the maximum size limit of${maxHashKeySize} bytes`);
    }
  }
  for (const { name, type } of schema.range) {
    if (keyValueSize(attribute(item, name)!, type) > maxRangeKeySize) {
      throw invalidParameters(`Aggregated size of all range keys has exceeded the size limit of ${maxRangeKeySize} bytes`);
    }
  }
}

/** Checks an item about to be put: the table's key, then the keys of indexes as far as the item has them. */
export function checkItemKeys(item: Item, table: Table): void {
  for (const { name, type } of table.keys) {
    const value = attribute(item, name);
    if (value === undefined) throw invalidParameters(`Missing the key ${name} in the item`);
    const actual = typeOf(value);
    if (actual !== type) throw invalidParameters(`Type mismatch for key ${name} expected: ${type} actual: ${actual}`);
    checkNotEmpty(value, name, "One or more parameter values are not valid. ");
  }
  checkKeySizes(item, table.schema);
  checkIndexKeys(item, table);
}

/**
 * Checks the attributes of an item that are keys of an index; of several faults, that of the index first by name counts.
 * With `before`, the item before an update, only attributes that the update changed are checked, and empty values are
 * reported in the words that AWS has for updates.
 */
export function checkIndexKeys(item: Item, table: Table, before?: Item): void {
  for (const index of table.indexesByName) {
    for (const part of index.schema.hash) checkIndexKeyPart(item, part, index.name, maxHashKeySize, before);
    for (const part of index.schema.range) checkIndexKeyPart(item, part, index.name, maxRangeKeySize, before);
  }
}

function checkIndexKeyPart(item: Item, { name, type }: KeyAttribute, indexName: string, limit: number, before: Item | undefined): void {
  const value = attribute(item, name);
  if (value === undefined) return;
  const old = before === undefined ? undefined : attribute(before, name);
  if (old !== undefined && equalValues(old, value)) return;
  const actual = typeOf(value);
  if (actual !== type) {
    throw invalidParameters(`Type mismatch for Index Key ${name} Expected: ${type} Actual: ${actual} IndexName: ${indexName}`);
  }
  if (value.S === "" || value.B === "") {
    const kind = type === "S" ? "string" : "binary";
    throw validationError(
      before === undefined
        ? "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " +
          `The AttributeValue for a key attribute cannot contain an empty ${kind} value. IndexName: ${indexName}, IndexKey: ${name}`
        : "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. " +
          `The AttributeValue for a key attribute cannot contain an empty ${kind} value.`,
    );
  }
  if (keyValueSize(value, type) > limit) {
    throw invalidParameters(
      limit === maxHashKeySize
        ? `Size of hashkey has exceeded the maximum size limit of${limit} bytes`
        : `Aggregated size of all range keys has exceeded the size limit of ${limit} bytes`,
    );
  }
}

/** Refuses paths into attributes that are keys: keys are scalars. */
export function checkKeyPaths(paths: readonly Path[], table: Table): void {
  for (const path of paths) {
    if (path.length === 1) continue;
    const name = path[0] as string;
    if (table.keys.some((key) => key.name === name)) throw scalarKey("Key", name);
    for (const index of table.indexes) {
      if (index.schema.hash.some((key) => key.name === name) || index.schema.range.some((key) => key.name === name)) throw scalarKey("IndexKey", name);
    }
  }
}

function scalarKey(kind: string, name: string): Error {
  return validationError(`Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ${kind}: ${name}`);
}

/** Levels of lists and maps that an attribute may have. */
const maxNesting = 32;

/** Refuses an item that an update nested too deeply. */
export function checkNesting(item: Item): void {
  for (const name in item) {
    if (tooDeep(item[name]!, maxNesting)) {
      throw validationError("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit");
    }
  }
}

function tooDeep(value: AttributeValue, levels: number): boolean {
  if (levels === 0) return true;
  if (value.L !== undefined) return value.L.some((element) => tooDeep(element, levels - 1));
  if (value.M === undefined) return false;
  for (const name in value.M) if (tooDeep(value.M[name]!, levels - 1)) return true;
  return false;
}
